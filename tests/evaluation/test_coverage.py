import numpy as np
import pytest

from ganonymization.evaluation.coverage import Change, change_inside, coverage
from ganonymization.types import Box


def picture():
    return np.full((40, 60, 3), 100, np.uint8)


def test_a_quarter_of_a_box_that_changed_by_twenty_levels_is_measured_as_such():
    after = picture()
    after[10:15, 10:15] += 20
    change = change_inside(picture(), after, Box(10, 10, 20, 20))
    assert change == Change(mean_levels=5.0, changed_share=0.25)
    assert not change.covered


def test_what_changes_outside_of_the_box_does_not_count():
    after = picture()
    after[:, 30:] = 0
    assert change_inside(picture(), after, Box(10, 10, 20, 20)) == Change(0.0, 0.0)


def test_darker_counts_like_brighter():
    after = picture() - 50
    assert change_inside(picture(), after, Box(0, 0, 60, 40)) == Change(50.0, 1.0)


def test_noise_of_compression_does_not_cover():
    assert not change_inside(picture(), picture() + 2, Box(0, 0, 60, 40)).covered


def test_of_a_box_half_outside_only_the_inside_counts():
    after = picture()
    after[:20, :10] = 255
    assert change_inside(picture(), after, Box(-30, -5, 10, 20)).changed_share == 1


def test_coverage_is_the_share_of_covered_faces():
    assert coverage([Change(9, 1.0), Change(9, 0.6), Change(0, 0.0), Change(1, 0.4)]) == 0.5


def test_no_faces_have_no_coverage():
    with pytest.raises(ValueError, match="no reference faces"):
        coverage([])


def test_a_box_outside_of_the_picture_and_pictures_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="outside"):
        change_inside(picture(), picture(), Box(70, 0, 80, 10))
    with pytest.raises(ValueError, match="differ in size"):
        change_inside(picture(), picture()[:30], Box(0, 0, 10, 10))
