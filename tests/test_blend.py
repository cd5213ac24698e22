import cv2
import numpy as np
import pytest
from fakes import inside_hull, noise_picture, pose, shape
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.blend import MAX_LIGHT_SHIFT, SeamlessBlend, blend_mask, match_light, missing_grain
from ganonymization.crop import cut
from ganonymization.geometry import square_from_image, transform
from ganonymization.region import hull, outline
from ganonymization.surround import cut_surround, ring_px
from ganonymization.types import Crop, Patch

SIZE_PX = 96
PICTURE_PX = 200

SIDES_PX = st.floats(12, 600)
ROLLS = st.floats(-3, 3)
OFFSETS = st.tuples(st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))


def wall(level, size_px=PICTURE_PX):
    return np.full((size_px, size_px, 3), level, np.uint8)


class Placed:
    """A face in a picture with its crop, hull, surround and mask, as the anonymizer makes them."""

    def __init__(self, image, *, side_px=80.0, roll_rad=0.0, center=(100.0, 100.0), seed=None):
        points = outline(shape(seed), pose(center, side_px / 1.6, roll_deg=np.degrees(roll_rad)), growth=1)
        self.corners = hull(points)
        self.crop_from_image = square_from_image(center, side_px, roll_rad=roll_rad, size_px=SIZE_PX)
        crop = cut(image, self.crop_from_image, size_px=SIZE_PX)
        own = transform(points, self.crop_from_image)
        surround = cut_surround(crop, [own])
        self.crop = Crop(surround.image, self.crop_from_image, surround.known)
        self.mask = blend_mask(own, size_px=SIZE_PX, ring_px=ring_px(crop))
        self.own = own

    def under_hull(self):
        return inside_hull(self.corners, PICTURE_PX, PICTURE_PX)


def distance_px(where):
    """Distance of pixels outside `where` from it."""
    return cv2.distanceTransform((~where).astype(np.uint8), cv2.DIST_L2, 5)


@given(SIDES_PX, ROLLS, OFFSETS, st.integers(0, 50))
def test_the_result_does_not_depend_on_the_picture_under_the_hull(side_px, roll_rad, offset, seed):
    image, patch = noise_picture(PICTURE_PX, PICTURE_PX, seed), Patch(noise_picture(SIZE_PX, SIZE_PX, seed + 1))
    center = (100 + offset[0], 100 + offset[1])
    under = Placed(image, side_px=side_px, roll_rad=roll_rad, center=center, seed=seed).under_hull()
    scrambled = image.copy()
    scrambled[under] = np.random.default_rng(seed + 2).integers(0, 256, (under.sum(), 3))
    results = []
    for picture in (image, scrambled):
        placed = Placed(picture, side_px=side_px, roll_rad=roll_rad, center=center, seed=seed)
        results.append(SeamlessBlend()(picture, placed.crop, patch, placed.mask))
    np.testing.assert_array_equal(*results)


@given(SIDES_PX, ROLLS, OFFSETS, st.integers(0, 50))
def test_outside_the_mask_every_byte_stays(side_px, roll_rad, offset, seed):
    image = noise_picture(PICTURE_PX, PICTURE_PX, seed)
    placed = Placed(image, side_px=side_px, roll_rad=roll_rad, center=(100 + offset[0], 100 + offset[1]))
    result = SeamlessBlend()(image, placed.crop, Patch(noise_picture(SIZE_PX, SIZE_PX)), placed.mask)
    scale = side_px / SIZE_PX
    away = distance_px(placed.under_hull()) > 2 + scale * (2 * ring_px(placed.crop) + 4)
    np.testing.assert_array_equal(result[away], image[away])
    assert (result[placed.under_hull()] != image[placed.under_hull()]).any()
    assert result.dtype == np.uint8


def test_inside_the_hull_the_patch_shows_as_it_is_where_light_and_grain_agree():
    image = wall(120)
    center, side_px = (100.0, 100.0), float(SIZE_PX)
    placed = Placed(image, side_px=side_px, center=center)
    drawn = wall(120, SIZE_PX)
    rows, columns = np.mgrid[:SIZE_PX, :SIZE_PX]
    drawn[placed.crop.valid <= 0] = np.stack([rows + 60, columns + 40, rows + 20], axis=-1)[placed.crop.valid <= 0]
    result = SeamlessBlend()(image, placed.crop, Patch(drawn), placed.mask)
    shift = 100 - SIZE_PX // 2
    part = result[shift : shift + SIZE_PX, shift : shift + SIZE_PX]
    solid = placed.mask == 1
    np.testing.assert_array_equal(part[solid], drawn[solid])
    np.testing.assert_array_equal(part[placed.mask == 0], 120)


