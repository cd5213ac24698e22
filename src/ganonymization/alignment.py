"""Cut the upright square that a recogniser or classifier was trained on out of a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.crop import warp
from ganonymization.errors import FaceError
from ganonymization.landmark import topology
from ganonymization.types import Affine, Image, Landmarks, Points

NOSE_BASE_MIDDLE: Final = 2
RIGHT_MOUTH_CORNER: Final = 61
LEFT_MOUTH_CORNER: Final = 291

ANCHORS: Final = (
    topology.RIGHT_EYE_OUTER,
    topology.RIGHT_EYE_INNER,
    topology.LEFT_EYE_INNER,
    topology.LEFT_EYE_OUTER,
    NOSE_BASE_MIDDLE,
    RIGHT_MOUTH_CORNER,
    LEFT_MOUTH_CORNER,
)
"""Landmarks that are laid onto `MEAN_ANCHORS`."""

MEAN_ANCHORS: Final = np.array(
    [
        [0.121737, 0.216423],
        [0.334606, 0.231733],
        [0.645647, 0.231733],
        [0.858516, 0.216423],
        [0.490127, 0.628106],
        [0.254149, 0.780233],
        [0.726104, 0.780233],
    ]
)
"""dlib's mean face at points 36, 39, 42, 45, 33, 48 and 54 of 68 (`get_face_chip_details` in dlib/image_transforms).

The unit is the side of dlib's unpadded chip; the eyes lie 0.529 apart, at height 0.216.
"""


@dataclass(frozen=True, slots=True)
class Framing:
    """How a network's square lies around the mean face, in sides of dlib's unpadded chip.

    Attributes:
        padding: added on every side.
        rise: how far the square is moved up the face.
    """

    padding: float
    rise: float = 0.0


def aligned_from_image(landmarks: Landmarks, framing: Framing, *, size_px: int) -> Affine:
    """Return the similarity from the picture to a face's upright square.

    Raises:
        FaceError: the landmarks are not finite or all in one place.
    """
    offset = np.array([framing.padding, framing.padding + framing.rise])
    anchors = (MEAN_ANCHORS + offset) * (size_px / (1 + 2 * framing.padding))
    return fit_similarity(landmarks.points[list(ANCHORS), :2], anchors)


def aligned_batch(
    image: Image, landmarks: Sequence[Landmarks], *, framing: Framing, size_px: int
) -> npt.NDArray[np.float32]:
    """Return (N, 3, size_px, size_px) RGB in 0..255, black where a square reaches beyond the picture."""
    batch = np.empty((len(landmarks), 3, size_px, size_px), np.float32)
    for square, face in zip(batch, landmarks, strict=True):
        square[:] = warp(image, aligned_from_image(face, framing, size_px=size_px), size_px=size_px).transpose(2, 0, 1)
    return batch


def fit_similarity(source: Points, target: npt.NDArray[np.float64]) -> Affine:
    """Return the (2, 3) similarity that lays (N, 2) source points onto target points with the least squared error.

    In the complex plane a similarity is `target = factor * source + shift`.

    Raises:
        FaceError: the source points are not finite or all in one place.
    """
    source_plane = source.astype(np.float64) @ (1, 1j)
    target_plane = target @ (1, 1j)
    centered = source_plane - source_plane.mean()
    spread = np.vdot(centered, centered).real
    if not 0 < spread < np.inf:
        raise FaceError(f"a face cannot be aligned by landmarks whose spread is {spread}; obscure it")
    factor = np.vdot(centered, target_plane - target_plane.mean()) / spread
    shift = target_plane.mean() - factor * source_plane.mean()
    return np.array([[factor.real, -factor.imag, shift.real], [factor.imag, factor.real, shift.imag]])
