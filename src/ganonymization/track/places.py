"""Where a face is in one frame, and where it must have been in frames that did not show it."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from ganonymization.geometry import bounding_box
from ganonymization.types import Box, Landmarks, Points

_FIRST_IRIS: Final = 468

GROWTH_PER_FRAME: Final = 0.06
"""Share by which each side of a box is moved outwards for every frame since the face was seen."""

MOTION_GROWTH: Final = 0.5
"""Share of the motion per frame by which it is moved outwards as well."""

MAX_GROWTH: Final = 0.6
"""No side is moved outwards by more than this share of the box."""


class Basis(enum.Enum):
    """What a place rests on."""

    SEEN = "seen"
    BRIDGED = "bridged"
    EXTENDED = "extended"


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """A face as it was found in a frame.

    Attributes:
        box: around it.
        score: of the detector, or presence of the landmarks, 0..1.
        landmarks: in pixels of the frame; None when only the detector saw the face.
    """

    box: Box
    score: float
    landmarks: Landmarks | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where a track is to be covered in a frame.

    Attributes:
        track: its number, from 1.
        box: around the face, grown where it is not known exactly.
        score: of the sighting that it rests on.
        landmarks: as seen, between two sightings, or moved with the box; None when they would be a guess.
        basis: what it rests on.
        is_exact: the landmarks were found in this very frame.
    """

    track: int
    box: Box
    score: float
    landmarks: Landmarks | None
    basis: Basis
    is_exact: bool = False


def box_of(landmarks: Landmarks) -> Box:
    """Return the box around a face's landmarks."""
    return bounding_box(landmarks.points[:_FIRST_IRIS])


def size_of(box: Box) -> float:
    """Return the side of the square as large as a box, at least one pixel."""
    return max(1.0, math.sqrt(max(0.0, box.width * box.height)))


def shift(box: Box, offset_xy: tuple[float, float]) -> Box:
    """Return the box moved by (x, y)."""
    x, y = offset_xy
    return Box(box.left + x, box.top + y, box.right + x, box.bottom + y)


def grow(box: Box, *, frames: int, speed_xy: tuple[float, float]) -> Box:
    """Return the box with room for what may have happened since the face was seen.

    Args:
        box: where it should be.
        frames: since it was seen, or until it is.
        speed_xy: pixels per frame.
    """
    limit_x, limit_y = MAX_GROWTH * box.width, MAX_GROWTH * box.height
    x = min(limit_x, frames * (GROWTH_PER_FRAME * box.width + MOTION_GROWTH * abs(speed_xy[0])))
    y = min(limit_y, frames * (GROWTH_PER_FRAME * box.height + MOTION_GROWTH * abs(speed_xy[1])))
    return Box(box.left - x, box.top - y, box.right + x, box.bottom + y)


def between(first: Box, second: Box, share: float) -> Box:
    """Return the box at a share, 0..1, of the way from the first to the second."""
    pairs = zip(_sides(first), _sides(second), strict=True)
    return Box(*((1 - share) * before + share * after for before, after in pairs))


def landmarks_between(first: Landmarks, second: Landmarks, share: float) -> Landmarks:
    """Return landmarks at a share, 0..1, of the way from the first to the second."""
    points = (1 - share) * first.points + share * second.points
    return Landmarks(points.astype(np.float32), min(first.presence, second.presence))


def move_with_box(landmarks: Landmarks, source: Box, target: Box) -> Landmarks:
    """Return landmarks moved as their box was, from `source` to `target`, in one scale."""
    scale = size_of(target) / size_of(source)
    points = landmarks.points.copy()
    points[:, :2] = (points[:, :2] - source.center) * scale + target.center
    points[:, 2] *= scale
    return Landmarks(points, landmarks.presence)


def ring_of(box: Box, *, corners: int = 24) -> Points:
    """Return points on the ellipse inside a box."""
    turn = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    x, y = box.center
    return np.stack([x + box.width / 2 * np.cos(turn), y + box.height / 2 * np.sin(turn)], axis=1).astype(np.float32)


def _sides(box: Box) -> tuple[float, float, float, float]:
    return box.left, box.top, box.right, box.bottom
