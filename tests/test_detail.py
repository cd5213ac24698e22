"""Detail is damped where a drawn face has more of it than photos show."""

import cv2
import numpy as np
import pytest
from fakes import landmarks, noise_picture

from ganonymization.detail import FINE_PX, MOST_LEVELS, damp_detail
from ganonymization.palette import LUMA
from ganonymization.types import Patch

SIZE_PX = 256
POINTS = landmarks(3, center=(128, 128), height_px=150).points


def rough(levels):
    """A grey patch with grain of so many levels."""
    noise = noise_picture(SIZE_PX, SIZE_PX)[..., :1].astype(np.float32)
    grain = (noise - noise.mean()) / noise.std() * levels
    return Patch(np.clip(np.round(128 + np.repeat(grain, 3, axis=2)), 0, 255).astype(np.uint8))


def detail_of(patch):
    image = patch.image.astype(np.float32)
    fine = (image - cv2.GaussianBlur(image, (0, 0), FINE_PX)) @ LUMA
    return fine[88:168, 100:156].std()


def test_a_rough_face_is_damped_to_what_photos_show():
    patch = rough(20)
    damped = damp_detail(patch, POINTS, scale=1.5)
    assert detail_of(patch) > 2 * MOST_LEVELS
    assert detail_of(damped) == pytest.approx(MOST_LEVELS, rel=0.1)
    assert damped.image.mean() == pytest.approx(patch.image.mean(), abs=0.5)
    assert damped.image.dtype == np.uint8


def test_a_smooth_face_stays_as_it_is():
    patch = rough(4)
    assert damp_detail(patch, POINTS, scale=1.5) is patch


@pytest.mark.parametrize("scale", [0.5, 0.25])
def test_a_face_that_is_enlarged_keeps_more(scale):
    kept = damp_detail(rough(40), POINTS, scale=scale)
    assert detail_of(kept) == pytest.approx(MOST_LEVELS / scale, rel=0.1)


def test_what_is_coarse_stays():
    image = np.zeros((SIZE_PX, SIZE_PX, 3), np.uint8) + 90
    image[:, SIZE_PX // 2 :] = 170
    damped = damp_detail(Patch(image), POINTS, scale=1.0)
    np.testing.assert_allclose(damped.image[:, :100], 90, atol=1)
    np.testing.assert_allclose(damped.image[:, 156:], 170, atol=1)


def test_a_face_outside_of_its_patch_is_left_alone():
    patch = rough(20)
    assert damp_detail(patch, POINTS - 1000, scale=1.0) is patch
