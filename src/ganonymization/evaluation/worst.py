"""The worst cases by each measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.evaluation.privacy import Faces
from ganonymization.evaluation.sighting import CLASSIFIERS, column, measure_of

COUNT: Final = 8
"""Cases of each kind."""

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One photo that is among the worst.

    Attributes:
        index: its place among the tested photos.
        name: of the photo.
        value: of the measure, as printed.
    """

    index: int
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Worst:
    """The worst cases by one measure.

    Attributes:
        title: what the measure is.
        cases: worst first; empty when none is bad.
    """

    title: str
    cases: tuple[Case, ...]


def find_worst(faces: Faces, names: Sequence[str], *, own: Array, replaced: npt.NDArray[np.bool_]) -> list[Worst]:
    """Return the worst cases of a method: identity left, expression lost, face lost.

    Args:
        faces: before and after.
        names: of the N photos.
        own: (N,) distance of each output to its own original.
        replaced: (N,) whether each face is gone.
    """
    real, altered = faces.real, faces.altered
    mouth = np.abs(measure_of(real, "mouth_open") - measure_of(altered, "mouth_open"))
    yaw = np.abs(measure_of(real, "yaw_deg") - measure_of(altered, "yaw_deg"))
    found = real["landmarks_found"] & altered["landmarks_found"]
    kinds = [
        (
            "not replaced (share of the box that changed)",
            np.where(replaced, np.nan, altered["changed_share"]),
            "{:.2f}",
        ),
        ("nearest to their own original (distance)", own, "{:.2f}"),
        ("expression lost (fall of the probability of the label shown before)", -_lost(faces), "{:.2f}"),
        ("mouth opening changed most (heights of the face)", np.where(found, -mouth, np.nan), "{:.3f}"),
        ("head turned most (degrees)", np.where(found, -yaw, np.nan), "{:.1f}"),
        (
            "no face is detected any more (sharpness)",
            np.where(altered["detected"], np.nan, altered["sharpness"]),
            "{:.1f}",
        ),
    ]
    return [Worst(title, _cases(values, names, pattern)) for title, values, pattern in kinds]


def _lost(faces: Faces) -> Array:
    spec = CLASSIFIERS[0]
    before, after = column(faces.real, spec.weights), column(faces.altered, spec.weights)
    index = np.arange(len(before))
    shown = before.argmax(axis=1)
    return np.asarray(before[index, shown] - after[index, shown], np.float64)


def _cases(values: Array, names: Sequence[str], pattern: str) -> tuple[Case, ...]:
    """Return the photos of the least values; NaN takes no part."""
    order = np.argsort(values, kind="stable")
    usable = [int(index) for index in order if np.isfinite(values[index])][:COUNT]
    return tuple(Case(index, names[index], pattern.format(abs(float(values[index])))) for index in usable)
