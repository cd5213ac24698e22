import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install '.[train]'")

from ganonymization.correct import MEASURES, MOTION_SIZE, Motions  # noqa: E402 - torch may be missing
from ganonymization.errors import WeightsError  # noqa: E402
from ganonymization.expression import FACE_EXPRESSION  # noqa: E402
from ganonymization.shape import FUNCTIONAL_NAMES, ShapeModel  # noqa: E402
from ganonymization.training.data import mirror_order  # noqa: E402
from ganonymization.training.expectation import DOING_SIZE, FARTHEST, TERMS, Expectation, explain  # noqa: E402
from ganonymization.types import Landmarks  # noqa: E402


@pytest.fixture(scope="module")
def expect():
    return Expectation()


@pytest.fixture(scope="module")
def resting():
    """The mean face in the middle of a crop."""
    return Landmarks((ShapeModel.load().mean * 0.6 + 0.5).astype(np.float32), presence=1.0)


def moved(face, **measures):
    motion = np.zeros(MOTION_SIZE)
    for name, change in measures.items():
        motion[[place for place, known in enumerate(FUNCTIONAL_NAMES) if name in known]] = change
    return Motions(ShapeModel.load()).moved(face, motion)


def read_as(expect, *faces):
    _, probabilities = expect(torch.from_numpy(np.stack([face.points for face in faces])))
    assert probabilities.sum(dim=1).numpy() == pytest.approx(np.ones(len(faces)), abs=1e-5)
    return [FACE_EXPRESSION.labels[place] for place in probabilities.argmax(dim=1)]


def test_faces_are_expected_to_be_read_as_people_read_them(expect, resting):
    calm = moved(resting, mouth_open=-0.025, mouth_width=-0.03, corner=0.01)  # the mean face smiles a little
    smiling = moved(resting, mouth_width=0.07, corner=-0.03)
    gaping = moved(resting, mouth_open=0.08, lids=0.012, brow=-0.02)
    assert read_as(expect, calm, smiling, gaping) == ["neutral", "happiness", "surprise"]


def test_what_is_expected_changes_little_in_the_mirror(expect, resting):
    face = moved(resting, right_corner=-0.03, mouth_width=0.04, left_brow=-0.02)
    mirrored = (face.points * (-1, 1, 1) + (1, 0, 0)).astype(np.float32)[mirror_order()]
    (features, other), (probabilities, others) = expect(torch.from_numpy(np.stack([face.points, mirrored])))
    assert (probabilities - others).abs().max() < 0.15
    assert torch.cosine_similarity(features, other, dim=0) > 0.95


def test_size_and_place_of_a_face_do_not_matter(expect, resting):
    smaller = resting.points * 0.5 + np.float32(0.1)
    features, _ = expect(torch.from_numpy(np.stack([resting.points, smaller])))
    assert features[0].allclose(features[1], atol=1e-3)


def test_nothing_is_expected_of_no_faces(expect):
    features, probabilities = expect(torch.zeros(0, 478, 3))
    assert (features.shape[0], probabilities.shape[0]) == (0, 0)


def test_a_motion_that_no_photo_shows_counts_as_the_farthest_that_photos_do():
    rows = explain(np.full((1, DOING_SIZE), 1e6), middle=np.zeros(DOING_SIZE), scale=np.ones(DOING_SIZE))
    assert rows.shape == (1, TERMS)
    assert rows[0, 0] == 1
    assert set(rows[0, 1 : 1 + DOING_SIZE]) == {FARTHEST}
    assert set(rows[0, 1 + DOING_SIZE :]) == {FARTHEST**2}
    assert TERMS == 1 + DOING_SIZE + MEASURES * (MEASURES + 1) // 2


def test_a_file_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", middle=np.zeros(13))
    with pytest.raises(WeightsError, match=r"other\.npz"):
        Expectation(tmp_path / "other.npz")
