"""Who suits a surround, and that whoever is meant to last is never passed over."""

import numpy as np
import pytest
from fakes import noise_picture

from ganonymization.anonymizer import MAX_ATTEMPTS, derive, draw_people
from ganonymization.appearance import Appearance
from ganonymization.casting import LEAN, SuitSurround
from ganonymization.surround import no_surround
from ganonymization.synthesize.pix2pix import NOISE_SIZE, draw_noise
from ganonymization.types import Surround

SIZE_PX = 32
KNOWN = Surround(noise_picture(SIZE_PX, SIZE_PX), np.ones((SIZE_PX, SIZE_PX), np.float32), np.ones((SIZE_PX, SIZE_PX)))
LINE = np.concatenate([[0.2], np.random.default_rng(0).normal(size=NOISE_SIZE) / 4])


def reads(male):
    appearance = Appearance(np.zeros(3, np.float32), 0.1, male, np.array([0, 1, 0], np.float32), 0.0)
    return lambda _surround: appearance


def leans(identity):
    return LINE[0] + draw_noise(identity) @ LINE[1:]


@pytest.mark.parametrize(("male", "sign"), [(0.9, 1), (0.1, -1)])
def test_only_those_suit_who_lean_as_the_surround_does(male, sign):
    suits = SuitSurround(reads(male), LINE)(KNOWN)
    chosen = {identity for identity in range(200) if suits(identity)}

    assert chosen == {identity for identity in range(200) if sign * leans(identity) >= LEAN}
    assert 20 < len(chosen) < 180


def test_everybody_suits_a_surround_that_says_nothing():
    for suits in (
        SuitSurround(reads(0.5), LINE)(KNOWN),
        SuitSurround(reads(0.9), LINE)(no_surround(SIZE_PX)),
        SuitSurround(reads(0.9), None)(KNOWN),
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
