"""Look at faces, before and after, as a stranger with every network would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.detect import CenterFace
from ganonymization.errors import LandmarksNotFoundError, NotMeasurableError
from ganonymization.evaluation.blazeface import BlazeFace
from ganonymization.evaluation.columns import Row
from ganonymization.evaluation.coverage import change_inside
from ganonymization.evaluation.method import Altered, Subject
from ganonymization.evaluation.quality import seam_energy, sharpness
from ganonymization.evaluation.recognisers import ArcFace, Judge, PortraitNetwork, package_judges, third_judge
from ganonymization.evaluation.sighting import CLASSIFIERS, mean_landmarks, original_type, row_type
from ganonymization.evaluation.strata import individual_typology_angle
from ganonymization.evaluation.utility import describe_face
from ganonymization.expression import ExpressionClassifier
from ganonymization.geometry import scale_of, transform
from ganonymization.landmark import FaceMesh
from ganonymization.onnx import Runtime
from ganonymization.recognise import FACERES, Recogniser
from ganonymization.region import hull
from ganonymization.shape import ShapeModel
from ganonymization.stages import Detect, Landmark
from ganonymization.types import Affine, Box, Face, Image, Landmarks, Points
from ganonymization.verify import find_again, measure

_SAME_FACE_IOU: Final = 0.3

SKIN: Final = (50, 280, 101, 330, 205, 425, 151, 9)
"""Landmarks on cheeks, forehead and chin whose hull's inside is mostly skin."""


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """Everything that an observer looks with.

    Attributes:
        detect: finds faces.
        sees_face: a second detector, which says whether there is one in a box.
        landmark: finds landmarks.
        recognise: the receipts' recogniser.
        portray: the held-out recogniser.
        classify: the expression classifiers, in the order of `sighting.CLASSIFIERS`.
        shape_model: takes the pose off.
        third: a recogniser of the user's; None without.
    """

    detect: Detect
    sees_face: Callable[[Image, Box], bool]
    landmark: Landmark
    recognise: Recogniser
    portray: PortraitNetwork
    classify: tuple[ExpressionClassifier, ...]
    shape_model: ShapeModel
    third: ArcFace | None = None

    @classmethod
    def load(cls, *, third: Path | None = None, runtime: Runtime = Runtime()) -> Networks:  # noqa: B008 - frozen
        """Return the networks of the package, and one of the user's.

        Raises:
            WeightsError: a file is missing, or no such network.
        """
        return cls(
            detect=CenterFace.load(runtime=runtime),
            sees_face=BlazeFace.load(runtime=runtime),
            landmark=FaceMesh.load(runtime=runtime),
            recognise=Recogniser.load(runtime=runtime),
            portray=PortraitNetwork.load(runtime=runtime),
            classify=tuple(ExpressionClassifier.load(spec, runtime=runtime) for spec in CLASSIFIERS),
            shape_model=ShapeModel.load(),
            third=ArcFace.load(third, runtime=runtime) if third else None,
        )


class Observer:
    """Turn faces into rows of numbers.

    Args:
        networks: to look with.
        third: file of the third recogniser, from which its figures get their name; None without.
    """

    def __init__(self, networks: Networks, *, third: Path | None = None) -> None:
        self._networks = networks
        extra = (third_judge(third, networks.third),) if third and networks.third else ()
        self.judges: tuple[Judge, ...] = (*package_judges(), *extra)
        self.row_type = row_type(self.judges)
        self.original_type = original_type(self.judges)

    @property
    def recognise(self) -> Recogniser:
        """The receipts' recogniser."""
        return self._networks.recognise

    def original(self, image: Image, box: Box | None) -> Row:
        """Return the row, of `original_type` and shape (), of a photo's labelled face.

        Args:
            image: the photo.
            box: of the face, where the set tells it; otherwise the face in the middle is taken, or else the largest.
        """
        row = np.zeros((), self.original_type)
        face = main_face(self._networks.detect(image), image, box)
        if face is None:
            return row
        found = self._find_landmarks(image, face)
        landmarks = found or mean_landmarks(self._networks.shape_model, face.box)
        self._fill(row, image, landmarks)
        for name, value in {
            "found": True,
            "made": True,
            "detected": True,
            "detected_blazeface": self._networks.sees_face(image, face.box),
            "landmarks_found": found is not None,
            "box": (face.box.left, face.box.top, face.box.right, face.box.bottom),
            "keypoints": face.keypoints,
            "points": landmarks.points,
            "sharpness": _sharpness(image, landmarks.points),
            "seam": _seam(image, landmarks.points),
            "tone": skin_tone(image, landmarks.points),
        }.items():
            row[name] = value
        return row

    def shows_one_face(self, image: Image) -> bool:
        """Return whether nobody else is on a photo."""
        return len(self._networks.detect(image)) == 1

    def altered(self, altered: Altered, original: Image, subject: Subject) -> Row:
        """Return the row, of `row_type` and shape (), of what a method made of a subject."""
        row = np.zeros((), self.row_type)
        place = altered.altered_from_original
        expected = moved_face(subject.face, place)
        again = find_again(self._networks.detect, altered.image, expected)
        found = self._find_landmarks(altered.image, again or expected)
        where = Landmarks(transform(subject.landmarks.points, place))
        self._fill(row, altered.image, found or where)
        row["made"], row["detected"], row["landmarks_found"] = True, again is not None, found is not None
        row["detected_blazeface"] = self._networks.sees_face(altered.image, expected.box)
        if altered.drawn is not None:
            row["drawn"] = True
            row["drawn_shape"], row["drawn_measures"] = self._describe(altered.drawn)
        row["changed_share"] = changed_share(original, altered, expected.box)
        row["sharpness"] = _sharpness(altered.image, where.points)
        row["seam"] = _seam(altered.image, where.points)
        return row

    def _find_landmarks(self, image: Image, face: Face) -> Landmarks | None:
        try:
            return self._networks.landmark(image, face)
        except LandmarksNotFoundError:
            return None

    def _describe(self, landmarks: Landmarks) -> tuple[npt.NDArray[np.float64], list[float]]:
        """Return the pose-free coefficients of landmarks, and their measures in the order of `verify.Measures`."""
        model = self._networks.shape_model
        measures = measure(model, landmarks)
        values = [getattr(measures, name) for name in type(measures).__slots__]
        return model.coefficients_of(model.shape_of(landmarks)), values

    def _fill(self, row: Row, image: Image, landmarks: Landmarks) -> None:
        """Enter what the networks say of a face."""
        row["shape"], row["measures"] = self._describe(landmarks)
        row[self.judges[0].name] = self._networks.recognise(image, landmarks)
        row["gradients"] = describe_face(image, landmarks)
        portrait = self._networks.portray(image, landmarks)
        row[FACERES.weights], row["age_years"], row["male"] = portrait.embedding, portrait.age_years, portrait.male
        for spec, classify in zip(CLASSIFIERS, self._networks.classify, strict=True):
            row[spec.weights] = classify(image, landmarks).probabilities
        if self._networks.third:
            row[self.judges[-1].name] = self._networks.third(image, landmarks)


