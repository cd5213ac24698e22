import numpy as np
import pytest
from fakes import face_of, landmarks, noise_picture
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.errors import LandmarksNotFoundError
from ganonymization.geometry import bounding_box, invert, transform
from ganonymization.landmark import FaceMesh, topology
from ganonymization.landmark.face_mesh import INPUT_PX, ROI_SCALE, roi_of_face, roi_of_landmarks
from ganonymization.types import Box, Face

PICTURE = noise_picture(120, 160)
FACE = face_of(landmarks(center=(80, 60), height_px=60, roll_deg=20))
SEEN = landmarks(5, center=(INPUT_PX / 2 + 6, INPUT_PX / 2 - 4), height_px=110, roll_deg=8).points

PLACES = {
    "center": st.tuples(st.floats(-50, 500), st.floats(-50, 500)),
    "height_px": st.floats(5, 500),
    "roll_deg": st.floats(-180, 180),
    "yaw_deg": st.floats(-40, 40),
}


class FakeNetwork:
    """Sees the same face in every region of interest."""

    def __init__(self, points=SEEN, presence=0.9):
        self.points, self.presence, self.images = points, presence, []

    def __call__(self, image):
        self.images.append(image)
        return [self.points.reshape(-1, 478, 3), np.atleast_1d(np.asarray(self.presence, np.float32))]


@given(st.builds(landmarks, st.integers(0, 50), **PLACES))
def test_the_first_region_is_the_box_made_square_and_turned_by_the_eyes(found):
    face = face_of(found)
    roi_from_image = roi_of_face(face)
    center = transform(np.array([face.box.center], np.float32), roi_from_image)[0]
    np.testing.assert_allclose(center, INPUT_PX / 2, atol=0.2)
    right, left = transform(face.keypoints[:2], roi_from_image)
    assert abs(left[1] - right[1]) < 0.01 * INPUT_PX
    assert left[0] > right[0]
    side_px = max(face.box.width, face.box.height)
    step = transform(np.array([[0, 0], [side_px, 0]], np.float32), roi_from_image)
    assert np.linalg.norm(step[1] - step[0]) == pytest.approx(INPUT_PX / ROI_SCALE, rel=1e-3)


@given(st.builds(landmarks, st.integers(0, 50), **PLACES))
def test_the_second_region_holds_the_landmarks_upright_and_in_its_middle(found):
    inside = transform(found.points, roi_of_landmarks(found.points))
    box = bounding_box(inside)
    np.testing.assert_allclose(box.center, (INPUT_PX / 2, INPUT_PX / 2), atol=0.3)
    assert max(box.width, box.height) == pytest.approx(INPUT_PX / ROI_SCALE, rel=2e-3)
    right, left = inside[topology.RIGHT_EYE_OUTER], inside[topology.LEFT_EYE_OUTER]
    assert abs(left[1] - right[1]) < 0.01 * INPUT_PX
    assert left[0] > right[0]


def test_landmarks_are_looked_for_again_where_they_were_found_and_come_back_to_the_picture():
    network = FakeNetwork()
    found = FaceMesh(network)(PICTURE, FACE)
    first = transform(SEEN, invert(roi_of_face(FACE)))
    expected = transform(SEEN, invert(roi_of_landmarks(first)))
    np.testing.assert_allclose(found.points, expected, atol=1e-3)
    assert found.presence == pytest.approx(0.9)
    assert len(network.images) == 2
    assert not np.array_equal(*network.images)


def test_the_network_sees_the_region_in_rgb_from_zero_to_one():
    red = np.zeros((120, 160, 3), np.uint8)
    red[..., 0] = 255
    network = FakeNetwork()
    FaceMesh(network)(red, FACE)
    (image, _) = network.images
    assert image.shape == (1, 3, INPUT_PX, INPUT_PX)
    assert image.dtype == np.float32
    np.testing.assert_array_equal(image[0, :, INPUT_PX // 2, INPUT_PX // 2], (1, 0, 0))


@pytest.mark.parametrize("presence", [0.0, 0.49, float("nan")])
def test_a_face_that_the_mesh_does_not_see_raises(presence):
    with pytest.raises(LandmarksNotFoundError, match="presence"):
        FaceMesh(FakeNetwork(presence=presence))(PICTURE, FACE)
    assert FaceMesh(FakeNetwork(presence=0.51))(PICTURE, FACE).points.shape == (478, 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_points_that_are_not_finite_raise(value):
    points = SEEN.copy()
    points[17, 1] = value
    with pytest.raises(LandmarksNotFoundError, match="not finite"):
        FaceMesh(FakeNetwork(points))(PICTURE, FACE)


def test_a_box_without_extent_and_keypoints_in_one_place_do_not_crash():
    nothing = Face(Box(40, 40, 40, 40), 0.9, np.full((5, 2), 40, np.float32))
    assert FaceMesh(FakeNetwork())(PICTURE, nothing).points.shape == (478, 3)
    one_place = FakeNetwork(np.zeros_like(SEEN))
    np.testing.assert_allclose(FaceMesh(one_place)(PICTURE, nothing).points.std(axis=0), 0, atol=1e-4)


def test_faces_are_followed_in_one_run_each_from_where_it_was():
    network = FakeNetwork(np.stack([SEEN, SEEN + 3]), presence=[0.9, 0.8])
    before = [landmarks(center=(40, 60), height_px=50), landmarks(center=(110, 50), height_px=40, roll_deg=10)]
    found = FaceMesh(network).follow(PICTURE, before)
    assert [image.shape[0] for image in network.images] == [2]
    for face, points, start in zip(found, (SEEN, SEEN + 3), before, strict=True):
        np.testing.assert_allclose(face.points, transform(points, invert(roi_of_landmarks(start.points))), atol=1e-3)
    assert [face.presence for face in found] == pytest.approx([0.9, 0.8])


def test_a_followed_face_that_is_gone_has_no_presence():
    points = np.stack([SEEN, SEEN, SEEN])
    points[1, 17, 1] = np.nan
    found = FaceMesh(FakeNetwork(points, presence=[0.49, 0.9, 0.9])).follow(PICTURE, [landmarks()] * 3)
    assert [face.presence for face in found] == pytest.approx([0, 0, 0.9])


def test_nobody_to_follow_needs_no_network():
    network = FakeNetwork()
    assert FaceMesh(network).follow(PICTURE, []) == []
    assert network.images == []
