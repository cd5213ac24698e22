"""Say what the invented person must fit: what the surround shows, and what the shape of the face usually goes with.

A man's face under a woman's hair looks wrong, and so does a grown man's on a child. The surround alone tells little of
either on photos (see `appearance`), the proportions of a face tell more: on photos of LFW `test` apparent sex is found
with an AUC of .94 by both, of .77 by the surround alone. Landmarks are what a generator is given in any case. Of what
they say here, only whether somebody is taken for a man, or for a child, decides among invented people; the age band of
grown-ups only among their colours.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from ganonymization import weights
from ganonymization.appearance import Appearance, AppearanceReader
from ganonymization.neck import with_neck
from ganonymization.onnx import Runtime
from ganonymization.shape import Array, ShapeModel
from ganonymization.types import Landmarks, Surround, Traits

SURROUND_TRUST: Final = 0.6
"""How much the logit of a man by the surround counts beside that by the shape; fitted on LFW `fit`."""

_OLD_FROM_YEARS: Final = 52.0
_YEARS_DEVIATION: Final = 9.0
"""Where the age band of old people begins, and by how much the years that a shape is given err on photos."""

_SUREST: Final = 0.01
"""Probabilities are kept this far from 0 and 1 before their logits are added."""


@dataclass(frozen=True, slots=True, eq=False)
class ShapeTraits:
    """Straight lines over the coefficients of a pose-free face; constant first.

    Attributes:
        male: (1 + K,) logit of being taken for a man, where men and women are equally many.
        child: (1 + K,) logit of being taken for a child.
        years: (1 + K,) apparent age of those who are grown up.
    """

    male: Array
    child: Array
    years: Array

    @classmethod
    def load(cls, path: Path | None = None) -> ShapeTraits:
        """Read a file of lines; the one of the package when no path is given.

        Raises:
            WeightsError: the file is missing or holds something else.
        """
        arrays = weights.read_arrays(path or weights.locate("shape_traits"), cls.__slots__, what="file of traits")
        return cls(**{name: values.astype(np.float64) for name, values in arrays.items()})

    def save(self, path: Path) -> None:
        """Write the lines as a compressed array file, in single precision."""
        weights.write_arrays(path, {name: getattr(self, name) for name in self.__slots__})


def told(line: Array, coefficients: Array) -> Array:
    """Return what a (1 + K,) line of `ShapeTraits` tells of (..., K) coefficients."""
    return np.asarray(line[0] + coefficients @ line[1:])


class ReadTraits:
    """Read the appearance that a face is given from its surround and its landmarks.

    Args:
        read: tells the appearance that a surround suggests.
        model: takes the pose off.
        traits: what shapes usually go with.
    """

    def __init__(self, read: Callable[[Surround], Appearance], model: ShapeModel, traits: ShapeTraits) -> None:
        self._read = read
        self._model = model
        self._traits = traits

    @classmethod
    def load(cls, model: ShapeModel | None = None, *, runtime: Runtime = Runtime()) -> ReadTraits:  # noqa: B008 - frozen
        """Return a reader with the weights of the package; without a shape model, its own is read as well."""
        return cls(AppearanceReader.load(runtime=runtime), model or ShapeModel.load(), ShapeTraits.load())

    def __call__(self, surround: Surround, landmarks: Landmarks, /) -> Appearance:
        """Return what both say.

        Args:
            surround: of the face, which is cut out of it.
            landmarks: of the face, in pixels of the surround.
        """
        suggested = _with_neck(self._read, surround, landmarks)
        coefficients = self._model.coefficients_of(self._model.shape_of(landmarks))
        shown = min(max(suggested.male, _SUREST), 1 - _SUREST)
        male = _sigmoid(float(told(self._traits.male, coefficients)) + SURROUND_TRUST * math.log(shown / (1 - shown)))
        child = _sigmoid(float(told(self._traits.child, coefficients)))
        years = float(told(self._traits.years, coefficients))
        old = 0.5 * (1 + math.erf((years - _OLD_FROM_YEARS) / (math.sqrt(2) * _YEARS_DEVIATION)))
        return dataclasses.replace(
            suggested,
            male=male,
            age=np.array([child, (1 - child) * (1 - old), (1 - child) * old], np.float32),
            beard=suggested.beard * male,
        )


def load_reader(
    traits: Traits,
    model: ShapeModel,
    *,
    runtime: Runtime = Runtime(),  # noqa: B008 - frozen
) -> Callable[[Surround, Landmarks], Appearance]:
    """Return what reads appearances, by the surround and the landmarks, or by the surround alone."""
    if traits is Traits.MATCH:
        return ReadTraits.load(model, runtime=runtime)
    read = AppearanceReader.load(runtime=runtime)
    return partial(_with_neck, read)


def _with_neck(read: Callable[[Surround], Appearance], surround: Surround, landmarks: Landmarks) -> Appearance:
    suggested = read(surround)
    return dataclasses.replace(suggested, skin=with_neck(suggested.skin, surround, landmarks))


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))
