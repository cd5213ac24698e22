import pytest

from ganonymization import timing
from ganonymization.timing import Stopwatch


@pytest.fixture
def clock(monkeypatch):
    """A stopwatch for which each look at the clock is one second later."""
    seconds = iter(range(1000))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: next(seconds))
    return Stopwatch()


def test_times_of_a_stage_add_up_in_order_of_first_use(clock):
    for stage in ("detect", "blend", "detect"):
        with clock(stage):
            pass
    assert list(clock.milliseconds().items()) == [("detect", 2000.0), ("blend", 1000.0)]


def test_a_stage_that_fails_is_timed_and_its_error_passed_on(clock):
    with pytest.raises(KeyError), clock("detect"):
        raise KeyError
    assert clock.milliseconds() == {"detect": 1000.0}


def test_a_new_stopwatch_has_no_times():
    assert Stopwatch().milliseconds() == {}
