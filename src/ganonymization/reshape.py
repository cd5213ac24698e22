"""Take the identity out of landmarks and leave expression, gaze and head pose."""

from __future__ import annotations

import functools
from typing import Final

import numpy as np

from ganonymization.eyes import take_gaze
from ganonymization.shape import Array, ShapeModel
from ganonymization.types import Landmarks

MAX_DEVIATIONS: Final = 2.5
"""An invented shape stays within this many standard deviations on each principal axis of what people differ in."""

_MOST_KNOWN: Final = 64
"""Invented people who are kept in memory."""


class Reshape:
    """Give landmarks the shape of an invented person; fits `stages.Reshape`.

    With x the pose-free landmarks, s the invented person's shape, E the linear measures of expression and S the
    covariance within people, the result is x' = s + S E^T (E S E^T)^-1 E (x - s): the most probable face of the
    invented person that shows exactly the measured expression. The jaw, cheeks and lips follow because S knows how
    faces move. The irises are the invented person's own, and look where the original's do: how large an iris is in its
    eye, and how the two eyes differ, belongs to a person.

    Args:
        model: the shape model.
        strength: 0 copies the landmarks as published, 1 exchanges the whole identity part.

    Raises:
        ValueError: strength is outside 0..1.
    """

    def __init__(self, model: ShapeModel, *, strength: float = 1.0) -> None:
        if not 0 <= strength <= 1:
            raise ValueError(f"strength is {strength}, must be between 0 (copy) and 1 (new shape)")
        self._model = model
        self._strength = strength
        self._measures = model.measures
        self._measures_of_components = self._measures @ model.components.T
        self._gain = model.change_with(self._measures)
        values, vectors = np.linalg.eigh(model.between)
        self._between_root = vectors * np.sqrt(np.clip(values, 0, None))

    def __call__(self, landmarks: Landmarks, identity: int, /) -> Landmarks:
        """Return landmarks of the invented person `identity` in the same pose."""
        if self._strength == 0:
            return landmarks
        pose = self._model.pose_of(landmarks)
        shape = pose.undo(landmarks.points.astype(np.float64))
        reshaped = self._exchange(shape, identity)
        mixed = (1 - self._strength) * shape + self._strength * reshaped
        return Landmarks(pose.apply(mixed).astype(np.float32), landmarks.presence)

    def _exchange(self, shape: Array, identity: int) -> Array:
        # measured on the points themselves: what the components cannot hold of an expression must not be lost
        measured = self._measures @ (shape - self._model.mean).ravel()
        invented = self._draw(identity)
        change = self._gain @ (measured - self._measures_of_components @ invented)
        exchanged = self._model.from_coefficients(invented + change)
        return take_gaze(shape, exchanged)

    def _draw(self, identity: int) -> Array:
        """Return the coefficients of an invented person."""
        return np.asarray(self._between_root @ _deviations(identity, len(self._between_root)))


@functools.lru_cache(maxsize=_MOST_KNOWN)
def _deviations(identity: int, count: int) -> Array:
    """Return how far an invented person is from the mean; in a clip the same few are asked for in every frame."""
    normal = np.random.default_rng([identity, 1]).standard_normal(count)
    return np.asarray(np.clip(normal, -MAX_DEVIATIONS, MAX_DEVIATIONS))
