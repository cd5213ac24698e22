"""Smoothing: still faces stop trembling, and what a face does comes through in time."""

import fakes
import numpy as np
import pytest

from ganonymization.shape import FUNCTIONAL_NAMES, expression_functionals
from ganonymization.track.smooth import SHAPE, LandmarkSmoother, OneEuro, Softness
from ganonymization.types import Landmarks

STEP_S = 1 / 25
LIDS = FUNCTIONAL_NAMES.index("right_lids")
MOUTH = FUNCTIONAL_NAMES.index("mouth_open")


def blink(frames=40, *, at=20, depth=0.03):
    """Opening of lids: shut within two frames, and open again."""
    course = np.zeros(frames)
    course[at : at + 6] = -depth * np.array([0.5, 1.0, 1.0, 0.7, 0.4, 0.15])
    return course


def act(course, measure, *, noise=0.0, seed=0):
    """Shapes, (F, 478, 3), in which one measure takes a course."""
    row = expression_functionals()[measure].reshape(478, 3)
    direction = row / (row**2).sum()
    rng = np.random.default_rng(seed)
    return [fakes.shape() + value * direction + noise * rng.standard_normal((478, 3)) for value in course]


def smooth(shapes, **place):
    smoother, pose = LandmarkSmoother(fakes.shape_model()), fakes.pose(**place)
    found = [Landmarks(pose.apply(shape).astype(np.float32)) for shape in shapes]
    return [smoother(landmarks, number * STEP_S) for number, landmarks in enumerate(found)]


def measured(landmarks, measure):
    model = fakes.shape_model()
    return np.array([expression_functionals()[measure] @ model.shape_of(one).ravel() for one in landmarks])


def delay(course, result):
    """Frames by which a course must be moved to be most like the result."""
    scores = [np.corrcoef(course[: len(course) - lag], result[lag:])[0, 1] for lag in range(5)]
    return int(np.argmax(scores))


@pytest.mark.parametrize("measure", [LIDS, MOUTH])
def test_a_blink_and_a_word_come_through_at_once(measure):
    result = measured(smooth(act(blink(), measure), height_px=150), measure)
    change = result - result[0]

    assert delay(blink(), change) == 0
    assert np.corrcoef(blink(), change)[0, 1] > 0.97
    assert change.min() < -0.8 * 0.03


def test_a_still_face_trembles_less():
    shapes = act(np.zeros(80), MOUTH, noise=0.001)
    raw = np.stack(shapes)[10:]
    result = np.stack([fakes.shape_model().shape_of(one) for one in smooth(shapes, height_px=150)])[10:]

    assert np.diff(result, axis=0).std() < 0.6 * np.diff(raw, axis=0).std()


def test_a_face_that_does_not_move_is_left_as_it_is():
    (first, *_, last) = smooth(act(np.zeros(10), MOUTH), height_px=120, yaw_deg=20)

    np.testing.assert_allclose(last.points, first.points, atol=0.01)


def test_a_moving_head_is_not_left_behind():
    smoother, places = LandmarkSmoother(fakes.shape_model()), []
    for number in range(30):
        landmarks = fakes.landmarks(center=(100.0 + 8 * number, 100.0), height_px=100)
        places.append(smoother(landmarks, number * STEP_S).points[:, 0].mean() - landmarks.points[:, 0].mean())

    assert max(abs(place) for place in places) < 8


def test_the_filter_follows_its_closed_form():
    smooth_one = OneEuro(Softness(least_hz=1.0, gain=0.0))
    share = 2 * np.pi * STEP_S / (2 * np.pi * STEP_S + 1)
    smooth_one(np.zeros((1, 1)), 0.0)

    values = [smooth_one(np.ones((1, 1)), STEP_S)[0, 0] for _ in range(10)]

    np.testing.assert_allclose(values, 1 - (1 - share) ** np.arange(1, 11))


def test_fast_points_are_smoothed_less():
    slow, fast = OneEuro(SHAPE), OneEuro(SHAPE)
    slow(np.zeros((1, 3)), 0.0), fast(np.zeros((1, 3)), 0.0)

    assert slow(np.full((1, 3), 0.0001), STEP_S)[0, 0] / 0.0001 < 0.6
    assert fast(np.full((1, 3), 0.05), STEP_S)[0, 0] / 0.05 > 0.9
