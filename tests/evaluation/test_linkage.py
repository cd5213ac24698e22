import numpy as np
import pytest

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation import linkage
from ganonymization.evaluation.linkage import link, pool


@pytest.fixture
def random():
    return np.random.default_rng(3)


def test_the_pooled_vector_points_along_the_mean_and_is_as_long_as_the_frames():
    pooled = pool(np.array([[3.0, 0], [0, 1], [2, 0]]), ["b", "a", "b"])
    assert pooled.names == ["a", "b"]
    np.testing.assert_allclose(pooled.vectors, [[0, 1], [2.5, 0]])


def test_frames_that_cancel_out_are_nobody():
    np.testing.assert_array_equal(pool(np.array([[1.0, 0], [-1, 0]]), ["a", "a"]).vectors, [[0, 0]])


def test_pooling_finds_people_whose_single_frames_hide_them(random):
    people = np.repeat([f"p{index}" for index in range(50)], 60).tolist()
    person = np.repeat(random.normal(size=(50, 16)), 60, axis=0)
    found = link(person + random.normal(0, 3, person.shape), person, people)
    assert found.naive.rate < 0.5
    assert found.pooled.rate > 0.9
    assert found.gain == pytest.approx(found.pooled.rate - found.naive.rate)
    assert found.pooled_people == sorted(set(people))
    assert len(found.naive_people) == 50 * 30


def test_pooling_gains_nothing_where_nothing_is_left(random):
    people = np.repeat([f"p{index}" for index in range(200)], 4).tolist()
    found = link(random.normal(size=(800, 16)), random.normal(size=(800, 16)), people)
    assert found.pooled.chance_rate == pytest.approx(1 / 200)
    assert found.pooled.rate < 0.04


def test_the_originals_of_the_frames_are_not_in_the_gallery():
    # each photo finds its own original only: nobody is found
    found = link(np.eye(4), np.eye(4), ["a", "a", "b", "b"])
    assert not found.naive.hit.any()


def test_a_person_with_one_photo_is_a_frame_of_nobody_in_the_gallery(random):
    vectors = random.normal(size=(5, 3))
    found = link(vectors, vectors, ["a", "a", "b", "c", "c"])
    assert found.naive_people == found.pooled_people == ["a", "c"]


def test_blocks_do_not_change_what_is_found(random, monkeypatch):
    people = np.repeat([f"p{index}" for index in range(9)], 5).tolist()
    vectors = random.normal(size=(45, 4)) + np.repeat(random.normal(size=(9, 4)), 5, axis=0)
    whole = link(vectors, vectors, people)
    monkeypatch.setattr(linkage, "_BLOCK", 4)
    parts = link(vectors, vectors, people)
    np.testing.assert_array_equal(parts.naive.hit, whole.naive.hit)
    np.testing.assert_array_equal(parts.pooled.hit, whole.pooled.hit)
    np.testing.assert_allclose(parts.naive.chance, whole.naive.chance)


def test_too_few_people_with_two_photos_are_refused():
    with pytest.raises(NotMeasurableError, match="1 people have two photos"):
        link(np.eye(3), np.eye(3), ["a", "a", "b"])
    with pytest.raises(NotMeasurableError, match="no pictures"):
        pool(np.zeros((0, 3)), [])
    with pytest.raises(ValueError, match="equally many"):
        link(np.eye(3), np.eye(2), ["a", "a", "b"])
    with pytest.raises(ValueError, match="equally many"):
        pool(np.eye(3), ["a"])
