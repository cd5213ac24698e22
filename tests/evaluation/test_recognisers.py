import numpy as np
import pytest
from fakes import landmarks
from models import save_network
from onnx import helper

from ganonymization.errors import WeightsError
from ganonymization.evaluation.recognisers import (
    ARCFACE_POINTS,
    ArcFace,
    arcface_from_image,
    package_judges,
    third_judge,
)
from ganonymization.geometry import transform
from ganonymization.types import Landmarks


def save_recogniser(path, *, side=112, inputs=1):
    """A recogniser whose embedding is the mean of each channel."""
    names = {f"input.{index}": ["N", 3, side, side] for index in range(inputs)}
    return save_network(
        path,
        inputs=names,
        outputs={"embedding": ["N", 3]},
        nodes=[helper.make_node("ReduceMean", ["input.0"], ["embedding"], axes=[2, 3], keepdims=0)],
    )


def test_a_third_recogniser_sees_rgb_from_minus_one_to_one(tmp_path):
    recogniser = ArcFace.load(save_recogniser(tmp_path / "mine.onnx"))
    image = np.full((300, 300, 3), (255, 127, 0), np.uint8)
    embedding = recogniser(image, landmarks(1, center=(150, 150)))
    expected = np.array([1, (127 - 127.5) / 127.5, -1])
    np.testing.assert_allclose(embedding, expected / np.linalg.norm(expected), atol=1e-3)


def test_eyes_nose_and_mouth_lie_where_arcface_wants_them():
    points = np.zeros((478, 3), np.float32)
    turn = np.radians(20)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points[[468, 473, 1, 61, 291], :2] = ARCFACE_POINTS @ rotation.T * 2.5 + (40, 90)
    placed = transform(points[[468, 473, 1, 61, 291], :2], arcface_from_image(points))
    np.testing.assert_allclose(placed, ARCFACE_POINTS, atol=1e-3)


def test_its_figures_end_in_the_name_of_its_file(tmp_path):
    path = save_recogniser(tmp_path / "r50.onnx")
    judge = third_judge(path, ArcFace.load(path))
    assert (judge.name, judge.suffix, judge.size, judge.thresholds) == ("r50", "_r50", 3, None)
    assert [one.suffix for one in package_judges()] == ["", "_faceres"]


def test_a_name_of_the_package_is_refused(tmp_path):
    path = save_recogniser(tmp_path / "faceres.onnx")
    with pytest.raises(WeightsError, match="rename the file"):
        third_judge(path, ArcFace.load(path))


@pytest.mark.parametrize(("options", "message"), [({"side": 96}, "112"), ({"inputs": 2}, "a single one is needed")])
def test_another_network_is_refused(tmp_path, options, message):
    with pytest.raises(WeightsError, match=message):
        ArcFace.load(save_recogniser(tmp_path / "other.onnx", **options))


def test_a_file_that_is_no_network_is_refused(tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"no")
    with pytest.raises(WeightsError, match="not a network"):
        ArcFace.load(tmp_path / "no.onnx")


def test_landmarks_are_all_that_is_needed(tmp_path):
    recogniser = ArcFace.load(save_recogniser(tmp_path / "mine.onnx"))
    assert recogniser(np.zeros((50, 50, 3), np.uint8), Landmarks(landmarks(2).points)).shape == (3,)
