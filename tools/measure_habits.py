"""Measure what a generator draws otherwise than it is asked to: `python tools/measure_habits.py PHOTOS FILE.onnx`.

Invented people are drawn over the faces on photos, the face mesh looks at them, and what was missed of the motion that
was asked for is fitted by a straight line over that motion. Then the same again with that much anticipated, since a
generator does not follow all the way: an eye that looks aside must be asked to look aside twice as far. The line is
written into the file, from where `correct.Anticipate` takes it. Take photos as the generator is used on: real faces do
more than training faces. Nothing but the line is kept of them.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from measure_traits import write_entry
from numpy.typing import NDArray

from ganonymization.blend import SeamlessBlend
from ganonymization.correct import MOTION_SIZE, Anticipate, Motions
from ganonymization.detect import CenterFace
from ganonymization.draw import Draw
from ganonymization.errors import FaceError
from ganonymization.evaluation.readers.lfw import read_lfw
from ganonymization.files import read_picture
from ganonymization.geometry import transform
from ganonymization.landmark import FaceMesh
from ganonymization.matte import Matte
from ganonymization.palette_bank import load_choice
from ganonymization.reshape import Reshape
from ganonymization.segment import Segment
from ganonymization.shape import FUNCTIONAL_NAMES, ShapeModel
from ganonymization.synthesize.pix2pix import HABITS_KEY, Pix2Pix
from ganonymization.timing import Stopwatch
from ganonymization.traits import ReadTraits
from ganonymization.types import Landmarks, Region, Tone

Array = NDArray[np.float64]

ROUNDS = 3
FACES = 350
"""Faces that are drawn in each round at most; others each time."""

STEP = 0.8
"""Share of what is missed in a round that is anticipated in the next."""

RIDGE = 20.0

LEFT_ALONE = [FUNCTIONAL_NAMES.index("mouth_open")]
"""Lips touch or they do not, and no line tells: on talking heads closed mouths came out open."""


class Looker:
    """Draws people over the first face of photos and looks at them."""

    def __init__(self, photos: Sequence[Path], generator: Path) -> None:
        self._photos = photos
        self._synthesize = Pix2Pix.load(generator)
        self._model = ShapeModel.load()
        self._choose = load_choice(Tone.MATCH, ReadTraits.load())
        self._detect = CenterFace.load()
        self._look = FaceMesh.load()
        self._matte = Matte(Segment.load())
        self._motions = Motions(self._model)

    def missed(self, chosen: NDArray[np.intp], habits: Array) -> tuple[Array, Array]:
        """Return (N, 13) motions that were asked for, and what was missed of them with some habits anticipated."""
        draw = Draw(
            reshape=Reshape(self._model),
            synthesize=self._synthesize,
            blend=SeamlessBlend(),
            shape_model=self._model,
            region=Region.FACE,
            matte=self._matte,
            anticipate=Anticipate(self._model, habits),
        )
        rows = [row for index in chosen if (row := self._draw_one(draw, int(index))) is not None]
        asked, missed = zip(*rows, strict=True)
        return np.array(asked), np.array(missed)

    def _draw_one(self, draw: Draw, index: int) -> tuple[Array, Array] | None:
        image, clock = read_picture(self._photos[index]).image, Stopwatch()
        faces = self._detect(image)
        if not faces:
            return None
        try:
            seen = draw.see(faces[0], self._look(image, faces[0]))
            canvas = draw.prepare(image, seen, [], identity=index, clock=clock)
            palette = self._choose(canvas.surround, canvas.in_crop(seen.landmarks), index)
            result = image.copy()
            draw.paint(image, canvas, palette=palette, identity=index, clock=clock).put_into(result)
            found = self._look(result, faces[0])
        except FaceError:
            return None
        placed = Landmarks(transform(found.points, canvas.crop.crop_from_image))
        return self._motions.of(canvas.landmarks), self._motions.between(placed, canvas.landmarks)


def fit(asked: Array, missed: Array) -> Array:
    """Return the (14, 13) constant and slopes of a ridge regression in deviations of each motion."""
    middle, scale = asked.mean(axis=0), asked.std(axis=0)
    rows = (asked - middle) / scale
    slopes = np.linalg.solve(rows.T @ rows + RIDGE * np.eye(MOTION_SIZE), rows.T @ (missed - missed.mean(axis=0)))
    slopes = slopes / scale[:, None]
    line = np.vstack([missed.mean(axis=0) - middle @ slopes, slopes])
    line[:, LEFT_ALONE] = 0
    return line


def measure(photos: Sequence[Path], generator: Path) -> tuple[Array, Array, Array]:
    """Return the (14, 13) habits, and the mean of what is missed of each motion without and with them.

    Each round draws on other photos, and so does the last one, which measures.
    """
    looker = Looker(photos, generator)
    order = np.random.default_rng(5).permutation(len(photos))
    habits = np.zeros((1 + MOTION_SIZE, MOTION_SIZE))
    errors = []
    for number, chosen in enumerate(np.array_split(order, ROUNDS + 1)):
        asked, missed = looker.missed(chosen[:FACES], habits)
        errors.append(np.abs(missed).mean(axis=0))
        if number < ROUNDS:
            habits = habits + STEP * fit(asked, missed)
    return habits, errors[0], errors[-1]


def note(photos: Sequence[Path], generator: Path) -> tuple[Array, Array]:
    """Write the habits into a generator's file; returns what is missed without and with them."""
    habits, before, after = measure(photos, generator)
    write_entry(generator, HABITS_KEY, habits)
    return before, after


def fit_photos() -> list[Path]:
    """Return the photos of LFW's split `fit`."""
    folder = Path(os.environ["GANONYMIZATION_DATA"]) / "lfw"
    return sorted(sample.path for sample in read_lfw(folder) if sample.split == "fit")


def main() -> None:
    """Treat the folder and the file of the command line."""
    folder, generator = (Path(word) for word in sys.argv[1:]) if len(sys.argv) == 3 else sys.exit(__doc__)
    before, after = note(sorted(folder.rglob("*.jpg")), generator)
    print("missed without:", np.round(before, 4).tolist())
    print("missed with:   ", np.round(after, 4).tolist())


if __name__ == "__main__":
    main()
