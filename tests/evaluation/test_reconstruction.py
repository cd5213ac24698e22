import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, Ridge

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation import reconstruction
from ganonymization.evaluation.reconstruction import (
    KernelReconstruction,
    RidgeReconstruction,
    strongest_reconstruction,
)
from ganonymization.evaluation.verification import euclidean_distances, find_other_photos


@pytest.fixture
def random():
    return np.random.default_rng(8)


def people_of(random, *, people, photos=4, size=8, noise=0.1):
    """Embeddings that tell people apart."""
    person = np.repeat(random.normal(size=(people, size)), photos, axis=0)
    return person + random.normal(0, noise, person.shape), np.repeat(np.arange(people), photos).astype(str).tolist()


def rank1(probes, gallery, people):
    return find_other_photos(euclidean_distances(probes, gallery), people).rate


def test_it_undoes_a_linear_change_of_other_people(random):
    original, fresh = random.normal(size=(2, 500, 5))
    change = random.normal(size=(5, 5))
    undo = RidgeReconstruction.fit(original @ change + 3, original)
    oracle = LinearRegression().fit(original @ change + 3, original).predict(fresh @ change + 3)
    np.testing.assert_allclose(oracle, fresh, atol=1e-9)
    assert np.abs(undo(fresh @ change + 3) - fresh).mean() < 0.1


def test_the_linear_guess_is_that_of_scikit_learns_ridge(random):
    changed, original = random.normal(2, 3, size=(40, 6)), random.normal(size=(40, 3))
    penalty = 0.1 * ((changed - changed.mean(axis=0)) ** 2).sum() / 6
    oracle = Ridge(alpha=penalty).fit(changed, original).predict(changed)
    np.testing.assert_allclose(RidgeReconstruction.fit(changed, original, ridge=0.1)(changed), oracle, atol=1e-9)


def test_the_kernel_guess_is_that_of_scikit_learns_kernel_ridge(random):
    changed, original = random.normal(size=(30, 4)), random.normal(5, 1, size=(30, 2))
    width = euclidean_distances(changed, changed)[~np.eye(30, dtype=bool)].mean()
    oracle = KernelRidge(kernel="rbf", gamma=1 / (2 * width**2), alpha=0.1)  # the kernel's diagonal is 1
    oracle.fit(changed, original - original.mean(axis=0))
    guess = KernelReconstruction.fit(changed, original, ridge=0.1)
    fresh = random.normal(size=(9, 4))
    np.testing.assert_allclose(guess(fresh), oracle.predict(fresh) + original.mean(axis=0), atol=1e-6)


def test_what_knows_nothing_is_guessed_as_the_mean(random):
    original, changed = random.normal(size=(2, 5000, 3))
    assert np.abs(RidgeReconstruction.fit(changed, original + 2)(changed) - 2).max() < 0.3


def test_outputs_that_are_all_alike_are_guessed_as_the_mean(random):
    original = random.normal(size=(12, 3))
    guess = RidgeReconstruction.fit(np.ones((12, 3)), original)(np.ones((2, 3)))
    np.testing.assert_allclose(guess, [original.mean(axis=0)] * 2)


def test_a_permutation_that_fools_the_naive_attacker_is_undone(random):
    known, known_people = people_of(random, people=60)
    attacked, people = people_of(random, people=40)
    changed = attacked[:, ::-1] * 5 + 20
    undo = strongest_reconstruction(known[:, ::-1] * 5 + 20, known, known_people)
    assert rank1(changed, attacked, people) < 0.15
    assert rank1(undo(changed), attacked, people) > 0.95


def test_the_strongest_attacker_takes_the_kernel_where_no_line_undoes_the_change(random):
    known, known_people = people_of(random, people=150, size=2, noise=0.02)
    hide = lambda vectors: np.abs(vectors) * 3 + np.sign(vectors)  # noqa: E731 - a jump that a line cannot follow
    undo = strongest_reconstruction(hide(known), known, known_people)
    assert isinstance(undo, KernelReconstruction)


def test_no_kernel_is_tried_on_more_photos_than_memory_allows(random, monkeypatch):
    monkeypatch.setattr(reconstruction, "KERNEL_PHOTOS", 10)
    known, people = people_of(random, people=10)
    assert isinstance(strongest_reconstruction(known**3, known, people), RidgeReconstruction)


def test_nothing_is_gained_where_nothing_is_left(random):
    known, known_people = people_of(random, people=60)
    attacked, people = people_of(random, people=100)
    undo = strongest_reconstruction(random.normal(size=known.shape), known, known_people)
    assert rank1(undo(random.normal(size=attacked.shape)), attacked, people) < 0.04


def test_too_little_to_learn_from_is_refused():
    with pytest.raises(ValueError, match="equally many"):
        RidgeReconstruction.fit(np.ones((3, 2)), np.ones((2, 2)))
    with pytest.raises(NotMeasurableError, match="two or more"):
        RidgeReconstruction.fit(np.ones((1, 2)), np.ones((1, 2)))
    with pytest.raises(NotMeasurableError, match="all 3 anonymized vectors are alike"):
        KernelReconstruction.fit(np.ones((3, 2)), np.eye(3))
    with pytest.raises(NotMeasurableError, match="cannot be divided into 3 parts"):
        strongest_reconstruction(np.eye(4), np.eye(4), ["a", "a", "b", "b"])
