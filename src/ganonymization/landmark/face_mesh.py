"""MediaPipe's face mesh with attention, run as its makers run it: a rough region of interest, then an exact one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from ganonymization import weights
from ganonymization.crop import warp
from ganonymization.errors import LandmarksNotFoundError
from ganonymization.geometry import bounding_box, invert, square_from_image, transform
from ganonymization.landmark.topology import LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from ganonymization.onnx import Network, Runtime
from ganonymization.types import Affine, Face, Image, Landmarks, Points

INPUT_PX: Final = 192
ROI_SCALE: Final = 1.5
"""Side of the region of interest over the longer side of the face (MediaPipe's face_landmark_front graph)."""


class FaceMesh:
    """Find 478 landmarks; fits `stages.Landmark`.

    Args:
        network: `face_mesh.onnx`; input (N, 3, 192, 192) RGB in 0..1, outputs landmarks in pixels of 192 and presence.
        threshold: presence below it means that there is no face.
        passes: how often the region of interest is taken anew from the landmarks found.
    """

    def __init__(self, network: Network, *, threshold: float = 0.5, passes: int = 2) -> None:
        self._network = network
        self._threshold = threshold
        self._passes = passes

    @classmethod
    def load(cls, *, threshold: float = 0.5, runtime: Runtime = Runtime()) -> FaceMesh:  # noqa: B008 - frozen
        """Return the mesh with the weights of the package."""
        network = Network(
            weights.locate("face_mesh"), inputs=["image"], outputs=["landmarks", "presence"], runtime=runtime
        )
        return cls(network, threshold=threshold)

    def __call__(self, image: Image, face: Face, /) -> Landmarks:
        """Return the landmarks of one face in pixels of the image.

        Raises:
            LandmarksNotFoundError: presence is below the threshold after the last pass, or a point is not finite.
        """
        return self._find(image, roi_of_face(face), passes=self._passes)

    def follow(self, image: Image, before: Sequence[Landmarks], /) -> list[Landmarks]:
        """Return the landmarks of faces whose landmarks a moment before are known, in one run of the network.

        A face that is no longer there has the presence 0.
        """
        found = self._run(image, [roi_of_landmarks(face.points) for face in before]) if before else []
        return [face if self._is_there(face) else Landmarks(face.points, 0.0) for face in found]

    def _is_there(self, found: Landmarks) -> bool:
        return bool(found.presence >= self._threshold and np.isfinite(found.points).all())

    def _find(self, image: Image, roi_from_image: Affine, *, passes: int) -> Landmarks:
        for _ in range(passes):
            (found,) = self._run(image, [roi_from_image])
            if not np.isfinite(found.points).all():
                raise LandmarksNotFoundError("no landmarks: they are not finite")
            roi_from_image = roi_of_landmarks(found.points)
        if not found.presence >= self._threshold:
            raise LandmarksNotFoundError(f"no landmarks: presence {found.presence:.2f} is below {self._threshold}")
        return found

    def _run(self, image: Image, rois_from_image: Sequence[Affine]) -> list[Landmarks]:
        batch = np.empty((len(rois_from_image), 3, INPUT_PX, INPUT_PX), np.float32)
        for layers, roi_from_image in zip(batch, rois_from_image, strict=True):
            np.divide(warp(image, roi_from_image, size_px=INPUT_PX).transpose(2, 0, 1), np.float32(255), out=layers)
        points, presence = self._network(image=batch)
        return [
            Landmarks(transform(face, invert(roi_from_image)), float(sure))
            for face, sure, roi_from_image in zip(points, presence, rois_from_image, strict=True)
        ]


def roi_of_face(face: Face) -> Affine:
    """Return roi_from_image of a detected face: its box, made square, rotated by the eye line."""
    right_eye, left_eye = face.keypoints[0], face.keypoints[1]
    side_px = max(face.box.width, face.box.height) * ROI_SCALE
    return square_from_image(face.box.center, max(side_px, 1.0), roll_rad=_angle(right_eye, left_eye), size_px=INPUT_PX)


def roi_of_landmarks(points: Points) -> Affine:
    """Return roi_from_image around landmarks that were found, rotated by the outer eye corners."""
    roll_rad = _angle(points[RIGHT_EYE_OUTER], points[LEFT_EYE_OUTER])
    upright = square_from_image((0.0, 0.0), 1.0, roll_rad=roll_rad, size_px=1)
    box = bounding_box(transform(points[:, :2], upright))
    center = transform(np.array([box.center], np.float32), invert(upright))[0]
    side_px = max(box.width, box.height) * ROI_SCALE
    return square_from_image(
        (float(center[0]), float(center[1])), max(side_px, 1.0), roll_rad=roll_rad, size_px=INPUT_PX
    )


def _angle(right: Points, left: Points) -> float:
    return float(np.arctan2(left[1] - right[1], left[0] - right[0]))
