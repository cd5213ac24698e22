import numpy as np
import pytest
from fakes import rotation
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ganonymization.geometry import (
    Pose,
    bounding_box,
    compose,
    fit_pose,
    head_pose_deg,
    invert,
    scale_of,
    square_from_image,
    transform,
)

POINTS = arrays.arrays(np.float32, st.tuples(st.integers(1, 6), st.just(3)), elements=st.floats(-500, 500, width=32))
ANGLES = st.floats(-180, 180)
SCALES = st.floats(0.1, 10)
SHIFTS = st.floats(-300, 300)


@st.composite
def affines(draw):
    """Affine maps whose squares become parallelograms that are not too flat."""
    turn, slant = np.radians(draw(ANGLES)), draw(st.floats(-1, 1))
    linear = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ [[draw(SCALES), slant], [0, 1]]
    return np.concatenate([linear, [[draw(SHIFTS)], [draw(SHIFTS)]]], axis=1)


@given(affines())
def test_inverting_twice_gives_the_map_again(affine):
    np.testing.assert_allclose(invert(invert(affine)), affine, atol=1e-6)


@given(affines())
def test_a_map_and_its_inverse_make_the_identity(affine):
    np.testing.assert_allclose(compose(affine, invert(affine)), np.eye(2, 3), atol=1e-6)


@given(POINTS, affines())
def test_points_come_back_through_the_inverse(points, affine):
    there_and_back = transform(transform(points, affine), invert(affine))
    np.testing.assert_allclose(there_and_back, points, atol=0.1)


@given(POINTS, affines(), affines())
def test_a_composed_map_applies_the_inner_one_first(points, outer, inner):
    step_by_step = transform(transform(points, inner), outer)
    np.testing.assert_allclose(transform(points, compose(outer, inner)), step_by_step, rtol=1e-4, atol=0.1)


def test_depth_is_scaled_and_flat_points_stay_flat():
    affine = np.array([[0.0, -2.0, 5.0], [2.0, 0.0, 7.0]])
    moved = transform(np.array([[1, 2, 3]], np.float32), affine)
    np.testing.assert_allclose(moved, [[1, 9, 6]], rtol=1e-6)
    flat = transform(np.array([[1, 2]], np.float32), affine)
    np.testing.assert_array_equal(flat, [[1, 9]])
    assert moved.dtype == flat.dtype == np.float32


@given(affines(), affines())
def test_the_scale_of_a_composed_map_is_the_product_of_scales(outer, inner):
    assert scale_of(compose(outer, inner)) == pytest.approx(scale_of(outer) * scale_of(inner), rel=1e-6)


@given(center=st.tuples(SHIFTS, SHIFTS), side_px=st.floats(1, 500), roll_deg=ANGLES, size_px=st.integers(1, 512))
def test_a_square_crop_is_centred_upright_and_of_its_side(center, side_px, roll_deg, size_px):
    roll_rad = np.radians(roll_deg)
    along, down = np.array([np.cos(roll_rad), np.sin(roll_rad)]), np.array([-np.sin(roll_rad), np.cos(roll_rad)])
    marks = center + side_px / 2 * np.stack([0 * along, along, down])
    crop_from_image = square_from_image(center, side_px, roll_rad=roll_rad, size_px=size_px)
    half = size_px / 2
    expected = [[half, half], [size_px, half], [half, size_px]]
    np.testing.assert_allclose(transform(marks, crop_from_image), expected, atol=1e-3 * size_px + 1e-3)
    assert scale_of(crop_from_image) == pytest.approx(size_px / side_px)


def test_a_bounding_box_touches_the_outermost_points_and_ignores_depth():
    box = bounding_box(np.array([[3, 9, -50], [-2, 4, 0], [1, 12, 50]], np.float32))
    assert (box.left, box.top, box.right, box.bottom) == (-2, 4, 3, 12)
    assert (box.width, box.height, box.center) == (5, 8, (0.5, 8))


@st.composite
def poses(draw):
    angles = {name: draw(ANGLES) for name in ("yaw_deg", "pitch_deg", "roll_deg")}
    return Pose(draw(SCALES), rotation(**angles), np.array([draw(SHIFTS), draw(SHIFTS), draw(SHIFTS)]))


@given(POINTS, poses())
def test_undoing_a_pose_gives_the_points_again(points, pose):
    np.testing.assert_allclose(pose.undo(pose.apply(points)), points, atol=1e-6)


@given(poses(), st.integers(0, 1000))
def test_a_pose_is_found_from_the_points_that_it_moved(pose, seed):
    source = np.random.default_rng(seed).standard_normal((8, 3))
    found = fit_pose(source, pose.apply(source))
    assert found.scale == pytest.approx(pose.scale)
    np.testing.assert_allclose(found.rotation, pose.rotation, atol=1e-8)
    np.testing.assert_allclose(found.translation, pose.translation, atol=1e-6)


@given(poses(), st.integers(0, 1000))
def test_a_point_without_weight_does_not_turn_the_pose(pose, seed):
    source = np.random.default_rng(seed).standard_normal((8, 3))
    target = pose.apply(source)
    target[3] += 1000
    weights = np.ones(8)
    weights[3] = 0
    np.testing.assert_allclose(fit_pose(source, target, weights).rotation, pose.rotation, atol=1e-8)
    assert abs(fit_pose(source, target).scale - pose.scale) > 1


def test_a_mirrored_face_is_met_by_a_turn_and_not_by_a_reflection():
    source = np.random.default_rng(0).standard_normal((30, 3))
    found = fit_pose(source, source * (-1, 1, 1))
    assert np.linalg.det(found.rotation) == pytest.approx(1)


@pytest.mark.parametrize("angle_deg", [-70.0, -20.0, 0.0, 35.0, 80.0])
def test_head_pose_has_the_signs_that_its_docstring_promises(angle_deg):
    cosine, sine = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    nose_right, nose_down = (sine, 0, -cosine), (0, sine, -cosine)
    yaw = np.stack([(cosine, 0, sine), (0, 1, 0), -np.array(nose_right)], axis=1)
    pitch = np.stack([(1, 0, 0), (0, cosine, sine), -np.array(nose_down)], axis=1)
    roll = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    assert head_pose_deg(yaw)[0] == pytest.approx(angle_deg)
    assert head_pose_deg(pitch)[1] == pytest.approx(angle_deg)
    assert head_pose_deg(roll)[2] == pytest.approx(angle_deg)
    assert head_pose_deg(np.eye(3)) == (0, 0, 0)


@given(st.floats(-60, 60), st.floats(-60, 60))
def test_yaw_and_pitch_together_say_where_the_nose_points(yaw_deg, pitch_deg):
    turned = rotation(yaw_deg=yaw_deg, pitch_deg=pitch_deg)
    nose = turned @ (0, 0, -1)
    found_yaw, found_pitch, _ = np.radians(head_pose_deg(turned))
    cosine = np.cos(found_pitch)
    np.testing.assert_allclose([np.sin(found_yaw) * cosine, np.sin(found_pitch)], nose[:2], atol=1e-9)
