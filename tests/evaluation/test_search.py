import numpy as np
import pytest
from sklearn.metrics import roc_curve

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation import search as module
from ganonymization.evaluation.search import count_distances, joined, real_threshold, search
from ganonymization.evaluation.verification import (
    equal_error_rate,
    euclidean_distances,
    genuine_and_impostor,
    identify,
    same_person,
    threshold_at_far,
    without_own_photo,
)


def crowd(count=40, photos=3, noise=0.8, seed=0):
    random = np.random.default_rng(seed)
    people = [f"p{index:02d}" for index in range(count) for _ in range(photos)]
    means = np.repeat(random.standard_normal((count, 8)), photos, axis=0)
    return means + noise * random.standard_normal(means.shape), people


def found_in(vectors, people, **options):
    return search(lambda rows: euclidean_distances(vectors[rows], vectors), people, **options)


def test_ranks_are_those_of_the_whole_matrix_whatever_the_block(monkeypatch):
    vectors, people = crowd()
    distances = without_own_photo(euclidean_distances(vectors, vectors))
    expected = identify(distances, same_person(people, people))
    for size in (7, 512):
        monkeypatch.setattr(module, "_BLOCK", size)
        found = found_in(vectors, people)
        assert found.hits[1].mean() == expected.rate
        assert found.chance[1].mean() == pytest.approx(expected.chance_rate)


def test_accept_rates_are_those_of_scikit_learn():
    vectors, people = crowd()
    distances = without_own_photo(euclidean_distances(vectors, vectors))
    same = same_person(people, people)
    genuine, impostor = genuine_and_impostor(distances, same)
    _, rates, limits = roc_curve(np.r_[np.ones(len(genuine)), np.zeros(len(impostor))], -np.r_[genuine, impostor])
    middle = len(limits) // 3
    threshold = -float(limits[middle]) + 1e-9
    found = found_in(vectors, people, thresholds=[threshold])
    assert found.tar(0, seed=0).value == pytest.approx(rates[middle])


def test_the_equal_error_rate_of_histograms_is_that_of_all_distances():
    vectors, people = crowd(noise=1.2)
    distances = without_own_photo(euclidean_distances(vectors, vectors))
    exact = equal_error_rate(*genuine_and_impostor(distances, same_person(people, people)))
    interval = count_distances(lambda rows: euclidean_distances(vectors[rows], vectors), people).eer(seed=0)
    assert interval.value == pytest.approx(exact, abs=0.01)
    assert interval.low <= interval.value <= interval.high


def test_own_photos_are_not_in_the_gallery():
    vectors, people = crowd(count=10, photos=1)
    found = found_in(vectors, people)
    assert not len(found.probe)
    np.testing.assert_allclose(found.own, 0, atol=1e-6)
    with pytest.raises(NotMeasurableError, match="two photos"):
        found.rate(1, seed=0)


def test_joined_searches_keep_their_probes_apart():
    vectors, people = crowd(count=8)
    first, second = found_in(vectors, people), found_in(vectors[3:], people[3:])
    both = joined([first, second])
    assert both.found_people == first.found_people + second.found_people
    assert both.hits[5].sum() == first.hits[5].sum() + second.hits[5].sum()


def test_a_threshold_accepts_its_share_of_real_strangers():
    vectors, people = crowd(count=120, photos=2)
    threshold = real_threshold(vectors, people, far=0.05, random=np.random.default_rng(0))
    distances = euclidean_distances(vectors, vectors)
    strangers = distances[np.triu(~same_person(people, people), k=1)]
    assert (strangers < threshold).mean() == pytest.approx(0.05, abs=0.001)


@pytest.mark.parametrize("far", [0.3, 0.05, 0.002])
def test_the_threshold_is_that_of_all_pairs_at_once(far):
    vectors, people = crowd(count=50, photos=3)
    strangers = euclidean_distances(vectors, vectors)[np.triu(~same_person(people, people), k=1)]
    threshold = real_threshold(vectors, people, far=far, random=np.random.default_rng(0))
    assert threshold == pytest.approx(threshold_at_far(strangers, far=far), rel=1e-12)


def test_distances_are_counted_once_for_each_person():
    vectors, people = crowd(count=6, photos=3)
    counted = count_distances(lambda rows: euclidean_distances(vectors[rows], vectors), people)
    np.testing.assert_array_equal(counted.genuine.sum(axis=1), 3 * 2)
    np.testing.assert_array_equal(counted.impostor.sum(axis=1), 3 * 15)
    one = count_distances(lambda rows: euclidean_distances(vectors[rows], vectors), [f"{i}" for i in range(18)])
    np.testing.assert_array_equal((one.impostor + one.genuine).sum(axis=0), (counted.genuine + counted.impostor).sum(0))


def test_too_few_strangers_fix_no_threshold():
    vectors, people = crowd(count=3, photos=2)
    with pytest.raises(NotMeasurableError, match="impostor pairs"):
        real_threshold(vectors, people, far=0.01, random=np.random.default_rng(0))
