"""Put a synthesized patch into the picture without a seam."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.crop import pixel_centred, softening_px
from ganonymization.geometry import invert, scale_of, transform
from ganonymization.region import hull_mask
from ganonymization.types import Affine, Crop, Image, Mask, Patch, Points

Floats = npt.NDArray[np.float32]

MAX_LIGHT_SHIFT: Final = 40.0
"""Largest change of brightness or colour by which the patch is drawn towards the surround, 0..255."""

_OVERALL_LIGHT: Final = 1 / 6
_EDGE_LIGHT: Final = 1 / 24
"""How far light is carried inwards, as standard deviations in sides of the crop: what a region shares, and the rest."""

_BLUR_SIGMA_PX: Final = 2.5
"""Pictures are shrunk before a wide blur until its standard deviation is about this."""

_SAMPLING_REACH_PX: Final = math.sqrt(2)
"""How far bilinear sampling of the mask looks: so far around the hull it must be 1, or the original shines through."""

_OPAQUE: Final = 0.999
"""From here on the original has no part in a pixel, not even in the last bit."""

SHARPENING: Final = 1.0
"""How much is added to the finest detail of a patch that is enlarged into its picture, which makes it soft; a share.
Portraits of London get faces .34 times as sharp as the originals by it, instead of .18; with more, contours glow."""

SHARPENED_UP_TO: Final = 0.75
"""From so many crop pixels for one of the picture downwards it is added in full, at 1 not at all."""

_FINE_PX: Final = 0.8
"""Deviation of the blur, in crop pixels, that divides the finest detail from the rest."""

_MEAN_OF_CHANNELS: Final = np.full((1, 3), 1 / 3, np.float32)

_SPARSE: Final = 2
"""Noise is measured in every second row and column."""

_GRAIN_SEED: Final = 20250211


def blend_mask(outline: Points, *, size_px: int, ring_px: float) -> Mask:
    """Return the (S, S) mask of a region: 1 over the hull and falling to 0 around it.

    No pixel of the original under the hull is mixed into the result, however soft the edge.

    Args:
        outline: (M, 2) points in crop pixels; the mask covers their convex hull.
        size_px: side S of the crop.
        ring_px: width of the soft edge.
    """
    solid = hull_mask(outline, size_px=size_px, margin_px=max(0.25 * ring_px, _SAMPLING_REACH_PX))
    mask = np.zeros_like(solid)
    near = _around(solid, math.ceil(ring_px) + 1)
    gap = cv2.distanceTransform((solid[near] <= 0).astype(np.uint8), cv2.DIST_L2, 5)
    ramp = np.clip(1 - gap / ring_px, 0, 1)
    mask[near] = ramp * ramp * (3 - 2 * ramp)
    return mask


def _around(mask: Mask, margin_px: int) -> tuple[slice, slice]:
    """Return the rows and columns that hold everything that is not 0, and a margin around it."""
    left, top, width, height = cv2.boundingRect((mask > 0).view(np.uint8))
    rows = slice(max(0, top - margin_px), top + height + margin_px)
    return rows, slice(max(0, left - margin_px), left + width + margin_px)


class SeamlessBlend:
    """Blend with light and grain drawn from the surround; fits `stages.Blend`.

    Light: the difference between picture and patch is measured where both show the surround and carried smoothly
    inwards. Grain: noise of the surround's strength is added where the patch is smoother.
    """

    def __call__(self, image: Image, crop: Crop, patch: Patch, mask: Mask, /) -> Image:
        """Return a new picture that takes the patch where `mask` (in crop pixels) is 1 and stays as it was at 0."""
        trusted = ((mask <= 0) & (crop.valid >= 1)).astype(np.float32)
        lit = match_light(patch.image, crop.image, trusted)
        return _compose(image, lit, mask, crop, grain=missing_grain(lit, crop.image, trusted))


def match_light(patch: Image, crop: Image, trusted: Mask) -> Floats:
    """Return the patch, (S, S, 3) float 0..255, with the smooth part of its difference from the surround taken away.

    Args:
        patch: (S, S, 3) synthesized.
        crop: (S, S, 3) original.
        trusted: (S, S), 1 where the original may be looked at: outside every hull.
    """
    size_px = patch.shape[0]
    step = _step(_EDGE_LIGHT * size_px)
    difference = cv2.copyTo(cv2.subtract(crop, patch, dtype=cv2.CV_32F), (trusted > 0).view(np.uint8))
    coarse, weight = (_shrunk(np.asarray(layers, np.float32), step) for layers in (difference, trusted))
    overall = _spread(coarse, weight, _OVERALL_LIGHT * size_px / step)
    at_edge = _spread(coarse - overall * weight[..., None], weight, _EDGE_LIGHT * size_px / step)
    correction = np.clip(overall + at_edge, -MAX_LIGHT_SHIFT, MAX_LIGHT_SHIFT)
    lit = cv2.add(patch, cv2.resize(correction, trusted.shape[::-1]), dtype=cv2.CV_32F)
    return np.clip(np.asarray(lit, np.float32), 0, 255)


def _step(sigma_px: float) -> int:
    """Return the factor by which pictures may be shrunk before a wide blur, which is the same then, and much faster."""
    return max(1, int(sigma_px / _BLUR_SIGMA_PX))


def _shrunk(layers: Floats, step: int) -> Floats:
    height, width = layers.shape[:2]
    shrunk = cv2.resize(layers, (width // step, height // step), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, np.float32)


def _spread(values: Floats, weight: Mask, sigma_px: float) -> Floats:
    """Return the local weighted mean of (S, S, 3) values, fading to zero where nothing is known nearby."""
    step = _step(sigma_px)
    layers = _shrunk(np.concatenate([values, weight[..., None]], axis=2), step)
    blurred = cv2.GaussianBlur(layers, (0, 0), sigma_px / step)
    return np.asarray(cv2.resize(blurred[..., :3] / np.maximum(blurred[..., 3:], 0.12), weight.shape[::-1]), np.float32)


def missing_grain(lit: Floats, crop: Image, trusted: Mask) -> float:
    """Return the standard deviation (0..255, in crop pixels) of the noise that the picture has and the patch lacks."""
    if trusted.sum() < 64:
        return 0.0
    original = _noise_level(crop, trusted > 0)
    synthesized = _noise_level(lit, trusted <= 0)
    return float(np.sqrt(max(0.0, original**2 - synthesized**2)))


def _noise_level(image: Image | Floats, where: npt.NDArray[np.bool_]) -> float:
    """Return the noise by the lower quartile of a Laplacian's magnitude, which edges and texture hardly raise."""
    grey = cv2.transform(image.astype(np.float32, copy=False), _MEAN_OF_CHANNELS)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    response = np.abs(cv2.filter2D(grey, -1, kernel))[::_SPARSE, ::_SPARSE][where[::_SPARSE, ::_SPARSE]]
    if not response.size:
        return 0.0
    quartile = response.size // 4
    # the kernel multiplies white noise by 6; a quarter of a normal's magnitudes lies below 0.3186 deviations
    return float(np.partition(response, quartile)[quartile] / (6 * 0.3186))


