import logging

import cv2
import numpy as np
from fakes import face_of, landmarks

from ganonymization.errors import LandmarksNotFoundError
from ganonymization.training.pictures import read_faces

SMALL, LARGE = landmarks(center=(20, 20), height_px=16), landmarks(center=(60, 40), height_px=40)


def test_the_largest_face_of_each_picture_is_read_and_pictures_without_one_are_left_out(tmp_path, caplog):
    levels = {"a.png": 10, "b.png": 20, "c.png": 30, "d.png": 40}
    for name, level in levels.items():
        cv2.imwrite(str(tmp_path / name), np.full((80, 100, 3), level, np.uint8))
    small, large = face_of(SMALL), face_of(LARGE)

    def detect(image):
        return {10: [small, large], 20: [], 30: [small], 40: [large]}[int(image[0, 0, 0])]

    def landmark(image, face):
        if image[0, 0, 0] == 30:
            raise LandmarksNotFoundError("too blurred")
        return LARGE if face is large else SMALL

    with caplog.at_level(logging.INFO):
        rows = list(read_faces(tmp_path, detect=detect, landmark=landmark))
    assert [name for name, _, _ in rows] == ["a.png", "d.png"]
    assert all(found is LARGE for _, _, found in rows)
    np.testing.assert_array_equal(rows[0][1], np.full((80, 100, 3), 10))
    assert "b.png: no face found" in caplog.text
    assert "c.png: left out, too blurred" in caplog.text
