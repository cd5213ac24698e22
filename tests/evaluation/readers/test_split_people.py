from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ganonymization.errors import InputError
from ganonymization.evaluation.readers import Sample, open_dataset, split_people


def samples_of(people, photos=2):
    return [Sample(Path(f"{person}/{number}.jpg"), str(person)) for person in range(people) for number in range(photos)]


def people_of(part):
    return {sample.identity for sample in part}


@given(people=st.integers(2, 40), share=st.floats(0.01, 0.99), seed=st.integers(0, 2**32))
def test_nobody_is_on_both_sides_and_nobody_is_lost(people, share, seed):
    samples = samples_of(people)
    first, second = split_people(samples, share, seed)
    assert people_of(first).isdisjoint(people_of(second))
    assert sorted([*first, *second], key=lambda sample: sample.path) == sorted(samples, key=lambda sample: sample.path)
    assert people_of(first)
    assert people_of(second)


@given(seed=st.integers(0, 2**32), shuffled=st.permutations(samples_of(10)))
def test_the_order_of_the_samples_does_not_matter(seed, shuffled):
    first, second = split_people(samples_of(10), 0.3, seed)
    assert [part.identities for part in split_people(shuffled, 0.3, seed)] == [first.identities, second.identities]


def test_the_share_is_that_of_people_not_of_photos():
    uneven = samples_of(10) + [Sample(Path(f"0/{number}.jpg"), "0") for number in range(90)]
    first, second = split_people(uneven, 0.3, seed=1)
    assert (len(people_of(first)), len(people_of(second))) == (3, 7)


def test_another_seed_draws_other_people():
    assert len({split_people(samples_of(50), 0.5, seed)[0].identities for seed in range(8)}) == 8


def test_a_part_can_be_read_again_and_keeps_the_order():
    part = split_people(samples_of(6), 0.5, seed=0)[1]
    assert list(part) == list(part) == sorted(part, key=lambda sample: sample.path)


def test_a_dataset_is_split_without_being_held(make, root):
    make.pictures("Ann/1.png", "Bob/1.png")
    dataset = open_dataset(str(root))
    first, second = split_people(dataset, 0.5, seed=0)
    assert first.samples is dataset
    assert people_of(first) | people_of(second) == {"Ann", "Bob"}


@pytest.mark.parametrize("share", [0, 1, -0.5, float("nan")])
def test_a_share_outside_of_nought_to_one_is_refused(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        split_people(samples_of(4), share, seed=0)


def test_what_can_be_read_only_once_is_refused():
    with pytest.raises(ValueError, match="read only once"):
        split_people(iter(samples_of(4)), 0.5, seed=0)


@pytest.mark.parametrize("people", [0, 1])
def test_one_person_cannot_be_split(people):
    with pytest.raises(InputError, match=rf"{people} people cannot be split; two or more are needed"):
        split_people(samples_of(people), 0.5, seed=0)


def test_a_photo_of_nobody_cannot_be_split():
    with pytest.raises(InputError, match=r"x\.jpg: names no person, so the set cannot be split by person"):
        split_people([*samples_of(3), Sample(Path("x.jpg"))], 0.5, seed=0)


def test_the_people_of_the_real_extract_are_split_in_two(real_sets):
    if not (real_sets / "lfw").is_dir():
        pytest.skip("GANONYMIZATION_DATA holds no folder lfw")
    first, second = split_people(open_dataset(f"lfw:{real_sets / 'lfw'}"), 0.5, seed=0)
    assert people_of(first).isdisjoint(people_of(second))
    assert (len(first.identities) + len(second.identities), sum(1 for _ in first) + sum(1 for _ in second)) == (
        1155,
        3816,
    )
