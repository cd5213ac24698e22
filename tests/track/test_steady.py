"""A drawn face that stays as it is stops trembling, and one that moves is shown as it is."""

import numpy as np
import pytest
from fakes import landmarks

from ganonymization.landmark.topology import LEFT_EYE, LIPS_OUTER, RIGHT_EYE
from ganonymization.surround import no_surround
from ganonymization.track.steady import LEAST, PatchSteadier
from ganonymization.types import Patch, Surround

SIZE_PX = 128
POINTS = landmarks(center=(64, 64), height_px=90).points


def patch(level, noise=0.0, seed=0):
    image = level + noise * np.random.default_rng(seed).standard_normal((SIZE_PX, SIZE_PX, 3))
    return Patch(np.clip(np.round(image), 0, 255).astype(np.uint8))


def shown(patches):
    steady = PatchSteadier()
    return [steady(one, POINTS, no_surround(SIZE_PX)).image.astype(int) for one in patches]


def around(*numbers):
    """The pixels around some landmarks."""
    x, y = POINTS[list(numbers), :2].mean(axis=0).round().astype(int)
    return np.s_[y - 2 : y + 3, x - 2 : x + 3]


CHEEK = around(50)
EYES = [around(*RIGHT_EYE), around(*LEFT_EYE), around(*LIPS_OUTER)]


def test_the_first_patch_is_shown_as_it_is():
    first = patch(100, noise=5)
    np.testing.assert_array_equal(shown([first])[0], first.image)


def test_tremble_is_averaged_on_the_skin():
    trembling = [patch(120, noise=1.5, seed=seed) for seed in range(12)]
    before = np.std([one.image[CHEEK].astype(int) for one in trembling], axis=0).mean()
    after = np.std([image[CHEEK] for image in shown(trembling)[4:]], axis=0).mean()
    assert after < 0.6 * before


def test_what_moves_is_shown_at_once():
    images = shown([patch(100), patch(100), patch(130), patch(90)])
    assert [int(image[CHEEK].mean()) for image in images] == [100, 100, 130, 90]


def test_a_slow_change_of_light_is_followed_closely():
    images = shown([patch(100 + step) for step in range(40)])
    assert abs(images[-1][CHEEK].mean() - 139) <= 1 / LEAST


def test_eyes_and_mouth_are_never_averaged():
    trembling = [patch(120, noise=1.5, seed=seed) for seed in range(6)]
    for image, one in zip(shown(trembling), trembling, strict=True):
        for part in EYES:
            np.testing.assert_array_equal(image[part], one.image[part])


@pytest.mark.parametrize("size_px", [64, 256])
def test_a_patch_of_another_size_begins_anew(size_px):
    steady = PatchSteadier()
    steady(patch(100), POINTS, no_surround(SIZE_PX))
    other = Patch(np.full((size_px, size_px, 3), 101, np.uint8))
    np.testing.assert_array_equal(steady(other, POINTS, no_surround(size_px)).image, other.image)


def test_the_last_patch_is_shown_again_as_long_as_nothing_around_it_changes():
    steady = PatchSteadier()
    assert steady.again(around_the_face(90)) is None
    steady(patch(100), POINTS, around_the_face(90))
    last = steady(patch(101), POINTS, around_the_face(90))
    np.testing.assert_array_equal(steady.again(around_the_face(91)).image, last.image)
    assert steady.again(around_the_face(120)) is None


def around_the_face(level):
    known = np.ones((SIZE_PX, SIZE_PX), np.float32)
    known[30:100, 40:90] = 0
    return Surround(np.full((SIZE_PX, SIZE_PX, 3), level, np.uint8), known, np.ones_like(known))
