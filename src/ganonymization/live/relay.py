"""Carry live pictures from a source to a sink: anonymized, or covered, or not at all."""

from __future__ import annotations

import contextlib
import functools
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from ganonymization.errors import GanonymizationError, InputError
from ganonymization.live.cover import cover_frame
from ganonymization.live.grabber import Arrival, Grabber
from ganonymization.live.meter import Meter, Status
from ganonymization.live.sinks import TIME_BASE, PictureSink
from ganonymization.types import Image
from ganonymization.video.anonymizer import AnonymizedFrame
from ganonymization.video.clip import Clip, Colours, Frame
from ganonymization.video.colours import Converter
from ganonymization.video.probe import read_colours, read_turn
from ganonymization.video.read import fit

_LOG: Final = logging.getLogger(__name__)

FPS: Final = Fraction(25)
"""What a live source is taken to send; its pictures are shown when they come."""

_FAULTS: Final = (GanonymizationError, cv2.error, ArithmeticError, LookupError, RuntimeError, ValueError)
"""What a picture may set off in the stages. It is covered then, and the stream goes on."""

STARTING: Final = "starting"
NO_SIGNAL: Final = "no signal"
FAULT: Final = "covered"


class PushFrames(Protocol):
    """Anonymize a stream, frame by frame; `VideoAnonymizer` fits."""

    def push(self, frame: Frame) -> list[AnonymizedFrame]:
        """Take the next frame and return those that are ready."""
        ...

    def flush(self) -> list[AnonymizedFrame]:
        """Return the frames that are still held back; others may follow."""
        ...


@dataclass(frozen=True, slots=True)
class RelayOptions:
    """How live pictures are carried.

    Attributes:
        first_s: seconds in which the first picture must come.
        stall_s: seconds without a picture after which a covered one is shown, and again and again.
        status_s: seconds between reports of how it is going.
    """

    first_s: float = 10.0
    stall_s: float = 1.0
    status_s: float = 2.0


@dataclass(frozen=True, slots=True)
class LiveReport:
    """What became of a live stream.

    Attributes:
        size_wh: width and height in pixels.
        status: at the end.
        faults: pictures that were covered because a stage failed.
        error: why it ended; empty after a good end.
    """

    size_wh: tuple[int, int]
    status: Status
    faults: int
    error: str = ""


DEFAULT_OPTIONS: Final = RelayOptions()


def relay(
    grabber: Grabber,
    make: Callable[[Clip], PushFrames],
    connect: Callable[[Clip], PictureSink],
    *,
    options: RelayOptions = DEFAULT_OPTIONS,
    on_status: Callable[[Status], None] = lambda _: None,
) -> LiveReport:
    """Show the pictures of a source until it ends, or until `grabber.stop` is called.

    What has been shown before an interruption stays shown: the sink is finished in any case.

    Args:
        grabber: takes the pictures; it is started and stopped here.
        make: makes the anonymizer of the stream, and a new one after a fault.
        connect: opens the sink.
        options: how.
        on_status: told now and then how it is going.

    Raises:
        InputError: no picture came.
        OutputError: the sink cannot be opened or written.
    """
    grabber.start()
    try:
        first = _wait_for_first(grabber, options.first_s)
        clip = _describe(first)
        with _closing(connect(clip)) as sink:
            return _Relay(grabber, make, sink, clip=clip, options=options, on_status=on_status).run(first)
    finally:
        grabber.stop()


def _wait_for_first(grabber: Grabber, timeout_s: float) -> Arrival:
    arrival = grabber.mailbox.get(timeout_s)
    if arrival is None:
        raise grabber.error or InputError(f"no picture came within {timeout_s:g} s; check the source")
    return arrival


@contextlib.contextmanager
def _closing(sink: PictureSink) -> Iterator[PictureSink]:
    try:
        yield sink
    finally:
        sink.close()


def _describe(arrival: Arrival) -> Clip:
    picture = arrival.picture
    turn = read_turn(picture)
    return Clip(
        path=Path("live"),
        container="live",
        codec="live",
        size_wh=(picture.height, picture.width) if turn.transposed else (picture.width, picture.height),
        fps=FPS,
        time_base=TIME_BASE,
        turn=turn,
        colours=_tag(read_colours(picture)),
        pixel_format="yuv420p",
    )


