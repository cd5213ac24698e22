"""Which pictures a generator can learn from."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ganonymization.crop import synthesis_crop_from_image, warp
from ganonymization.errors import GanonymizationError
from ganonymization.geometry import Pose, head_pose_deg, scale_of
from ganonymization.types import Face, Image, Landmarks

JUDGED_PX: Final = 128
"""Side of the synthesis crop in which sharpness is judged."""

_FACE: Final = slice(24, 104)
"""Rows and columns of the judged crop that show the face rather than the background."""


class Reason(enum.Enum):
    """Why a picture was left out."""

    UNREADABLE = "unreadable"
    NO_FACE = "no face"
    SEVERAL_FACES = "several faces"
    LOW_PRESENCE = "landmarks uncertain"
    TOO_SMALL = "too small"
    EXTREME_YAW = "in profile"
    BLURRED = "blurred"


class UnsuitableError(GanonymizationError):
    """A picture that a generator should not learn from.

    Args:
        reason: why.
    """

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture must fulfil.

    Attributes:
        presence: smallest probability that the landmarks are those of a face.
        enlargement: how much a face may be enlarged at most to fill the crop.
        yaw_deg: how far the head may be turned to either side.
        sharpness: smallest `measure_sharpness`; faces as cameras take them have .2 to .8, the same under a Gaussian
            blur of 1.5 pixels of the judged crop .06 to .16.
        score: from which on another detected face counts.
        share: of the largest face's area, from which on another face counts.
    """

    presence: float = 0.8
    enlargement: float = 2.0
    yaw_deg: float = 60.0
    sharpness: float = 0.1
    score: float = 0.5
    share: float = 0.25


def choose_face(faces: list[Face], limits: Limits) -> Face:
    """Return the largest face of a picture.

    Raises:
        UnsuitableError: there is none, or another one that counts.
    """
    if not faces:
        raise UnsuitableError(Reason.NO_FACE)
    largest = max(faces, key=_area)
    rivals = [face for face in faces if face.score >= limits.score and _area(face) >= limits.share * _area(largest)]
    if any(face is not largest for face in rivals):
        raise UnsuitableError(Reason.SEVERAL_FACES)
    return largest


def require_quality(image: Image, landmarks: Landmarks, pose: Pose, *, size_px: int, limits: Limits) -> None:
    """Require that a face is large, sharp, sure and frontal enough to learn from.

    Args:
        image: the picture.
        landmarks: of its face.
        pose: of its head.
        size_px: side of the synthesis crop to be made.
        limits: what is enough.

    Raises:
        UnsuitableError: it is not; the first reason in the order of the checks.
    """
    if not landmarks.presence >= limits.presence:
        raise UnsuitableError(Reason.LOW_PRESENCE)
    if scale_of(synthesis_crop_from_image(pose, size_px=size_px)) > limits.enlargement:
        raise UnsuitableError(Reason.TOO_SMALL)
    if abs(head_pose_deg(pose.rotation)[0]) > limits.yaw_deg:
        raise UnsuitableError(Reason.EXTREME_YAW)
    if measure_sharpness(image, pose) < limits.sharpness:
        raise UnsuitableError(Reason.BLURRED)


def measure_sharpness(image: Image, pose: Pose) -> float:
    """Return the deviation of the face's Laplacian over that of its brightness, at a fixed size."""
    crop = warp(image, synthesis_crop_from_image(pose, size_px=JUDGED_PX), size_px=JUDGED_PX)
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)[_FACE, _FACE].astype(np.float32)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std() / max(float(grey.std()), 1.0))


def _area(face: Face) -> float:
    return face.box.width * face.box.height
