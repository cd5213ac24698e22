"""Knowing people again: by their looks, never in two places at once."""

import numpy as np

from ganonymization.track.people import People


def looks(*values):
    return np.array([[value, 0.0] for value in values], np.float32)


def test_people_are_numbered_and_known_again():
    people = People(threshold=0.5)

    numbers = [people.recognise(looks(value), present=()) for value in (0.0, 3.0, 0.2, 2.9)]

    assert numbers == [1, 2, 1, 2]


def test_who_is_in_the_same_frame_is_somebody_else():
    people = People(threshold=0.5)
    people.recognise(looks(0.0), present=())

    assert people.recognise(looks(0.1), present={1}) == 2


def test_the_nearest_of_several_is_taken():
    people = People(threshold=2.0)
    people.recognise(looks(0.0), present=())
    people.recognise(looks(2.5), present=())

    assert people.recognise(looks(1.6), present=()) == 2


def test_memory_of_a_person_is_bounded():
    people = People(threshold=0.5)
    for _ in range(40):
        people.recognise(looks(0.0, 0.1), present=())

    assert len(people._known[1]) == 24
