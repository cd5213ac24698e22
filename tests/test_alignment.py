import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mean_face import mean_face

from ganonymization.alignment import ANCHORS, MEAN_ANCHORS, Framing, aligned_batch, aligned_from_image
from ganonymization.errors import FaceError
from ganonymization.geometry import transform
from ganonymization.types import LANDMARK_COUNT, Landmarks

FRAMING = Framing(padding=0.25)


@settings(deadline=None)
@given(
    scale_px=st.floats(20, 2000),
    roll_rad=st.floats(-3.1, 3.1),
    left=st.floats(-500, 3000),
    top=st.floats(-500, 3000),
)
def test_anchors_land_on_the_mean_face_wherever_the_face_is(scale_px, roll_rad, left, top):
    landmarks = mean_face(scale_px, roll_rad, (left, top))
    affine = aligned_from_image(landmarks, FRAMING, size_px=150)
    aligned = transform(landmarks.points[list(ANCHORS), :2], affine)
    np.testing.assert_allclose(aligned, MEAN_ANCHORS * 100 + 25, atol=0.05)


def test_turned_landmarks_are_aligned_by_a_similarity():
    landmarks = mean_face(100)
    squeezed = Landmarks(landmarks.points * (0.7, 1, 1))
    linear = aligned_from_image(squeezed, FRAMING, size_px=150)[:, :2]
    np.testing.assert_allclose(linear @ linear.T, np.eye(2) * np.linalg.det(linear), atol=1e-9)


def test_padding_shrinks_the_face_around_the_middle_and_rise_moves_it_down():
    landmarks = mean_face(100)
    middle = np.array([[50, 50]], np.float32)
    tight, wide, raised = (
        transform(middle, aligned_from_image(landmarks, framing, size_px=200))
        for framing in (Framing(0.0), Framing(0.5), Framing(0.5, rise=0.1))
    )
    np.testing.assert_allclose(tight, [[100, 100]], atol=1e-3)
    np.testing.assert_allclose(wide, [[100, 100]], atol=1e-3)
    np.testing.assert_allclose(raised, [[100, 110]], atol=1e-3)


@pytest.mark.parametrize("value", [7.0, np.nan])
def test_landmarks_without_a_finite_spread_are_refused(value):
    landmarks = Landmarks(np.full((LANDMARK_COUNT, 3), value, np.float32))
    with pytest.raises(FaceError, match="cannot be aligned"):
        aligned_from_image(landmarks, FRAMING, size_px=150)


def test_a_square_holds_the_pixels_under_the_face_and_black_beyond_the_picture():
    image = np.zeros((100, 100, 3), np.uint8)
    image[...] = (200, 100, 50)
    image[:, 50:] = (10, 20, 30)
    batch = aligned_batch(image, [mean_face(100)], framing=FRAMING, size_px=150)
    assert batch.dtype == np.float32
    np.testing.assert_array_equal(batch[0, :, 75, 40], (200, 100, 50))
    np.testing.assert_array_equal(batch[0, :, 75, 110], (10, 20, 30))
    np.testing.assert_array_equal(batch[0, :, :23], 0)
    np.testing.assert_array_equal(batch[0, :, :, 127:], 0)


def test_a_batch_holds_every_face_in_order_and_leaves_the_picture_alone():
    image = np.random.default_rng(3).integers(0, 256, (120, 160, 3), np.uint8)
    before = image.copy()
    faces = [mean_face(60, 0.2, (20, 10)), mean_face(90, -0.4, (40, 20))]
    batch = aligned_batch(image, faces, framing=FRAMING, size_px=64)
    for square, face in zip(batch, faces, strict=True):
        np.testing.assert_array_equal(square, aligned_batch(image, [face], framing=FRAMING, size_px=64)[0])
    assert not np.array_equal(batch[0], batch[1])
    np.testing.assert_array_equal(image, before)


def test_no_faces_make_an_empty_batch():
    batch = aligned_batch(np.zeros((8, 8, 3), np.uint8), [], framing=FRAMING, size_px=16)
    assert batch.shape == (0, 3, 16, 16)
