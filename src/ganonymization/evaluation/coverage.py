"""Whether every face was changed at all: a face that is left as it was is the worst leak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ganonymization.errors import NotMeasurableError
from ganonymization.types import Box, Image

CHANGED_LEVELS: Final = 3
"""A pixel counts as changed when one of its channels differs by this much of 255."""

COVERED_SHARE: Final = 0.5
"""A face counts as covered when this share of its box has changed; the corners of a box lie beside the face."""


@dataclass(frozen=True, slots=True)
class Change:
    """How a face's region differs from the original.

    Attributes:
        mean_levels: mean absolute difference over pixels and channels, 0..255.
        changed_share: share of its pixels that changed, 0..1.
    """

    mean_levels: float
    changed_share: float

    @property
    def covered(self) -> bool:
        """Whether enough of the region has changed."""
        return self.changed_share >= COVERED_SHARE


def change_inside(before: Image, after: Image, box: Box) -> Change:
    """Return how much of a box has changed, counting only what lies inside the picture.

    Raises:
        ValueError: the pictures differ in size, or the box lies outside.
    """
    if before.shape != after.shape:
        raise ValueError(f"the pictures differ in size: {before.shape} before, {after.shape} after")
    left, top = max(0, round(box.left)), max(0, round(box.top))
    right, bottom = min(before.shape[1], round(box.right)), min(before.shape[0], round(box.bottom))
    if right <= left or bottom <= top:
        raise ValueError(f"{box} lies outside of a picture of {before.shape[1]} x {before.shape[0]} pixels")
    part = slice(top, bottom), slice(left, right)
    difference = np.abs(before[part].astype(np.int16) - after[part])
    changed = difference.max(axis=2) >= CHANGED_LEVELS
    return Change(float(difference.mean()), float(changed.mean()))


def coverage(changes: Sequence[Change]) -> float:
    """Return the share of faces that were covered.

    Raises:
        NotMeasurableError: there are no faces.
    """
    if not changes:
        raise NotMeasurableError("no reference faces; coverage needs at least one")
    return float(np.mean([change.covered for change in changes]))
