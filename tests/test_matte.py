import numpy as np
import pytest
from fakes import inside_hull, landmarks
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.matte import Matte
from ganonymization.region import hull
from ganonymization.types import Patch, Surround

SIZE_PX = 128
FACE = landmarks(center=(64, 66), height_px=70)
ROWS, COLUMNS = np.mgrid[:SIZE_PX, :SIZE_PX]
HEAD = np.hypot((COLUMNS - 64) / 36, (ROWS - 64) / 46) < 1
REGION = np.hypot((COLUMNS - 64) / 46, (ROWS - 64) / 54) < 1
WALL = np.array([90, 120, 160], np.uint8)


def person(_image, /):
    return HEAD.astype(np.float32)


def surround(level=WALL, *, known=None):
    known = ~REGION if known is None else known
    image = np.where(known[..., None], level, 0).astype(np.uint8)
    return Surround(image, known.astype(np.float32), np.ones((SIZE_PX, SIZE_PX), np.float32))


def drawn(seed=0):
    """A face of noise with a white rim on the wall."""
    image = np.random.default_rng(seed).integers(0, 256, (SIZE_PX, SIZE_PX, 3), np.uint8)
    image[REGION & ~HEAD] = 255
    image[~REGION] = WALL
    return Patch(image)


def cleared(segment, patch, around):
    matte = Matte(segment)
    return matte(patch, around, FACE, person=matte.person(patch))


def test_a_rim_between_head_and_border_becomes_wall():
    rim = (np.hypot((COLUMNS - 64) / 40, (ROWS - 64) / 50) > 1) & REGION
    result = cleared(person, drawn(), surround()).image
    assert np.abs(result[rim].astype(int) - WALL).max() <= 3


@given(st.integers(0, 100))
def test_the_face_stays_bit_for_bit_even_where_nobody_is_seen(seed):
    face = inside_hull(hull(FACE.points), SIZE_PX, SIZE_PX)
    result = cleared(lambda _: np.zeros((SIZE_PX, SIZE_PX), np.float32), drawn(seed), surround()).image
    np.testing.assert_array_equal(result[face], drawn(seed).image[face])


def test_the_nearest_background_is_continued():
    left, right = (np.array(colour, np.uint8) for colour in ([30, 60, 30], [200, 180, 160]))
    result = cleared(person, drawn(), surround(np.where((COLUMNS < 64)[..., None], left, right))).image
    for column, colour in ((21, left), (106, right)):
        assert np.abs(result[64, column].astype(int) - colour).max() <= 12


@pytest.mark.parametrize("known", [np.zeros_like(HEAD), HEAD], ids=["nothing known", "persons only"])
def test_without_background_the_patch_stays(known):
    result = cleared(person, drawn(), surround(known=known))
    np.testing.assert_array_equal(result.image, drawn().image)
