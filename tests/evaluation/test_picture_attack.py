import cv2
import numpy as np
from fakes import landmarks, noise_picture

from ganonymization.alignment import Framing, aligned_batch
from ganonymization.evaluation.picture_attack import SIZE_PX, align_face, recognise_drawings


def smooth_picture(seed):
    return cv2.resize(noise_picture(12, 12, seed), (240, 240), interpolation=cv2.INTER_CUBIC)


def look(image, found):
    """A recogniser that sees a face at 16 px in a usual framing."""
    return aligned_batch(image, [found], framing=Framing(padding=0.2), size_px=16).ravel() / 255


def test_a_recogniser_sees_on_the_aligned_face_what_it_sees_on_the_photo():
    photo, found = smooth_picture(1), landmarks(1, center=(130, 120), height_px=110, roll_deg=12)
    aligned = align_face(photo, found)
    assert aligned.image.shape == (SIZE_PX, SIZE_PX, 3)
    np.testing.assert_allclose(look(aligned.image, aligned.landmarks), look(photo, found), atol=0.06)


def test_faces_of_any_size_and_turn_are_aligned_alike():
    small, large = (
        landmarks(1, center=(120, 120), height_px=size, roll_deg=turn) for size, turn in ((60, 0), (120, 20))
    )
    first, second = (align_face(smooth_picture(1), found).landmarks.points[:, :2] for found in (small, large))
    np.testing.assert_allclose(first, second, atol=0.5)


def test_the_drawings_are_recognised_and_not_the_outputs():
    faces = [align_face(smooth_picture(seed), landmarks(seed, center=(120, 120))) for seed in range(3)]
    upside = recognise_drawings(lambda changed: 255 - changed, faces, look)
    assert upside.shape == (3, 3 * 16 * 16)
    plain = recognise_drawings(lambda changed: changed, faces, look)
    np.testing.assert_allclose(upside, 1 - plain, atol=0.01)
