"""Draw, look, and draw again: make up for what a generator draws otherwise than it was asked to.

Every generator has habits: it turns heads a little towards the camera, lowers brows, closes lips. What it was asked for
is known, and what came out is found as on any face, so the difference is added to what is asked for the next time: one
step of a control loop. Nothing of the original has a part in it but what the generator was given before.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ganonymization.eyes import carry_irises, iris_offsets, move_irises
from ganonymization.geometry import Pose
from ganonymization.shape import Array, ShapeModel, expression_functionals
from ganonymization.types import Landmarks

SHARE: Final = 0.8
"""Share of what was missed that is made up for; with all of it lips and irises overshoot."""

MOST_TURNED_DEG: Final = 8.0
"""A head is turned by this much at most: what errs by more was not found well."""

MOST_CHANGED: Final = 0.08
"""A measure of expression is changed by this much at most, in heights of the mean face."""

MOST_LOOKED: Final = 0.2
"""An iris is moved by this much at most, in eye widths."""


class Correct:
    """Change landmarks so that a generator draws what was asked for; fits `stages.Correct`.

    Head pose, the linear measures of expression and gaze are corrected. What else the face changes with a measure is
    the most probable, as in `Reshape`.

    Args:
        model: the shape model.
    """

    def __init__(self, model: ShapeModel) -> None:
        self._model = model
        self._measures = expression_functionals()
        self._change = model.change_with(self._measures)

    def __call__(self, asked: Landmarks, found: Landmarks, /) -> Landmarks:
        """Return the landmarks to draw from the next time.

        Args:
            asked: (478, 3) points in pixels of the picture, which a face was drawn from.
            found: (478, 3) points of the face that came out.
        """
        pose, found_pose = self._model.pose_of(asked), self._model.pose_of(found)
        shape, found_shape = (p.undo(x.points.astype(np.float64)) for p, x in ((pose, asked), (found_pose, found)))
        missed = _within(self._measures @ (shape - found_shape).ravel(), MOST_CHANGED)
        looked = _within(iris_offsets(shape) - iris_offsets(found_shape), MOST_LOOKED)
        moved = carry_irises(shape, shape + (self._change @ missed @ self._model.components).reshape(shape.shape))
        turned = Pose(pose.scale, _part_of(pose.rotation @ found_pose.rotation.T) @ pose.rotation, pose.translation)
        return Landmarks(turned.apply(move_irises(moved, looked)).astype(np.float32), asked.presence)


def _within(missed: Array, most: float) -> Array:
    return np.clip(SHARE * missed, -most, most)


def _part_of(rotation: Array) -> Array:
    """Return a (3, 3) rotation about the same axis, by a share of the angle."""
    turn = cv2.Rodrigues(rotation)[0].ravel()
    angle, most = np.linalg.norm(turn), np.radians(MOST_TURNED_DEG)
    return np.asarray(cv2.Rodrigues(turn * min(SHARE, most / max(angle, 1e-9)))[0])
