import numpy as np
import pytest

from ganonymization.errors import WeightsError
from ganonymization.expression import FACE_EXPRESSION
from ganonymization.shape import FUNCTIONAL_NAMES
from ganonymization.training.acting import Acting

LABELS = FACE_EXPRESSION.labels


@pytest.fixture(scope="module")
def acting():
    return Acting.load()


def reading(acting, **measures):
    """How a face is read whose measures, both sides alike, differ so much from the mean face's."""
    row = [next((value for part, value in measures.items() if name.endswith(part)), 0.0) for name in FUNCTIONAL_NAMES]
    return dict(zip(LABELS, acting.read(np.array(row)), strict=True))


def test_the_corners_of_the_mouth_make_a_smile(acting):
    smile = reading(acting, mouth_width=0.06, corner=-0.02)
    assert max(smile, key=smile.get) == "happiness"
    assert reading(acting)["happiness"] < smile["happiness"]


def test_an_open_mouth_and_raised_brows_make_surprise(acting):
    gaping = reading(acting, mouth_open=0.15, mouth_width=-0.06, lids=0.01, brow=-0.02)
    assert max(gaping, key=gaping.get) == "surprise"


def test_probabilities_add_up_to_one(acting):
    rng = np.random.default_rng(2)
    for _ in range(20):
        act = acting.draw(rng)
        assert act.read_as.sum() == pytest.approx(1, abs=1e-5)
        np.testing.assert_array_equal(act.read_as, acting.read(act.measures))


def test_rare_expressions_are_acted_more_often_than_they_are_seen(acting):
    rng = np.random.default_rng(3)
    acted = np.mean([acting.draw(rng).read_as for _ in range(2000)], axis=0)
    for label in ("surprise", "anger"):
        assert acted[LABELS.index(label)] > 1.3 * acting.shares[LABELS.index(label)]
    for label in ("neutral", "happiness"):
        assert acted[LABELS.index(label)] < acting.shares[LABELS.index(label)]


def test_a_copy_on_disk_is_the_same(acting, tmp_path):
    acting.save(tmp_path / "acting.npz")
    again = Acting.load(tmp_path / "acting.npz")
    for name in Acting.__slots__:
        np.testing.assert_allclose(getattr(again, name), getattr(acting, name), rtol=1e-6)


def test_a_file_with_something_else_is_refused_by_name(tmp_path):
    path = tmp_path / "acting.npz"
    np.savez(path, shares=np.ones(7))
    with pytest.raises(WeightsError, match=r"acting\.npz"):
        Acting.load(path)
