import numpy as np
import pytest
from fakes import landmarks, pose, rotation, shape, shape_model
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.eyes import iris_offsets
from ganonymization.geometry import Pose, head_pose_deg
from ganonymization.landmark import topology
from ganonymization.reshape import MAX_DEVIATIONS, Reshape
from ganonymization.types import Landmarks

IDENTITIES = st.integers(0, 2**32)
SEEDS = st.integers(0, 1000)
EYES = (
    (topology.RIGHT_EYE_OUTER, topology.RIGHT_EYE_INNER, (topology.RIGHT_IRIS_CENTER, *topology.RIGHT_IRIS)),
    (topology.LEFT_EYE_OUTER, topology.LEFT_EYE_INNER, (topology.LEFT_IRIS_CENTER, *topology.LEFT_IRIS)),
)


@pytest.fixture(scope="module")
def reshape():
    return Reshape(shape_model())


def real_face(seed, **place):
    """A face that no model holds exactly, as every real one."""
    return Landmarks(pose(**place).apply(shape(seed, off_model=0.004)).astype(np.float32), presence=0.7)


def pose_free(found, reference):
    """Points in the model's frame, by the pose of the original."""
    return shape_model().pose_of(reference).undo(found.points.astype(np.float64))


def test_strength_zero_copies_the_landmarks():
    original = real_face(1, yaw_deg=20)
    copied = Reshape(shape_model(), strength=0)(original, 5)
    np.testing.assert_array_equal(copied.points, original.points)
    assert copied.presence == original.presence


@given(SEEDS, IDENTITIES, st.floats(-40, 40), st.floats(-180, 180))
def test_the_expression_is_kept_exactly(reshape, seed, identity, yaw_deg, roll_deg):
    original = real_face(seed, height_px=100, yaw_deg=yaw_deg, roll_deg=roll_deg)
    result = reshape(original, identity)
    before, after = (shape_model().measures @ pose_free(found, original).ravel() for found in (original, result))
    np.testing.assert_allclose(after, before, atol=2e-5)


@given(SEEDS, IDENTITIES)
def test_the_same_identity_gives_the_same_bytes_and_leaves_the_input_alone(reshape, seed, identity):
    original = real_face(seed)
    before = original.points.copy()
    first, second = reshape(original, identity), Reshape(shape_model())(original, identity)
    assert first.points.tobytes() == second.points.tobytes()
    assert first.points.dtype == np.float32
    assert first.presence == original.presence
    np.testing.assert_array_equal(original.points, before)


def test_identities_have_shapes_of_their_own(reshape):
    original = real_face(3, height_px=100)
    shapes = np.stack([reshape(original, identity).points for identity in range(6)])
    for first in range(6):
        for second in range(first):
            assert np.abs(shapes[first] - shapes[second]).max() > 1.5
        assert np.abs(shapes[first] - original.points).max() > 1.5


def test_two_people_with_one_identity_and_one_expression_become_alike(reshape):
    model = shape_model()
    first = real_face(10, height_px=100)
    nearness = []
    for seed in range(20, 28):
        second = real_face(seed, height_px=100)
        before = np.abs(model.shape_of(first) - model.shape_of(second)).mean()
        after = np.abs(model.shape_of(reshape(first, 4)) - model.shape_of(reshape(second, 4))).mean()
        nearness.append(after / before)
    assert np.mean(nearness) < 0.7


@given(
    SEEDS,
    IDENTITIES,
    st.floats(0.2, 4),
    st.floats(-50, 50),
    st.floats(-170, 170),
    st.tuples(SEEDS, SEEDS).map(np.array),
)
def test_a_moved_and_turned_head_gives_the_result_moved_and_turned(
    reshape, seed, identity, scale, yaw_deg, roll_deg, shift
):
    placed = Pose(scale, rotation(yaw_deg=yaw_deg, roll_deg=roll_deg), np.array([*shift, 0.0]))
    original = real_face(seed, center=(0, 0), height_px=50)
    moved = Landmarks(placed.apply(original.points).astype(np.float32))
    expected = placed.apply(reshape(original, identity).points)
    np.testing.assert_allclose(reshape(moved, identity).points, expected, atol=0.02 * scale + 1e-3)


@pytest.mark.parametrize(("yaw_deg", "pitch_deg", "roll_deg"), [(0, 0, 0), (35, 5, -20), (-40, -10, 90)])
def test_the_head_pose_is_kept(reshape, yaw_deg, pitch_deg, roll_deg):
    original = real_face(4, yaw_deg=yaw_deg, pitch_deg=pitch_deg, roll_deg=roll_deg)
    before = shape_model().pose_of(original)
    for identity in range(5):
        after = shape_model().pose_of(reshape(original, identity))
        difference = np.subtract(head_pose_deg(after.rotation), head_pose_deg(before.rotation))
        assert np.abs((difference + 180) % 360 - 180).max() < 3
        assert after.scale == pytest.approx(before.scale, rel=0.03)


def looking(seed, *, aside=0.0, down=0.0, size=1.0, squint=0.0):
    """A face whose irises lie there, in eye widths, are so large, and so much nearer to each other."""
    face = shape(seed)
    for (outer, inner, iris), side in zip(EYES, (1, -1), strict=True):
        width, center = np.linalg.norm(face[inner] - face[outer]), face[iris[0]].copy()
        face[list(iris)] = center + size * (face[list(iris)] - center)
        face[list(iris), :2] += width * np.array([aside + side * squint, down])
    return Landmarks(pose(yaw_deg=15).apply(face).astype(np.float32))


@given(SEEDS, IDENTITIES, st.floats(-0.3, 0.3), st.floats(-0.1, 0.1))
def test_both_eyes_together_look_where_the_original_does(reshape, seed, identity, aside, down):
    original = looking(seed, aside=aside, down=down)
    result = reshape(original, identity)
    before, after = (iris_offsets(pose_free(found, original)).mean(axis=0)[:2] for found in (original, result))
    np.testing.assert_allclose(after, before, atol=1e-4)


@given(SEEDS, IDENTITIES, st.floats(0.6, 1.6), st.floats(-0.05, 0.05))
def test_how_large_irises_are_and_whether_they_squint_is_the_invented_persons(reshape, seed, identity, size, squint):
    plain, other = (reshape(looking(seed, **eyes), identity) for eyes in ({}, {"size": size, "squint": squint}))
    irises = [point for _, _, iris in EYES for point in iris]
    np.testing.assert_allclose(other.points[irises], plain.points[irises], atol=0.02)


def test_half_the_strength_lies_half_way(reshape):
    original = real_face(6, yaw_deg=-10)
    half = Reshape(shape_model(), strength=0.5)(original, 9)
    middle = (original.points.astype(np.float64) + reshape(original, 9).points) / 2
    np.testing.assert_allclose(half.points, middle, atol=1e-3)


def test_an_invented_shape_stays_among_people(reshape):
    model = shape_model()
    values, vectors = np.linalg.eigh(model.between)
    deviations = np.sqrt(np.clip(values, 1e-12, None))
    drawn = np.stack([reshape._draw(identity) for identity in range(200)]) @ vectors / deviations
    wide = deviations > 1e-4 * deviations.max()
    assert np.abs(drawn[:, wide]).max() <= MAX_DEVIATIONS + 1e-6
    assert drawn[:, wide].std() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_that_is_no_share_is_refused(strength):
    with pytest.raises(ValueError, match="between 0"):
        Reshape(shape_model(), strength=strength)


def test_the_mean_face_of_the_fakes_looks_at_the_camera():
    assert np.abs(head_pose_deg(shape_model().pose_of(landmarks()).rotation)).max() < 0.1
