"""Cut square, upright pieces out of a picture."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ganonymization.geometry import Pose, compose, invert, scale_of, square_from_image, transform
from ganonymization.types import Affine, Crop, Image, Mask, Points

CROP_SIDE: Final = 1.6
"""Side of the synthesis crop in heights of the frontal mean face (hair line to chin): room for hair, ears and neck."""

CROP_RISE: Final = 0.06
"""How far the crop's centre lies above the middle of the face, in the same unit."""

_SHIFT_BITS: Final = 4


def synthesis_crop_from_image(pose: Pose, *, size_px: int) -> Affine:
    """Return the map to the crop that the synthesizer works in.

    It depends on the head's pose alone, so neither a wide open mouth nor a turned head changes its scale.

    Args:
        pose: from the shape model's frame (mean face of height 1, origin in its middle) to the picture.
        size_px: side of the crop.
    """
    center = pose.apply(np.array([[0.0, -CROP_RISE, 0.0]]))[0]
    roll_rad = float(np.arctan2(pose.rotation[1, 0], pose.rotation[0, 0]))
    return square_from_image(
        (float(center[0]), float(center[1])), CROP_SIDE * pose.scale, roll_rad=roll_rad, size_px=size_px
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
    """Return the (size_px, size_px) mask of crop pixels that lie inside the picture."""
    height, width = image.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return fill_polygon(transform(corners, crop_from_image), size_px)


def fill_polygon(points: Points, size_px: int) -> Mask:
    """Return an anti-aliased (size_px, size_px) mask of a convex polygon given by (N, 2) points in crop pixels."""
    canvas = np.zeros((size_px, size_px), np.uint8)
    cv2.fillConvexPoly(canvas, fixed_point(points), 255, cv2.LINE_AA, _SHIFT_BITS)
    return (canvas / 255).astype(np.float32)


def fixed_point(points: Points) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """Return points as OpenCV's drawing functions want them: 4 bits behind the point, pixel centres at integers."""
    bounded = np.clip(points[:, :2], -4096, 4096)
    return np.round((bounded - 0.5) * (1 << _SHIFT_BITS)).astype(np.int32)


def pixel_centred(affine: Affine) -> Affine:
    """Return the affine map as OpenCV wants it, which puts pixel centres at integers where we put them at halves."""
    shifted = affine.copy()
    shifted[:, 2] += affine[:, :2] @ (0.5, 0.5) - 0.5
    return shifted


def _shrink(image: Image, crop_from_image: Affine, size_px: int) -> tuple[Image, Affine]:
    """Return the part of the picture under the crop, area-averaged by a whole factor, and its map from the picture."""
    factor = max(1, int(1 / max(scale_of(crop_from_image), 1e-6)))
    if factor == 1:
        return image, np.eye(2, 3)
    height, width = image.shape[:2]
    corners = transform(
        np.array([[0, 0], [size_px, 0], [size_px, size_px], [0, size_px]], np.float32), invert(crop_from_image)
    )
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int) - factor, 0, (width - 1, height - 1))
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int) + factor, (left + 1, top + 1), (width, height))
    part = image[top:bottom, left:right]
    size_wh = (max(1, part.shape[1] // factor), max(1, part.shape[0] // factor))
    shrunk = cv2.resize(part, size_wh, interpolation=cv2.INTER_AREA)
    ratio = np.array([size_wh[0] / part.shape[1], size_wh[1] / part.shape[0]])
    return shrunk.astype(np.uint8, copy=False), np.array(
        [[ratio[0], 0, -left * ratio[0]], [0, ratio[1], -top * ratio[1]]]
    )
