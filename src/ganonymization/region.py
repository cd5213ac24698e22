"""The outline of what is replaced: from the inner face to the whole head."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ganonymization.crop import fill_polygon
from ganonymization.geometry import Pose
from ganonymization.landmark.topology import FACE_OVAL
from ganonymization.shape import Array
from ganonymization.types import Mask, Points, Region

GROWTH: Final = {Region.INNER: 0.0, Region.FACE: 1.0, Region.HEAD: 2.0}
"""Position of each region on the scale that training samples from."""

_UP_SIDE_DOWN: Final = np.array([[1.04, 1.03, 1.04], [1.32, 1.16, 1.14], [1.75, 1.45, 1.22]])
"""Factors by which the face oval grows upwards, sideways and downwards at growth 0, 1 and 2."""

_SKULL_CENTER: Final = np.array([0.0, -0.18, 0.35])
_SKULL_RADII: Final = np.array([0.60, 0.72, 0.62])
"""An ellipsoid around hair and back of the head, in face heights; reached at growth 2 only."""


def outline(shape: Array, pose: Pose, *, growth: float) -> Points:
    """Return (M, 2) points in the pose's target frame whose convex hull is the region.

    Args:
        shape: (478, 3) pose-free landmarks.
        pose: from the shape model's frame to the picture or crop.
        growth: 0 the inner face, 1 to hair line, temples and under the jaw, 2 the whole head; anything between is
            possible.
    """
    points = _grow(shape[list(FACE_OVAL)], growth)
    if growth > 1:
        points = np.concatenate([points, _skull(growth - 1)])
    landmarks = pose.apply(shape)[:, :2]
    return np.concatenate([landmarks, pose.apply(points)[:, :2]]).astype(np.float32)


def hull(points: Points) -> Points:
    """Return the (M, 2) corners of the convex hull."""
    return cv2.convexHull(points[:, :2].astype(np.float32)).reshape(-1, 2).astype(np.float32)


def hull_mask(points: Points, *, size_px: int, margin_px: float = 0.0) -> Mask:
    """Return the (size_px, size_px) anti-aliased mask of the convex hull of points in crop pixels, plus a margin."""
    corners = hull(points)
    if margin_px > 0:
        ring = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        circle = margin_px * np.stack([np.cos(ring), np.sin(ring)], axis=1)
        corners = hull((corners[:, None] + circle[None]).reshape(-1, 2).astype(np.float32))
    return fill_polygon(corners, size_px)


def _grow(oval: Array, growth: float) -> Array:
    middle = oval.mean(axis=0)
    offset = oval - middle
    up, side, down = (np.interp(growth, [0, 1, 2], column) for column in _UP_SIDE_DOWN.T)
    vertical = np.where(offset[:, 1] < 0, up, down)
    return np.asarray(middle + offset * np.stack([np.full(len(oval), side), vertical, np.ones(len(oval))], axis=1))


def _skull(amount: float) -> Array:
    index = np.arange(60) + 0.5
    polar, turn = np.arccos(1 - 2 * index / 60), np.pi * (1 + 5**0.5) * index
    sphere = np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1)
    return np.asarray(_SKULL_CENTER + sphere * _SKULL_RADII * amount)
