"""Scanning what has changed: nothing new is missed, and still parts are left alone."""

import film
import numpy as np
from film import Actor

from ganonymization.track.scan import Scanner


class Recorder(film.Detector):
    """Remembers the sizes of what it was shown."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def __call__(self, image, /):
        self.sizes.append(image.shape[1::-1])
        return super().__call__(image)


def boxes(faces):
    return [
        tuple(round(side) for side in (face.box.left, face.box.top, face.box.right, face.box.bottom)) for face in faces
    ]


def test_a_new_face_is_found_in_its_place_by_looking_at_a_part():
    detect = Recorder()
    scan = Scanner(detect, whole_every=9)
    scan(film.picture([]), [])

    found = scan(film.picture([Actor(250, y=60)]), [])

    assert boxes(found) == [(230, 40, 270, 80)]
    assert detect.sizes[0] == film.SIZE_WH
    assert detect.sizes[1][0] * detect.sizes[1][1] < 0.5 * film.SIZE_WH[0] * film.SIZE_WH[1]
    np.testing.assert_allclose(found[0].keypoints.mean(axis=0), (250, 60))


def test_what_has_not_changed_is_not_looked_at():
    detect = Recorder()
    scan = Scanner(detect, whole_every=9)
    for _ in range(3):
        scan(film.picture([Actor(100)]), [])

    assert len(detect.sizes) == 1


def test_faces_that_are_followed_are_looked_at_all_the_same():
    scan = Scanner(film.Detector(), whole_every=9)
    scan(film.picture([Actor(100)]), [])

    assert len(scan(film.picture([Actor(100)]), [Actor(100).box])) == 1


def test_slow_change_adds_up_until_it_is_scanned():
    scan = Scanner(film.Detector(), whole_every=99)
    scan(film.picture([]), [])
    found = []
    for step in range(1, 30):
        image = film.picture([Actor(100)])
        faded = (film.picture([]) * (1 - step / 29) + image * (step / 29)).astype(np.uint8)
        found.append(len(scan(faded, [])))

    assert 1 in found


def test_the_whole_frame_is_scanned_now_and_then_and_after_a_cut():
    detect = Recorder()
    scan = Scanner(detect, whole_every=3)
    for _ in range(6):
        scan(film.picture([Actor(100)]), [Actor(100).box])
    scan.forget()
    scan(film.picture([Actor(100)]), [])

    assert [size == film.SIZE_WH for size in detect.sizes] == [True, False, False, False, True, False, True]


def test_changes_far_apart_are_looked_at_one_by_one():
    detect = Recorder()
    scan = Scanner(detect, whole_every=9)
    scan(film.picture([]), [])

    found = scan(film.picture([Actor(40, y=40), Actor(280, y=200)]), [])

    assert len(found) == 2
    assert len(detect.sizes) == 3
    assert sum(width * height for width, height in detect.sizes[1:]) < 0.6 * film.SIZE_WH[0] * film.SIZE_WH[1]


def test_changes_that_may_be_one_face_are_looked_at_together():
    detect = Recorder()
    scan = Scanner(detect, whole_every=9)
    scan(film.picture([]), [])

    scan(film.picture([Actor(100, y=40), Actor(100, y=190)]), [])

    assert len(detect.sizes) == 2
