import cv2
import numpy as np
import pytest
from fakes import inside_hull, landmarks, pose, shape
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.condition import MAP_NAMES, draw_dots, draw_maps
from ganonymization.landmark import topology
from ganonymization.region import hull

SIZE_PX = 96


def points_of(seed=None, **place):
    return landmarks(seed, center=(48, 50), height_px=60, **place).points


def layers_of(points, size_px=SIZE_PX):
    return dict(zip(MAP_NAMES, draw_maps(points, size_px=size_px).astype(np.float64) / 255, strict=True))


def middle_of(layer):
    rows, columns = np.indices(layer.shape) + 0.5
    return np.array([(layer * columns).sum(), (layer * rows).sum()]) / layer.sum()


def test_there_is_a_map_for_every_name():
    maps = draw_maps(points_of(3), size_px=SIZE_PX)
    assert maps.shape == (7, SIZE_PX, SIZE_PX)
    assert maps.dtype == np.uint8
    assert MAP_NAMES == ("hull", "brows", "eyes", "irises", "lips", "mouth", "dots")
    assert all(layer.max() > 0 for layer in maps)


@pytest.mark.parametrize("name", MAP_NAMES)
@pytest.mark.parametrize("shift", [(0.5, 0), (0, 0.5), (0.5, -0.5), (1, 0), (-0.5, -0.5)])
def test_a_shift_of_less_than_a_pixel_moves_every_map_by_as_much(name, shift):
    points = landmarks(center=(96, 100), height_px=120).points
    points[list(topology.LIPS_INNER[1:10]), 1] += 3
    points[list(topology.LIPS_OUTER[1:10]), 1] += 3
    before = layers_of(points, size_px=192)[name]
    after = layers_of(points + np.array([*shift, 0], np.float32), size_px=192)[name]
    each_side = ((0, 96), (96, 192)) if name in ("brows", "eyes", "irises") else ((0, 192),)
    for left, right in each_side:
        moved = middle_of(after[:, left:right]) - middle_of(before[:, left:right])
        # small shapes: OpenCV rounds the sides of a polygon, yet by less than half a pixel
        np.testing.assert_allclose(moved, shift, atol=0.1 if name in ("hull", "dots") else 0.3)
    assert after.sum() == pytest.approx(before.sum(), rel=0.1)


def test_a_shift_by_a_whole_pixel_shifts_the_maps():
    points = points_of(2)
    before, after = (draw_maps(points + np.float32(step), size_px=SIZE_PX) for step in (0, 1))
    np.testing.assert_array_equal(after[:, 1:, 1:], before[:, :-1, :-1])


def test_the_hull_covers_all_points_but_the_irises():
    points = points_of(5, yaw_deg=30)
    mask = draw_maps(points, size_px=SIZE_PX)[0]
    corners = hull(points[:468])
    assert mask[inside_hull(corners, SIZE_PX, SIZE_PX)].min() >= 128
    distance = cv2.distanceTransform((~inside_hull(corners, SIZE_PX, SIZE_PX)).astype(np.uint8), cv2.DIST_L2, 5)
    assert mask[distance > 2].max() == 0


@given(st.integers(0, 200), st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
def test_irises_show_only_between_the_lids(seed, look_x, look_y):
    face = shape(seed)
    face[topology.RIGHT_IRIS_CENTER :, :2] += np.array([look_x, look_y]) * 0.2
    points = pose(center=(48, 50), height_px=80).apply(face).astype(np.float32)
    layers = layers_of(points)
    assert (layers["irises"] <= layers["eyes"]).all()


def test_closed_eyes_hide_most_of_the_irises():
    points = points_of()
    closed = points.copy()
    for upper, lower in (((158, 159, 160), (153, 145, 144)), ((385, 386, 387), (380, 374, 373))):
        closed[list(upper)] = closed[list(lower)]
    for eye in (topology.RIGHT_EYE, topology.LEFT_EYE):
        closed[list(eye), 1] = closed[list(eye), 1].mean()
    assert layers_of(closed)["irises"].sum() < 0.5 * layers_of(points)["irises"].sum()


def test_lips_leave_out_the_inner_mouth():
    points = points_of()
    lower = list(topology.LIPS_INNER[1:10]) + list(topology.LIPS_OUTER[1:10])
    points[lower, 1] += 8
    layers = layers_of(points)
    assert (layers["mouth"] == 1).sum() > 20
    np.testing.assert_array_equal(layers["lips"][layers["mouth"] == 1], 0)
    assert (layers["lips"] == 1).sum() > 20
    assert (layers["lips"] + layers["mouth"]).max() <= 1 + 1 / 255  # each is rounded by itself


def test_a_single_dot_is_shared_among_the_pixels_around_it():
    points = np.full((478, 3), -1000, np.float32)
    points[7, :2] = (20.75, 30.5)
    dots = draw_maps(points, size_px=SIZE_PX)[MAP_NAMES.index("dots")]
    expected = np.zeros((SIZE_PX, SIZE_PX))
    expected[30, 20:22] = (120, 40)
    np.testing.assert_array_equal(dots, expected)


def test_dots_of_a_large_crop_are_those_of_a_small_one_enlarged():
    points = points_of(3)
    small, large = (draw_maps(points * np.float32(k), size_px=k * 128)[MAP_NAMES.index("dots")] for k in (1, 2))
    np.testing.assert_array_equal(large.reshape(128, 2, 128, 2).mean(axis=(1, 3)).round(), small)


@pytest.mark.parametrize("shift", [(500, 0), (-500, 20), (0, -1e4), (1e7, -1e7)])
def test_points_far_outside_leave_the_maps_empty(shift):
    points = points_of() + np.array([*shift, 0], np.float32)
    np.testing.assert_array_equal(draw_maps(points, size_px=SIZE_PX), 0)


@given(st.floats(-150, 250), st.floats(-150, 250), st.floats(5, 800), st.floats(-90, 90))
def test_a_face_half_outside_shows_the_half_that_is_inside(x, y, height_px, yaw_deg):
    placed = pose(center=(x, y), height_px=height_px, yaw_deg=yaw_deg)
    maps = draw_maps(placed.apply(shape()).astype(np.float32), size_px=32)
    wide = draw_maps((placed.apply(shape()) + np.array([16, 16, 0])).astype(np.float32), size_px=64)
    middle = wide[:, 16:48, 16:48].astype(int)
    # OpenCV clips polygons at the canvas before it rounds, which may change a grey level or two along a long side
    assert np.abs(maps.astype(int) - middle).mean() < 2


def test_depth_does_not_show():
    points = points_of(4)
    flat = draw_maps(points[:, :2], size_px=SIZE_PX)
    np.testing.assert_array_equal(draw_maps(points, size_px=SIZE_PX), flat)


def test_the_points_are_not_changed():
    points = points_of(4)
    before = points.copy()
    draw_maps(points, size_px=SIZE_PX)
    np.testing.assert_array_equal(points, before)


def test_the_published_landmark_image_is_a_dot_for_each_landmark():
    dots = draw_dots(np.array([[10, 20], [40, 50], [np.nan, 5]], np.float32), size_px=64)
    assert dots[20, 10] == dots[50, 40] == 255
    assert dots[35, 25] == 0
    assert (dots > 0).sum() == 10  # a dot is a pixel and its four neighbours
