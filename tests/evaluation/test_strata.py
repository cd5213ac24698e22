import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.strata import (
    TONE_BANDS,
    by_age,
    by_bands,
    by_label,
    by_size,
    by_skin_tone,
    by_yaw,
    individual_typology_angle,
)


def named(strata):
    return {stratum.name: np.flatnonzero(stratum.members).tolist() for stratum in strata}


def lab_of(color):
    """CIELAB under D65 by the formulas of CIE 15 and IEC 61966-2-1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (level / 255 for level in color)]
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = matrix @ linear / [0.9505, 1, 1.089]
    root = lambda t: np.cbrt(t) if t > (6 / 29) ** 3 else t / (3 * (6 / 29) ** 2) + 4 / 29  # noqa: E731
    return 116 * root(y) - 16, 500 * (root(x) - root(y)), 200 * (root(y) - root(z))


@pytest.mark.parametrize("color", [(240, 200, 180), (190, 140, 110), (120, 80, 60), (60, 40, 30)])
def test_the_angle_is_the_textbook_formula(color):
    lightness, _, yellowness = lab_of(color)
    oracle = np.degrees(np.arctan((lightness - 50) / yellowness))
    assert individual_typology_angle(np.full((5, 3), color, np.uint8)) == pytest.approx(oracle, abs=0.5)


def test_darker_skin_has_the_smaller_angle_and_few_other_pixels_do_not_count():
    skin = np.full((9, 3), (200, 150, 120), np.uint8)
    spotted = skin.copy()
    spotted[:4] = 0
    assert individual_typology_angle(spotted) == individual_typology_angle(skin)
    assert individual_typology_angle(skin // 2) < 0 < individual_typology_angle(skin)


def test_blue_light_makes_no_leap():
    # lightness 50 and more without yellow: as light as it gets
    assert individual_typology_angle(np.full((1, 3), (150, 160, 250), np.uint8)) == pytest.approx(90)
    assert individual_typology_angle(np.full((1, 3), (20, 20, 90), np.uint8)) == pytest.approx(-90)


def test_no_skin_has_no_tone():
    with pytest.raises(NotMeasurableError, match="no pixels"):
        individual_typology_angle(np.zeros((0, 3), np.uint8))


@given(st.lists(st.floats(-90, 90) | st.just(float("nan")), min_size=1, max_size=30))
def test_every_face_is_in_one_stratum(values):
    strata = by_bands(np.array(values), TONE_BANDS)
    np.testing.assert_array_equal(np.sum([stratum.members for stratum in strata], axis=0), 1)


def test_bands_hold_their_lower_ends_and_unknown_values_come_last():
    assert named(by_bands(np.array([5.0, 10, np.nan, 9.99, -3]), ((0, "low"), (10, "high")))) == {
        "low": [0, 3, 4],
        "high": [1],
        "unknown": [2],
    }


def test_faces_are_divided_by_size_turn_tone_and_age():
    assert named(by_size(np.array([20.0, 64]))) == {"under 32 px": [0], "64 to 128 px": [1]}
    assert named(by_yaw(np.array([-40.0, 3]))) == {"frontal, under 15 deg": [1], "profile, 30 deg and more": [0]}
    assert list(named(by_skin_tone(np.array([60.0, -50, 20])))) == ["dark", "tan", "very light"]
    assert named(by_age([None, 20, 70])) == {"20 to 34 years": [1], "50 years and more": [2], "unknown": [0]}


def test_labels_are_sorted_and_missing_ones_come_last():
    assert named(by_label(["white", None, "black", "white"])) == {"black": [2], "white": [0, 3], "unknown": [1]}


def test_nobody_has_no_strata():
    assert by_label([]) == by_size(np.zeros(0)) == []
