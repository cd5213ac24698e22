from types import SimpleNamespace

import numpy as np
import pytest
from fakes import FakeDetect, face_of, landmarks, noise_picture, pose, shape, shape_model

from ganonymization.errors import LandmarksNotFoundError
from ganonymization.expression import Expression
from ganonymization.geometry import transform
from ganonymization.landmark import topology
from ganonymization.types import Box, Face, Landmarks
from ganonymization.verify import Measures, Verify, find_again, measure

LABELS = ("neutral", "happiness")
THRESHOLD = 0.6
FACE = face_of(landmarks(center=(120, 90), height_px=60))
IMAGE = noise_picture(200, 240)


class DetectInWindow:
    """Finds faces of a picture in a window of it, as a detector would that sees the window alone."""

    def __init__(self, faces):
        self.faces = faces

    def __call__(self, window, /):
        side_px = 2.5 * max(FACE.box.width, FACE.box.height)
        scale = window.shape[0] / side_px
        shift = window.shape[0] / 2 - scale * np.array(FACE.box.center)
        window_from_image = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
        return [moved(face, window_from_image) for face in self.faces]


def moved(face, affine):
    corners = np.array([[face.box.left, face.box.top], [face.box.right, face.box.bottom]], np.float32)
    (left, top), (right, bottom) = transform(corners, affine)
    return Face(Box(left, top, right, bottom), face.score, transform(face.keypoints, affine))


def shifted(face, x, y):
    return moved(face, np.array([[1.0, 0, x], [0, 1, y]]))


class Recognise:
    """Tells the embedding that belongs to a picture."""

    thresholds = SimpleNamespace(far_1_percent=THRESHOLD)

    def __init__(self, *known):
        self.known = known
        self.asked = []

    def __call__(self, image, found, /):
        self.asked.append(found)
        return next(np.array(embedding, np.float32) for picture, embedding in self.known if picture is image)


class Classify:
    def __init__(self, *known):
        self.known = known

    def __call__(self, image, _landmarks, /):
        return next(Expression(LABELS, probabilities) for picture, probabilities in self.known if picture is image)


class LandmarkEverywhere:
    def __init__(self, found=None):
        self.found = found
        self.asked = []

    def __call__(self, _image, face, /):
        self.asked.append(face)
        if self.found is None:
            raise LandmarksNotFoundError("nothing to be seen")
        return self.found


def verify_with(result, *, embedding=(0, 0.75), faces=(FACE,), found=None):
    return Verify(
        detect=DetectInWindow(list(faces)),
        landmark=LandmarkEverywhere(found),
        recognise=Recognise((IMAGE, (0, 0)), (result, embedding)),
        classify=Classify((IMAGE, (0.9, 0.1)), (result, (0.25, 0.75))),
        shape_model=shape_model(),
    )


ORIGINAL = landmarks(center=(120, 90), height_px=60)


@pytest.mark.parametrize(("distance", "passed"), [(0.75, True), (0.61, True), (0.59, False), (0, False)])
def test_a_face_passes_when_the_recogniser_takes_it_for_somebody_else(distance, passed):
    result = IMAGE.copy()
    verify = verify_with(result, embedding=(0, distance), found=ORIGINAL)
    check = verify(verify.remember(IMAGE, FACE, ORIGINAL), result, ORIGINAL)
    assert check.identity_distance == pytest.approx(distance)
    assert check.identity_threshold == THRESHOLD
    assert check.passed is passed


def test_a_check_reports_what_was_kept_of_the_expression():
    face = shape()
    face[list(topology.RIGHT_BROW + topology.LEFT_BROW), 1] -= 0.05
    raised = Landmarks(pose((120, 90), 60, yaw_deg=10).apply(face).astype(np.float32))
    result = IMAGE.copy()
    verify = verify_with(result, found=raised)
    expression = verify(verify.remember(IMAGE, FACE, ORIGINAL), result, ORIGINAL).expression
    assert (expression["label_before"], expression["label_after"]) == ("neutral", "happiness")
    assert expression["probabilities_before"] == {"neutral": 0.9, "happiness": 0.1}
    assert expression["probabilities_after"] == {"neutral": 0.25, "happiness": 0.75}
    assert expression["brows_change"] == pytest.approx(0.05, abs=0.01)
    assert expression["yaw_deg_change"] == pytest.approx(10, abs=1)
    assert expression["mouth_open_change"] == pytest.approx(0, abs=0.003)
    assert {key for key in expression if key.endswith("_change")} == {f"{name}_change" for name in Measures.__slots__}


