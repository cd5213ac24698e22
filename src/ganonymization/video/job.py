"""Anonymize a clip from file to file: read, follow, draw and write at the same time, in bounded memory."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

from ganonymization.track.receipt import Risk, TrackReceipt
from ganonymization.video.anonymizer import AnonymizedFrame, FramePlan, VideoAnonymizer
from ganonymization.video.clip import Clip, Frame
from ganonymization.video.encoders import Codec
from ganonymization.video.probe import open_clip
from ganonymization.video.read import read_frames
from ganonymization.video.resume import Head, read_head
from ganonymization.video.threads import in_background, in_order, usable_cores
from ganonymization.video.write import ClipOptions, ClipWriter

MOST_RISKS: Final = 20
"""Frames that are named for a clip."""

_READ_AHEAD: Final = 4
_PLAN_AHEAD: Final = 4
"""Frames that are planned and not yet drawn: a scan and the choice of a new person hold up a single one for long."""

_WARM_UP_S: Final = 2
"""A resumed job looks at so much of what is done already, so that the faces in it are followed from there."""


class ClipInterrupted(KeyboardInterrupt):
    """Ctrl-C came while a clip was written.

    Attributes:
        partial: the file that holds what was done; None when nothing was.
    """

    def __init__(self, partial: Path | None) -> None:
        super().__init__("nothing is left behind" if partial is None else f"{partial} holds what was done")
        self.partial = partial


@dataclass(frozen=True, slots=True)
class JobOptions:
    """How a clip is read and written.

    Attributes:
        codec: of the pictures; None is the default of the container.
        crf: constant rate factor, lower is better; None stays near the source's size.
        start: seconds in the source's time from which on it is anonymized; None is the beginning.
        end: seconds up to which; None is the end.
        overwrite: replace an existing file, but not the source.
        resume: go on where an interrupted job has left a partial file.
        workers: threads that draw; 0 takes one for every core.
    """

    codec: Codec | None = None
    crf: int | None = None
    start: Fraction | None = None
    end: Fraction | None = None
    overwrite: bool = False
    resume: bool = False
    workers: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a clip is.

    Attributes:
        frames: that were written.
        frame_count: of the clip, about; None when unknown.
        seconds: since the start.
        film_s: seconds of film that were written.
        faces: covered or kept until now, summed over frames.
        tracks: seen until now.
    """

    frames: int
    frame_count: int | None
    seconds: float
    film_s: float
    faces: int
    tracks: int


@dataclass(frozen=True, slots=True)
class ClipReport:
    """What became of a clip.

    Attributes:
        size_wh: width and height in pixels.
        fps: mean number of frames per second.
        frames: that were written.
        resumed_frames: of these, taken from the partial file.
        corrupt_frames: whose data were damaged; they were covered as a whole.
        covered_frames: that were covered as a whole, damaged ones among them.
        tracks: one receipt each.
        seconds: from opening the source to the finished file.
    """

    size_wh: tuple[int, int]
    fps: float
    frames: int
    resumed_frames: int
    corrupt_frames: int
    covered_frames: int
    tracks: tuple[TrackReceipt, ...]
    seconds: float

    @property
    def risks(self) -> tuple[tuple[int, Risk], ...]:
        """Track and frame of what a person should look at, riskiest first."""
        every = [(receipt.track, risk) for receipt in self.tracks for risk in receipt.risks]
        every.sort(key=lambda pair: (-pair[1].severity, pair[1].frame_index))
        return tuple(every[:MOST_RISKS])


DEFAULT_OPTIONS: Final = JobOptions()


def partial_name(target: Path) -> Path:
    """Return the name of the file that an interrupted job leaves."""
    return target.with_name(f"{target.stem}.partial{target.suffix}")