def main_face(faces: Sequence[Face], image: Image, box: Box | None) -> Face | None:
    """Return the face that a photo is about; None when there is none.

    A labelled box is a face even where the detector sees none.
    """
    if box is not None:
        same = [face for face in faces if overlap(face.box, box) >= _SAME_FACE_IOU]
        return max(same, key=lambda face: overlap(face.box, box), default=Face(box, 0.0, _keypoints_in(box)))
    return _central(faces, image) or max(faces, key=lambda face: face.box.width * face.box.height, default=None)


def overlap(first: Box, second: Box) -> float:
    """Return the intersection of two boxes over their union."""
    width = min(first.right, second.right) - max(first.left, second.left)
    height = min(first.bottom, second.bottom) - max(first.top, second.top)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (first.width * first.height + second.width * second.height - shared)


def moved_face(face: Face, place: Affine) -> Face:
    """Return where a face of the original lies in the output."""
    center = np.array([face.box.center], np.float32)
    (x, y), scale = transform(center, place)[0], scale_of(place)
    half_width, half_height = scale * face.box.width / 2, scale * face.box.height / 2
    box = Box(float(x - half_width), float(y - half_height), float(x + half_width), float(y + half_height))
    return Face(box, face.score, transform(face.keypoints, place))


def changed_share(original: Image, altered: Altered, box: Box) -> float:
    """Return the share of a face's box, in pixels of the output, that differs from the original."""
    height, width = altered.image.shape[:2]
    if box.right < 1 or box.bottom < 1 or box.left > width - 1 or box.top > height - 1:
        return 1.0  # the output does not show the place
    before = original
    if original.shape != altered.image.shape or not np.allclose(altered.altered_from_original, np.eye(2, 3)):
        before = cv2.warpAffine(original, altered.altered_from_original, (width, height)).astype(np.uint8, copy=False)
    return change_inside(before, altered.image, box).changed_share


def skin_tone(image: Image, points: Points) -> float:
    """Return the individual typology angle, in degrees, of the skin between cheeks, forehead and chin."""
    inside = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(inside, np.round(hull(points[list(SKIN)])).astype(np.int32), 1)
    pixels = image[inside > 0]
    return individual_typology_angle(pixels) if len(pixels) else float("nan")


def _sharpness(image: Image, points: Points) -> float:
    """Return the sharpness of a face; NaN where it lies outside of the picture."""
    try:
        return sharpness(image, points)
    except NotMeasurableError:
        return float("nan")


def _seam(image: Image, points: Points) -> float:
    """Return how much the border of a face stands out; NaN where it lies outside of the picture."""
    try:
        return seam_energy(image, points).ratio
    except NotMeasurableError:
        return float("nan")


def _central(faces: Sequence[Face], image: Image) -> Face | None:
    """Return the face nearest to the middle, if the middle lies in its box."""
    x, y = image.shape[1] / 2, image.shape[0] / 2
    inside = [f for f in faces if f.box.left <= x <= f.box.right and f.box.top <= y <= f.box.bottom]
    return min(inside, key=lambda f: np.hypot(f.box.center[0] - x, f.box.center[1] - y), default=None)


def _keypoints_in(box: Box) -> Points:
    """Return where eyes, nose and mouth corners of an upright face lie in its box."""
    shares = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.58], [0.34, 0.78], [0.66, 0.78]], np.float32)
    return shares * np.array([box.width, box.height], np.float32) + np.array([box.left, box.top], np.float32)
