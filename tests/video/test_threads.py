"""Overlapping steps: order is kept, faults come out, and nobody runs far ahead."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ganonymization.video.threads import in_background, in_order


def test_items_come_in_order():
    with in_background(range(100), ahead=3) as items:
        assert list(items) == list(range(100))


def test_no_more_than_asked_for_is_made_ahead():
    made = []

    def make():
        for number in range(100):
            made.append(number)
            yield number

    with in_background(make(), ahead=3) as items:
        next(items)
        time.sleep(0.3)
        assert len(made) <= 6


def test_an_error_comes_out_after_the_items_before_it():
    def make():
        yield 1
        raise RuntimeError("broken")

    with in_background(make(), ahead=3) as items:
        assert next(items) == 1
        with pytest.raises(RuntimeError, match="broken"):
            next(items)


def test_leaving_early_ends_the_thread():
    before = threading.active_count()
    with in_background(iter(int, 1), ahead=2) as items:
        next(items)

    assert threading.active_count() == before


def test_results_come_in_the_order_of_the_items():
    def slow_first(number):
        time.sleep(0.05 if number == 0 else 0)
        return number

    with ThreadPoolExecutor(3) as executor:
        assert list(in_order(executor, slow_first, range(8), ahead=3)) == list(range(8))


def test_an_error_of_one_item_comes_out_in_its_turn():
    def check(number):
        if number == 2:
            raise ValueError("two")
        return number

    with ThreadPoolExecutor(2) as executor:
        results = in_order(executor, check, range(9), ahead=2)
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(ValueError, match="two"):
            next(results)
