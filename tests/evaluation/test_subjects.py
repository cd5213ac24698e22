from pathlib import Path

import pytest

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.subjects import anonymous, choose, divide, identity_of


def samples(*words):
    """`ann ann bob:fit` and so on."""
    return [
        Sample(Path(f"{index}.jpg"), identity=word.partition(":")[0], split=word.partition(":")[2] or None)
        for index, word in enumerate(words)
    ]


def names(chosen):
    return [sample.identity for sample in chosen]


def test_two_photos_of_each_person_come_before_a_third():
    crowd = samples("ann", "ann", "ann", "bob", "bob", "cem", "cem", "dan")
    assert names(choose(crowd, 6)) == ["ann", "ann", "bob", "bob", "cem", "cem"]
    assert names(choose(crowd, 7)) == ["ann", "ann", "ann", "bob", "bob", "cem", "cem"]
    assert choose(crowd, None) == crowd


def test_the_part_test_is_measured_and_attackers_learn_on_repeated_people_of_the_rest():
    parts = divide(samples("ann:test", "bob:test", "cem:fit", "cem:fit", "dan:fit"), limit=None)
    assert (parts.split, names(parts.tested), names(parts.learning)) == ("test", ["ann", "bob"], ["cem", "cem"])
    assert divide(samples("ann:test", "bob:test", "cem:fit", "cem:fit"), limit=None, learn=False).learning == []


def test_a_person_on_both_sides_is_refused():
    with pytest.raises(InputError, match="must not learn from the people they are tested on"):
        divide(samples("ann:test", "bob:test", "ann:fit"), limit=None)


def test_a_set_without_names_is_refused_and_an_experiment_gives_each_face_its_own():
    nameless = [Sample(Path("a.jpg")), Sample(Path("b.jpg"))]
    with pytest.raises(InputError, match="names no person"):
        divide(nameless, limit=None)
    assert names(anonymous(nameless)) == ["face 0", "face 1"]


def test_a_seed_depends_on_name_and_run_alone():
    assert identity_of("a/1.jpg", 0) == identity_of("a/1.jpg", 0)
    assert len({identity_of("a/1.jpg", 0), identity_of("a/2.jpg", 0), identity_of("a/1.jpg", 1)}) == 3
