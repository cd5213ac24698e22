"""Flicker: motion is none, trembling is, and the amount is right where it is known."""

import cv2
import numpy as np
import pytest

from ganonymization.evaluation.flicker import change_without_motion

SQUARE = np.array([[60, 60], [140, 60], [140, 140], [60, 140]], np.float32)


def texture(seed=0):
    noise = np.random.default_rng(seed).integers(0, 256, (200, 200, 3), np.uint8)
    return cv2.GaussianBlur(noise, (0, 0), 4)


def test_a_still_picture_does_not_flicker():
    assert change_without_motion(texture(), texture(), SQUARE) == 0


def test_a_moved_picture_hardly_does():
    moved = np.roll(texture(), 3, axis=1)

    still = float(np.abs(moved.astype(int) - texture()).mean())
    assert change_without_motion(texture(), moved, SQUARE) < 0.35 * still


def test_a_change_of_light_counts_by_its_levels():
    grey = np.full((200, 200, 3), 100, np.uint8)

    assert change_without_motion(grey, grey + 7, SQUARE) == pytest.approx(7)


def test_what_happens_outside_of_the_face_does_not_count():
    grey = np.full((200, 200, 3), 100, np.uint8)
    changed = grey.copy()
    changed[:30] = 255

    assert change_without_motion(grey, changed, SQUARE) == 0


def test_an_outline_beside_the_frame_is_refused():
    with pytest.raises(ValueError, match="must lie inside"):
        change_without_motion(texture(), texture(), SQUARE + 500)
