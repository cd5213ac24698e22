import cv2
import numpy as np
import pytest
from fakes import face_of, landmarks, shape_model
from tiny import smooth_picture

from ganonymization.training.quality import (
    Limits,
    Reason,
    UnsuitableError,
    choose_face,
    measure_sharpness,
    require_quality,
)
from ganonymization.types import Face, Landmarks

LARGE = landmarks(center=(100, 100), height_px=100)


def face(height_px, score=0.9):
    made = face_of(landmarks(center=(100, 100), height_px=height_px))
    return Face(made.box, score, made.keypoints)


@pytest.mark.parametrize("others", [[], [face(40)], [face(90, score=0.4)]])
def test_the_largest_face_is_chosen_where_the_others_hardly_count(others):
    largest = face(100)
    assert choose_face([*others, largest], Limits()) is largest


@pytest.mark.parametrize(("faces", "reason"), [([], Reason.NO_FACE), ([face(100), face(60)], Reason.SEVERAL_FACES)])
def test_no_face_and_several_faces_are_told_apart(faces, reason):
    with pytest.raises(UnsuitableError) as told:
        choose_face(faces, Limits())
    assert told.value.reason is reason


def picture(blur_px=0.0):
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    if not blur_px:
        return noise
    blurred = cv2.GaussianBlur(noise.astype(np.float32), (0, 0), blur_px)
    return np.clip(128 + 50 * (blurred - blurred.mean()) / blurred.std(), 0, 255).astype(np.uint8)


def reason_of(image, found, *, size_px=128):
    try:
        require_quality(image, found, shape_model().pose_of(found), size_px=size_px, limits=Limits())
    except UnsuitableError as error:
        return error.reason
    return None


@pytest.mark.parametrize(
    ("image", "found", "reason"),
    [
        (picture(), LARGE, None),
        (picture(), Landmarks(LARGE.points, 0.7), Reason.LOW_PRESENCE),
        (picture(), Landmarks(LARGE.points, float("nan")), Reason.LOW_PRESENCE),
        (picture(), landmarks(center=(100, 100), height_px=30), Reason.TOO_SMALL),
        (picture(), landmarks(center=(100, 100), height_px=100, yaw_deg=70), Reason.EXTREME_YAW),
        (picture(), landmarks(center=(100, 100), height_px=100, yaw_deg=-45), None),
        (picture(blur_px=8), LARGE, Reason.BLURRED),
        (smooth_picture(1, 200), LARGE, Reason.BLURRED),
        (np.full((200, 200, 3), 90, np.uint8), LARGE, Reason.BLURRED),
    ],
)
def test_a_face_is_kept_or_left_out_with_its_reason(image, found, reason):
    assert reason_of(image, found) is reason


def test_a_face_is_too_small_when_the_crop_would_enlarge_it_more_than_twice():
    assert reason_of(picture(), LARGE, size_px=300) is None
    assert reason_of(picture(), LARGE, size_px=340) is Reason.TOO_SMALL


def test_sharpness_does_not_depend_on_contrast():
    pose = shape_model().pose_of(LARGE)
    faint = (picture() // 4 + 96).astype(np.uint8)
    assert measure_sharpness(faint, pose) == pytest.approx(measure_sharpness(picture(), pose), rel=0.03)
