"""How good a picture is: how sharp the face is, and whether a seam shows around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.region import hull
from ganonymization.types import Image, Points

Array: TypeAlias = npt.NDArray[np.float64]


def sharpness(image: Image, points: Points) -> float:
    """Return the variance of the Laplacian of the brightness inside the hull of landmarks, in pixels of the picture.

    Raises:
        NotMeasurableError: the hull lies outside of the picture.
    """
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.round(hull(points)).astype(np.int32), 1)
    if not mask.any():
        raise NotMeasurableError("the face lies outside of the picture; its sharpness cannot be told")
    laplacian = cv2.Laplacian(brightness(image), cv2.CV_32F)
    return float(laplacian[mask > 0].var())


def sharpness_ratio(before: Image, after: Image, points: Points) -> float:
    """Return the sharpness of the face after the method, as a share of that before; at best near 1.

    Raises:
        NotMeasurableError: the hull lies outside of the picture, or the original is flat.
    """
    original = sharpness(before, points)
    if not original:
        raise NotMeasurableError("the original has one brightness all over the face; sharpness is a share of its own")
    return sharpness(after, points) / original


@dataclass(frozen=True, slots=True)
class SeamEnergy:
    """How brightness changes at a border, in levels per pixel.

    Attributes:
        across: mean absolute change from inside to outside.
        along: mean absolute change along the border.
    """

    across: float
    along: float

    @property
    def ratio(self) -> float:
        """How much more the picture changes across the border than along it; the unit keeps flat pictures finite."""
        return (self.across + 1) / (self.along + 1)


def seam_energy(image: Image, points: Points, *, reach_px: float = 2.0) -> SeamEnergy:
    """Return how brightness changes at the border of the hull of points, where the border lies inside the picture.

    Args:
        image: (H, W, 3).
        points: (N, 2) or (N, 3) in pixels; their convex hull is the border.
        reach_px: how far to each side it is looked.

    Raises:
        NotMeasurableError: the border lies outside of the picture.
    """
    places, across_it = _border(hull(points))
    inside = ((places >= reach_px + 1) & (places <= np.array(image.shape[1::-1]) - reach_px - 1)).all(axis=1)
    if not inside.any():
        raise NotMeasurableError("the border of the face lies outside of the picture; it has no seam")
    places, across_it = places[inside], across_it[inside]
    tangents = across_it[:, ::-1] * (-1, 1)
    across, along = (_mean_step(brightness(image), places, reach_px * way) for way in (across_it, tangents))
    return SeamEnergy(across / (2 * reach_px), along / (2 * reach_px))


def seam_ratio(before: Image, after: Image, points: Points) -> float:
    """Return how much the border stands out after the method, relative to the same place before: 1 means no seam.

    Raises:
        NotMeasurableError: the border lies outside of the picture.
    """
    return seam_energy(after, points).ratio / seam_energy(before, points).ratio


def brightness(image: Image) -> npt.NDArray[np.float32]:
    """Return (H, W) luma, 0..255."""
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.float32)


def _border(corners: Points) -> tuple[Array, Array]:
    """Return places along a convex polygon, half a pixel apart or less, and the (M, 2) unit vectors across it there."""
    starts, ends = corners.astype(np.float64), np.roll(corners, -1, axis=0).astype(np.float64)
    lengths = np.linalg.norm(ends - starts, axis=1)
    counts = np.maximum(1, np.ceil(lengths * 2).astype(int))
    side = np.repeat(np.arange(len(corners)), counts)
    share = np.concatenate([(np.arange(count) + 0.5) / count for count in counts])
    places = starts[side] + share[:, None] * (ends - starts)[side]
    normals = (ends - starts)[:, ::-1] * (1, -1) / np.maximum(lengths, 1e-9)[:, None]
    return places, normals[side]


def _mean_step(levels: npt.NDArray[np.float32], places: Array, step: Array) -> float:
    """Return the mean absolute difference of brightness between both sides of places."""
    before, after = (_levels_at(levels, places + sign * step) for sign in (-1, 1))
    return float(np.abs(after - before).mean())


def _levels_at(levels: npt.NDArray[np.float32], places: Array) -> npt.NDArray[np.float32]:
    x, y = (places - 0.5).astype(np.float32).T[..., None]
    return np.asarray(cv2.remap(levels, x, y, cv2.INTER_LINEAR), np.float32)
