"""Proof: look at the result as a stranger would, and measure what identity is left and what expression was kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from ganonymization.detect.window import look_around
from ganonymization.errors import LandmarksNotFoundError
from ganonymization.expression import Expression, ExpressionClassifier
from ganonymization.eyes import iris_offsets
from ganonymization.geometry import head_pose_deg, overlap
from ganonymization.recognise import Recogniser, distance
from ganonymization.shape import FUNCTIONAL_NAMES, ShapeModel, expression_functionals
from ganonymization.stages import Detect, Landmark
from ganonymization.types import Embedding, Face, Image, Landmarks

_WINDOW_PX: Final = 256
_WINDOW_SCALE: Final = 2.5
"""The detector looks again at a square this much larger than the face, shrunk or enlarged to `_WINDOW_PX`."""

_SAME_FACE_IOU: Final = 0.3


@dataclass(frozen=True, slots=True)
class Measures:
    """What a face does; lengths in heights of the mean face, angles in degrees.

    Attributes:
        mouth_open: distance of the inner lips.
        mouth_width: distance of the mouth's corners.
        smile: how far the corners lie above the middle of the lips, mean of both sides.
        lids: opening of the eyes, mean of both.
        brows: height of the brows over the eye corners, mean of both.
        gaze_x: place of the irises between the eye corners, towards the right edge of the picture, in eye widths.
        gaze_y: likewise, downwards.
        yaw_deg: head pose.
        pitch_deg: head pose.
        roll_deg: head pose.
    """

    mouth_open: float
    mouth_width: float
    smile: float
    lids: float
    brows: float
    gaze_x: float
    gaze_y: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """What is remembered of the original face until the receipt is written.

    Attributes:
        face: the detection.
        embedding: of the recogniser.
        expression: of the classifier.
        measures: of the landmarks.
    """

    face: Face
    embedding: Embedding
    expression: Expression
    measures: Measures


@dataclass(frozen=True, slots=True)
class Check:
    """What a stranger finds on the result.

    Attributes:
        redetected: whether the detector finds a face in the same place.
        identity_distance: of the recogniser's embeddings before and after.
        identity_threshold: distance at FAR 1 %.
        expression: the receipt's rows; label and probabilities before and after, and the change of each measure.
    """

    redetected: bool
    identity_distance: float
    identity_threshold: float
    expression: dict[str, object]

    @property
    def passed(self) -> bool:
        """Whether the recogniser takes the result for another person than the original."""
        return self.identity_distance >= self.identity_threshold


class Verify:
    """Measure a replaced face against its original.

    Args:
        detect: finds the face again.
        landmark: finds its landmarks again.
        recognise: compares identities.
        classify: compares expressions.
        shape_model: takes the pose off before expressions are measured.
    """

    def __init__(
        self,
        *,
        detect: Detect,
        landmark: Landmark,
        recognise: Recogniser,
        classify: ExpressionClassifier,
        shape_model: ShapeModel,
    ) -> None:
        self._detect = detect
        self._landmark = landmark
        self._recognise = recognise
        self._classify = classify
        self._shape_model = shape_model

    @property
    def stranger_distance(self) -> float:
        """Distance at which a face is as unlike another as strangers are; half of them are more alike."""
        return self._recognise.thresholds.stranger

    def distance(self, reference: Reference, result: Image, drawn: Landmarks) -> float:
        """Return how far a result is from the original, at a glance: nothing is looked for again.

        Args:
            reference: from `remember`.
            result: (H, W, 3) picture with the new face.
            drawn: the landmarks that the new face was drawn from.
        """
        return distance(reference.embedding, self._recognise(result, drawn))

    def remember(self, image: Image, face: Face, landmarks: Landmarks) -> Reference:
        """Return what the check needs to know of the original."""
        return Reference(
            face=face,
            embedding=self._recognise(image, landmarks),
            expression=self._classify(image, landmarks),
            measures=measure(self._shape_model, landmarks),
        )

    def __call__(self, reference: Reference, result: Image, drawn: Landmarks) -> Check:
        """Look at the result.

        Args:
            reference: from `remember`.
            result: (H, W, 3) picture with the new face.
            drawn: the landmarks that the new face was drawn from; they stand in where the mesh finds none.
        """
        again = find_again(self._detect, result, reference.face)
        try:
            found = self._landmark(result, again or reference.face)
        except LandmarksNotFoundError:
            found = drawn
        return Check(
            redetected=again is not None,
            identity_distance=distance(reference.embedding, self._recognise(result, found)),
            identity_threshold=self._recognise.thresholds.far_1_percent,
            expression=self._compare(reference, result, found),
        )

    def _compare(self, reference: Reference, result: Image, found: Landmarks) -> dict[str, object]:
        after = self._classify(result, found)
        measures = measure(self._shape_model, found)
        changes = {
            f"{name}_change": round(getattr(measures, name) - getattr(reference.measures, name), 4)
            for name in Measures.__slots__
        }
        return {
            "label_before": reference.expression.label,
            "label_after": after.label,
            "probabilities_before": _rounded(reference.expression),
            "probabilities_after": _rounded(after),
            **changes,
        }


def measure(model: ShapeModel, landmarks: Landmarks) -> Measures:
    """Return expression, gaze and head pose of landmarks."""
    pose = model.pose_of(landmarks)
    shape = pose.undo(landmarks.points.astype(np.float64))
    value = dict(zip(FUNCTIONAL_NAMES, expression_functionals() @ shape.ravel(), strict=True))
    gaze_x, gaze_y, _ = iris_offsets(shape).mean(axis=0)
    yaw_deg, pitch_deg, roll_deg = head_pose_deg(pose.rotation)
    return Measures(
        mouth_open=float(value["mouth_open"]),
        mouth_width=float(value["mouth_width"]),
        smile=-float(value["right_corner"] + value["left_corner"]) / 2,
        lids=float(value["right_lids"] + value["left_lids"]) / 2,
        brows=-float(value["right_brow"] + value["left_brow"]) / 2,
        gaze_x=float(gaze_x),
        gaze_y=float(gaze_y),
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
    )


def find_again(detect: Detect, image: Image, face: Face) -> Face | None:
    """Return the face that the detector finds where `face` was, looking around there only; None when there is none."""
    side_px = max(face.box.width, face.box.height, 2.0) * _WINDOW_SCALE
    for found in look_around(detect, image, face.box.center, side_px=side_px, size_px=_WINDOW_PX):
        if overlap(found.box, face.box) >= _SAME_FACE_IOU:
            return found
    return None


def _rounded(expression: Expression) -> dict[str, float]:
    return {label: round(value, 4) for label, value in zip(expression.labels, expression.probabilities, strict=True)}
