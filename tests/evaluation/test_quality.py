import cv2
import numpy as np
import pytest
from fakes import noise_picture

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.quality import seam_energy, seam_ratio, sharpness, sharpness_ratio

CORNERS = np.array([[20, 20], [80, 20], [80, 80], [20, 80]], np.float32)
FLAT = np.full((100, 100, 3), 90, np.uint8)


def ramp(step):
    """Brightness that rises by `step` per pixel to the right."""
    levels = np.broadcast_to(np.arange(100) * step, (100, 100)).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=2)


def pasted(image, offset):
    result = image.copy()
    result[20:80, 20:80] += np.uint8(offset)
    return result


def test_sharpness_is_the_variance_of_the_laplacian_inside_the_hull():
    picture = noise_picture(100, 100)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(float)
    padded = np.pad(grey, 1)
    laplacian = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * grey
    assert sharpness(picture, CORNERS) == pytest.approx(laplacian[20:81, 20:81].var(), rel=1e-4)


def test_what_lies_outside_of_the_hull_does_not_count():
    picture = noise_picture(100, 100)
    other = picture.copy()
    other[:18] = other[83:] = 0
    assert sharpness(other, CORNERS) == sharpness(picture, CORNERS)


def test_an_unchanged_face_is_as_sharp_as_it_was_and_a_blurred_one_is_not():
    picture = noise_picture(100, 100)
    assert sharpness_ratio(picture, picture, CORNERS) == 1
    assert sharpness_ratio(picture, cv2.blur(picture, (9, 9)), CORNERS) < 0.05


def test_a_slope_changes_by_its_step_across_two_sides_and_along_the_two_others():
    energy = seam_energy(ramp(2), CORNERS)
    assert energy.across == pytest.approx(2 / 2, abs=0.05)
    assert energy.along == pytest.approx(2 / 2, abs=0.05)


def test_a_face_that_is_lighter_all_over_shows_a_seam_of_that_height():
    energy = seam_energy(pasted(FLAT, 40), CORNERS)
    assert energy.across == pytest.approx(40 / 4, rel=0.05)
    assert energy.along < 0.5  # at the corners only
    assert seam_ratio(FLAT, pasted(FLAT, 40), CORNERS) > 8


def test_an_unchanged_picture_has_no_seam():
    picture = noise_picture(100, 100)
    assert seam_ratio(picture, picture, CORNERS) == 1
    assert seam_energy(FLAT, CORNERS).ratio == 1


def test_a_change_that_fades_out_before_the_border_is_no_seam():
    changed = FLAT.copy()
    changed[30:70, 30:70] = 200
    assert seam_ratio(FLAT, changed, CORNERS) == 1


def test_a_border_outside_of_the_picture_is_not_looked_at():
    half_out = CORNERS - np.array([50, 0], np.float32)
    picture = FLAT.copy()
    picture[20:80, :30] += 40
    assert seam_energy(picture, half_out).across == pytest.approx(10, rel=0.05)
    with pytest.raises(NotMeasurableError, match="no seam"):
        seam_energy(picture, CORNERS + 500)


def test_a_face_outside_of_the_picture_and_a_flat_one_have_no_sharpness_ratio():
    with pytest.raises(NotMeasurableError, match="outside of the picture"):
        sharpness(FLAT, CORNERS + 500)
    with pytest.raises(NotMeasurableError, match="one brightness"):
        sharpness_ratio(FLAT, FLAT, CORNERS)
