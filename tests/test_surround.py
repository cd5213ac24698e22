import numpy as np
import pytest
from fakes import inside_hull, noise_picture, pose, shape
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.crop import cut
from ganonymization.geometry import invert, scale_of, square_from_image, transform
from ganonymization.region import hull, outline
from ganonymization.surround import MARGIN, cut_surround, is_grey, no_surround
from ganonymization.types import Crop

SIZE_PX = 64


def crop_of(image):
    return cut(image, np.eye(2, 3), size_px=SIZE_PX)


def face_outline(center=(32, 30), height_px=24, seed=None, **angles_deg):
    return outline(shape(seed), pose(center=center, height_px=height_px, **angles_deg), growth=1)


@given(
    center=st.tuples(st.floats(-10, 74), st.floats(-10, 74)), height_px=st.floats(4, 80), roll_deg=st.floats(-180, 180)
)
def test_nothing_inside_a_hull_is_handed_on_and_everything_outside_is(center, height_px, roll_deg):
    image = noise_picture(SIZE_PX, SIZE_PX) | 1
    points = face_outline(center, height_px, roll_deg=roll_deg)
    surround = cut_surround(crop_of(image), [points])
    removed = inside_hull(hull(points), SIZE_PX, SIZE_PX)
    np.testing.assert_array_equal(surround.known[removed], 0)
    np.testing.assert_array_equal(surround.image[surround.known == 0], 0)
    np.testing.assert_array_equal(surround.image[surround.known == 1], image[surround.known == 1])
    assert set(np.unique(surround.known)) <= {0, 1}
    center_of_hull = hull(points).mean(axis=0)
    grown = center_of_hull + (hull(points) - center_of_hull) * (1 + 30 / height_px)
    np.testing.assert_array_equal(surround.known[~inside_hull(grown, SIZE_PX, SIZE_PX)], 1)


def test_every_hull_is_removed():
    first, second = face_outline((14, 30), 16), face_outline((48, 34), 20)
    surround = cut_surround(crop_of(noise_picture(SIZE_PX, SIZE_PX)), [first, second])
    alone = [cut_surround(crop_of(noise_picture(SIZE_PX, SIZE_PX)), [points]).known for points in (first, second)]
    np.testing.assert_array_equal(surround.known, np.minimum(*alone))
    assert alone[0].min() == alone[1].min() == 0
    assert not np.array_equal(*alone)


def test_the_space_between_an_old_and_a_new_shape_in_one_set_is_removed_too():
    old, new = face_outline((18, 30), 16), face_outline((48, 30), 16)
    between = (slice(26, 34), 33)
    together = cut_surround(crop_of(noise_picture(SIZE_PX, SIZE_PX)), [np.concatenate([old, new])])
    apart = cut_surround(crop_of(noise_picture(SIZE_PX, SIZE_PX)), [old, new])
    np.testing.assert_array_equal(together.known[between], 0)
    np.testing.assert_array_equal(apart.known[between], 1)


def test_a_ring_around_the_hull_is_removed():
    square = np.array([[20, 20], [44, 20], [44, 44], [20, 44]], np.float32) * 4
    crop = cut(noise_picture(256, 256), np.eye(2, 3), size_px=256)
    known = cut_surround(crop, [square]).known
    ring_px = int(MARGIN * 256)
    assert ring_px >= 3
    np.testing.assert_array_equal(known[80 - ring_px : 176 + ring_px, 128], 0)
    np.testing.assert_array_equal(known[: 80 - ring_px - 2, 128], 1)


def test_pixels_beyond_the_picture_are_unknown():
    crop = cut(noise_picture(40, 40), np.eye(2, 3), size_px=SIZE_PX)
    surround = cut_surround(crop, [])
    np.testing.assert_array_equal(surround.known[:40, :40], 1)
    np.testing.assert_array_equal(surround.known[40:], 0)
    np.testing.assert_array_equal(surround.known[:, 40:], 0)
    np.testing.assert_array_equal(surround.valid, crop.valid)


def test_a_pixel_half_beyond_the_picture_is_unknown():
    valid = np.ones((SIZE_PX, SIZE_PX), np.float32)
    valid[5, 7] = 0.99
    surround = cut_surround(Crop(noise_picture(SIZE_PX, SIZE_PX), np.eye(2, 3), valid), [])
    assert surround.known[5, 7] == 0
    assert surround.known.sum() == SIZE_PX**2 - 1


@pytest.mark.parametrize("size_px", [64, 128])
@given(
    side_px=st.floats(10, 700),
    roll_rad=st.floats(-3, 3),
    shift=st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5)),
    seed=st.integers(0, 1000),
)
def test_no_pixel_of_the_picture_under_the_hull_reaches_the_surround(size_px, side_px, roll_rad, shift, seed):
    """Resampling looks at neighbours: also those must lie outside the hull, whether the crop is enlarged or shrunk."""
    image = noise_picture(240, 240, seed)
    crop_from_image = square_from_image((120, 120), side_px, roll_rad=roll_rad, size_px=size_px)
    points = outline(shape(seed), pose(center=(120 + shift[0], 120 + shift[1]), height_px=side_px / 1.6), growth=1)
    under = inside_hull(hull(points), 240, 240)
    scrambled = image.copy()
    scrambled[under] = np.random.default_rng(seed + 1).integers(0, 256, (under.sum(), 3))
    before, after = (
        cut_surround(cut(picture, crop_from_image, size_px=size_px), [transform(points, crop_from_image)])
        for picture in (image, scrambled)
    )
    np.testing.assert_array_equal(before.image, after.image)
    np.testing.assert_array_equal(before.known, after.known)
    corner = transform(np.array([[0.5, 0.5]], np.float32), invert(crop_from_image))
    assert scale_of(crop_from_image) < 0.3 or before.known[0, 0] == (corner.min() > 0 and corner.max() < 240)


def test_no_surround_knows_nothing_and_is_valid_everywhere():
    surround = no_surround(16)
    assert surround.image.shape == (16, 16, 3)
    assert not surround.image.any()
    np.testing.assert_array_equal(surround.known, np.zeros((16, 16)))
    np.testing.assert_array_equal(surround.valid, np.ones((16, 16)))


def test_grey_is_told_from_colour():
    colored = crop_of(noise_picture(SIZE_PX, SIZE_PX))
    grey = Crop(np.repeat(colored.image[..., :1], 3, axis=2), colored.crop_from_image, colored.valid)
    assert is_grey(cut_surround(grey, [face_outline()]))
    assert not is_grey(cut_surround(colored, [face_outline()]))
    assert not is_grey(no_surround(SIZE_PX))