def _tag(colours: Colours) -> Colours:
    """Return colours that encoders take: JPEGs of cameras often carry none."""
    return Colours(matrix=colours.matrix, range=colours.range)


class _Relay:
    """The stream while it runs."""

    def __init__(
        self,
        grabber: Grabber,
        make: Callable[[Clip], PushFrames],
        sink: PictureSink,
        *,
        clip: Clip,
        options: RelayOptions,
        on_status: Callable[[Status], None],
    ) -> None:
        self._grabber, self._make, self._sink = grabber, make, sink
        self._clip, self._options, self._on_status = clip, options, on_status
        self._converter = Converter(clip)
        self._start_s = self._told_s = time.monotonic()
        self._meter = Meter(self._start_s)
        self._anonymizer: PushFrames | None = None
        self._faults = 0
        self._arrivals: dict[int, float] = {}

    def run(self, first: Arrival) -> LiveReport:
        """Carry pictures until there are no more, or Ctrl-C, which is how a live stream ends."""
        with contextlib.suppress(KeyboardInterrupt):
            self._carry(first)
        error = self._grabber.error
        return LiveReport(self._clip.size_wh, self._status(), self._faults, str(error) if error else "")

    def _carry(self, first: Arrival) -> None:
        self._cover(STARTING)
        arrival: Arrival | None = first
        while arrival is not None or not self._grabber.mailbox.is_finished:
            if arrival is None:
                self._show(self._rest)
                self._cover(NO_SIGNAL)
            else:
                self._show(functools.partial(self._push, arrival))
            self._tell()
            arrival = self._grabber.mailbox.get(self._options.stall_s)
        self._show(self._rest)

    def _push(self, arrival: Arrival) -> list[AnonymizedFrame]:
        if self._anonymizer is None:
            self._anonymizer = self._make(self._clip)
        return self._anonymizer.push(self._frame(arrival))

    def _rest(self) -> list[AnonymizedFrame]:
        return [] if self._anonymizer is None else self._anonymizer.flush()

    def _show(self, anonymize: Callable[[], list[AnonymizedFrame]]) -> None:
        """Show what has become of a picture, and of earlier ones that were held back."""
        try:
            ready = anonymize()
        except _FAULTS as error:
            _LOG.warning("a picture was covered: %s: %s", type(error).__name__, error)
            # the frames that this anonymizer still holds are lost with it
            self._anonymizer = None
            self._faults += 1
            self._cover(FAULT)
            return
        for anonymized in ready:
            self._hand_on(anonymized)

    def _frame(self, arrival: Arrival) -> Frame:
        """Return the picture as a frame of the stream's size that keeps nothing of the decoder's."""
        image = self._converter.to_rgb(arrival.picture)
        if image.shape[1::-1] != self._clip.size_wh:
            image = fit(image, self._clip.size_wh)
        pts = round((arrival.time_s - self._start_s) / float(TIME_BASE))
        self._arrivals[pts] = arrival.time_s
        return Frame(image, pts, TIME_BASE, corrupt=arrival.picture.is_corrupt)

    def _hand_on(self, anonymized: AnonymizedFrame) -> None:
        arrived_s = self._arrivals.pop(anonymized.frame.pts)
        self._write(anonymized.frame.image)
        if anonymized.whole:
            self._meter.note_covered()
        else:
            self._meter.note_shown(arrived_s=arrived_s, now_s=time.monotonic(), faces=len(anonymized.faces))

    def _cover(self, text: str) -> None:
        self._arrivals.clear()
        self._write(cover_frame(self._clip.size_wh, text))
        self._meter.note_covered()

    def _write(self, image: Image) -> None:
        """Write a picture as shown now: what counts for a viewer is when it is seen."""
        self._sink.write(np.ascontiguousarray(image), Fraction(time.monotonic() - self._start_s))

    def _tell(self) -> None:
        if time.monotonic() - self._told_s >= self._options.status_s:
            self._told_s = time.monotonic()
            self._on_status(self._status())

    def _status(self) -> Status:
        return self._meter.status(
            time.monotonic(), dropped=self._grabber.mailbox.dropped, reconnects=self._grabber.reconnects
        )
