"""The only function that hands source pixels on to the synthesizer: the crop with every face cut out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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
    size_px = crop.image.shape[0]
    known = (crop.valid >= 1).astype(np.float32)
    for points in outlines:
        known[hull_mask(points, size_px=size_px, margin_px=ring_px(crop)) > 0] = 0
    image = crop.image * (known > 0)[..., None]
    return Surround(image.astype(np.uint8), known, crop.valid)


def is_grey(surround: Surround) -> bool:
    """Return whether the known part of the picture has no colour."""
    pixels = surround.image[surround.known > 0].astype(np.int16)
    return bool(np.ptp(pixels, axis=1).mean() <= GREY_LEVELS) if len(pixels) else False


def ring_px(crop: Crop) -> float:
    """Return the width of the ring around each hull that is removed as well, in crop pixels.

    No pixel that is handed on may have looked under a hull when the crop was resampled.
    """
    return float(max(MARGIN * crop.image.shape[0], reach_px(crop.crop_from_image)))


def no_surround(size_px: int) -> Surround:
    """Return a surround that tells nothing, for a face on its own."""
    empty = np.zeros((size_px, size_px), np.float32)
    return Surround(np.zeros((size_px, size_px, 3), np.uint8), empty, np.ones_like(empty))
