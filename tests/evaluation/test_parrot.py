import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LinearRegression

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.parrot import DiscriminantHead, NaiveMatcher, RetrainedMatcher, strongest_matcher
from ganonymization.evaluation.verification import euclidean_distances, identify, same_person, without_own_photo


def hidden_people(random, *, people, photos=4, size=12):
    """Embeddings in which a weak trace of the person lies under strong noise in other directions."""
    person = np.repeat(random.normal(size=(people, 3)), photos, axis=0)
    vectors = random.normal(0, 10, (people * photos, size))
    vectors[:, :3] = person + random.normal(0, 0.1, person.shape)
    return vectors, np.repeat([f"p{index}" for index in range(people)], photos).tolist()


def rank1(distances, people):
    return identify(without_own_photo(distances), same_person(people, people)).rate


def distances_by(matcher, vectors):
    mapped = matcher.project(vectors)
    return matcher.compare(mapped, mapped)


@pytest.mark.parametrize("learn", [RetrainedMatcher.fit, DiscriminantHead.fit, strongest_matcher])
def test_retraining_on_other_people_finds_the_trace_that_the_naive_attacker_misses(learn):
    random = np.random.default_rng(1)
    parrot = learn(*hidden_people(random, people=200))
    vectors, people = hidden_people(random, people=50)
    assert rank1(euclidean_distances(vectors, vectors), people) < 0.2
    assert rank1(distances_by(parrot, vectors), people) > 0.7


@pytest.mark.parametrize("learn", [RetrainedMatcher.fit, DiscriminantHead.fit, strongest_matcher])
def test_retraining_finds_nothing_where_nothing_is_left(learn):
    random = np.random.default_rng(2)
    people = np.repeat([f"p{index}" for index in range(100)], 4).tolist()
    parrot = learn(random.normal(size=(400, 8)), people)
    vectors = random.normal(size=(400, 8))
    assert rank1(distances_by(parrot, vectors), people) < 0.04


@pytest.mark.parametrize("people", [["a", "a", "a"], ["a", "b", "c"]])
def test_retraining_needs_two_people_with_two_photos(people):
    with pytest.raises(ValueError, match="two such people"):
        RetrainedMatcher.fit(np.random.default_rng(0).normal(size=(3, 2)), people)


def test_the_head_has_the_directions_of_fishers_discriminant():
    random = np.random.default_rng(7)
    vectors, people = hidden_people(random, people=150, size=5)
    head = DiscriminantHead.fit(vectors, people)
    mapped = (head.principal.transform(vectors) - head.mean) @ head.head
    oracle = LinearDiscriminantAnalysis(n_components=3).fit_transform(vectors, people)
    strongest = mapped[:, np.argsort(-mapped.var(axis=0))[:3]]
    for column in oracle.T:  # the same space: each direction of the one is a mixture of the other's
        fitted = LinearRegression().fit(strongest, column)
        assert fitted.score(strongest, column) > 0.99


def test_an_attacker_whom_learning_does_not_help_does_not_learn():
    random = np.random.default_rng(3)
    person = np.repeat(random.normal(size=(30, 6)), 4, axis=0)
    people = np.repeat([f"p{index}" for index in range(30)], 4).tolist()
    assert isinstance(strongest_matcher(person + random.normal(0, 1e-3, person.shape), people), NaiveMatcher)


def test_a_planted_leak_of_five_percent_is_found():
    random = np.random.default_rng(4)
    parrot = strongest_matcher(random.normal(size=(400, 8)), np.repeat(np.arange(100), 4).astype(str).tolist())
    vectors = random.normal(size=(400, 8))
    vectors[1:40:2] = vectors[0:40:2]  # 40 photos of 20 people: one in ten
    people = np.repeat(np.arange(200), 2).astype(str).tolist()
    assert 0.1 <= rank1(distances_by(parrot, vectors), people) < 0.13


def test_photos_that_are_all_alike_find_nobody():
    people = np.repeat([f"p{index}" for index in range(12)], 3).tolist()
    same = np.ones((36, 4))
    parrot = strongest_matcher(same, people)
    assert rank1(distances_by(parrot, same), people) == 0


def test_nobody_to_learn_from_is_refused():
    with pytest.raises(NotMeasurableError, match="two people"):
        RetrainedMatcher.fit(np.zeros((0, 3)), [])
    with pytest.raises(NotMeasurableError, match="more people"):
        strongest_matcher(np.zeros((2, 3)), ["a", "b"])
