"""Pure functions on points, boxes and affine maps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ganonymization.types import Affine, Box, Points


def transform(points: Points, target_from_source: Affine) -> Points:
    """Move (N, 2) or (N, 3) points through an affine map; z is multiplied by the map's scale."""
    linear, offset = target_from_source[:, :2], target_from_source[:, 2]
    moved = points[:, :2] @ linear.T + offset
    if points.shape[1] == 2:
        return moved.astype(np.float32)
    scaled_z = points[:, 2:] * scale_of(target_from_source)
    return np.concatenate([moved, scaled_z], axis=1).astype(np.float32)


def scale_of(affine: Affine) -> float:
    """Return the length factor of a similarity (the root of its area factor for a general affine map)."""
    (xx, xy, _), (yx, yy, _) = affine.tolist()
    return math.sqrt(abs(xx * yy - xy * yx))


def invert(affine: Affine) -> Affine:
    """Return source_from_target."""
    # by hand: numpy takes ten times as long for so few numbers, and this is asked for dozens of times in a frame
    (xx, xy, x), (yx, yy, y) = affine.tolist()
    area = xx * yy - xy * yx
    linear = ((yy / area, -xy / area), (-yx / area, xx / area))
    return np.array([[to_x, to_y, -(to_x * x + to_y * y)] for to_x, to_y in linear])


def compose(outer: Affine, inner: Affine) -> Affine:
    """Return the map that applies `inner` first, then `outer`."""
    linear = outer[:, :2] @ inner[:, :2]
    return np.concatenate([linear, outer[:, :2] @ inner[:, 2:] + outer[:, 2:]], axis=1)


def square_from_image(center: tuple[float, float], side_px: float, *, roll_rad: float, size_px: int) -> Affine:
    """Return the map from a picture to a square crop.

    Args:
        center: (x, y) of the square in the picture.
        side_px: its side in pixels of the picture.
        roll_rad: angle of the face's horizontal in the picture; the crop undoes it.
        size_px: side of the crop.
    """
    scale = size_px / side_px
    cosine, sine = np.cos(-roll_rad) * scale, np.sin(-roll_rad) * scale
    linear = np.array([[cosine, -sine], [sine, cosine]])
    offset = size_px / 2 - linear @ np.asarray(center, dtype=np.float64)
    return np.concatenate([linear, offset[:, None]], axis=1)


def bounding_box(points: Points) -> Box:
    """Return the smallest upright box around the points."""
    left, top = points[:, :2].min(axis=0)
    right, bottom = points[:, :2].max(axis=0)
    return Box(float(left), float(top), float(right), float(bottom))


def overlap(first: Box, second: Box) -> float:
    """Return the intersection over union of two boxes."""
    width = min(first.right, second.right) - max(first.left, second.left)
    height = min(first.bottom, second.bottom) - max(first.top, second.top)
    shared = max(0.0, width) * max(0.0, height)
    return shared / (first.width * first.height + second.width * second.height - shared + 1e-9)


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A similarity in space: target = scale * source @ rotation.T + translation.

    Attributes:
        scale: length factor.
        rotation: (3, 3) proper rotation.
        translation: (3,).
    """

    scale: float
    rotation: npt.NDArray[np.float64]
    translation: npt.NDArray[np.float64]

    def apply(self, points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Move (N, 3) points from the source to the target frame."""
        return self.scale * points @ self.rotation.T + self.translation

    def undo(self, points: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
        """Move (N, 3) points from the target back to the source frame."""
        return (points - self.translation) @ self.rotation / self.scale


class PoseFit:
    """Fits the same points to many others.

    Closed form of Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991.

    Args:
        source: (N, 3) points.
        weights: (N,) non-negative; all equal when None.
    """

    def __init__(self, source: npt.NDArray[np.floating], weights: npt.NDArray[np.floating] | None = None) -> None:
        self._share = np.full(len(source), 1.0 / len(source)) if weights is None else weights / weights.sum()
        self._mean = self._share @ source
        centered = source - self._mean
        self._weighed = centered * self._share[:, None]
        self._spread = float(self._share @ (centered**2).sum(axis=1))

    def __call__(self, target: npt.NDArray[np.floating]) -> Pose:
        """Return the least-squares similarity to (N, 3) points in the same order."""
        # where one side is centred, the other need not be
        u, singular, vt = np.linalg.svd(target.T @ self._weighed)
        signs = np.ones(3)
        signs[-1] = math.copysign(1, _determinant(u @ vt))
        rotation = (u * signs) @ vt
        scale = float((singular * signs).sum() / self._spread)
        return Pose(scale, rotation, self._share @ target - scale * rotation @ self._mean)


def fit_pose(
    source: npt.NDArray[np.floating], target: npt.NDArray[np.floating], weights: npt.NDArray[np.floating] | None = None
) -> Pose:
    """Return the least-squares similarity from `source` to `target`, both (N, 3), as in `PoseFit`."""
    return PoseFit(source, weights)(target)


def _determinant(matrix: npt.NDArray[np.floating]) -> float:
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    return float(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))


def head_pose_deg(rotation: npt.NDArray[np.floating]) -> tuple[float, float, float]:
    """Return (yaw, pitch, roll) in degrees of a rotation from the frontal face to the picture.

    Yaw is positive when the nose points to the right edge of the picture, pitch when it points down, roll when the face
    is turned clockwise in the picture.
    """
    # columns are the picture directions of the face's own x, y and z axes; z points away from the camera, so the nose
    # is -z
    nose = -rotation[:, 2]
    yaw = np.degrees(np.arctan2(nose[0], -nose[2]))
    pitch = np.degrees(np.arcsin(np.clip(nose[1], -1.0, 1.0)))
    roll = np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0]))
    return float(yaw), float(pitch), float(roll)