def _compose(image: Image, lit: Floats, mask: Mask, crop: Crop, *, grain: float) -> Image:
    """Warp patch and mask into the picture, inside the box that they reach only."""
    left, top, right, bottom = _reach(image, mask, crop.crop_from_image)
    if right <= left or bottom <= top:
        return image.copy()
    part_from_crop = invert(crop.crop_from_image)
    part_from_crop[:, 2] -= (left, top)
    size_wh = (right - left, bottom - top)
    matrix = pixel_centred(part_from_crop)
    pixels = cv2.warpAffine(
        _with_detail_for(lit, scale_of(crop.crop_from_image)),
        matrix,
        size_wh,
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    alpha = cv2.warpAffine(mask, matrix, size_wh, flags=cv2.INTER_LINEAR)
    alpha[alpha > _OPAQUE] = 1
    if grain > 0.5:
        noise = np.random.default_rng(_GRAIN_SEED).standard_normal(pixels.shape[:2], np.float32)
        pixels += grain * noise[..., None]
    result = image.copy()
    part = result[top:bottom, left:right]
    np.clip(pixels, 0, 255, out=pixels)
    part[:] = cv2.convertScaleAbs(cv2.blendLinear(pixels, part.astype(np.float32), alpha, 1 - alpha))
    return result


def _with_detail_for(lit: Floats, scale: float) -> Floats:
    """Return the patch with the detail that a picture in which a pixel is `scale` crop pixels wide is to show."""
    sharpening = SHARPENING * min(1.0, max(0.0, 1 - scale) / (1 - SHARPENED_UP_TO))
    if sharpening > 0:
        coarse = cv2.GaussianBlur(lit, (0, 0), _FINE_PX)
        return np.asarray(cv2.addWeighted(lit, 1 + sharpening, coarse, -sharpening, 0), np.float32)
    sigma_px = softening_px(scale)
    return lit if sigma_px <= 0 else np.asarray(cv2.GaussianBlur(lit, (0, 0), sigma_px), np.float32)


def _reach(image: Image, mask: Mask, crop_from_image: Affine) -> tuple[int, int, int, int]:
    x, y, span_x, span_y = cv2.boundingRect((mask > 0).view(np.uint8))
    if not span_x:
        return 0, 0, 0, 0
    low = np.array([x - 1, y - 1], np.float32)
    high = np.array([x + span_x + 1, y + span_y + 1], np.float32)
    corners = np.array([low, [high[0], low[1]], high, [low[0], high[1]]], np.float32)
    moved = transform(corners, invert(crop_from_image))
    height, width = image.shape[:2]
    left, top = np.clip(np.floor(moved.min(axis=0)).astype(int), 0, (width, height))
    right, bottom = np.clip(np.ceil(moved.max(axis=0)).astype(int), 0, (width, height))
    return int(left), int(top), int(right), int(bottom)
