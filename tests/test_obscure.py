import numpy as np
import pytest
from fakes import noise_picture
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.obscure import FILL, SolidFill
from ganonymization.types import Box, Face

HEIGHT, WIDTH = 60, 80
KEYPOINTS = np.zeros((5, 2), np.float32)


def face_in(*edges):
    return Face(Box(*edges), 0.9, KEYPOINTS)


def pixels_of(box):
    """Rows and columns of the pixels that a box touches."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    touched_rows = (rows < box.bottom) & (rows + 1 > box.top)
    return touched_rows & (columns < box.right) & (columns + 1 > box.left)


boxes = st.builds(
    lambda left, top, width, height: Box(left, top, left + width, top + height),
    st.floats(-200, 200),
    st.floats(-200, 200),
    st.floats(0, 150),
    st.floats(0, 150),
)


@given(boxes)
def test_every_pixel_of_the_box_has_the_fill_colour(box):
    image = noise_picture(HEIGHT, WIDTH)
    covered = SolidFill()(image, Face(box, 0.9, KEYPOINTS))
    assert (covered[pixels_of(box)] == FILL).all()


@given(boxes)
def test_pixels_well_away_from_the_box_stay(box):
    image = noise_picture(HEIGHT, WIDTH)
    covered = SolidFill()(image, Face(box, 0.9, KEYPOINTS))
    x_slack, y_slack = 0.3 * max(box.width, 2) + 2, 0.3 * max(box.height, 2) + 2
    wide = Box(box.left - x_slack, box.top - y_slack, box.right + x_slack, box.bottom + y_slack)
    np.testing.assert_array_equal(covered[~pixels_of(wide)], image[~pixels_of(wide)])


@pytest.mark.parametrize(
    "edges",
    [(-20, 10, 20, 40), (60, 40, 120, 100), (-1e5, -1e5, 1e5, 1e5), (-3e4, 10, 40, 20), (0, 0, WIDTH, HEIGHT)],
    ids=["over the left edge", "over the corner", "around everything", "very wide", "the whole picture"],
)
def test_a_box_that_reaches_beyond_the_picture_is_covered_inside_it(edges):
    face = face_in(*edges)
    covered = SolidFill()(noise_picture(HEIGHT, WIDTH), face)
    assert (covered[pixels_of(face.box)] == FILL).all()


@pytest.mark.parametrize("edges", [(200, 200, 240, 240), (-90, -90, -50, -50), (1e9, 0, 1e9 + 10, 10)])
def test_a_box_wholly_outside_changes_nothing(edges):
    image = noise_picture(HEIGHT, WIDTH)
    np.testing.assert_array_equal(SolidFill()(image, face_in(*edges)), image)


def test_the_input_is_not_changed():
    image = noise_picture(HEIGHT, WIDTH)
    before = image.copy()
    SolidFill()(image, face_in(10, 10, 50, 50))
    np.testing.assert_array_equal(image, before)


def test_nothing_of_the_face_shows_in_the_cover():
    face = face_in(20, 15, 50, 45)
    first, second = (SolidFill()(noise_picture(HEIGHT, WIDTH, seed), face) for seed in (1, 2))
    changed = (first != noise_picture(HEIGHT, WIDTH, 1)).any(axis=2)
    np.testing.assert_array_equal(first[changed], np.tile(FILL, (changed.sum(), 1)))
    np.testing.assert_array_equal(second[pixels_of(face.box)], first[pixels_of(face.box)])
