import cv2
import numpy as np
import pytest
from fakes import noise_picture, pose
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.crop import CROP_SIDE, cut, fill_polygon, reach_px, synthesis_crop_from_image, warp
from ganonymization.geometry import head_pose_deg, invert, scale_of, square_from_image, transform

WHOLE = np.eye(2, 3)


def shift(x, y):
    return np.array([[1.0, 0, x], [0, 1, y]])


def square(points_left_top_right_bottom):
    left, top, right, bottom = points_left_top_right_bottom
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def test_a_crop_of_the_whole_picture_is_the_picture():
    image = noise_picture(32, 32)
    crop = cut(image, WHOLE, size_px=32)
    np.testing.assert_array_equal(crop.image, image)
    np.testing.assert_array_equal(crop.valid, 1)


def test_a_crop_beyond_the_picture_is_black_and_not_valid_there():
    image = noise_picture(32, 32) | 1
    crop = cut(image, shift(10, -4), size_px=32)
    np.testing.assert_array_equal(crop.image[:28, 10:], image[4:, :22])
    np.testing.assert_array_equal(crop.image[:, :10], 0)
    np.testing.assert_array_equal(crop.image[28:], 0)
    np.testing.assert_array_equal(crop.valid[:28, 10:], 1)
    np.testing.assert_array_equal(crop.valid[:, :10], 0)
    np.testing.assert_array_equal(crop.valid[28:], 0)


@pytest.mark.parametrize("size_px", [16, 24])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (3, 200), (150, 2), (64, 64)])
@pytest.mark.parametrize("center", [(0, 0), (-5000, 40), (30, 9000), (1e6, -1e6)])
@pytest.mark.parametrize("side_px", [0.5, 64, 4000])
def test_a_crop_of_any_place_of_any_picture_has_its_size(center, side_px, height, width, size_px):
    crop_from_image = square_from_image(center, side_px, roll_rad=0.4, size_px=size_px)
    crop = cut(noise_picture(height, width), crop_from_image, size_px=size_px)
    assert crop.image.shape == (size_px, size_px, 3)
    assert crop.image.dtype == np.uint8


def blob(height, width, x, y, sigma):
    """A soft spot whose middle is known to a fraction of a pixel."""
    rows, columns = np.mgrid[:height, :width] + 0.5
    grey = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2))
    return np.repeat(np.round(grey).astype(np.uint8)[..., None], 3, axis=2)


@given(
    x=st.floats(110, 190),
    y=st.floats(110, 190),
    roll_rad=st.floats(-3, 3),
    side_px=st.floats(40, 400),
)
def test_what_lies_at_a_point_is_found_where_the_point_moves_to(x, y, roll_rad, side_px):
    image = blob(300, 300, x, y, sigma=side_px / 20)
    crop_from_image = square_from_image((150, 150), 3 * side_px, roll_rad=roll_rad, size_px=96)
    grey = warp(image, crop_from_image, size_px=96)[..., 0].astype(np.float64)
    rows, columns = np.mgrid[:96, :96] + 0.5
    middle = np.array([(grey * columns).sum(), (grey * rows).sum()]) / grey.sum()
    np.testing.assert_allclose(middle, transform(np.array([[x, y]], np.float32), crop_from_image)[0], atol=0.15)


