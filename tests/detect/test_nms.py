import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ganonymization.detect.nms import area, iou_with, suppress

# whole numbers, so that overlaps of touching and equal boxes come up often
EDGE = st.integers(0, 12)


@st.composite
def scored_boxes(draw):
    count = draw(st.integers(0, 12))
    corners = np.array([[draw(EDGE) for _ in range(4)] for _ in range(count)], np.float32).reshape(-1, 4)
    boxes = np.concatenate(
        [np.minimum(corners[:, :2], corners[:, 2:]), np.maximum(corners[:, :2], corners[:, 2:])], axis=1
    )
    scores = np.array(draw(st.permutations(range(count))), np.float32)
    return boxes, scores


def naive_iou(a, b):
    width = max(0.0, min(a[2], b[2]) - max(a[0], b[0]))
    height = max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    together = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - width * height
    return width * height / together if together else 0.0


def naive_suppress(boxes, scores, maximum_iou):
    kept = []
    for index in sorted(range(len(scores)), key=lambda index: -scores[index]):
        if all(naive_iou(boxes[index], boxes[other]) <= maximum_iou for other in kept):
            kept.append(index)
    return kept


@settings(deadline=None)
@given(scored_boxes())
def test_the_overlap_is_that_of_a_naive_computation(boxes_and_scores):
    boxes, _ = boxes_and_scores

    for box in boxes:
        np.testing.assert_allclose(iou_with(box, boxes), [naive_iou(box, other) for other in boxes], rtol=1e-5)


@settings(deadline=None)
@given(scored_boxes(), st.sampled_from([0.0, 0.22, 0.41, 0.73]))
def test_suppression_keeps_what_a_naive_loop_keeps(boxes_and_scores, maximum_iou):
    boxes, scores = boxes_and_scores

    assert suppress(boxes, scores, maximum_iou=maximum_iou).tolist() == naive_suppress(boxes, scores, maximum_iou)


@settings(deadline=None)
@given(scored_boxes(), st.floats(0.3, 0.7))
def test_suppression_is_idempotent(boxes_and_scores, maximum_iou):
    boxes, scores = boxes_and_scores
    kept = suppress(boxes, scores, maximum_iou=maximum_iou)

    assert suppress(boxes[kept], scores[kept], maximum_iou=maximum_iou).tolist() == list(range(len(kept)))


def test_of_two_boxes_on_one_object_the_better_one_stays():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [30, 0, 40, 10]], np.float32)

    assert suppress(boxes, np.array([0.5, 0.9, 0.7], np.float32), maximum_iou=0.4).tolist() == [1, 2]


def test_boxes_of_equal_score_keep_their_order():
    boxes = np.array([[20, 0, 30, 10], [0, 0, 10, 10], [40, 0, 50, 10]], np.float32)

    assert suppress(boxes, np.full(3, 0.5, np.float32), maximum_iou=0.4).tolist() == [0, 1, 2]


def test_no_boxes_leave_no_boxes():
    assert suppress(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), maximum_iou=0.4).tolist() == []


def test_the_area_is_width_times_height():
    assert area(np.array([[1, 2, 4, 8], [5, 5, 5, 9]], np.float32)).tolist() == [18, 0]
