import itertools
import logging
import time

import numpy as np
import pytest
from simulated import FakeAnonymizer, FakeSink, image_of, picture_of

from ganonymization.errors import FaceError, InputError, OutputError
from ganonymization.live.cover import cover_frame
from ganonymization.live.grabber import Grabber, Retry
from ganonymization.live.relay import FAULT, NO_SIGNAL, STARTING, RelayOptions, relay

OPTIONS = RelayOptions(first_s=2, stall_s=0.15, status_s=0.05)


def paced(*values, pause_s=0.05, size_wh=(64, 48)):
    """A source that sends grey pictures at a pace at which none is dropped."""

    def read():
        for value in values:
            yield picture_of(value, size_wh)
            time.sleep(pause_s)

    return read


def run(read, *anonymizers, sink=None, retry=None, **options):
    """Relay a source with these anonymizers, one after the other; return the sink and the report."""
    made = iter(anonymizers or [FakeAnonymizer()])
    sink = sink or FakeSink()
    report = relay(Grabber(read, retry=retry), lambda _: next(made), lambda _: sink, options=OPTIONS, **options)
    return sink, report


def is_cover(image, text):
    return (image == cover_frame((image.shape[1], image.shape[0]), text)).all()


def test_a_cover_is_shown_until_the_first_picture_has_been_looked_at_and_then_what_was_anonymized():
    sink, report = run(paced(10, 100, 200, pause_s=0.12))

    assert is_cover(sink.images[0], STARTING)
    assert sink.values[1:] == [245, 155, 55]
    assert (report.status.shown, report.status.covered, report.size_wh, report.error) == (3, 1, (64, 48), "")
    assert sink.is_closed


def test_times_are_those_of_showing_and_go_on():
    sink, _ = run(paced(10, 100, 200))

    assert all(later > earlier for earlier, later in itertools.pairwise(sink.times))
    assert 0.09 < sink.times[-1] - sink.times[1] < 0.5


@pytest.mark.parametrize("fault", [FaceError("x"), ValueError("x"), RuntimeError("x"), ZeroDivisionError("x")])
def test_a_picture_that_sets_off_a_fault_is_covered_and_the_stream_goes_on_with_a_new_anonymizer(fault, caplog):
    with caplog.at_level(logging.CRITICAL):
        sink, report = run(paced(10, 100, 200), FakeAnonymizer(failures={2: fault}), FakeAnonymizer())

    assert sink.values[1] == 245
    assert is_cover(sink.images[2], FAULT)
    assert sink.values[3] == 55
    assert report.faults == 1


def test_pictures_that_were_held_back_when_a_fault_came_are_never_shown():
    failing = FakeAnonymizer(failures={3: FaceError("x")}, holds=1)

    sink, _ = run(paced(10, 100, 150, 200, 250), failing, FakeAnonymizer())

    assert [value for value in sink.values if value is not None] == [245, 55, 5]


@pytest.mark.parametrize("holds", [1, 2, 3])
def test_pictures_that_are_held_back_are_shown_when_the_source_ends(holds):
    sink, report = run(paced(10, 100, 200), FakeAnonymizer(holds=holds))

    assert sink.values[1:] == [245, 155, 55]
    assert report.status.shown == 3


def test_pictures_that_are_held_back_are_shown_before_it_is_told_that_no_more_come():
    def read():
        yield picture_of(10)
        time.sleep(0.25)
        yield picture_of(100)

    sink, report = run(read, FakeAnonymizer(holds=1))

    assert [value for value in sink.values if value is not None] == [245, 155]
    assert is_cover(sink.images[2], NO_SIGNAL)
    assert report.faults == 0


def test_a_fault_in_what_is_held_back_is_covered():
    class FailsAtTheEnd(FakeAnonymizer):
        def flush(self):
            raise FaceError("x")

    sink, report = run(paced(10, 100), FailsAtTheEnd(holds=1))

    assert [value for value in sink.values if value is not None] == [245]
    assert is_cover(sink.images[-1], FAULT)
    assert report.faults == 1


def test_a_fault_that_nobody_foresaw_ends_the_stream_and_shows_nothing_of_it():
    sink = FakeSink()

    with pytest.raises(AttributeError):
        run(paced(10, 100), FakeAnonymizer(failures={2: AttributeError("a mistake in the program")}), sink=sink)

    assert [value for value in sink.values if value is not None] == [245]
    assert sink.is_closed


def test_an_anonymizer_that_cannot_be_made_shows_covers_only():
    def make(_):
        raise RuntimeError("no memory")

    sink = FakeSink()
    report = relay(Grabber(paced(10, 100), retry=None), make, lambda _: sink, options=OPTIONS)

    assert [value for value in sink.values if value is not None] == []
    assert report.faults == 2


