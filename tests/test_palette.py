import numpy as np
import pytest

from ganonymization.palette import (
    BEARD,
    LUMA,
    PALETTE_FIELDS,
    SKIN,
    SPREAD,
    brighten_palette,
    grey_palette,
    scale_palette,
)

PALETTE = np.linspace(-0.5, 0.5, 16).astype(np.float32)


def test_the_named_places_are_those_of_the_fields():
    assert PALETTE_FIELDS[SKIN] == ("skin_red", "skin_green", "skin_blue")
    assert PALETTE_FIELDS[SPREAD] == "skin_spread"
    assert PALETTE_FIELDS[BEARD] == ("beard_red", "beard_green", "beard_blue")


def test_a_grey_palette_keeps_brightness_and_has_no_colour():
    grey = np.delete(grey_palette(PALETTE), SPREAD).reshape(5, 3)
    colors = np.delete(PALETTE, SPREAD).reshape(5, 3)
    assert np.ptp(grey, axis=1).max() == 0
    np.testing.assert_allclose(grey[:, 0], colors @ LUMA, atol=1e-6)
    assert grey_palette(PALETTE)[SPREAD] == PALETTE[SPREAD]


def test_half_the_light_halves_every_colour_and_the_spread():
    dark = scale_palette(PALETTE, np.full(3, 0.5))
    colors = np.delete(PALETTE, SPREAD)
    np.testing.assert_allclose(np.delete(dark, SPREAD) + 1, (colors + 1) / 2, atol=1e-6)
    assert dark[SPREAD] == pytest.approx(PALETTE[SPREAD] / 2)


def test_scaling_never_leaves_the_range_of_colours():
    assert np.abs(scale_palette(PALETTE, np.array([9.0, 0.0, 3.0]))).max() <= 4
    assert np.abs(np.delete(scale_palette(PALETTE, np.array([9.0, 0.0, 3.0])), SPREAD)).max() <= 1


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.4])
def test_a_palette_is_raised_as_its_pixels_are(exponent):
    """Skin of two levels, close to each other."""
    levels = np.array([0.55, 0.57])
    palette = PALETTE.copy()
    palette[SKIN], palette[SPREAD] = 2 * levels.mean() - 1, 2 * levels.std()
    found = brighten_palette(palette, exponent)
    np.testing.assert_allclose(found[SKIN], 2 * (levels**exponent).mean() - 1, atol=1e-3)
    assert found[SPREAD] == pytest.approx(2 * (levels**exponent).std(), rel=1e-2)
