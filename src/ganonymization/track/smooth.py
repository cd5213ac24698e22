"""Take the tremble out of landmarks without delaying what the face does.

The one-euro filter (Casiez, Roussel and Vogel, "1€ Filter: a simple speed-based low-pass filter for noisy input", CHI
2012) smooths slow motion much and fast motion little. It works in the face's own frame, so that a moving head does not
count as a moving mouth; the head's pose has filters of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from ganonymization.geometry import Pose
from ganonymization.shape import Array, ShapeModel
from ganonymization.types import Landmarks


@dataclass(frozen=True, slots=True)
class Softness:
    """How much a filter smooths.

    Attributes:
        least_hz: cutoff at rest.
        gain: what is added to the cutoff for every unit per second of speed.
        speed_hz: cutoff of the speed itself.
    """

    least_hz: float
    gain: float
    speed_hz: float = 8.0


SHAPE: Final = Softness(least_hz=2.5, gain=60.0)
"""For pose-free points, in heights of the face: a blink of 0.03 in a tenth of a second passes all but unfiltered."""

PLACE: Final = Softness(least_hz=2.5, gain=25.0)
"""For the place of the head, in its height, and the logarithm of its size."""

TURN: Final = Softness(least_hz=2.0, gain=12.0)
"""For its rotation, in radians."""


class OneEuro:
    """Filters rows of numbers that move together, such as points: (N, D).

    Args:
        softness: how much it smooths.
    """

    def __init__(self, softness: Softness) -> None:
        self._softness = softness
        self._value: Array | None = None
        self._speed: Array | None = None

    def __call__(self, value: Array, step_s: float, *, unit: float = 1.0) -> Array:
        """Return the filtered rows.

        Args:
            value: (N, D) measured.
            step_s: since the last call.
            unit: what the gain takes for one.
        """
        if self._value is None or self._speed is None or step_s <= 0:
            self._value, self._speed = value, np.zeros_like(value)
            return value
        speed = (value - self._value) / step_s
        self._speed = self._speed + _share(self._softness.speed_hz, step_s) * (speed - self._speed)
        fast = np.linalg.norm(self._speed, axis=1, keepdims=True) / unit
        cutoff_hz = self._softness.least_hz + self._softness.gain * fast
        filtered: Array = self._value + _share(cutoff_hz, step_s) * (value - self._value)
        self._value = filtered
        return filtered


def _share(cutoff_hz: Array | float, step_s: float) -> Array:
    """Return the share of a new value that a low-pass of the first order takes."""
    turn = 2 * math.pi * step_s * np.asarray(cutoff_hz, np.float64)
    return np.asarray(turn / (turn + 1))


class LandmarkSmoother:
    """Smooths the landmarks of one track.

    Args:
        shape_model: takes the pose off.
    """

    def __init__(self, shape_model: ShapeModel) -> None:
        self._shape_model = shape_model
        self._shape = OneEuro(SHAPE)
        self._place = OneEuro(PLACE)
        self._size = OneEuro(PLACE)
        self._turn = OneEuro(TURN)
        self._last_s: float | None = None

    def __call__(self, landmarks: Landmarks, time_s: float) -> Landmarks:
        """Return the landmarks without their tremble; calls come in the order of time."""
        step_s = 0.0 if self._last_s is None else time_s - self._last_s
        self._last_s = time_s
        pose = self._shape_model.pose_of(landmarks)
        shape = self._shape(pose.undo(landmarks.points.astype(np.float64)), step_s)
        points = self._smooth_pose(pose, step_s).apply(shape)
        return Landmarks(points.astype(np.float32), landmarks.presence)

    def _smooth_pose(self, pose: Pose, step_s: float) -> Pose:
        x_y = self._place(pose.translation[None, :2], step_s, unit=pose.scale)[0]
        log_scale = float(self._size(np.array([[math.log(pose.scale)]]), step_s)[0, 0])
        rotation = _nearest_rotation(self._turn(pose.rotation.reshape(1, 9), step_s).reshape(3, 3))
        return Pose(math.exp(log_scale), rotation, np.array([*x_y, pose.translation[2]]))


def _nearest_rotation(matrix: Array) -> Array:
    u, _, vt = np.linalg.svd(matrix)
    return np.asarray(u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt)