def test_a_silent_source_shows_a_cover_again_and_again():
    def read():
        yield picture_of(10)
        time.sleep(0.7)
        yield picture_of(100)

    sink, _ = run(read)

    covers = [image for image in sink.images if is_cover(image, NO_SIGNAL)]
    assert 2 <= len(covers) <= 5
    assert sink.values[1] == 245
    assert sink.values[-1] == 155


def test_a_source_that_dies_is_covered_and_comes_back_until_it_is_given_up():
    attempts = iter([paced(10)(), paced(100)()])
    retry = Retry(first_pause_s=0.4, longest_pause_s=0.4, give_up_s=0.6)

    def read():
        picture = next(attempts, None)
        if picture is None:
            raise InputError("away for good")
        return picture

    sink, report = run(read, retry=retry)

    assert [value for value in sink.values if value is not None] == [245, 155]
    shown = [index for index, value in enumerate(sink.values) if value is not None]
    between = sink.images[shown[0] + 1 : shown[1]]
    assert len(between) >= 2
    assert all(is_cover(image, NO_SIGNAL) for image in between)
    assert report.error == "away for good"


class Damaged:
    """A picture that the decoder is not sure of."""

    is_corrupt = True

    def __init__(self, picture):
        self.width, self.height, self.format = picture.width, picture.height, picture.format
        self._picture = picture

    def __getattr__(self, name):
        return getattr(self._picture, name)


def test_damaged_pictures_are_handed_on_as_damaged_and_without_the_decoders_samples(monkeypatch):
    frames = []

    class Remember(FakeAnonymizer):
        def push(self, frame):
            frames.append(frame)
            return super().push(frame)

    monkeypatch.setattr("ganonymization.video.colours.Converter.to_rgb", lambda *_: image_of(10))

    def read():
        yield picture_of(10)
        time.sleep(0.05)
        yield Damaged(picture_of(10))

    _, report = run(read, Remember())

    assert [frame.corrupt for frame in frames] == [False, True]
    assert [frame.decoded for frame in frames] == [None, None]
    assert (report.status.shown, report.status.covered) == (1, 2)


def test_a_source_that_changes_its_size_is_fitted_into_the_first_size():
    def read():
        yield picture_of(100, (64, 48))
        time.sleep(0.05)
        yield picture_of(100, (128, 48))

    sink, _ = run(read)

    assert {image.shape for image in sink.images} == {(48, 64, 3)}
    assert sink.images[-1][24, 32].tolist() == [155] * 3
    assert sink.images[-1][0, 0].tolist() == [255] * 3  # the negative of a black bar


def test_pictures_that_come_faster_than_they_can_be_treated_are_dropped_and_not_delayed():
    class Slow(FakeAnonymizer):
        def push(self, frame):
            time.sleep(0.1)
            return super().push(frame)

    statuses = []
    sink, report = run(paced(*range(60), pause_s=0.01), Slow(), on_status=statuses.append)

    assert report.status.dropped > 40
    assert report.status.shown + report.status.dropped == 60
    assert sink.values[-1] == 255 - 59
    assert max(status.latency_p95_ms for status in statuses) < 400


def test_no_first_picture_in_time_is_an_error_and_nothing_is_opened():
    def read():
        time.sleep(1)
        return iter(())

    with pytest.raises(InputError, match=r"no picture came within 0.1 s"):
        relay(Grabber(read, retry=None), None, None, options=RelayOptions(first_s=0.1))


def test_why_a_source_cannot_be_opened_is_told():
    def read():
        raise InputError("camera:0: is not there")

    with pytest.raises(InputError, match="camera:0: is not there"):
        relay(Grabber(read, retry=None), None, None, options=OPTIONS)


def test_a_sink_that_breaks_ends_the_stream():
    class Broken(FakeSink):
        def write(self, _image, _time_s):
            raise OutputError("disk full")

    sink = Broken()
    with pytest.raises(OutputError, match="disk full"):
        run(paced(10, 100), sink=sink)
    assert sink.is_closed


def test_no_pixel_of_a_source_is_ever_written_as_it_came():
    """Whatever fails and whatever is held back: what is written is a cover, or comes from the anonymizer."""
    rng = np.random.default_rng(0)
    for trial in range(5):
        failures = {int(number): ValueError("x") for number in rng.integers(1, 8, 3)}
        anonymizers = [FakeAnonymizer(failures=failures, holds=trial % 3)] + [FakeAnonymizer() for _ in range(8)]

        sink, _ = run(paced(*[10] * 8, pause_s=0.005), *anonymizers)

        for image in sink.images:
            assert not (image == image_of(10)).all(axis=2).any()
