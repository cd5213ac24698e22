"""Cut square, upright pieces out of a picture."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.geometry import Pose, compose, invert, scale_of, square_from_image, transform
from ganonymization.types import Affine, Crop, Image, Mask, Points

CROP_SIDE: Final = 1.6
"""Side of the synthesis crop in heights of the frontal mean face (hair line to chin): room for hair, ears and neck."""

CROP_RISE: Final = 0.06
"""How far the crop's centre lies above the middle of the face, in the same unit."""

_SHIFT_BITS: Final = 4


def softening_px(scale: float) -> float:
    """Return the deviation of the blur, in pixels of a crop, that leaves what its picture can show.

    Args:
        scale: pixels of the crop for one of the picture; 0 comes of a crop that is no finer.
    """
    return 0.5 * math.sqrt(max(0.0, scale**2 - 1))


def synthesis_crop_from_image(pose: Pose, *, size_px: int, widening: float = 1.0) -> Affine:
    """Return the map to the crop that the synthesizer works in.

    It depends on the head's pose alone, so neither a wide open mouth nor a turned head changes its scale.

    Args:
        pose: from the shape model's frame (mean face of height 1, origin in its middle) to the picture.
        size_px: side of the crop.
        widening: factor on the part of the picture that the crop shows; training has seen 0.9 to 1.25.
    """
    center = pose.apply(np.array([[0.0, -CROP_RISE, 0.0]]))[0]
    roll_rad = float(np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0]))
    return square_from_image(
        (float(center[0]), float(center[1])), widening * CROP_SIDE * pose.scale, roll_rad=roll_rad, size_px=size_px
    )


def cut(image: Image, crop_from_image: Affine, *, size_px: int) -> Crop:
    """Cut a (size_px, size_px) crop; where it reaches beyond the picture it is black and not valid."""
    return Crop(warp(image, crop_from_image, size_px=size_px), crop_from_image, inside(image, crop_from_image, size_px))


def warp(image: Image, crop_from_image: Affine, *, size_px: int) -> Image:
    """Resample the picture into a crop, averaging first where the crop is much smaller than its source."""
    source, source_from_image = _shrink(image, crop_from_image, size_px)
    crop_from_source = compose(crop_from_image, invert(source_from_image))
    return cv2.warpAffine(source, pixel_centred(crop_from_source), (size_px, size_px), flags=cv2.INTER_LINEAR).astype(
        np.uint8, copy=False
    )


def inside(image: Image, crop_from_image: Affine, size_px: int) -> Mask:
    """Return the (size_px, size_px) mask, 0 or 1, of crop pixels that show nothing from beyond the picture."""
    ends = np.array([0.5, size_px - 0.5])
    if _within(image, crop_from_image, ends).all():  # then so is all between them
        return np.ones((size_px, size_px), np.float32)
    return np.asarray(_within(image, crop_from_image, np.arange(size_px) + 0.5), np.float32)


def _within(image: Image, crop_from_image: Affine, centers: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """Return (N, N), true where the picture holds what is averaged at rows and columns of a crop."""
    height, width = image.shape[:2]
    (xx, xy, x_shift), (yx, yy, y_shift) = invert(crop_from_image)
    x = xx * centers + xy * centers[:, None] + x_shift
    y = yx * centers + yy * centers[:, None] + y_shift
    border = _shrink_factor(crop_from_image) / 2 - 1e-6
    within: npt.NDArray[np.bool_] = (x >= border) & (x <= width - border) & (y >= border) & (y <= height - border)
    return within


def reach_px(crop_from_image: Affine) -> float:
    """Return how far around the centre of a crop pixel, in crop pixels, `warp` looks at the picture.

    Bilinear sampling reaches less than one sample to each side; samples that are averages reach half of one further.
    """
    factor = _shrink_factor(crop_from_image)
    samples = 1.0 if factor == 1 else 1.5
    return math.sqrt(2) * samples * factor * scale_of(crop_from_image)


def fill_polygon(points: Points, size_px: int) -> Mask:
    """Return an anti-aliased (size_px, size_px) mask of a convex polygon given by (N, 2) points in crop pixels."""
    canvas = np.zeros((size_px, size_px), np.uint8)
    cv2.fillConvexPoly(canvas, fixed_point(points), 255, cv2.LINE_AA, _SHIFT_BITS)
    return np.divide(canvas, np.float32(255), dtype=np.float32)


def fixed_point(points: Points) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Return points as OpenCV's drawing functions want them: 4 bits behind the point, pixel centres at integers."""
    bounded = np.clip(points[:, :2], -4096, 4096)
    return np.round((bounded - 0.5) * (1 << _SHIFT_BITS)).astype(np.int32)


def pixel_centred(affine: Affine) -> Affine:
    """Return the affine map as OpenCV wants it, which puts pixel centres at integers where we put them at halves."""
    shifted = affine.copy()
    shifted[:, 2] += affine[:, :2] @ (0.5, 0.5) - 0.5
    return shifted


def _shrink_factor(crop_from_image: Affine) -> int:
    return max(1, int(1 / max(scale_of(crop_from_image), 1e-6)))


def _shrink(image: Image, crop_from_image: Affine, size_px: int) -> tuple[Image, Affine]:
    """Return the part of the picture under the crop, area-averaged by a whole factor, and its map from the picture."""
    factor = _shrink_factor(crop_from_image)
    if factor == 1:
        return image, np.eye(2, 3)
    height, width = image.shape[:2]
    corners = transform(
        np.array([[0, 0], [size_px, 0], [size_px, size_px], [0, size_px]], np.float32), invert(crop_from_image)
    )
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int) - factor, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int) + factor, (left + 1, top + 1), (width, height))
    below, beside = (top - bottom) % factor, (left - right) % factor
    part = cv2.copyMakeBorder(image[top:bottom, left:right], 0, below, 0, beside, cv2.BORDER_REPLICATE)
    size_wh = (part.shape[1] // factor, part.shape[0] // factor)
    shrunk = cv2.resize(part, size_wh, interpolation=cv2.INTER_AREA)
    part_from_image = np.array([[1.0, 0, -left], [0, 1, -top]])
    return shrunk.astype(np.uint8, copy=False), part_from_image / factor
