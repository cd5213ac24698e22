import numpy as np
import pytest

from ganonymization.evaluation.parrot import RetrainedMatcher
from ganonymization.evaluation.verification import euclidean_distances, identify, same_person, without_own_photo


def hidden_people(random, *, people, photos=4, size=12):
    """Embeddings in which a weak trace of the person lies under strong noise in other directions."""
    person = np.repeat(random.normal(size=(people, 3)), photos, axis=0)
    vectors = random.normal(0, 10, (people * photos, size))
    vectors[:, :3] = person + random.normal(0, 0.1, person.shape)
    return vectors, np.repeat([f"p{index}" for index in range(people)], photos).tolist()


def rank1(distances, people):
    return identify(without_own_photo(distances), same_person(people, people)).rate


def test_retraining_on_other_people_finds_the_trace_that_the_naive_attacker_misses():
    random = np.random.default_rng(1)
    parrot = RetrainedMatcher.fit(*hidden_people(random, people=200))
    vectors, people = hidden_people(random, people=50)
    assert rank1(euclidean_distances(vectors, vectors), people) < 0.2
    assert rank1(parrot.distances(vectors, vectors), people) > 0.7


def test_retraining_finds_nothing_where_nothing_is_left():
    random = np.random.default_rng(2)
    people = np.repeat([f"p{index}" for index in range(100)], 4).tolist()
    parrot = RetrainedMatcher.fit(random.normal(size=(400, 8)), people)
    vectors = random.normal(size=(400, 8))
    assert rank1(parrot.distances(vectors, vectors), people) < 0.04


@pytest.mark.parametrize("people", [["a", "a", "a"], ["a", "b", "c"]])
def test_retraining_needs_two_people_with_two_photos(people):
    with pytest.raises(ValueError, match="two such people"):
        RetrainedMatcher.fit(np.random.default_rng(0).normal(size=(3, 2)), people)
