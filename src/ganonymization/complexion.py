"""How flawed the skin of a drawn face is: whoever is drawn well over one face may be etched or tinted over another.

Light and surround decide it for the most part, and whom one draws the rest. So several people are drawn, and the first
with clear skin is taken (see `audition.clearest_first`). Skin is flawed where it is lined more than it should be, and
where its colour is not the one that was asked for.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.condition import FEATURE_NAMES, MAP_NAMES, draw_maps
from ganonymization.crop import softening_px
from ganonymization.palette import SKIN, PaletteVector
from ganonymization.types import Image, Mask, Patch, Points, Surround

Floats = npt.NDArray[np.float32]

SIZE_PX: Final = 128
"""Side of the picture that is looked at."""

AROUND_PX: Final = 7
"""Side of the square with whose mean each pixel is compared: lines are thinner. With larger ones shadows count, with
spots instead of pixels a face is clear whose contours glow."""

MARGIN_PX: Final = 7
"""By how much brows, eyes and lips are wider than drawn: lashes and shadows are no flaws."""

TINT_WEIGHT: Final = 0.1
"""A difference of colour by a tenth of the scale is as bad as a hundredth of lines."""

_INSIDE: Final = 0.99
_OUTSIDE: Final = 0.01


def flaws(patch: Patch, points: Points, surround: Surround, palette: PaletteVector, *, scale: float = 1.0) -> float:
    """Return how flawed the skin of a drawn face is, from 0 on; .06 is clear, .12 is etched.

    Args:
        patch: as it was drawn.
        points: (478, 2|3) landmarks of the face in its pixels.
        surround: that it was drawn on.
        palette: (16,) that was asked for.
        scale: pixels of the patch for one of the picture; what the picture cannot show is overlooked.
    """
    share = SIZE_PX / patch.image.shape[0]
    skin = bare_skin(points * np.float32(share), 1 - reduced(surround.known, size_px=SIZE_PX))
    if not skin.any():
        return 0.0
    small = reduced(patch.image, size_px=SIZE_PX) / np.float32(127.5) - 1
    tint = np.abs(small[skin > 0].mean(axis=0) - palette[SKIN]).mean()
    sigma_px = softening_px(scale) * share
    if sigma_px > 0:
        small = np.asarray(cv2.GaussianBlur(small, (0, 0), sigma_px), np.float32)
    lines = (small - mean_around(small, skin, side_px=AROUND_PX))[skin > 0]
    return float(np.sqrt((lines**2).mean()) + TINT_WEIGHT * tint)


def bare_skin(points: Points, visible: Mask) -> Mask:
    """Return (S, S) 1 where a face has neither brows nor eyes nor a mouth.

    Args:
        points: (478, 2|3) landmarks in pixels of a picture at about the scale at which flaws are looked for.
        visible: (S, S) 1 where something is to be seen of the face.
    """
    layers = dict(zip(MAP_NAMES, draw_maps(points, size_px=visible.shape[0]), strict=True))
    hull = layers["hull"].astype(np.float32) / 255 * visible
    square = np.ones((MARGIN_PX, MARGIN_PX), np.uint8)
    features = cv2.dilate(np.max([layers[name] for name in FEATURE_NAMES], axis=0), square).astype(np.float32) / 255
    return np.asarray((hull > _INSIDE) & (features < _OUTSIDE), np.float32)


def reduced(layer: Image | Mask, *, size_px: int) -> Floats:
    """Return a square layer with another side, on its own scale."""
    return np.asarray(cv2.resize(layer, (size_px, size_px), interpolation=cv2.INTER_AREA), np.float32)


def mean_around(image: Floats, area: Mask, *, side_px: int) -> Floats:
    """Return the (S, S, 3) mean over a square around each pixel, of what lies in the area.

    Args:
        image: (S, S, 3).
        area: (S, S) 1 inside.
        side_px: side of the square; odd.
    """
    side = (side_px, side_px)
    summed, count = (
        cv2.boxFilter(layer, -1, side, normalize=False, borderType=cv2.BORDER_CONSTANT)
        for layer in (image * area[..., None], area)
    )
    return np.asarray(summed / np.maximum(count, 1)[..., None], np.float32)
