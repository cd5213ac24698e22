"""Who suits a face, and that whoever is meant to last is never passed over."""

import numpy as np
import pytest
from fakes import landmarks, noise_picture

from ganonymization.anonymizer import MAX_ATTEMPTS, derive, draw_people
from ganonymization.appearance import Appearance
from ganonymization.casting import AGE_REACH, AGE_STEP, LEAN, SuitFace
from ganonymization.surround import no_surround
from ganonymization.synthesize.pix2pix import NOISE_SIZE, draw_noise
from ganonymization.types import Surround

SIZE_PX = 32
KNOWN = Surround(noise_picture(SIZE_PX, SIZE_PX), np.ones((SIZE_PX, SIZE_PX), np.float32), np.ones((SIZE_PX, SIZE_PX)))
FACE = landmarks(3)
SLOPES = np.random.default_rng(0).normal(size=(2, NOISE_SIZE)) * [[0.25], [3.0]]
SLOPES[1] += 10 * SLOPES[0]  # men look older
LINES = np.column_stack([[0.2, 37.0], SLOPES])
ADULT, CHILD = np.float32([0, 1, 0]), np.float32([0.9, 0.1, 0])
IDENTITIES = range(1500)


def reads(male=0.5, years=42.0, age=ADULT):
    appearance = Appearance(np.zeros(3, np.float32), 0.1, male, age, 0.0, years)
    return lambda _surround, _landmarks: appearance


def suiting(**seen):
    return set(filter(SuitFace(reads(**seen), LINES)(KNOWN, FACE), IDENTITIES))


def leans(identity):
    return LINES[0, 0] + draw_noise(identity) @ SLOPES[0]


def age(identity, *, is_child=False):
    """In deviations from the mean; of grown-ups, from the mean of those who are as manly."""
    manlier, older = (slopes / np.linalg.norm(slopes) for slopes in SLOPES)
    if not is_child:
        older = older - (older @ manlier) * manlier
        older /= np.linalg.norm(older)
    return draw_noise(identity) @ older


@pytest.mark.parametrize(("male", "sign"), [(0.9, 1), (0.1, -1)])
def test_only_those_suit_who_lean_as_the_face_does(male, sign):
    anybody = suiting()

    assert suiting(male=male) == {identity for identity in anybody if sign * leans(identity) >= LEAN}
    assert 20 < len(suiting(male=male)) < len(anybody) - 20


@pytest.mark.parametrize(
    ("seen", "wanted"),
    [({"years": 25.0}, -1), ({"years": 42.0}, 0), ({"years": 60.0}, 1), ({"years": 42.0, "age": CHILD}, -1)],
)
def test_only_those_suit_who_are_about_as_old(seen, wanted):
    ages = {identity: age(identity, is_child="age" in seen) for identity in IDENTITIES}
    near = {identity for identity in IDENTITIES if abs(ages[identity] - wanted * AGE_STEP) <= AGE_REACH}

    assert suiting(**seen) == near
    assert 100 < len(near) < 1000


def test_a_child_may_become_a_boy_or_a_girl():
    assert suiting(male=0.9, age=CHILD) == suiting(male=0.1, age=CHILD)


def test_an_old_man_is_not_older_by_being_more_of_a_man():
    young, old = (suiting(male=0.9, years=years) for years in (25.0, 60.0))
    assert abs(np.mean([leans(one) for one in young]) - np.mean([leans(one) for one in old])) < 0.2
    assert min(len(young), len(old)) > 20


def test_everybody_suits_where_nothing_is_known():
    for suits in (
        SuitFace(reads(0.9), LINES)(no_surround(SIZE_PX), FACE),
        SuitFace(reads(0.9), None)(KNOWN, FACE),
    ):
        assert all(suits(identity) for identity in range(50))


def test_a_generator_whose_people_are_all_of_one_age_has_somebody_for_everybody():
    ageless = np.vstack([LINES[0], np.zeros(1 + NOISE_SIZE)])
    suits = SuitFace(reads(), ageless)(KNOWN, FACE)
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
