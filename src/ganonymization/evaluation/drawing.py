"""Run the attack of `picture_attack`: make every output anew, train on some people, recognise what is drawn of others.

Needs the extra `[train]`, and is slow: rows of numbers are kept from run to run, pictures are not.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ganonymization.errors import GanonymizationError, NothingMadeError
from ganonymization.evaluation.method import Altered, Method, Subject
from ganonymization.evaluation.picture_attack import AlignedFace, Recognise, align_face, recognise_drawings
from ganonymization.geometry import transform
from ganonymization.types import Image, Landmarks


class TrainingMissingError(GanonymizationError):
    """PyTorch is not installed."""


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPair:
    """One face before and after a method.

    Attributes:
        original: aligned.
        changed: the same place in the output.
    """

    original: AlignedFace
    changed: AlignedFace


def align_all(method: Method, subjects: Sequence[Subject], advance: Callable[[], None]) -> list[AlignedPair]:
    """Make every output anew and cut the faces out; a photo without an output stands for itself."""
    pairs = []
    for subject in subjects:
        image = subject.read()
        altered = _made(method, image, subject)
        where = Landmarks(transform(subject.landmarks.points, altered.altered_from_original))
        pairs.append(AlignedPair(align_face(image, subject.landmarks), align_face(altered.image, where)))
        advance()
    return pairs


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


def embed_drawings(
    learning: Sequence[AlignedPair], tested: Sequence[AlignedPair], recognise: Recognise, *, seed: int
) -> npt.NDArray[np.float32]:
    """Train on some people and return the (N, D) embeddings of what is drawn of others.

    Raises:
        TrainingMissingError: PyTorch is not installed.
        NotMeasurableError: there are fewer than two faces to learn from.
    """
    training = require_training()
    changed = np.stack([pair.changed.image for pair in learning])
    original = np.stack([pair.original.image for pair in learning])
    draw = training.learn_reconstruction(changed, original, budget=training.Budget(seed=seed))
    return recognise_drawings(draw, [pair.changed for pair in tested], recognise)


def _made(method: Method, image: Image, subject: Subject) -> Altered:
    try:
        return method(image, subject)
    except NothingMadeError:
        return Altered(image)