def test_a_face_that_is_not_found_again_is_measured_where_it_was_drawn():
    result, drawn = IMAGE.copy(), landmarks(3, center=(120, 90), height_px=60)
    verify = verify_with(result, faces=(), found=None)
    check = verify(verify.remember(IMAGE, FACE, ORIGINAL), result, drawn)
    assert check.redetected is False
    assert verify._recognise.asked[-1] is drawn
    assert verify._landmark.asked == [FACE]
    assert check.identity_distance == pytest.approx(0.75)


def test_a_face_that_is_found_again_has_its_landmarks_looked_for_there():
    result, again = IMAGE.copy(), shifted(FACE, 6, -4)
    verify = verify_with(result, faces=(again,), found=ORIGINAL)
    check = verify(verify.remember(IMAGE, FACE, ORIGINAL), result, ORIGINAL)
    assert check.redetected is True
    (asked,) = verify._landmark.asked
    assert asked.box.left == pytest.approx(again.box.left, abs=0.01)
    assert asked.box.bottom == pytest.approx(again.box.bottom, abs=0.01)
    np.testing.assert_allclose(asked.keypoints, again.keypoints, atol=0.01)


def test_a_face_elsewhere_is_not_the_same_face():
    assert find_again(DetectInWindow([shifted(FACE, 45, 0)]), IMAGE, FACE) is None
    assert find_again(DetectInWindow([]), IMAGE, FACE) is None
    found = find_again(DetectInWindow([shifted(FACE, 45, 0), shifted(FACE, 3, 0)]), IMAGE, FACE)
    assert found.box.left == pytest.approx(FACE.box.left + 3, abs=0.01)


@pytest.mark.parametrize("center", [(0.0, 0.0), (239.0, 100.0), (-500.0, 20.0)])
def test_a_face_at_the_border_can_be_looked_for(center):
    face = face_of(landmarks(center=center, height_px=60))
    assert find_again(FakeDetect([]), IMAGE, face) is None


def face_doing(*changes):
    face = shape().copy()
    for indices, x, y in changes:
        face[list(indices), :2] += (x, y)
    return face


EYE_WIDTH = np.linalg.norm(shape()[topology.RIGHT_EYE_INNER] - shape()[topology.RIGHT_EYE_OUTER])
IRISES = range(topology.RIGHT_IRIS_CENTER, 478)


@pytest.mark.parametrize(
    ("name", "face", "change"),
    [
        ("mouth_open", face_doing(([14], 0, 0.02)), 0.02),
        ("mouth_width", face_doing(([61], -0.02, 0), ([291], 0.02, 0)), 0.04),
        ("smile", face_doing(([61, 291], 0, -0.02)), 0.02),
        ("lids", face_doing(((144, 145, 153, 373, 374, 380), 0, 0.01)), 0.01),
        ("brows", face_doing((topology.RIGHT_BROW + topology.LEFT_BROW, 0, -0.03)), 0.03),
        ("gaze_x", face_doing((IRISES, 0.2 * EYE_WIDTH, 0)), 0.2),
        ("gaze_y", face_doing((IRISES, 0, 0.1 * EYE_WIDTH)), 0.1),
    ],
)
@pytest.mark.parametrize("angles", [{}, {"yaw_deg": 25.0, "roll_deg": -30.0, "pitch_deg": 10.0}], ids=["", "turned"])
def test_each_measure_follows_its_movement_in_any_pose(name, face, change, angles):
    before, after = (
        measure(shape_model(), Landmarks(pose((80, 70), 90, **angles).apply(points).astype(np.float32)))
        for points in (shape(), face)
    )
    assert getattr(after, name) - getattr(before, name) == pytest.approx(change, rel=0.12)
    others = [other for other in ("mouth_width", "lids", "brows", "gaze_x", "gaze_y") if other != name]
    for other in others:
        assert getattr(after, other) == pytest.approx(getattr(before, other), abs=0.006)


def test_measures_tell_the_head_pose():
    turned = landmarks(center=(80, 70), height_px=90, yaw_deg=20)
    measures = measure(shape_model(), turned)
    assert (measures.yaw_deg, measures.pitch_deg, measures.roll_deg) == pytest.approx((20, 0, 0), abs=0.05)