@pytest.mark.parametrize("darker", [0, 8, 25, -30])
@pytest.mark.parametrize("side_px", [60.0, 96.0, 150.0])
def test_there_is_no_seam_on_a_plain_wall(darker, side_px):
    """A patch in a light of its own: no step of more than two grey levels along any line across the hull."""
    placed = Placed(wall(150), side_px=side_px)
    patch = Patch(wall(150 - darker, SIZE_PX))
    result = SeamlessBlend()(wall(150), placed.crop, patch, placed.mask).astype(int)
    near_hull = (distance_px(placed.under_hull()) < 4) & (distance_px(~placed.under_hull()) < 4)
    for axis in (0, 1):
        steps = np.abs(np.diff(result, axis=axis)).max(axis=2)
        assert steps[near_hull.take(range(1, PICTURE_PX), axis=axis)].max() <= 2
    ring = (distance_px(placed.under_hull()) < 1.5) & ~placed.under_hull()
    edge = (distance_px(~placed.under_hull()) < 1.5) & placed.under_hull()
    assert abs(result[ring].mean() - result[edge].mean()) <= 2


def test_light_that_changes_along_the_hull_is_met_all_along():
    image = wall(110)
    image[(np.arange(PICTURE_PX) // 25) % 2 == 1] = 160
    placed = Placed(image, side_px=float(SIZE_PX))
    result = SeamlessBlend()(image, placed.crop, Patch(wall(135, SIZE_PX)), placed.mask).astype(int)
    for row in (87, 112):  # the middles of two bands that cross the face
        first, last = np.flatnonzero(placed.under_hull()[row])[[0, -1]]
        assert abs(result[row, first : first + 2].mean() - image[row, 0, 0]) < 12
        assert abs(result[row, last - 2 : last].mean() - image[row, 0, 0]) < 12


def test_the_patch_takes_the_light_of_the_surround_and_keeps_its_own_detail():
    image = wall(150)
    placed = Placed(image, side_px=float(SIZE_PX))
    detail = noise_picture(SIZE_PX, SIZE_PX)[..., :1] // 16
    lit = match_light(wall(120, SIZE_PX) + detail, placed.crop.image, placed.crop.valid)
    edge = (distance_px(placed.crop.valid > 0) < 2) & (placed.crop.valid == 0)
    assert lit[edge].mean() == pytest.approx(150, abs=4)
    assert (lit - detail)[edge].std() < 3


def test_light_is_shifted_by_no_more_than_the_limit():
    crop, patch = wall(250, SIZE_PX), wall(20, SIZE_PX)
    lit = match_light(patch, crop, np.ones((SIZE_PX, SIZE_PX), np.float32))
    np.testing.assert_allclose(lit, 20 + MAX_LIGHT_SHIFT, atol=1e-3)


def test_light_stays_where_nothing_is_known():
    patch = noise_picture(SIZE_PX, SIZE_PX)
    lit = match_light(patch, wall(0, SIZE_PX), np.zeros((SIZE_PX, SIZE_PX), np.float32))
    np.testing.assert_array_equal(lit, patch)


def grainy(level, deviation, size_px, seed=0):
    grain = np.random.default_rng(seed).normal(0, deviation, (size_px, size_px, 1))
    return np.clip(np.round(level + grain), 0, 255).astype(np.uint8).repeat(3, axis=2)


@pytest.mark.parametrize("deviation", [3.0, 8.0, 16.0])
def test_missing_grain_is_the_deviation_of_the_noise_that_the_patch_lacks(deviation):
    trusted = np.ones((128, 128), np.float32)
    trusted[32:96, 32:96] = 0
    smooth = wall(128, 128).astype(np.float32)
    assert missing_grain(smooth, grainy(128, deviation, 128), trusted) == pytest.approx(deviation, rel=0.15)
    half = grainy(128, 0.6 * deviation, 128, seed=1).astype(np.float32)
    assert missing_grain(half, grainy(128, deviation, 128), trusted) == pytest.approx(0.8 * deviation, rel=0.2)


def test_detail_too_fine_for_a_small_face_is_averaged_and_not_sampled():
    placed = Placed(wall(128), side_px=SIZE_PX / 4)
    checks = np.where(np.indices((SIZE_PX, SIZE_PX)).sum(axis=0) % 2, 158, 98).astype(np.uint8)
    drawn = checks[..., None].repeat(3, axis=2)
    drawn[placed.crop.valid > 0] = 128
    result = SeamlessBlend()(wall(128), placed.crop, Patch(drawn), placed.mask).astype(int)
    assert np.abs(result - 128).max() < 6


def stripes_in(side_px):
    """Deviation of fine stripes on a face of that size, as it comes out in the picture."""
    placed = Placed(wall(128), side_px=side_px)
    stripes = 128 + 20 * np.sin(np.arange(SIZE_PX) * np.pi / 2.5)
    drawn = np.round(stripes)[:, None, None].repeat(SIZE_PX, axis=1).repeat(3, axis=2).astype(np.uint8)
    drawn[placed.crop.valid > 0] = 128
    result = SeamlessBlend()(wall(128), placed.crop, Patch(drawn), placed.mask)
    return result[placed.under_hull()].std()


def test_an_enlarged_face_is_sharpened_and_one_of_its_own_size_is_not():
    one, little, third, twice = (
        stripes_in(side_px) for side_px in (1.0 * SIZE_PX, 1.1 * SIZE_PX, 4 / 3 * SIZE_PX, 2.0 * SIZE_PX)
    )
    assert one == pytest.approx(20 / np.sqrt(2), rel=0.06)
    assert one < little < third
    assert twice == pytest.approx(third, rel=0.15)
    assert third > 1.25 * one


def test_sharpening_leaves_a_plain_face_as_it_is():
    placed = Placed(wall(128), side_px=2.0 * SIZE_PX)
    result = SeamlessBlend()(wall(128), placed.crop, Patch(wall(128, SIZE_PX)), placed.mask)
    np.testing.assert_array_equal(result, 128)


def test_no_grain_is_missing_where_the_patch_has_more_or_nothing_is_known():
    trusted = np.ones((128, 128), np.float32)
    trusted[32:96, 32:96] = 0
    assert missing_grain(grainy(128, 9, 128).astype(np.float32), wall(128, 128), trusted) == 0
    assert missing_grain(wall(9, 128).astype(np.float32), grainy(128, 9, 128), np.zeros_like(trusted)) == 0


def test_a_smooth_patch_on_a_grainy_wall_gets_the_wall_s_grain():
    image = grainy(128, 8, PICTURE_PX)
    placed = Placed(image, side_px=float(SIZE_PX))
    result = SeamlessBlend()(image, placed.crop, Patch(wall(128, SIZE_PX)), placed.mask)
    deep = distance_px(~placed.under_hull()) > 6
    assert result[deep].std() == pytest.approx(8, rel=0.25)
    assert result[deep].mean() == pytest.approx(128, abs=2)


@given(st.floats(20, 200), ROLLS, OFFSETS)
def test_the_mask_is_one_over_the_hull_and_fades_out_around_it(height_px, roll_rad, offset):
    placed_at = pose((48 + offset[0], 48 + offset[1]), height_px / 2, roll_deg=np.degrees(roll_rad))
    points = outline(shape(), placed_at, growth=1)
    mask = blend_mask(points, size_px=SIZE_PX, ring_px=3.0)
    under = inside_hull(hull(points), SIZE_PX, SIZE_PX)
    np.testing.assert_array_equal(mask[under], 1)
    assert mask.min() >= 0
    assert mask.max() <= 1
    np.testing.assert_array_equal(mask[distance_px(under) > 3 + 2 + 3], 0)
    assert under.all() or np.unique(mask).size > 3


@pytest.mark.parametrize("roll_deg", [0, 20, 45, 133])
def test_bilinear_sampling_inside_the_hull_finds_nothing_but_ones(roll_deg):
    corners = hull(outline(shape(), pose((48.3, 47.6), 40, roll_deg=roll_deg), growth=1))
    mask = blend_mask(corners, size_px=SIZE_PX, ring_px=0.1)
    near = [
        (row, column)
        for row, column in np.ndindex(mask.shape)
        if cv2.pointPolygonTest(corners, (column + 0.5, row + 0.5), measureDist=True) > -np.sqrt(2)
    ]
    assert min(mask[place] for place in near) == 1


def test_the_last_bit_of_the_mask_lets_nothing_through():
    """Sampling a mask of ones may give a little less than one."""
    image, patch = noise_picture(PICTURE_PX, PICTURE_PX), Patch(noise_picture(SIZE_PX, SIZE_PX, 1))
    placed = Placed(image)
    almost_one = np.where(placed.mask == 1, np.float32(0.9995), placed.mask)
    under = placed.under_hull()
    results = [SeamlessBlend()(picture, placed.crop, patch, almost_one)[under] for picture in (image, 255 - image)]
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("center", [(-900.0, 40.0), (5000.0, 5000.0)])
def test_a_face_outside_the_picture_changes_nothing(center):
    image = noise_picture(PICTURE_PX, PICTURE_PX)
    placed = Placed(image, center=center)
    result = SeamlessBlend()(image, placed.crop, Patch(noise_picture(SIZE_PX, SIZE_PX)), placed.mask)
    np.testing.assert_array_equal(result, image)
    assert not np.shares_memory(result, image)


def test_an_empty_mask_changes_nothing():
    image = noise_picture(PICTURE_PX, PICTURE_PX)
    placed = Placed(image)
    result = SeamlessBlend()(image, placed.crop, Patch(wall(0, SIZE_PX)), np.zeros_like(placed.mask))
    np.testing.assert_array_equal(result, image)


def test_the_inputs_are_not_changed():
    image, drawn = noise_picture(PICTURE_PX, PICTURE_PX), noise_picture(SIZE_PX, SIZE_PX, 1)
    placed = Placed(image)
    copies = [image.copy(), drawn.copy(), placed.crop.image.copy(), placed.mask.copy()]
    SeamlessBlend()(image, placed.crop, Patch(drawn), placed.mask)
    for value, before in zip((image, drawn, placed.crop.image, placed.mask), copies, strict=True):
        np.testing.assert_array_equal(value, before)
