from itertools import pairwise

import cv2
import numpy as np
import pytest
from fakes import inside_hull, pose, shape
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.geometry import bounding_box
from ganonymization.region import GROWTH, hull, hull_mask, outline
from ganonymization.types import Region

PLACES = st.builds(
    pose,
    center=st.tuples(st.floats(-50, 200), st.floats(-50, 200)),
    height_px=st.floats(10, 300),
    yaw_deg=st.floats(-50, 50),
    pitch_deg=st.floats(-40, 40),
    roll_deg=st.floats(-180, 180),
)
WITHIN_THE_CROP = st.builds(
    pose,
    center=st.tuples(st.floats(40, 56), st.floats(40, 56)),
    height_px=st.floats(8, 40),
    yaw_deg=st.floats(-50, 50),
    roll_deg=st.floats(-180, 180),
)
SEEDS = st.integers(0, 100)


def depth_px(corners, points):
    """How far points lie inside the convex polygon; negative outside."""
    return np.array([cv2.pointPolygonTest(corners, (float(x), float(y)), measureDist=True) for x, y in points[:, :2]])


@given(PLACES, SEEDS, st.floats(0, 2))
def test_the_hull_holds_every_landmark(placed, seed, growth):
    face = shape(seed)
    corners = hull(outline(face, placed, growth=growth))
    assert depth_px(corners, placed.apply(face).astype(np.float32)).min() > -0.01 * placed.scale / 100 - 1e-3


@given(PLACES, SEEDS, st.floats(0, 2), st.floats(0, 2))
def test_a_smaller_region_lies_within_a_larger_one(placed, seed, first, second):
    face = shape(seed)
    smaller, larger = (hull(outline(face, placed, growth=growth)) for growth in sorted((first, second)))
    assert depth_px(larger, smaller).min() > -0.01 * placed.scale


def test_inner_face_and_head_differ_on_every_side():
    placed = pose(center=(0, 0), height_px=1)
    boxes = [bounding_box(outline(shape(), placed, growth=GROWTH[region])) for region in Region]
    for smaller, larger in pairwise(boxes):
        assert larger.left < smaller.left - 0.03
        assert larger.right > smaller.right + 0.03
        assert larger.top < smaller.top - 0.03
        assert larger.bottom > smaller.bottom + 0.01


def test_the_face_region_reaches_to_the_hair_line_and_the_head_region_over_the_hair():
    placed = pose(center=(0, 0), height_px=1)
    face, head = (
        bounding_box(outline(shape(), placed, growth=GROWTH[region])) for region in (Region.FACE, Region.HEAD)
    )
    assert face.top < -0.55
    assert head.top < -0.8
    assert head.width > 1.1


def distance_px(where):
    """Distance of each pixel in `where` from the nearest that is not; 0 for all others."""
    return cv2.distanceTransform(np.pad(where, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]


def test_a_hull_is_convex_and_keeps_only_corners():
    points = np.array([[0, 0], [10, 0], [10, 10], [0, 10], [5, 5], [9, 1]], np.float32)
    assert {tuple(corner) for corner in hull(points).tolist()} == {(0, 0), (10, 0), (10, 10), (0, 10)}


@pytest.mark.parametrize("margin_px", [0.0, 1.5, 6.0])
@given(WITHIN_THE_CROP, SEEDS)
def test_a_mask_covers_the_hull_and_its_margin_and_nothing_further(margin_px, placed, seed):
    points = outline(shape(seed), placed, growth=1)
    mask = hull_mask(points, size_px=96, margin_px=margin_px)
    under = inside_hull(hull(points), 96, 96)
    outside_px, inside_px = distance_px(~under), distance_px(under)
    np.testing.assert_array_equal(mask[under] > 0, under[under])
    np.testing.assert_array_equal(mask[inside_px > 2], 1)
    np.testing.assert_array_equal(mask[outside_px > margin_px + 3], 0)
    # distances are between pixel centres, half a pixel longer than to the hull itself
    ring = (outside_px < margin_px - 0.5) & under.any()
    np.testing.assert_array_equal(mask[ring] > 0, ring[ring])
