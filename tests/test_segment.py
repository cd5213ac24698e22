import numpy as np
import pytest
from fakes import noise_picture

from ganonymization.segment import INPUT_PX, Segment


class RedIsPerson:
    """Takes for a person whatever is red."""

    def __init__(self):
        self.images = []

    def __call__(self, image):
        self.images.append(image)
        return [image[:, 0]]


@pytest.mark.parametrize(("height", "width"), [(64, 64), (256, 256), (600, 480), (40, 700)])
def test_the_mask_has_the_size_of_the_picture_and_lies_over_the_person(height, width):
    image = np.zeros((height, width, 3), np.uint8)
    image[:, : width // 2, 0] = 255
    image[:, width // 2 :, 1] = 255
    network = RedIsPerson()
    mask = Segment(network)(image)
    assert mask.shape == (height, width)
    assert mask.dtype == np.float32
    edge = width // 20 + 2
    np.testing.assert_array_equal(mask[:, : width // 2 - edge], 1)
    np.testing.assert_array_equal(mask[:, width // 2 + edge :], 0)
    assert network.images[0].shape == (1, 3, INPUT_PX, INPUT_PX)


def test_the_picture_is_not_changed():
    image = noise_picture(300, 300)
    Segment(RedIsPerson())(image)[:] = 0
    np.testing.assert_array_equal(image, noise_picture(300, 300))
