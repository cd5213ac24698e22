import time

import pytest

from ganonymization.errors import InputError
from ganonymization.live.grabber import Grabber, Retry

QUICK = Retry(first_pause_s=0.01, longest_pause_s=0.02, give_up_s=60)


def reader(*attempts):
    """A source that yields, and then raises if the last item is an error, once per attempt."""
    left = iter(attempts)

    def read():
        for item in next(left):
            if isinstance(item, Exception):
                raise item
            yield item

    return read


def endless():
    """A camera: it never ends, and takes its time, so that a reader on the same core has his turn."""
    while True:
        yield "a"
        time.sleep(0.001)


@pytest.fixture(autouse=True)
def roomy(monkeypatch):
    """Let no picture be dropped for want of a reader."""
    monkeypatch.setattr("ganonymization.live.grabber.CAPACITY", 10)


def finish(grabber, timeout_s=5):
    """Let a grabber run to its end and return the pictures that waited."""
    grabber.start()
    pictures = []
    deadline_s = time.monotonic() + timeout_s
    while not grabber.mailbox.is_finished:
        assert time.monotonic() < deadline_s
        arrival = grabber.mailbox.get(0.1)
        pictures += [arrival.picture] if arrival else []
    return pictures


def test_the_end_of_a_pipe_is_a_good_end():
    grabber = Grabber(reader("ab"), retry=None)

    assert finish(grabber) == ["a", "b"]
    assert grabber.error is None


def test_a_source_that_cannot_be_opened_is_an_error_and_not_sought_again():
    grabber = Grabber(reader([InputError("absent")]), retry=QUICK)

    assert finish(grabber) == []
    assert str(grabber.error) == "absent"
    assert grabber.reconnects == 0


def test_a_source_without_pictures_is_an_error():
    grabber = Grabber(reader([]), retry=None)

    assert finish(grabber) == []
    assert "before its first picture" in str(grabber.error)


def test_a_source_that_breaks_off_is_sought_again():
    grabber = Grabber(reader(["a", InputError("broke")], [InputError("still away")], ["b"]), retry=QUICK)
    grabber.start()

    assert [grabber.mailbox.get(5).picture for _ in "ab"] == ["a", "b"]
    assert grabber.reconnects == 2
    assert grabber.error is None
    grabber.stop()


def test_pauses_double_up_to_the_longest(monkeypatch):
    pauses = []
    grabber = Grabber(
        reader("a", *[[InputError("away")]] * 4, "b"), retry=Retry(first_pause_s=1, longest_pause_s=3, give_up_s=60)
    )
    monkeypatch.setattr(grabber._stop, "wait", lambda pause_s: pauses.append(pause_s) or len(pauses) == 6)

    assert finish(grabber) == ["a", "b"]
    assert pauses == [1, 2, 3, 3, 3, 1]


def test_a_source_that_stays_away_is_given_up():
    grabber = Grabber(reader("a", *[[InputError("away")]] * 100), retry=Retry(0.01, 0.01, give_up_s=0.05))

    assert finish(grabber) == ["a"]
    assert str(grabber.error) == "away"


def test_a_stopped_grabber_reads_no_further():
    grabber = Grabber(endless, retry=QUICK)
    grabber.start()
    assert grabber.mailbox.get(5)
    grabber.stop()

    while not grabber.mailbox.is_finished:
        grabber.mailbox.get(0.01)


@pytest.mark.parametrize("count", [1, 5])
def test_arrivals_carry_the_time_at_which_they_came(count):
    before_s = time.monotonic()
    grabber = Grabber(reader(["a"] * count), retry=None)
    grabber.start()

    assert before_s <= grabber.mailbox.get(5).time_s <= time.monotonic()
