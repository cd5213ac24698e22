"""The skin under the chin tells the tone of a face, where it is evenly lit."""

import numpy as np
import pytest
from fakes import landmarks

from ganonymization.landmark.topology import CHIN
from ganonymization.neck import HUE_TRUST, LIGHT_TRUST, with_neck
from ganonymization.palette import LUMA
from ganonymization.types import Surround

SIZE_PX = 200
FACE = landmarks(center=(100.0, 80.0), height_px=90.0)
TOP = int(FACE.points[CHIN, 1]) - 3

SUGGESTED = np.array([0.4, 0.1, -0.1], np.float32)
BROWN = np.array([110, 78, 60], np.float32)


def surround(neck, *, known=True):
    """A plain grey wall, a white shirt and a neck, (H, W, 3) or a colour; the face is cut out."""
    image = np.full((SIZE_PX, SIZE_PX, 3), 215, np.uint8)
    image[TOP:, 60:140] = neck
    mask = np.full((SIZE_PX, SIZE_PX), known, np.float32)
    mask[:TOP] = 0
    return Surround(image, mask, np.ones_like(mask))


def told(neck, face=FACE, **kind):
    return with_neck(SUGGESTED, surround(neck, **kind), face)


def light_and_hue(skin):
    logs = np.log((np.asarray(skin, np.float64) + 1) * 127.5 + 1)
    light = logs @ LUMA
    return light, logs - light


def test_an_even_neck_draws_the_light_most_of_the_way_and_the_hue_half_of_it():
    before, shown, after = (light_and_hue(skin) for skin in (SUGGESTED, BROWN / 127.5 - 1, told(BROWN)))
    assert (after[0] - before[0]) / (shown[0] - before[0]) == pytest.approx(LIGHT_TRUST, abs=0.01)
    np.testing.assert_allclose(after[1] - before[1], HUE_TRUST * (shown[1] - before[1]), atol=0.01)


def test_a_face_anywhere_and_of_any_size_is_found_again():
    roll = landmarks(center=(100.0, 80.0), height_px=70.0, roll_deg=8)
    np.testing.assert_allclose(told(BROWN, roll), told(BROWN), atol=0.01)


def stripes(dark):
    """A neck of which every other few rows lie in the shade."""
    rows = np.where(np.arange(SIZE_PX - TOP) // 6 % 2, dark, 1.0)
    return (rows[:, None, None] * BROWN).repeat(80, axis=1).astype(np.uint8)


@pytest.mark.parametrize(
    ("neck", "kind"),
    [
        (stripes(0.5), {}),
        (np.array([40, 60, 120]), {}),
        (np.array([90, 90, 90]), {}),
        (np.array([4, 3, 2]), {}),
        (BROWN, {"known": False}),
    ],
    ids=["a shadow", "blue clothes", "a grey picture", "darkness", "nothing known"],
)
def test_what_is_no_evenly_lit_skin_has_no_say(neck, kind):
    np.testing.assert_allclose(told(neck, **kind), SUGGESTED, atol=1e-6)


def test_the_less_even_a_neck_is_the_less_it_counts():
    light = [light_and_hue(told(stripes(dark)))[0] for dark in (1.0, 0.77, 0.7)]
    assert light[0] < light[1] < light[2] <= light_and_hue(SUGGESTED)[0] + 1e-6


def test_a_motley_neck_has_no_say():
    rng = np.random.default_rng(0)
    motley = BROWN + np.array([1, 0, -1]) * rng.uniform(-12, 12, (SIZE_PX - TOP, 80, 1))
    np.testing.assert_allclose(told(motley.astype(np.uint8)), SUGGESTED, atol=1e-6)


def test_a_chin_at_the_edge_of_the_picture_shows_no_neck():
    low = landmarks(center=(100.0, 260.0), height_px=90.0)
    np.testing.assert_allclose(told(BROWN, low), SUGGESTED, atol=1e-6)


@pytest.mark.parametrize("skin", [-1.0, 1.0])
def test_the_colour_stays_in_its_range(skin):
    found = with_neck(np.full(3, skin, np.float32), surround(BROWN), FACE)
    assert found.dtype == np.float32
    assert np.abs(found).max() <= 1
