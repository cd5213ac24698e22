import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.spatial.distance import cdist
from scipy.stats import hypergeom
from sklearn.metrics import roc_curve

from ganonymization.evaluation.verification import (
    accept_rate,
    chance_of_hit,
    equal_error_rate,
    euclidean_distances,
    genuine_and_impostor,
    identify,
    same_person,
    threshold_at_far,
    without_own_photo,
)


@pytest.fixture
def random():
    return np.random.default_rng(7)


def test_distances_are_those_of_scipy(random):
    probes, gallery = random.normal(size=(5, 8)), random.normal(size=(7, 8))
    np.testing.assert_allclose(euclidean_distances(probes, gallery), cdist(probes, gallery), atol=1e-9)


def test_the_distance_of_an_embedding_to_itself_is_zero_not_nan(random):
    embedding = random.normal(size=(3, 128)).astype(np.float32)
    assert np.diag(euclidean_distances(embedding, embedding)).max() < 1e-6


@pytest.mark.parametrize("far", [0.01, 0.001, 0.1])
def test_the_threshold_is_the_largest_with_no_more_false_accepts_than_asked_for(random, far):
    impostor = random.normal(1, 0.2, 5000)
    threshold = threshold_at_far(impostor, far=far)
    assert accept_rate(impostor, threshold=threshold) == pytest.approx(far)
    assert accept_rate(impostor, threshold=np.nextafter(threshold, 9)) > far


def test_a_rate_finer_than_the_pairs_allow_is_refused():
    with pytest.raises(ValueError, match="needs 1000 or more"):
        threshold_at_far(np.ones(999), far=0.001)


@pytest.mark.parametrize("far", [0.0, 1.0, -0.1])
def test_what_is_no_rate_is_refused(far):
    with pytest.raises(ValueError, match="between 0 and 1"):
        threshold_at_far(np.ones(100), far=far)


def test_equal_error_rate_is_that_of_the_roc_curve(random):
    genuine, impostor = random.normal(0.4, 0.2, 400), random.normal(0.8, 0.2, 3000)
    labels = np.r_[np.ones(400), np.zeros(3000)]
    false_accepts, true_accepts, _ = roc_curve(labels, -np.r_[genuine, impostor], drop_intermediate=False)
    oracle = brentq(lambda x: 1 - x - np.interp(x, false_accepts, true_accepts), 0, 1)
    assert equal_error_rate(genuine, impostor) == pytest.approx(oracle, abs=0.003)


def test_equal_error_rate_of_two_normals_is_the_closed_form(random):
    # equal spread, one deviation from each to the middle: 1 - Phi(1)
    genuine, impostor = random.normal(-1, 1, 200_000), random.normal(1, 1, 200_000)
    assert equal_error_rate(genuine, impostor) == pytest.approx(0.158655, abs=0.003)


def test_equal_error_rate_of_separate_pairs_is_zero_and_of_reversed_ones_one():
    near, far = np.linspace(0, 1, 10), np.linspace(2, 3, 10)
    assert equal_error_rate(near, far) == 0
    assert equal_error_rate(far, near) == 1


def test_equal_error_rate_of_equal_distances_is_a_half():
    assert equal_error_rate(np.ones(10), np.ones(10)) == pytest.approx(0.5)


def test_pairs_of_one_person_and_of_different_people_are_told_apart():
    distances = np.array([[np.inf, 1, 2], [1, np.inf, 3], [2, 3, np.inf]])
    people = ["a", "a", "b"]
    genuine, impostor = genuine_and_impostor(distances, same_person(people, people))
    assert sorted(genuine) == [1, 1]
    assert sorted(impostor) == [2, 2, 3, 3]


def test_identical_photos_are_always_found(random):
    embeddings = random.normal(size=(20, 4))
    people = [str(index) for index in range(20)]
    found = identify(euclidean_distances(embeddings, embeddings), same_person(people, people))
    assert found.rate == 1
    assert found.chance_rate == pytest.approx(1 / 20)


def test_shuffled_people_are_found_by_chance(random):
    people = random.permutation(np.repeat(np.arange(100), 10)).astype(str)
    embeddings = random.normal(size=(1000, 6))
    distances = without_own_photo(euclidean_distances(embeddings, embeddings))
    found = identify(distances, same_person(people, people))
    assert found.chance_rate == pytest.approx(9 / 999)
    assert found.rate == pytest.approx(found.chance_rate, abs=0.012)


def test_a_planted_leak_of_five_percent_is_found(random):
    gallery = random.normal(size=(400, 16))
    probes = random.normal(size=(400, 16))
    probes[:20] = gallery[:20]
    people = np.arange(400).astype(str)
    found = identify(euclidean_distances(probes, gallery), same_person(people, people))
    assert 0.05 <= found.rate < 0.065


def test_without_the_own_photo_only_other_photos_count():
    embeddings = np.array([[0.0], [5.0], [0.1], [9.0]])
    people = ["a", "a", "b", "c"]
    distances = without_own_photo(euclidean_distances(embeddings, embeddings))
    found = identify(distances, same_person(people, people))
    assert found.probe.tolist() == [0, 1]
    assert found.hit.tolist() == [False, False]
    assert identify(distances, same_person(people, people), rank=3).hit.all()


def test_embeddings_that_are_all_alike_find_nobody():
    people = [str(index // 2) for index in range(20)]
    distances = without_own_photo(np.ones((20, 20)))
    assert identify(distances, same_person(people, people)).rate == 0


@pytest.mark.parametrize("rank", [1, 5, 20])
def test_chance_is_that_of_drawing_without_putting_back(rank):
    chance = chance_of_hit(np.array([100, 50, 22]), np.array([3, 1, 21]), rank=rank)
    oracle = [hypergeom(size, genuine, rank).sf(0) for size, genuine in ((100, 3), (50, 1), (22, 21))]
    np.testing.assert_allclose(chance, oracle)


def test_one_photo_of_each_person_cannot_be_searched_for():
    people = ["a", "b", "c"]
    distances = without_own_photo(np.ones((3, 3)))
    with pytest.raises(ValueError, match="need two photos of somebody"):
        identify(distances, same_person(people, people))
    with pytest.raises(ValueError, match="two photos of somebody"):
        genuine_and_impostor(distances, same_person(people, people))


def test_one_person_alone_has_no_impostors():
    with pytest.raises(ValueError, match="two people"):
        genuine_and_impostor(without_own_photo(np.ones((3, 3))), same_person(["a"] * 3, ["a"] * 3))


def test_nothing_at_all_is_refused():
    with pytest.raises(ValueError, match="0 probes"):
        euclidean_distances(np.zeros((0, 4)), np.zeros((0, 4)))
    with pytest.raises(ValueError, match="no pairs"):
        accept_rate(np.zeros(0), threshold=1)
    with pytest.raises(ValueError, match="0 genuine"):
        equal_error_rate(np.zeros(0), np.ones(3))


def test_an_embedding_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="not finite"):
        euclidean_distances(np.full((1, 4), np.nan), np.zeros((1, 4)))


def test_a_gallery_of_other_photos_has_no_own_photo():
    with pytest.raises(ValueError, match="square"):
        without_own_photo(np.ones((2, 3)))


def test_rank_zero_is_refused():
    with pytest.raises(ValueError, match="rank is 0"):
        identify(np.ones((2, 2)), np.ones((2, 2), bool), rank=0)
