import numpy as np
import pytest
from fakes import pose, rotation, shape, shape_model
from hypothesis import given, settings
from hypothesis import strategies as st

from ganonymization.correct import (
    BROWS_SHARE,
    MEASURES,
    MOTION_SIZE,
    MOUTH_OPEN,
    OPENINGS,
    SHARE,
    Anticipate,
    Correct,
    Motions,
)
from ganonymization.eyes import carry_irises, iris_offsets, move_irises
from ganonymization.geometry import Pose, head_pose_deg
from ganonymization.shape import FUNCTIONAL_NAMES, expression_functionals
from ganonymization.types import Landmarks, Manner
from ganonymization.verify import measure

SEEDS = st.integers(0, 500)
MISSED = "mouth_open", "mouth_width", "smile", "lids", "brows", "gaze_x", "gaze_y"


@pytest.fixture(scope="module")
def correct():
    return Correct(shape_model())


def habit(seed):
    """What a generator with habits draws: everybody's head turned a little, and another expression."""
    rng = np.random.default_rng(seed)
    model, measures = shape_model(), expression_functionals()
    missed = (model.change_with(measures) @ rng.normal(0, 0.02, len(measures))) @ model.components
    looked, turn = rng.normal(0, 0.04, (2, 3)), rotation(yaw_deg=rng.normal(0, 3), pitch_deg=rng.normal(0, 3))

    def draw(asked):
        place = model.pose_of(asked)
        moved = move_irises(place.undo(asked.points.astype(np.float64)) + missed.reshape(478, 3), looked)
        turned = Pose(place.scale, turn @ place.rotation, place.translation)
        return Landmarks(turned.apply(moved).astype(np.float32))

    return draw


def errors(asked, found):
    first, second = (measure(shape_model(), one) for one in (asked, found))
    measures = [getattr(first, name) - getattr(second, name) for name in MISSED]
    angles = [first.yaw_deg - second.yaw_deg, first.pitch_deg - second.pitch_deg]
    return np.linalg.norm(measures), np.linalg.norm(angles)


def asked_for(seed):
    return Landmarks(pose(height_px=150, yaw_deg=12, roll_deg=8).apply(shape(seed)).astype(np.float32), presence=0.4)


@settings(deadline=None)
@given(SEEDS, SEEDS)
def test_of_a_habit_little_is_left_the_second_time(correct, seed, habit_seed):
    asked, draw = asked_for(seed), habit(habit_seed)
    first = errors(asked, draw(asked))
    second = errors(asked, draw(correct(asked, draw(asked))))
    assert second[0] < 0.4 * first[0] + 0.004
    assert second[1] < 0.35 * first[1] + 0.2


def test_brows_are_asked_for_beyond_what_was_missed_and_the_rest_short_of_it(correct):
    motions, asked, missed = Motions(shape_model()), asked_for(2), np.zeros(MOTION_SIZE)
    missed[:MEASURES] = 0.01
    again = correct(asked, motions.moved(asked, -missed))
    shares = motions.between(asked, again)[:MEASURES] / 0.01
    wanted = [BROWS_SHARE if name in ("right_brow", "left_brow") else SHARE for name in FUNCTIONAL_NAMES]
    assert shares == pytest.approx(wanted, abs=0.1)


def test_what_came_out_as_asked_is_asked_for_again(correct):
    asked = asked_for(3)
    again = correct(asked, asked)
    np.testing.assert_allclose(again.points, asked.points, atol=1e-3)
    assert again.presence == asked.presence


def test_a_face_that_was_not_found_well_does_not_drag_the_next_one_along(correct):
    asked = asked_for(4)
    wrong = Landmarks(pose(height_px=150, yaw_deg=-60, pitch_deg=30).apply(shape(9, off_model=0.2)).astype(np.float32))
    moved = correct(asked, wrong)
    (before, after) = (shape_model().pose_of(one) for one in (asked, moved))
    turned = np.degrees(np.arccos((np.trace(before.rotation.T @ after.rotation) - 1) / 2))
    assert turned < 8 * np.sqrt(3) + 1
    measured = [
        expression_functionals() @ place.undo(one.points.astype(np.float64)).ravel()
        for place, one in ((before, asked), (after, moved))
    ]
    assert np.abs(measured[1] - measured[0]).max() < 0.1


@given(SEEDS)
def test_carried_irises_lie_where_those_of_the_source_do(seed):
    source, target = shape(seed), shape(seed + 1)
    np.testing.assert_allclose(iris_offsets(carry_irises(source, target))[:, 0], iris_offsets(source)[:, 0], atol=0.02)


@given(SEEDS)
def test_moved_irises_lie_farther_by_what_they_were_moved(seed):
    face, offsets = shape(seed), np.random.default_rng(seed).normal(0, 0.1, (2, 3))
    np.testing.assert_allclose(iris_offsets(move_irises(face, offsets)), iris_offsets(face) + offsets, atol=1e-12)


