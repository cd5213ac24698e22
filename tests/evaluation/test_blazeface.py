"""The second detector, against the original runtimes (tools/golden_blazeface.py) and in places with a known answer."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ganonymization.detect.nms import iou_with
from ganonymization.evaluation.blazeface import BlazeFace, anchor_centers, decode_boxes, decode_scores, window_around
from ganonymization.geometry import transform
from ganonymization.onnx import Network
from ganonymization.types import Box
from ganonymization.weights import locate

GOLDEN = Path(__file__).parents[1] / "golden" / "blazeface.npz"


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as file:
        return dict(file)


@pytest.fixture(scope="module")
def pictures(golden):
    return [cv2.imdecode(golden[f"jpeg_{index}"], cv2.IMREAD_COLOR_RGB) for index in range(len(golden["name"]))]


@pytest.fixture(scope="module")
def values_and_logits(pictures):
    network = Network(locate("blazeface"), inputs=["image"], outputs=["boxes", "scores"])
    return network(image=np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1)


@pytest.fixture(scope="module")
def sees_face():
    return BlazeFace.load()


def test_the_network_says_what_the_original_runtime_says(golden, values_and_logits):
    values, logits = values_and_logits
    strongest = np.take_along_axis(values, golden["anchor"][..., None], axis=1)
    np.testing.assert_allclose(logits, golden["scores"], atol=0.01)
    np.testing.assert_allclose(strongest, golden["boxes"], atol=0.02)


def test_the_boxes_average_to_that_of_mediapipe(golden, values_and_logits):
    """MediaPipe takes the mean, weighted by score, of the boxes that overlap the best one by more than 0.3."""
    for values, logits, (*box, score) in zip(*values_and_logits, golden["face"], strict=True):
        scores, boxes = decode_scores(logits), decode_boxes(values)
        alike = (scores >= 0.5) & (iou_with(boxes[scores.argmax()], boxes) > 0.3)
        np.testing.assert_allclose(np.average(boxes[alike], axis=0, weights=scores[alike]), box, atol=0.1)
        assert scores.max() == pytest.approx(score, abs=1e-3)


def test_there_are_896_anchors_row_by_row_two_and_six_in_a_cell():
    centers = anchor_centers()
    assert centers.shape == (896, 2)
    np.testing.assert_array_equal(centers[[0, 1, 2, 32, 511]], [[4, 4], [4, 4], [12, 4], [4, 12], [124, 124]])
    np.testing.assert_array_equal(centers[[512, 517, 518, 895]], [[8, 8], [8, 8], [24, 8], [120, 120]])


def test_scores_are_probabilities_even_where_the_network_is_beyond_doubt():
    np.testing.assert_allclose(
        decode_scores(np.array([-1e9, 0, np.log(3), 1e9], np.float32)), [0, 0.5, 0.75, 1], atol=1e-7
    )


def test_the_face_fills_two_fifths_of_what_is_looked_at():
    corners = transform(np.array([[30, 40], [70, 80]], np.float32), window_around(Box(30, 40, 70, 80)))
    np.testing.assert_allclose(corners, [[38.4, 38.4], [89.6, 89.6]], atol=1e-3)


def test_a_face_is_seen_where_it_is_and_not_where_it_was_filled_or_beside_it(golden, pictures, sees_face):
    for picture, face in zip(pictures, golden["face"], strict=True):
        image, box = in_wide_picture(picture), Box(*(face[:4] + 200).tolist())
        filled = image.copy()
        filled[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = image.mean(axis=(0, 1))
        assert sees_face(image, box)
        assert not sees_face(filled, box)
        assert not sees_face(image, Box(box.left - 150, box.top, box.right - 150, box.bottom))


def test_a_box_outside_of_the_picture_holds_no_face(pictures, sees_face):
    assert not sees_face(pictures[0], Box(900, 900, 950, 950))


def in_wide_picture(picture):
    return np.pad(picture, ((200, 200), (200, 200), (0, 0)), mode="edge")
