"""CenterFace on a fake network that finds white rectangles, on the real one, and against the original runtime."""

import itertools
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ganonymization import weights
from ganonymization.detect import CenterFace
from ganonymization.detect.centerface import CELL_PX, OVERLAP_PX, SMALLEST_SEEN_PX, TILE_PX, decode, spans
from ganonymization.detect.nms import iou_with, suppress
from ganonymization.onnx import Network

GOLDEN = Path(__file__).parents[1] / "golden" / "centerface.npz"
HEADS = ("heatmap", "scale", "offset", "landmarks")


class WhiteRectangles:
    """A network whose faces are the bright rectangles in its input, cut where the input ends."""

    def __init__(self):
        self.sizes_hw = []

    def __call__(self, *, image):
        self.sizes_hw.append(image.shape[2:])
        heads = {"heatmap": 1, "scale": 2, "offset": 2, "landmarks": 10}
        cells_hw = [side // CELL_PX for side in image.shape[2:]]
        heads = {name: np.zeros((1, channels, *cells_hw), np.float32) for name, channels in heads.items()}
        _, _, stats, _ = cv2.connectedComponentsWithStats((image[0, 0] > 127).astype(np.uint8))
        for left, top, width, height, _ in stats[1:]:
            center_yx = np.array([top + height / 2, left + width / 2]) / CELL_PX
            row, column = center_yx.astype(int)
            heads["heatmap"][0, 0, row, column] = 0.9
            heads["scale"][0, :, row, column] = np.log([height / CELL_PX, width / CELL_PX])
            heads["offset"][0, :, row, column] = center_yx - [row, column] - 0.5
            heads["landmarks"][0, :, row, column] = np.repeat(np.linspace(0, 1, 5), 2)
        return list(heads.values())


@pytest.fixture(scope="module")
def detect():
    return CenterFace.load()


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as file:
        return dict(file)


@pytest.fixture(scope="module")
def portrait(golden):
    """One synthetic face, (384, 384, 3) RGB."""
    return cv2.imdecode(golden["jpeg_0"], cv2.IMREAD_COLOR_RGB)


@pytest.fixture(scope="module")
def group(golden):
    """Twelve synthetic faces of about 80 px, (480, 640, 3) RGB."""
    return cv2.imdecode(golden["jpeg_1"], cv2.IMREAD_COLOR_RGB)


def boxes_of(faces):
    return np.array([(face.box.left, face.box.top, face.box.right, face.box.bottom) for face in faces]).reshape(-1, 4)


def on_grey(picture, size_wh, *, at_xy):
    canvas = np.full((size_wh[1], size_wh[0], 3), 110, np.uint8)
    canvas[at_xy[1] : at_xy[1] + picture.shape[0], at_xy[0] : at_xy[0] + picture.shape[1]] = picture
    return canvas


# --- tiles and pyramid, with a network that knows the answer


@settings(deadline=None)
@given(st.integers(1, 9000))
def test_spans_cover_an_axis_overlap_and_share_it_out(length_px):
    parts = spans(length_px)

    assert parts[0].start == 0
    assert parts[-1].stop >= length_px
    assert {(part.stop - part.start) % 32 for part in parts} == {0}
    assert max(part.stop - part.start for part in parts) <= TILE_PX
    assert parts[0].own_start == -math.inf
    assert parts[-1].own_stop == math.inf
    for first, second in itertools.pairwise(parts):
        assert first.stop - second.start >= OVERLAP_PX
        assert first.own_stop == second.own_start
        assert first.own_stop - second.start >= OVERLAP_PX / 2
        assert first.stop - first.own_stop >= OVERLAP_PX / 2


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_face_of_any_size_anywhere_is_found_once(data):
    width, height = 1500, 1100
    side = data.draw(st.integers(SMALLEST_SEEN_PX, 700), label="side")
    left = data.draw(st.integers(-side // 2, width - side // 2), label="left")
    top = data.draw(st.integers(-side // 2, height - side // 2), label="top")
    image = np.zeros((height, width, 3), np.uint8)
    image[max(top, 0) : top + side, max(left, 0) : left + side] = 255
    visible = np.clip([left, top, left + side, top + side], 0, [width, height, width, height])

    faces = CenterFace(WhiteRectangles())(image)

    assert len(faces) == 1
    # a level that halves the picture k times places an edge to 2**k pixels
    np.testing.assert_allclose(boxes_of(faces)[0], visible, atol=max(1.0, side / 8))


def test_neighbours_are_not_merged():
    image = np.zeros((1200, 1500, 3), np.uint8)
    corners = list(itertools.product(range(20, 1400, 90), range(20, 1100, 90)))
    for left, top in corners:
        image[top : top + 60, left : left + 60] = 255

    faces = CenterFace(WhiteRectangles())(image)

    found = sorted((round(face.box.left), round(face.box.top)) for face in faces)
    assert found == corners


def test_small_faces_that_run_together_on_a_coarse_level_are_no_face_there():
    image = np.zeros((300, 300, 3), np.uint8)
    for left in (100, 113, 126):
        image[50:62, left : left + 12] = 255

    faces = CenterFace(WhiteRectangles())(image)

    assert sorted(round(face.box.left) for face in faces) == [100, 113, 126]


@pytest.mark.parametrize(("minimum_face_px", "finest_side_px"), [(8, 512), (16, 256), (32, 128)])
def test_the_finest_level_shows_the_smallest_face_as_large_as_the_network_needs_it(minimum_face_px, finest_side_px):
    network = WhiteRectangles()

    CenterFace(network, minimum_face_px=minimum_face_px)(np.zeros((256, 256, 3), np.uint8))

    assert max(network.sizes_hw) == (finest_side_px, finest_side_px)


def test_tiles_of_a_large_picture_stay_small_enough_for_memory():
    network = WhiteRectangles()

    assert CenterFace(network)(np.zeros((1500, 2500, 3), np.uint8)) == []

    assert max(max(size_hw) for size_hw in network.sizes_hw) <= TILE_PX


def test_keypoints_are_in_pixels_of_the_picture():
    image = np.zeros((1100, 1100, 3), np.uint8)
    image[300:700, 500:800] = 255

    (face,) = CenterFace(WhiteRectangles())(image)

    np.testing.assert_allclose(face.keypoints[[0, 4]], [(500, 300), (800, 700)], atol=4)
    assert face.keypoints.shape == (5, 2)
    assert face.keypoints.dtype == np.float32


@pytest.mark.parametrize("score_threshold", [0, 1, -0.5, math.nan])
def test_a_threshold_that_is_no_confidence_is_refused(score_threshold):
    with pytest.raises(ValueError, match="score_threshold"):
        CenterFace(WhiteRectangles(), score_threshold=score_threshold)


@pytest.mark.parametrize("minimum_face_px", [0, -3, math.nan])
def test_a_face_size_that_is_no_length_is_refused(minimum_face_px):
    with pytest.raises(ValueError, match="minimum_face_px"):
        CenterFace(WhiteRectangles(), minimum_face_px=minimum_face_px)


def test_a_cell_is_decoded_and_its_lower_neighbours_are_passed_over():
    heads = [np.zeros((1, channels, 8, 8), np.float32) for channels in (1, 2, 2, 10)]
    heatmap, scale, offset, landmarks = heads
    heatmap[0, 0, 3, 4:7] = (0.6, 0.9, 0.7)
    scale[0, :, 3, 5] = np.log([3, 2])
    offset[0, :, 3, 5] = (0.25, -0.25)
    landmarks[0, :2, 3, 5] = (0.5, 1.0)

    seen = decode(heads, score_threshold=0.5)

    # centre (y, x) = ((3 + 0.5 + 0.25) * 4, (5 + 0.5 - 0.25) * 4) = (15, 21); height 12, width 8
    np.testing.assert_allclose(seen.boxes, [(17, 9, 25, 21)], rtol=1e-5)
    np.testing.assert_allclose(seen.scores, [0.9])
    np.testing.assert_allclose(seen.keypoints[0, 0], (25, 15), rtol=1e-5)


# --- the shipped network


def test_the_network_and_its_decoding_agree_with_the_original_runtime(golden):
    network = Network(weights.locate("centerface"), inputs=["image"], outputs=HEADS)

    for index in range(int(golden["count"])):
        image = cv2.imdecode(golden[f"jpeg_{index}"], cv2.IMREAD_COLOR_RGB)
        heads = network(image=image.transpose(2, 0, 1)[None].astype(np.float32))
        seen = decode(heads, score_threshold=float(golden["threshold"]))
        seen = seen.pick(suppress(seen.boxes, seen.scores, maximum_iou=0.3))

        expected = golden[f"boxes_{index}"]
        # scores near the threshold may fall on either side of it
        clear, expected_clear = seen.scores > 0.35, expected[:, 4] > 0.35
        assert clear.sum() == expected_clear.sum() > 0
        for box, keypoints in zip(expected[expected_clear], golden[f"keypoints_{index}"][expected_clear], strict=True):
            match = iou_with(box[:4], seen.boxes).argmax()
            np.testing.assert_allclose(seen.boxes[match], box[:4], atol=1)
            np.testing.assert_allclose(seen.keypoints[match], keypoints, atol=1)
            np.testing.assert_allclose(seen.scores[match], box[4], atol=0.02)


def test_log_sizes_are_bounded_so_that_no_size_overflows():
    network = Network(weights.locate("centerface"), inputs=["image"], outputs=HEADS)
    noise = np.random.default_rng(7).choice([-1e7, 1e7], (1, 3, 64, 64)).astype(np.float32)

    _, scale, _, _ = network(image=noise)

    assert np.isfinite(np.exp(scale)).all()
    assert scale.max() <= 7


def test_every_face_of_a_group_is_found_once(detect, group, golden):
    faces = detect(group)

    expected = golden["boxes_1"][:, :4]
    assert len(faces) == len(expected)
    overlaps = [iou_with(box, boxes_of(faces)).max() for box in expected]
    assert min(overlaps) > 0.75
    assert [face.score for face in faces] == sorted((face.score for face in faces), reverse=True)


@pytest.mark.parametrize(
    ("at_xy", "size_wh"), [((32, 64), (736, 608)), ((0, 128), (640, 768)), ((416, 352), (1600, 1300))]
)
def test_boxes_move_with_the_picture(detect, group, at_xy, size_wh):
    here = boxes_of(detect(group))
    there = boxes_of(detect(on_grey(group, size_wh, at_xy=at_xy)))

    assert len(here) == len(there)
    for box in here + np.tile(at_xy, 2):
        assert np.abs(there - box).max(axis=1).min() < 6


@pytest.mark.parametrize("side", ["left", "top", "right", "bottom"])
def test_a_face_half_outside_the_picture_is_found(detect, portrait, side):
    (whole,) = detect(portrait)
    x, y = (round(value) for value in whole.box.center)
    halves = {"left": portrait[:, x:], "top": portrait[y:], "right": portrait[:, :x], "bottom": portrait[:y]}
    shift = {"left": (x, 0), "top": (0, y)}.get(side, (0, 0))
    half = np.ascontiguousarray(halves[side])

    faces = detect(half)

    height, width = half.shape[:2]
    inside = np.clip(boxes_of([whole])[0] - np.tile(shift, 2), 0, [width, height, width, height])
    seen = np.clip(boxes_of(faces), 0, [width, height, width, height])
    assert iou_with(inside, seen).max() > 0.5


@pytest.mark.parametrize("face_px", [20, 60, 200, 500])
def test_a_face_is_found_once_whatever_its_size_in_a_large_picture(detect, portrait, face_px):
    (whole,) = detect(portrait)
    factor = face_px / whole.box.width
    shrunk = cv2.resize(
        portrait, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    )
    seam = spans(1300)[0].stop
    corner = min(seam - shrunk.shape[0] // 2, 1300 - shrunk.shape[0])

    faces = detect(on_grey(shrunk, (1300, 1300), at_xy=(corner, corner)))

    assert len(faces) == 1
    expected = boxes_of([whole])[0] * factor + corner
    assert iou_with(expected, boxes_of(faces))[0] > 0.6


@pytest.mark.parametrize("size_wh", [(1, 1), (1, 500), (500, 1), (33, 31)])
def test_a_tiny_picture_has_no_faces(detect, size_wh):
    assert detect(np.full((size_wh[1], size_wh[0], 3), 200, np.uint8)) == []


def test_a_picture_without_faces_has_none(detect):
    noise = np.random.default_rng(3).integers(0, 256, (700, 1100, 3)).astype(np.uint8)

    assert detect(noise) == []
    assert detect(np.zeros((700, 1100, 3), np.uint8)) == []


def test_detection_leaves_the_picture_alone_and_repeats_itself(detect, group):
    before = group.copy()

    first, second = detect(group), detect(group)

    np.testing.assert_array_equal(group, before)
    np.testing.assert_array_equal(boxes_of(first), boxes_of(second))
