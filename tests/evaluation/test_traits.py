import numpy as np
import pytest

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.bootstrap import ratio
from ganonymization.evaluation.traits import Probed, apparent_ages, apparent_sexes, flips, probe_trait


@pytest.fixture
def random():
    return np.random.default_rng(6)


def test_networks_outputs_are_put_into_words():
    assert apparent_sexes(np.array([0.2, 0.5, 0.9])) == ["female", "male", "male"]
    assert apparent_ages(np.array([3.0, 20, 49.9, 80])) == [
        "under 20 years",
        "20 to 34 years",
        "35 to 49 years",
        "50 years and more",
    ]


def test_faces_that_are_taken_for_the_same_do_not_flip():
    assert flips(["a", "b", "c"], ["a", "x", "c"]).tolist() == [False, True, False]
    assert not flips(["a"], ["a"]).any()
    with pytest.raises(ValueError, match="equally many"):
        flips(["a"], [])


def test_the_share_removed_counts_only_where_the_trait_was_seen():
    probed = Probed(np.array([True, True, False, True]), np.array([False, True, True, False]))
    assert ratio(probed.removal_rows().sum(axis=0)) == pytest.approx(2 / 3)


def test_a_trait_that_is_seen_nowhere_cannot_be_removed():
    with pytest.raises(NotMeasurableError, match="no original"):
        Probed(np.zeros(3, bool), np.ones(3, bool)).removal_rows()


def sample(random):
    people = np.repeat([f"p{index}" for index in range(60)], 3).tolist()
    shown = np.repeat(random.random(60) < 0.4, 3)
    vectors = random.normal(0, 0.2, (180, 8))
    vectors[:, 2] += shown
    return vectors, shown, people


def test_a_trait_that_stays_is_not_removed_and_one_that_is_blotted_out_is(random):
    vectors, shown, people = sample(random)
    same = probe_trait(vectors, vectors, shown, people)
    assert (same.before == shown).mean() > 0.95
    assert ratio(same.removal_rows().sum(axis=0)) == 0
    blotted = vectors.copy()
    blotted[:, 2] = 0
    assert ratio(probe_trait(vectors, blotted, shown, people).removal_rows().sum(axis=0)) > 0.95


def test_half_of_the_faces_without_the_trait_is_half_removed(random):
    vectors, shown, people = sample(random)
    half = vectors.copy()
    half[::2, 2] -= shown[::2]
    removed = ratio(probe_trait(vectors, half, shown, people).removal_rows().sum(axis=0))
    assert removed == pytest.approx(shown[::2].sum() / shown.sum(), abs=0.05)


def test_a_trait_of_everybody_and_a_handful_of_people_are_refused(random):
    vectors, shown, people = sample(random)
    with pytest.raises(NotMeasurableError, match="labelled alike"):
        probe_trait(vectors, vectors, np.ones(180, bool), people)
    with pytest.raises(NotMeasurableError, match="cannot be divided"):
        probe_trait(vectors[:6], vectors[:6], shown[:6], people[:6])
    with pytest.raises(ValueError, match="equally many"):
        probe_trait(vectors, vectors[:6], shown, people)
