import time

import pytest

from ganonymization.live.mailbox import Mailbox


def test_a_full_box_drops_the_oldest_item_and_counts_it():
    box = Mailbox(2)
    for item in "abcd":
        box.put(item)

    assert [box.get(0), box.get(0), box.get(0)] == ["c", "d", None]
    assert box.dropped == 2


def test_a_reader_waits_for_an_item(in_thread):
    box = Mailbox(1)
    in_thread(lambda: (time.sleep(0.05), box.put("late")))

    assert box.get(5) == "late"


def test_a_closed_box_gives_what_is_left_and_then_nothing_at_once(in_thread):
    box = Mailbox(2)
    box.put("last")
    in_thread(lambda: (time.sleep(0.05), box.close()))

    assert box.get(5) == "last"
    assert not box.is_finished
    start = time.monotonic()
    assert box.get(5) is None
    assert time.monotonic() - start < 2
    assert box.is_finished


def test_a_box_for_nothing_is_refused():
    with pytest.raises(ValueError, match="capacity is 0"):
        Mailbox(0)