def anonymize_clip(
    source: Path | str,
    target: Path | str,
    make: Callable[[Clip], VideoAnonymizer],
    *,
    options: JobOptions = DEFAULT_OPTIONS,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> ClipReport:
    """Anonymize a clip; the target appears when it is whole.

    Args:
        source: the clip.
        target: the file to be made; its suffix chooses the container.
        make: makes the anonymizer for the clip.
        options: how it is read and written.
        on_progress: called after every frame.

    Raises:
        InputError: the source cannot be read, or not to its end.
        OutputError: the target cannot be written; there is none then.
        ClipInterrupted: Ctrl-C; what was done lies in a file of another name.
    """
    clip, target = open_clip(source), Path(target)
    return _Job(clip, target, make(clip), options, on_progress).run()


class _Job:
    """One clip on its way."""

    def __init__(
        self,
        clip: Clip,
        target: Path,
        anonymizer: VideoAnonymizer,
        options: JobOptions,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._clip, self._target, self._anonymizer = clip, target, anonymizer
        self._options, self._on_progress = options, on_progress
        self._started = time.perf_counter()
        self._corrupt = self._covered = self._faces = 0
        self._tracks: int = 0

    def run(self) -> ClipReport:
        """Do the work."""
        partial = partial_name(self._target)
        head = read_head(partial) if self._options.resume and partial.exists() else None
        interrupted: ClipInterrupted | None = None
        with ClipWriter(self._clip, self._target, options=self._writer_options()) as writer:
            reached = None if head is None else self._take_over(head, writer)
            try:
                self._write_all(writer, reached)
            except KeyboardInterrupt:
                done = writer.cut_short(partial)
                interrupted = ClipInterrupted(partial if done else None)
        if interrupted is not None:
            raise interrupted
        if head is not None:
            partial.unlink(missing_ok=True)
        return self._report(writer.frame_count, head)

    def _writer_options(self) -> ClipOptions:
        options = self._options
        return ClipOptions(
            codec=options.codec, crf=options.crf, start=options.start, end=options.end, overwrite=options.overwrite
        )

    def _take_over(self, head: Head, writer: ClipWriter) -> Fraction:
        """Write what is done already, and return up to which time of the source that is."""
        first = next(read_frames(self._clip, start=self._options.start, end=self._options.end)).time
        writer.prepend(head, start=first)
        return first + head.end - head.start

    def _write_all(self, writer: ClipWriter, reached: Fraction | None) -> None:
        with self._drawn(reached) as drawn:
            for result in drawn:
                if reached is not None and result.frame.time <= reached:
                    continue
                writer.write(result.frame)
                self._note(result, writer.frame_count)

    @contextlib.contextmanager
    def _drawn(self, reached: Fraction | None) -> Iterator[Iterator[AnonymizedFrame]]:
        workers = self._options.workers or usable_cores()
        start = self._options.start
        if reached is not None:
            start = max(reached - _WARM_UP_S, self._clip.start if start is None else start)
        frames = read_frames(self._clip, start=start, end=self._options.end)
        with (
            in_background(frames, ahead=_READ_AHEAD) as read,
            in_background(_plans(self._anonymizer, read), ahead=_PLAN_AHEAD) as plans,
            ThreadPoolExecutor(workers) as executor,
        ):
            drawn = in_order(executor, self._anonymizer.draw, plans, ahead=workers)
            yield map(self._anonymizer.finish, drawn)

    def _note(self, result: AnonymizedFrame, written: int) -> None:
        self._corrupt += result.frame.corrupt
        self._covered += result.whole
        self._faces += len(result.faces)
        self._tracks = max([self._tracks, *(face.track for face in result.faces)])
        start = self._options.start
        film_s = float(result.frame.time - (self._clip.start if start is None else start))
        self._on_progress(
            Progress(
                frames=written,
                frame_count=_frame_count(self._clip, self._options),
                seconds=time.perf_counter() - self._started,
                film_s=film_s,
                faces=self._faces,
                tracks=self._tracks,
            )
        )

    def _report(self, written: int, head: Head | None) -> ClipReport:
        return ClipReport(
            size_wh=self._clip.size_wh,
            fps=round(float(self._clip.fps), 4),
            frames=written,
            resumed_frames=0 if head is None else head.count,
            corrupt_frames=self._corrupt,
            covered_frames=self._covered,
            tracks=self._anonymizer.receipts,
            seconds=time.perf_counter() - self._started,
        )


def _plans(anonymizer: VideoAnonymizer, frames: Iterable[Frame]) -> Iterator[FramePlan]:
    for frame in frames:
        yield from anonymizer.plan(frame)
    yield from anonymizer.plan_rest()


def _frame_count(clip: Clip, options: JobOptions) -> int | None:
    if options.start is None and options.end is None and clip.frame_count:
        return clip.frame_count
    if clip.duration is None:
        return None
    first = clip.start if options.start is None else options.start
    last = clip.start + clip.duration if options.end is None else min(options.end, clip.start + clip.duration)
    return max(1, round((last - first) * clip.fps))
