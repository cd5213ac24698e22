"""The only function that hands source pixels on to the synthesizer: the crop with every face cut out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np

from ganonymization.crop import reach_px
from ganonymization.region import hull_mask
from ganonymization.types import Crop, Points, Surround

MARGIN: Final = 0.015
"""Ring around each hull that is removed as well, in sides of the crop: mesh noise must not uncover skin."""


GREY_LEVELS: Final = 2.0
"""A picture whose channels differ by no more than this, in levels of 255 and on average, is grey."""


def cut_surround(crop: Crop, outlines: Sequence[Points]) -> Surround:
    """Return the crop without anything inside the hulls.

    Args:
        crop: the crop.
        outlines: (M, 2) point sets in crop pixels; the convex hull of each is removed. The face's own outline and that
            of its new shape belong in ONE set, so that their union is removed; other faces in the picture are further
            sets.
    """
    size_px, margin_px = crop.image.shape[0], ring_px(crop)
    known = crop.valid >= 1
    for points in outlines:
        if _reaches_into(points, size_px=size_px, margin_px=margin_px):
            known &= hull_mask(points, size_px=size_px, margin_px=margin_px) <= 0
    image = cv2.copyTo(crop.image, known.view(np.uint8))
    return Surround(np.asarray(image, np.uint8), known.astype(np.float32), crop.valid)


def _reaches_into(points: Points, *, size_px: int, margin_px: float) -> bool:
    """Return whether a hull with a margin, or its soft edge, may touch a crop."""
    low, high = points[:, :2].min(axis=0) - margin_px - 1, points[:, :2].max(axis=0) + margin_px + 1
    return bool((high >= 0).all() and (low <= size_px).all())


def is_grey(surround: Surround) -> bool:
    """Return whether the known part of the picture has no colour."""
    known = surround.known > 0
    red, green, blue = cv2.split(surround.image)
    spread = cv2.subtract(cv2.max(red, cv2.max(green, blue)), cv2.min(red, cv2.min(green, blue)))
    return bool(known.any() and cv2.mean(spread, known.view(np.uint8))[0] <= GREY_LEVELS)


def ring_px(crop: Crop) -> float:
    """Return the width of the ring around each hull that is removed as well, in crop pixels.

    No pixel that is handed on may have looked under a hull when the crop was resampled.
    """
    return float(max(MARGIN * crop.image.shape[0], reach_px(crop.crop_from_image)))


def no_surround(size_px: int) -> Surround:
    """Return a surround that tells nothing, for a face on its own."""
    empty = np.zeros((size_px, size_px), np.float32)
    return Surround(np.zeros((size_px, size_px, 3), np.uint8), empty, np.ones_like(empty))
