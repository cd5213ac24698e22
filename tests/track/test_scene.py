"""Cuts, and stirs beside the faces that are followed."""

import numpy as np
import pytest
from fakes import noise_picture

from ganonymization.track.scene import CutFinder, StirFinder, thumbnail
from ganonymization.types import Box

SIZE_WH = (480, 270)
PICTURE = noise_picture(SIZE_WH[1], SIZE_WH[0]) // 2


def with_patch(left, top, side_px, brightness=255):
    image = PICTURE.copy()
    image[top : top + side_px, left : left + side_px] = brightness
    return image


def test_the_first_frame_and_another_picture_begin_a_scene_and_a_patch_does_not():
    is_cut = CutFinder()
    frames = [PICTURE, PICTURE, with_patch(40, 40, 60), 255 - PICTURE]
    assert [is_cut(thumbnail(frame)) for frame in frames] == [True, False, False, True]


@pytest.mark.parametrize(("side_px", "found"), [(0, False), (20, False), (80, True)])
def test_a_large_change_is_a_stir(side_px, found):
    stirs = StirFinder()
    stirs.note(thumbnail(PICTURE))
    assert stirs(thumbnail(with_patch(300, 100, side_px)), SIZE_WH, []) is found


def test_what_moves_around_a_followed_face_is_none():
    stirs = StirFinder()
    stirs.note(thumbnail(PICTURE))
    small = thumbnail(with_patch(300, 100, 80))
    followed, other = Box(305.0, 105.0, 375.0, 175.0), Box(20.0, 20.0, 70.0, 70.0)
    assert not stirs(small, SIZE_WH, [followed])
    assert not stirs(small, SIZE_WH, [other, followed])
    assert stirs(small, SIZE_WH, [other])
    assert not stirs(small, SIZE_WH, [Box(-500.0, -400.0, 900.0, 700.0)])


def test_frames_are_compared_with_the_last_one_that_was_noted():
    stirs = StirFinder()
    small = thumbnail(with_patch(300, 100, 80))
    assert not stirs(small, SIZE_WH, [])
    stirs.note(small)
    assert not stirs(small, SIZE_WH, [])
    assert stirs(thumbnail(PICTURE), SIZE_WH, [])


def test_little_by_little_adds_up():
    stirs = StirFinder()
    dark = np.zeros((270, 480, 3), np.uint8)
    stirs.note(thumbnail(dark))
    assert [stirs(thumbnail(dark + level), SIZE_WH, []) for level in np.uint8([15, 30, 45])] == [False, False, True]
