"""What a palette is: the few colours that tell the generator how an invented person is tinted.

A palette never comes from the face that is replaced; `palette_bank` holds those that may be drawn.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.condition import MAP_NAMES, Maps
from ganonymization.region import hull_mask
from ganonymization.types import Image, Mask, Points

PaletteVector = npt.NDArray[np.float32]

PALETTE_FIELDS: Final = (
    "skin_red", "skin_green", "skin_blue", "skin_spread",
    "brow_red", "brow_green", "brow_blue",
    "iris_red", "iris_green", "iris_blue",
    "lip_red", "lip_green", "lip_blue",
    "beard_red", "beard_green", "beard_blue",
)  # fmt: skip
"""Mean colours in -1..1 (black to white), and the standard deviation of the skin's brightness on the same scale."""

PALETTE_SIZE: Final = len(PALETTE_FIELDS)

SKIN: Final = slice(0, 3)
SPREAD: Final = 3
BROWS: Final = slice(4, 7)
IRISES: Final = slice(7, 10)
LIPS: Final = slice(10, 13)
BEARD: Final = slice(13, 16)
"""Places of the skin's colour and its spread, and of the other colours."""

LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""

_CHEEKS_AND_FOREHEAD: Final = (
    (50, 101, 118, 117, 123, 187, 205),
    (280, 330, 347, 346, 352, 411, 425),
    (151, 108, 69, 104, 67, 109, 10, 338, 297, 333, 299, 337),
)
_CHIN_AND_JAW: Final = (
    (32, 194, 201, 200, 421, 418, 262, 369, 175, 140),
    (57, 212, 210, 135, 192),
    (287, 432, 430, 364, 416),
)


def measure_palette(image: Image, points: Points, maps: Maps) -> PaletteVector:
    """Return the (16,) palette of a training face; for training the generator and building the bank, never at run time.

    Args:
        image: (S, S, 3) crop.
        points: (478, 2|3) landmarks in crop pixels.
        maps: (7, S, S) landmark maps of the same crop.
    """
    pixels = image.astype(np.float32) / 127.5 - 1
    layers = dict(zip(MAP_NAMES, maps.astype(np.float32) / 255, strict=True))
    skin = _union(points, _CHEEKS_AND_FOREHEAD, image.shape[0])
    beard = _union(points, _CHIN_AND_JAW, image.shape[0])
    skin_color = _mean(pixels, skin)
    brightness = pixels.mean(axis=2, keepdims=True)
    spread = np.sqrt(_mean((brightness - _mean(brightness, skin)) ** 2, skin))
    parts = [_mean(pixels, layers[name]) for name in ("brows", "irises", "lips")]
    return np.concatenate([skin_color, spread, *parts, _mean(pixels, beard)]).astype(np.float32)


def scale_palette(palette: PaletteVector, gain: npt.NDArray[np.floating]) -> PaletteVector:
    """Return the palette as it looks in another light.

    Args:
        palette: (16,).
        gain: (3,) factors on red, green and blue.
    """
    colors = np.clip((_colors(palette) + 1) * gain - 1, -1, 1)
    return _assemble(colors, palette[SPREAD] * float(np.mean(gain)))


def brighten_palette(palette: PaletteVector, exponent: float) -> PaletteVector:
    """Return the palette of a picture whose levels, from 0 to 1, are raised to a power: below 1 it gets brighter."""
    level = (float(palette[SKIN].mean()) + 1) / 2
    colors = 2 * np.clip((_colors(palette) + 1) / 2, 0, 1) ** exponent - 1
    return _assemble(colors, palette[SPREAD] * exponent * max(level, 1e-3) ** (exponent - 1))


def grey_palette(palette: PaletteVector) -> PaletteVector:
    """Return the palette as it looks in a picture without colour."""
    return _assemble(np.repeat((_colors(palette) @ LUMA)[:, None], 3, axis=1), float(palette[SPREAD]))


def _colors(palette: PaletteVector) -> npt.NDArray[np.float32]:
    return np.delete(palette, SPREAD).reshape(5, 3)


def _assemble(colors: npt.NDArray[np.floating], spread: float) -> PaletteVector:
    return np.insert(colors.ravel(), SPREAD, spread).astype(np.float32)


def _union(points: Points, polygons: tuple[tuple[int, ...], ...], size_px: int) -> Mask:
    masks = [hull_mask(points[list(polygon)], size_px=size_px) for polygon in polygons]
    return np.asarray(np.max(masks, axis=0), np.float32)


def _mean(pixels: npt.NDArray[np.float32], mask: Mask) -> npt.NDArray[np.float32]:
    weight = mask + 1e-6  # a closed eye has no iris: then the mean over the crop stands in
    return np.asarray((pixels * weight[..., None]).sum(axis=(0, 1)) / weight.sum(), np.float32)