def test_a_picture_that_is_shrunk_is_averaged_and_not_sampled():
    checks = (np.indices((400, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)
    image = np.repeat(checks[..., None], 3, axis=2)
    crop = warp(image, square_from_image((200, 200), 384, roll_rad=0, size_px=48), size_px=48)
    assert np.abs(crop.astype(int) - 127.5).max() <= 3


def test_the_picture_is_not_changed():
    image = noise_picture(40, 50)
    before = image.copy()
    cut(image, shift(0, 0), size_px=32).image[:] = 7
    np.testing.assert_array_equal(image, before)


@given(side_px=st.floats(4, 600), roll_rad=st.floats(-3, 3), x=st.floats(-20, 120), y=st.floats(-20, 90))
def test_a_valid_pixel_shows_nothing_from_beyond_the_picture(side_px, roll_rad, x, y):
    white = np.full((80, 110, 3), 255, np.uint8)
    crop_from_image = square_from_image((x, y), side_px, roll_rad=roll_rad, size_px=48)
    crop = cut(white, crop_from_image, size_px=48)
    np.testing.assert_array_equal(crop.image[crop.valid == 1], 255)
    np.testing.assert_array_equal(np.unique(crop.valid), np.unique(crop.valid).round())
    rows, columns = np.indices((48, 48)).reshape(2, -1) + 0.5
    places = transform(np.stack([columns, rows], axis=1).astype(np.float32), invert(crop_from_image))
    deep = ((places > 6) & (places < (104, 74))).all(axis=1).reshape(48, 48)
    assert side_px / 48 > 11 or crop.valid[deep].all()


@given(
    side_px=st.floats(8, 700),
    roll_rad=st.floats(-3, 3),
    spot=st.tuples(st.integers(30, 110), st.integers(30, 110)),
    margin=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
)
def test_a_crop_pixel_looks_no_further_than_its_reach(side_px, roll_rad, spot, margin):
    image = np.zeros((140, 140, 3), np.uint8)
    image[spot] = 255
    crop_from_image = square_from_image((70 + margin[0], 70 + margin[1]), side_px, roll_rad=roll_rad, size_px=48)
    seen = warp(image, crop_from_image, size_px=48).any(axis=2)
    center = transform(np.array([[spot[1] + 0.5, spot[0] + 0.5]], np.float32), crop_from_image)[0]
    rows, columns = np.nonzero(seen)
    distance = np.hypot(columns + 0.5 - center[0], rows + 0.5 - center[1])
    assert (distance < reach_px(crop_from_image) + 0.1).all()


@given(left=st.integers(2, 10), top=st.integers(2, 10), width=st.integers(3, 15), height=st.integers(3, 15))
def test_a_polygon_covers_the_pixels_between_its_sides_and_none_further_than_its_soft_rim(left, top, width, height):
    mask = fill_polygon(square((left, top, left + width, top + height)), 32)
    np.testing.assert_array_equal(mask[top : top + height, left : left + width], 1)
    far = np.ones_like(mask, bool)
    far[top - 2 : top + height + 2, left - 2 : left + width + 2] = False
    np.testing.assert_array_equal(mask[far], 0)


@given(yaw_deg=st.floats(-60, 60), roll_deg=st.floats(-170, 170), height_px=st.floats(8, 800), x=st.floats(-50, 500))
def test_the_synthesis_crop_undoes_roll_and_scale_whatever_the_head_does(yaw_deg, roll_deg, height_px, x):
    placed = pose(center=(x, 77.0), height_px=height_px, yaw_deg=yaw_deg, roll_deg=roll_deg)
    crop_from_image = synthesis_crop_from_image(placed, size_px=128)
    assert scale_of(crop_from_image) == pytest.approx(128 / (CROP_SIDE * height_px))
    corners = np.array([[-0.2, 0, 0], [0.2, 0, 0]])
    left, right = transform(placed.apply(corners).astype(np.float32), crop_from_image)[:, :2]
    roll_in_crop = np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0]))
    expected = roll_deg - head_pose_deg(placed.rotation)[2]
    assert roll_in_crop == pytest.approx(expected, abs=0.5)


def test_the_frontal_face_lies_in_the_crop_with_room_on_every_side():
    placed = pose(center=(300.0, 200.0), height_px=120)
    crop_from_image = synthesis_crop_from_image(placed, size_px=160)
    top, chin = transform(placed.apply(np.array([[0, -0.5, 0], [0, 0.5, 0]])).astype(np.float32), crop_from_image)
    assert top[0] == chin[0] == pytest.approx(80)
    assert chin[1] - top[1] == pytest.approx(100)
    assert top[1] > 160 - chin[1] > 16


def test_a_crop_of_a_large_picture_does_not_read_all_of_it():
    # the part far from the crop is poisoned: were it resized with the rest, the result would still be right, but slow;
    # this holds that what lies beyond the crop has no influence
    image = noise_picture(600, 600)
    crop_from_image = square_from_image((150, 150), 128, roll_rad=0.2, size_px=32)
    expected = warp(image, crop_from_image, size_px=32)
    poisoned = image.copy()
    cv2.rectangle(poisoned, (300, 300), (599, 599), (255, 0, 0), -1)
    np.testing.assert_array_equal(warp(poisoned, crop_from_image, size_px=32), expected)
