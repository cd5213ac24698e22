"""Whom an audition prefers, and that it tries no more people than it has to."""

import math

from ganonymization.audition import EASING, best_first, clearest_first


def tried(distances, log):
    for index, distance in enumerate(distances):
        log.append(index)
        yield distance, index


def test_the_first_who_is_far_enough_is_taken_and_nobody_else_is_tried():
    log = []

    assert next(best_first(tried([0.5, 0.7, 0.9, 0.8], log), enough=0.7)) == 1
    assert log == [0, 1]


def test_if_nobody_is_far_enough_the_farthest_comes_last():
    assert list(best_first(tried([0.5, 0.65, 0.6], []), enough=0.7)) == [1]


def test_who_was_far_enough_comes_before_the_farthest_of_the_others():
    assert list(best_first(tried([0.6, 0.8, 0.65, 0.9], []), enough=0.7)) == [1, 3, 2]


def test_nobody_comes_of_nobody():
    assert list(best_first([], enough=0.7)) == []


def clearest(flaws, log, clear=0.15):
    """Places of people who have these flaws, in the order in which they come."""

    def drawn():
        for place in range(len(flaws)):
            log.append(place)
            yield place

    return clearest_first(drawn(), flaws=flaws.__getitem__, clear=clear)


def test_clear_skin_comes_as_soon_as_drawn_and_all_others_follow_by_their_flaws():
    assert list(clearest([0.3, 0.1, 0.2, 0.05], [])) == [1, 3, 2, 0]


def test_nobody_is_drawn_after_one_with_clear_skin_unless_asked_for():
    log = []
    assert next(clearest([0.3, 0.1, 0.2], log)) == 1
    assert log == [0, 1]


def test_the_more_have_been_drawn_the_less_is_asked_for_and_who_came_before_may_do():
    log = []
    just_missed, worse = 0.15 * EASING**1.5, 0.3
    assert next(clearest([just_missed, worse, worse, worse], log)) == 0
    assert log == [0, 1, 2]


def test_those_with_the_same_flaws_keep_their_order():
    assert list(clearest([0.3, 0.3, 0.3], [])) == [0, 1, 2]


def test_where_nobody_minds_flaws_all_come_as_they_are_and_nobody_is_looked_at():
    def never(_candidate):
        raise AssertionError

    assert list(clearest_first([2, 0, 1], flaws=never, clear=math.inf)) == [2, 0, 1]
