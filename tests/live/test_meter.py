import pytest

from ganonymization.live.meter import WINDOW_S, Meter


def status(meter, now_s):
    return meter.status(now_s, dropped=3, reconnects=1)


def test_rates_and_latencies_are_those_of_the_latest_seconds():
    meter = Meter(0.0)
    meter.note_shown(arrived_s=0.0, now_s=0.9, faces=9)
    for number in range(100):
        now_s = 10.0 + number * 0.05
        meter.note_shown(arrived_s=now_s - 0.1, now_s=now_s, faces=2)

    told = status(meter, 14.95)

    assert told.latency_ms == pytest.approx(100)
    assert told.latency_p95_ms == pytest.approx(100)
    assert told.fps == pytest.approx(100 / WINDOW_S)
    assert (told.shown, told.faces, told.dropped, told.reconnects, told.seconds) == (101, 2, 3, 1, 14.95)


def test_a_stream_younger_than_the_window_is_measured_by_its_age():
    meter = Meter(1.0)
    for now_s in (1.5, 2.0):
        meter.note_shown(arrived_s=now_s, now_s=now_s, faces=0)

    assert status(meter, 2.0).fps == pytest.approx(2)


def test_covered_pictures_are_counted_apart_and_have_no_latency():
    meter = Meter(0.0)
    meter.note_covered()

    told = status(meter, 1.0)

    assert (told.covered, told.shown, told.fps, told.latency_ms) == (1, 0, 0, 0)
