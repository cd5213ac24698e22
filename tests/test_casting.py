"""Who suits a face, and that whoever is meant to last is never passed over."""

import numpy as np
import pytest
from fakes import landmarks, noise_picture

from ganonymization.anonymizer import MAX_ATTEMPTS, derive, draw_people
from ganonymization.appearance import Appearance
from ganonymization.casting import FARTHEST, LEAN, LITTLE, YOUNGEST, SuitFace
from ganonymization.surround import no_surround
from ganonymization.synthesize.pix2pix import NOISE_SIZE, draw_noise
from ganonymization.types import Surround

SIZE_PX = 32
KNOWN = Surround(noise_picture(SIZE_PX, SIZE_PX), np.ones((SIZE_PX, SIZE_PX), np.float32), np.ones((SIZE_PX, SIZE_PX)))
FACE = landmarks(3)
SLOPES = np.random.default_rng(0).normal(size=(2, NOISE_SIZE)) * [[0.25], [3.0]]
SLOPES[1] += 10 * SLOPES[0]  # men look older
LINES = np.column_stack([[0.2, 37.0], SLOPES])
ADULT, OLD, CHILD = np.float32([[0, 1, 0], [0, 0.1, 0.9], [0.9, 0.1, 0]])
IDENTITIES = range(1500)


def reads(male=0.5, age=ADULT):
    appearance = Appearance(np.zeros(3, np.float32), 0.1, male, age, 0.0)
    return lambda _surround, _landmarks: appearance


def suiting(**seen):
    return set(filter(SuitFace(reads(**seen), LINES)(KNOWN, FACE), IDENTITIES))


def leans(identity):
    return LINES[0, 0] + draw_noise(identity) @ SLOPES[0]


@pytest.mark.parametrize(("male", "sign"), [(0.9, 1), (0.1, -1)])
def test_only_those_suit_who_lean_as_the_face_does(male, sign):
    enough = min(LEAN, sign * LINES[0, 0] + FARTHEST * np.linalg.norm(SLOPES[0]))

    assert suiting(male=male) == {identity for identity in IDENTITIES if sign * leans(identity) >= enough}
    assert 50 < len(suiting(male=male)) < 500


def test_a_generator_of_few_men_has_some_for_everybody():
    women = LINES - [[6.0], [0.0]] * np.eye(1, 1 + NOISE_SIZE)
    suits = SuitFace(reads(male=0.9), women)(KNOWN, FACE)
    assert 20 < sum(map(suits, IDENTITIES)) < 200


def test_whoever_leans_little_suits_a_face_that_might_be_of_either_sex():
    assert suiting(male=0.5) == {identity for identity in IDENTITIES if abs(leans(identity)) <= LITTLE}
    assert {leans(identity) > 0 for identity in suiting(male=0.5)} == {True, False}


@pytest.mark.parametrize("bias", [-6.0, 6.0])
def test_a_generator_of_one_sex_has_somebody_for_a_face_that_might_be_of_either(bias):
    one_sided = LINES + [[bias], [0.0]] * np.eye(1, 1 + NOISE_SIZE)
    suits = SuitFace(reads(male=0.5), one_sided)(KNOWN, FACE)
    assert sum(map(suits, IDENTITIES)) > 200


def test_a_child_becomes_one_of_the_youngest_who_lean_towards_a_woman_boy_or_girl():
    ages = {identity: draw_noise(identity) @ SLOPES[1] / np.linalg.norm(SLOPES[1]) for identity in IDENTITIES}
    young = {identity for identity in IDENTITIES if ages[identity] <= YOUNGEST and leans(identity) <= 0}

    assert suiting(male=0.9, age=CHILD) == suiting(male=0.1, age=CHILD) == young
    assert 100 < len(young) < 600


def test_a_generator_of_few_women_has_somebody_for_children():
    men = LINES + [[6.0], [0.0]] * np.eye(1, 1 + NOISE_SIZE)
    suits = SuitFace(reads(age=CHILD), men)(KNOWN, FACE)
    assert 50 < sum(map(suits, IDENTITIES)) < 400


def test_the_age_of_grown_ups_is_left_to_chance():
    assert suiting(male=0.9, age=ADULT) == suiting(male=0.9, age=OLD)


def test_everybody_suits_where_nothing_is_known():
    for suits in (
        SuitFace(reads(0.9), LINES)(no_surround(SIZE_PX), FACE),
        SuitFace(reads(0.9), None)(KNOWN, FACE),
    ):
        assert all(suits(identity) for identity in range(50))


def test_people_are_drawn_in_order_and_those_who_do_not_suit_are_passed_over():
    everybody = [derive(5, index) for index in range(60)]
    assert list(draw_people(5)) == everybody[:MAX_ATTEMPTS]
    assert list(draw_people(5, tried=3)) == everybody[3 : 3 + MAX_ATTEMPTS]
    suits = set(everybody[::2]).__contains__
    assert list(draw_people(5, suits)) == everybody[::2][:MAX_ATTEMPTS]
    assert list(draw_people(5, suits, tried=2)) == everybody[::2][2 : 2 + MAX_ATTEMPTS]


def test_if_nobody_suits_anybody_does():
    assert list(draw_people(5, lambda _identity: False)) == list(draw_people(5))
