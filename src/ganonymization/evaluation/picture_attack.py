"""The attacker who trains a network to draw originals from outputs, and recognises what it draws.

Needs the extra `[train]`. It is slow, since every output is made anew: rows of numbers are kept, pictures are not.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ganonymization.alignment import Framing, aligned_from_image
from ganonymization.crop import warp
from ganonymization.errors import GanonymizationError, NothingMadeError
from ganonymization.evaluation.method import Altered, Method, Subject
from ganonymization.geometry import transform
from ganonymization.recognise import Recogniser
from ganonymization.types import Image, Landmarks

FACE_PX: Final = 64
FRAMING: Final = Framing(padding=0.35)

Pictures = npt.NDArray[np.uint8]


class TrainingMissingError(GanonymizationError):
    """PyTorch is not installed."""


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Aligned faces before and after a method, with the landmarks of each in its square.

    Attributes:
        original: (N, S, S, 3).
        changed: (N, S, S, 3).
        landmarks: N.
    """

    original: Pictures
    changed: Pictures
    landmarks: list[Landmarks]

    def pick(self, chosen: npt.NDArray[np.bool_]) -> Aligned:
        """Return some of the faces."""
        some = [self.landmarks[index] for index in np.flatnonzero(chosen)]
        return Aligned(self.original[chosen], self.changed[chosen], some)


def align_all(method: Method, subjects: Sequence[Subject], advance: Callable[[], None]) -> Aligned:
    """Make every output anew and cut the faces out; a photo without an output stands for itself."""
    original = np.empty((len(subjects), FACE_PX, FACE_PX, 3), np.uint8)
    changed, landmarks = np.empty_like(original), list[Landmarks]()
    for index, subject in enumerate(subjects):
        image = subject.read()
        square_from_image = aligned_from_image(subject.landmarks, FRAMING, size_px=FACE_PX)
        original[index] = warp(image, square_from_image, size_px=FACE_PX)
        changed[index] = _cut(_made(method, image, subject), subject)
        landmarks.append(Landmarks(transform(subject.landmarks.points, square_from_image)))
        advance()
    return Aligned(original, changed, landmarks)


def require_training() -> Any:  # noqa: ANN401 - a module that is optional
    """Return the module that trains the network.

    Raises:
        TrainingMissingError: PyTorch is not installed.
    """
    try:
        return importlib.import_module("ganonymization.training.reconstruction")
    except ModuleNotFoundError as error:
        raise TrainingMissingError(
            f"the attack 'unet' needs {error.name}; run: pip install 'ganonymization[train]', or leave the attack out"
        ) from error


def draw_originals(learning: Aligned, tested: Aligned, *, seed: int) -> Pictures:
    """Train on some people and return (N, S, S, 3) what the network draws of others.

    Raises:
        TrainingMissingError: PyTorch is not installed.
        NotMeasurableError: there are fewer than two pictures to learn from.
    """
    training = require_training()
    learnt = training.learn_reconstruction(learning.changed, learning.original, budget=training.Budget(seed=seed))
    drawn: Pictures = learnt(tested.changed)
    return drawn


def embed_squares(
    pictures: Pictures, landmarks: Sequence[Landmarks], recognise: Recogniser
) -> npt.NDArray[np.float32]:
    """Return the (N, D) embeddings of faces in their squares."""
    return np.stack([recognise(picture, face) for picture, face in zip(pictures, landmarks, strict=True)])


def _made(method: Method, image: Image, subject: Subject) -> Altered:
    try:
        return method(image, subject)
    except NothingMadeError:
        return Altered(image)


def _cut(altered: Altered, subject: Subject) -> Image:
    where = Landmarks(transform(subject.landmarks.points, altered.altered_from_original))
    return warp(altered.image, aligned_from_image(where, FRAMING, size_px=FACE_PX), size_px=FACE_PX)
