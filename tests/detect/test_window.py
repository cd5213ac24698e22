"""Looking at a part: what is found there lies where it lies in the picture."""

import film
import numpy as np
from film import Actor

from ganonymization.detect.window import look_around


def test_boxes_and_keypoints_come_back_in_pixels_of_the_picture():
    image = film.picture([Actor(200, y=90)])

    (face,) = look_around(film.Detector(), image, (190.0, 100.0), side_px=120.0, size_px=96)

    np.testing.assert_allclose(
        (face.box.left, face.box.top, face.box.right, face.box.bottom), (180, 70, 220, 110), atol=2
    )
    np.testing.assert_allclose(face.keypoints.mean(axis=0), (200, 90), atol=2)


def test_what_lies_outside_of_the_window_is_not_found():
    image = film.picture([Actor(60), Actor(260)])

    (face,) = look_around(film.Detector(), image, (60.0, 120.0), side_px=100.0, size_px=128)

    assert abs(face.box.center[0] - 60) < 2
