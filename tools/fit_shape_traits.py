"""Fit what the shape of a face usually goes with, apparent sex and age, and store it in the weights folder.

Usage: `GANONYMIZATION_DATA=<folder> python tools/fit_shape_traits.py FACES`, with the faces that `ganonymize prepare`
wrote of `faces-open`. Learnt from the photos of LFW's split `fit`, on which no children are, and from these faces;
`faceres` tells how old a face looks, and whether it is taken for a man's. The file holds three straight lines; no photo
and no person can be read from it. Prints what the lines find on photos of LFW's split `test`.
"""

import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from catalogue import WEIGHTS, register
from fit_shape_model import central_face
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score

from ganonymization import read_picture
from ganonymization.errors import FaceError
from ganonymization.evaluation.recognisers import PortraitNetwork
from ganonymization.landmark import FaceMesh
from ganonymization.shape import ShapeModel
from ganonymization.training.labels import CHILD_BELOW_YEARS, picture_landmarks
from ganonymization.training.prepare import FaceSet
from ganonymization.traits import ShapeTraits
from ganonymization.types import Image, Landmarks

Array = NDArray[np.float64]

GROWN_UP_YEARS = 15.0
DRAWN_WEIGHT = 0.2
"""What a face of somebody who does not exist counts beside a photo, where both tell."""

CHILD_WEIGHT = 5.0
"""What a child counts beside a grown-up: a grown man's face on a child is the worse mistake, and photos show older
children than most drawn faces do."""

CLASS_PENALTY = 0.01
YEARS_PENALTY = 60.0


@dataclass(frozen=True, slots=True, eq=False)
class Portraits:
    """N faces.

    Attributes:
        shapes: (N, K) coefficients of the pose-free faces.
        male: (N,) whether they are taken for men.
        years: (N,) apparent age.
    """

    shapes: Array
    male: NDArray[np.bool_]
    years: Array


def main() -> None:
    """Look, fit, write, enter into the catalogue, report."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    look = Looker()
    faces = FaceSet.load(Path(sys.argv[1]))
    drawn = look((faces.images[index], picture_landmarks(faces, index)) for index in range(len(faces.names)))
    photos = look(look.photos("fit"))
    fit(photos, drawn).save(WEIGHTS / "shape_traits.npz")
    register(
        "shape_traits.npz",
        licence="MIT",
        origin="lines over landmarks of LFW, split fit, and of faces-open; fitted by tools/fit_shape_traits.py",
        input_spec="(60,) coefficients of the shape model",
        output_spec="male (61,), child (61,) logits and years (61,), constant first, float32",
    )
    report(ShapeTraits.load(), look(look.photos("test")))


class Looker:
    """Looks at faces."""

    def __init__(self) -> None:
        self._model = ShapeModel.load()
        self._portray = PortraitNetwork.load()
        self._mesh = FaceMesh.load()

    def __call__(self, faces) -> Portraits:  # noqa: ANN001 - an iterable of pictures and landmarks
        """Return what is seen."""
        rows = []
        for image, landmarks in faces:
            seen = self._portray(image, landmarks)
            shape = self._model.coefficients_of(self._model.shape_of(landmarks))
            rows.append((shape, seen.male > 0.5, seen.age_years))
        shapes, male, years = zip(*rows, strict=True)
        return Portraits(np.array(shapes), np.array(male), np.array(years))

    def photos(self, split: str):  # noqa: ANN201 - an iterator of pictures and landmarks
        """Yield the photos of a split of LFW with their landmarks."""
        folder = Path(os.environ["GANONYMIZATION_DATA"]) / "lfw"
        with (folder / "index.csv").open() as rows:
            for row in csv.DictReader(rows):
                if row["split"] == split:
                    yield from self._landmarks(read_picture(folder / "images" / row["file"]).image)

    def _landmarks(self, image: Image) -> list[tuple[Image, Landmarks]]:
        try:
            return [(image, self._mesh(image, central_face(image)))]
        except FaceError:
            return []


def fit(photos: Portraits, drawn: Portraits) -> ShapeTraits:
    """Return the lines.

    What the two sets differ in besides, such as how pictures are made, is given a coefficient of its own, so that it is
    not taken for age or sex; the lines are those for photos.
    """
    scale = photos.shapes.std(axis=0)
    shapes = np.concatenate([photos.shapes, drawn.shapes]) / scale
    is_photo = np.repeat([1.0, 0.0], [len(photos.shapes), len(drawn.shapes)])
    male, years = (np.concatenate([getattr(photos, name), getattr(drawn, name)]) for name in ("male", "years"))
    share = photos.male.mean()
    of_photos = np.where(photos.male, 0.5 / share, 0.5 / (1 - share))
    weights = np.concatenate([of_photos, np.full(len(drawn.male), DRAWN_WEIGHT)])
    rows = np.column_stack([shapes, 3 * is_photo])
    classify = LogisticRegression(C=CLASS_PENALTY, max_iter=5000)
    men = classify.fit(rows, male, sample_weight=weights)
    male_line = _line(men.coef_[0], men.intercept_[0], scale)
    grown = years >= GROWN_UP_YEARS
    weights = np.where(is_photo > 0, 1.0, DRAWN_WEIGHT)
    ages = Ridge(YEARS_PENALTY).fit(rows[grown], years[grown], sample_weight=weights[grown])
    years_line = _line(ages.coef_, ages.intercept_, scale)
    # all but one child are drawn: what photos differ in must not be taken for age
    is_child = (years < CHILD_BELOW_YEARS) & (is_photo == 0)
    children = classify.fit(shapes, is_child, sample_weight=np.where(is_child, CHILD_WEIGHT, 1.0))
    return ShapeTraits(male_line, _line(children.coef_[0], children.intercept_[0], scale), years_line)


def _line(slopes: Array, constant: float, scale: Array) -> Array:
    """Return constant and slopes over the coefficients of a photo's face."""
    of_photos = 3 * slopes[len(scale)] if len(slopes) > len(scale) else 0.0
    return np.concatenate([[constant + of_photos], slopes[: len(scale)] / scale])


def report(traits: ShapeTraits, photos: Portraits) -> None:
    """Print what the lines find on other photos."""
    rows = np.column_stack([np.ones(len(photos.shapes)), photos.shapes])
    male = rows @ traits.male
    right = [((male > 0) == is_man)[photos.male == is_man].mean() for is_man in (True, False)]
    print(
        f"man: AUC {roc_auc_score(photos.male, male):.3f}, right in {right[0]:.3f} of men and {right[1]:.3f} of women"
    )
    years = rows @ traits.years
    error = np.abs(years - photos.years).mean()
    mean_error = np.abs(photos.years - photos.years.mean()).mean()
    correlation = np.corrcoef(years, photos.years)[0, 1]
    print(f"years: r = {correlation:.3f}, mean error {error:.1f}; of always the mean {mean_error:.1f}")
    print(f"taken for children: {(rows @ traits.child > 0).mean():.4f} of {len(rows)} photos")


if __name__ == "__main__":
    main()