def test_a_head_that_is_turned_more_is_asked_to_turn_less(correct):
    asked = asked_for(None)
    found = Landmarks(pose(height_px=150, yaw_deg=17, roll_deg=8).apply(shape()).astype(np.float32))
    (yaw, _, _) = head_pose_deg(shape_model().pose_of(correct(asked, found)).rotation)
    assert yaw == pytest.approx(12 - 0.8 * 5, abs=0.5)


@given(SEEDS)
def test_a_face_that_is_moved_differs_by_that_motion(seed):
    motions = Motions(shape_model())
    motion = np.random.default_rng(seed).normal(0, 0.02, MOTION_SIZE)
    face = asked_for(seed)
    found = motions.between(face, motions.moved(face, motion))
    np.testing.assert_allclose(found[:MEASURES], motion[:MEASURES], atol=0.008)
    np.testing.assert_allclose(found[MEASURES:], motion[MEASURES:], atol=0.03)


def test_the_mean_face_seen_from_the_front_has_no_motion_and_no_motion_moves_nothing():
    motions = Motions(shape_model())
    front = Landmarks(pose().apply(shape()).astype(np.float32))
    np.testing.assert_allclose(motions.of(front), 0, atol=1e-4)
    np.testing.assert_allclose(motions.moved(front, np.zeros(MOTION_SIZE)).points, front.points, atol=1e-3)


@settings(deadline=None)
@given(SEEDS)
def test_a_generator_that_does_only_part_of_what_it_is_asked_is_asked_for_more(seed):
    motions, lazy = Motions(shape_model()), 0.8

    def draw(asked):
        return motions.moved(asked, (lazy - 1) * motions.of(asked))

    habits = np.zeros((1 + MOTION_SIZE, MOTION_SIZE))
    habits[1:] = np.eye(MOTION_SIZE) * (1 / lazy - 1)
    wanted = Landmarks(pose(height_px=150, yaw_deg=15, pitch_deg=-8).apply(shape(seed)).astype(np.float32))
    asked = Anticipate(shape_model(), habits)(wanted)
    plain, anticipated = (errors(wanted, draw(one)) for one in (wanted, asked))
    assert anticipated[0] < 0.5 * plain[0] + 0.004
    assert anticipated[1] < 0.5 * plain[1] + 0.3


def sticky(opening):
    """Lips that stay closed at first, then come apart with a jerk."""
    return float(np.interp(opening, [0.0, 0.014, 0.020, 0.08], [0.0, 0.001, 0.026, 0.08]))


def face_with(opening):
    """The mean face with its mouth open by so much."""
    motions = Motions(shape_model())
    front = Landmarks(pose(height_px=150).apply(shape()).astype(np.float32))
    motion = np.zeros(MOTION_SIZE)
    motion[MOUTH_OPEN] = opening - motions.resting_opening
    return motions.moved(front, motion)


def opening_of(landmarks):
    motions = Motions(shape_model())
    return motions.of(landmarks)[MOUTH_OPEN] + motions.resting_opening


def manner_of(draw):
    """As it is measured in a clip."""
    anticipate = Anticipate(shape_model())
    opened = anticipate.opened(face_with(0.03))
    openings = [
        [anticipate.opening(face), draw(opening_of(face)) - Motions(shape_model()).resting_opening] for face in opened
    ]
    return Manner(np.zeros(MOTION_SIZE), np.array(openings).T)


def test_a_mouth_is_looked_at_at_all_openings():
    found = [opening_of(face) for face in Anticipate(shape_model()).opened(face_with(0.03))]
    np.testing.assert_allclose(found, OPENINGS, atol=3e-3)


def test_lips_that_stick_are_asked_to_open_more_and_end_up_where_they_should():
    anticipate, manner = Anticipate(shape_model()), manner_of(sticky)
    wanted = np.linspace(0.012, 0.065, 12)
    asked = [opening_of(anticipate(face_with(opening), manner)) for opening in wanted]
    plain = [sticky(opening) for opening in wanted]
    made_up = [sticky(opening) for opening in asked]
    assert np.abs(made_up - wanted).max() < 0.5 * np.abs(plain - wanted).max()
    assert np.corrcoef(wanted, made_up)[0, 1] > 0.99


def test_a_closed_mouth_stays_closed_and_one_that_is_drawn_as_asked_is_left_alone():
    anticipate = Anticipate(shape_model())
    closed = face_with(0.001)
    np.testing.assert_allclose(anticipate(closed, manner_of(sticky)).points, closed.points, atol=1e-3)
    for opening in (0.02, 0.05, 0.1):
        face = face_with(opening)
        moved = anticipate(face, manner_of(lambda asked: asked))
        assert opening_of(moved) == pytest.approx(opening_of(face), abs=1e-4)


def test_where_nobody_looked_at_openings_what_was_missed_speaks_for_the_mouth_too():
    face, missed = face_with(0.03), np.full(MOTION_SIZE, 0.02)
    asked = Anticipate(shape_model())(face, Manner(missed))
    assert opening_of(asked) > opening_of(face) + 0.01
    known = Anticipate(shape_model())(face, Manner(missed, manner_of(lambda opening: opening).openings))
    assert opening_of(known) == pytest.approx(opening_of(face), abs=3e-3)
