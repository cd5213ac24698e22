"""The shipped selfie segmentation against masks of the original runtime (tools/golden_selfie_segmentation.py)."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ganonymization.onnx import Network
from ganonymization.weights import locate

GOLDEN = Path(__file__).parent / "golden" / "selfie_segmentation.npz"
THRESHOLD = 0.5


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN) as file:
        return dict(file)


@pytest.fixture(scope="module")
def images(golden):
    pictures = [cv2.imdecode(golden[f"jpeg_{index}"], cv2.IMREAD_COLOR_RGB) for index in range(len(golden["name"]))]
    return np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32) / 255


@pytest.fixture(scope="module")
def network():
    return Network(locate("selfie_segmentation"), inputs=["image"], outputs=["mask"])


def test_the_golden_set_holds_at_least_six_pictures_with_person_and_background(golden):
    person_share = (golden["mask"] > 255 * THRESHOLD).mean(axis=(1, 2))

    assert len(person_share) >= 6
    assert (person_share > 0.4).all()
    assert (person_share < 0.9).sum() >= 4


def test_the_person_mask_is_that_of_the_original_runtime(network, images, golden):
    (mask,) = network(image=images)

    found, expected = mask > THRESHOLD, golden["mask"] > 255 * THRESHOLD
    overlap = (found & expected).sum(axis=(1, 2)) / (found | expected).sum(axis=(1, 2))
    assert mask.shape == (len(images), 256, 256)
    assert overlap.min() >= 0.99
    # the golden values are rounded to 255ths and the JPEG decoder may differ by a grey level
    assert np.abs(mask - golden["mask"] / 255).mean() < 0.005


def test_a_picture_has_the_same_mask_alone_and_in_a_batch(network, images):
    (together,) = network(image=images)
    (alone,) = network(image=images[3:4])

    np.testing.assert_allclose(alone[0], together[3], atol=1e-4)
