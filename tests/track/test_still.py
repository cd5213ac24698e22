"""What may be shown again: a face that does what it did, in a surround that looks as it did."""

import numpy as np
import pytest
from fakes import landmarks

from ganonymization.landmark.topology import LEFT_EYE, LIPS_INNER, RIGHT_BROW
from ganonymization.track.still import LOOK_AGAIN, STILL, STILL_EYE, STILL_PART, Glimpse, Silhouette, Stillness
from ganonymization.types import Surround

FACE = landmarks(center=(0.5, 0.5), height_px=0.6).points[:, :2]


def moved(part, by):
    points = FACE.copy()
    points[list(part), 1] += by
    return points


def after_the_first(points):
    still = Stillness(1)
    assert not still(FACE)
    return still(points)


def test_tremble_is_stillness():
    tremble = np.random.default_rng(0).normal(0, 0.3 * STILL_PART, FACE.shape)
    assert after_the_first(FACE + tremble)


@pytest.mark.parametrize("part", [LEFT_EYE, LIPS_INNER, RIGHT_BROW, range(468, 473)])
def test_a_small_movement_of_one_part_is_none(part):
    assert not after_the_first(moved(part, 2.5 * STILL_PART))


@pytest.mark.parametrize(("part", "still"), [(LEFT_EYE, False), (range(468, 473), False), (RIGHT_BROW, True)])
def test_eyes_and_irises_may_move_less_than_brows(part, still):
    assert after_the_first(moved(part, (STILL_EYE + STILL_PART) / 2)) is still


def test_a_face_that_turns_a_little_everywhere_does_not_keep_still():
    assert not after_the_first(FACE + 1.1 * STILL)


def test_slow_movements_do_not_add_up_unseen():
    still = Stillness(1)
    answers = [still(FACE + 0.2 * STILL_PART * step) for step in range(12)]
    assert answers[:2] == [False, True]
    assert answers.count(False) >= 3


def surround(level, *, hand=False):
    image = np.full((256, 256, 3), level, np.uint8)
    known = np.ones((256, 256), np.float32)
    known[60:220, 60:200] = 0
    if hand:
        image[20:50, 10:50] = 230
    return Surround(image, known, np.ones_like(known))


def test_noise_of_a_camera_does_not_change_a_surround():
    noisy = surround(90)
    noisy.image[:] = np.clip(90 + np.random.default_rng(0).normal(0, 6, noisy.image.shape), 0, 255)
    assert Glimpse.of(noisy).is_like(Glimpse.of(surround(90)))


@pytest.mark.parametrize("other", [surround(94), surround(90, hand=True)], ids=["light", "hand"])
def test_light_or_a_hand_changes_it(other):
    assert not Glimpse.of(other).is_like(Glimpse.of(surround(90)))


def test_without_a_surround_nothing_can_change():
    empty = Surround(np.zeros((64, 64, 3), np.uint8), np.zeros((64, 64), np.float32), np.ones((64, 64), np.float32))
    assert Glimpse.of(empty).is_like(Glimpse.of(empty))


@pytest.mark.parametrize(("step_px", "looks"), [(0.0, 3), (0.5, 6), (5.0, 20)])
def test_a_silhouette_is_looked_for_again_when_the_head_moves_and_now_and_then(step_px, looks):
    made = []

    def look():
        made.append(np.full((256, 256), len(made), np.float32))
        return made[-1]

    silhouette = Silhouette()
    masks = [silhouette(256 * FACE + step_px * number, look) for number in range(20)]
    assert len(made) == pytest.approx(looks, abs=1)
    assert masks[-1] is made[-1]
    assert LOOK_AGAIN < 20
