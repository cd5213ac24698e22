"""`ganonymize run` on live sources: words become values, the stream runs, and how it goes is told on stderr."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import typer

from ganonymization.batch import FileReport
from ganonymization.cli import console
from ganonymization.cli.clips import choose_policy
from ganonymization.cli.people import require_people_usage
from ganonymization.cli.run import RunOptions
from ganonymization.cli.run_files import FAILED, IDENTITY_COUNT, describe
from ganonymization.errors import GanonymizationError, OutputError
from ganonymization.live import (
    Grabber,
    LiveReport,
    RelayOptions,
    Retry,
    Sink,
    SinkKind,
    Source,
    SourceKind,
    Status,
    open_sink,
    parse_sink,
    parse_source,
    read_pictures,
    relay,
)
from ganonymization.onnx import Provider, Runtime
from ganonymization.receipts import write_receipts
from ganonymization.track.policy import TrackPolicy
from ganonymization.types import Region, Tone, Traits
from ganonymization.video.anonymizer import LostFace, VideoAnonymizer
from ganonymization.video.clip import Clip
from ganonymization.video.job import ClipReport
from ganonymization.video.presets import live_options, video_anonymizer

_ASSUMED_FPS: Final = Fraction(12)
"""Frames are dropped until the computer keeps up, which is about this often."""


def execute(options: RunOptions, words: Sequence[str]) -> int:
    """Relay a live stream until it ends or Ctrl-C, and return the exit status.

    Raises:
        typer.BadParameter: a word that means nothing, or options that exclude each other.
    """
    source, sink = _parse(options, words)
    identity = int(options.identity) if options.identity.isdigit() else secrets.randbelow(IDENTITY_COUNT)
    made: list[VideoAnonymizer] = []
    try:
        _require_receipt(options)
        report = _relay(options, source, sink, identity=identity, made=made)
        status = _tell(options, source, sink, report)
        if options.receipt is not None:
            rows = [_to_file_report(source, sink, report, identity=identity, made=made)]
            write_receipts(options.receipt, rows, settings=describe(options), overwrite=options.overwrite)
    except GanonymizationError as error:
        console.print_error(str(error))
        return FAILED
    return status


def _parse(options: RunOptions, words: Sequence[str]) -> tuple[Source, Sink]:
    source = parse_source(words[0])
    if len(words) != 1 or source is None:
        raise typer.BadParameter(
            f"INPUT is {' '.join(words)}; give one live source alone: camera:N, rtsp://..., http://..., rtmp://..., "
            "tcp://..., udp://... or -"
        )
    if not options.out:
        raise typer.BadParameter("a live source needs -o: a file, rtsp://..., rtmp://..., /dev/videoN or -")
    if options.isolated or options.start or options.end or options.resume or options.keep_track:
        raise typer.BadParameter("a live source goes with none of --isolated, --start, --end, --resume, --keep-track")
    require_people_usage(options)
    return source, parse_sink(options.out)


def _require_receipt(options: RunOptions) -> None:
    if options.receipt is not None and options.receipt.exists() and not options.overwrite:
        raise OutputError(f"{options.receipt}: exists already; take another name, or --overwrite")


def _relay(
    options: RunOptions, source: Source, sink: Sink, *, identity: int, made: list[VideoAnonymizer]
) -> LiveReport:
    """Load the networks first, so that no picture waits for them."""
    policy = choose_policy(options, identity)
    make = functools.partial(_make, options, policy)
    spare = [make(None)]

    def next_anonymizer(clip: Clip) -> VideoAnonymizer:
        made.append(spare.pop() if spare else make(clip))
        return made[-1]

    retry = Retry(give_up_s=options.give_up)
    return relay(
        Grabber(
            functools.partial(read_pictures, source, timeout_s=options.timeout),
            retry=None if source.kind is SourceKind.STDIN else retry,
        ),
        next_anonymizer,
        functools.partial(open_sink, sink, timeout_s=options.timeout, retry=retry, overwrite=options.overwrite),
        options=RelayOptions(first_s=2 * options.timeout),
        on_status=(lambda _: None) if options.quiet else _show,
    )


def _make(options: RunOptions, policy: TrackPolicy, clip: Clip | None) -> VideoAnonymizer:
    del clip
    return video_anonymizer(
        policy,
        live_options(_ASSUMED_FPS, lost_face=LostFace(options.lost_face), look_ahead=options.look_ahead),
        runtime=Runtime(Provider(options.provider), options.threads),
        threshold=options.threshold,
        min_face_px=options.min_face,
        strength=options.strength,
        region=Region(options.region),
        tone=Tone(options.tone),
        traits=Traits(options.traits),
    )


def _show(status: Status) -> None:
    console.print_note(
        f"{status.seconds:.0f} s: {status.fps:.1f} frames/s, latency {status.latency_ms:.0f} ms "
        f"(95 %: {status.latency_p95_ms:.0f} ms), {status.faces} faces, {status.dropped} dropped, "
        f"{status.covered} covered, {status.reconnects} reconnects"
    )


def _tell(options: RunOptions, source: Source, sink: Sink, report: LiveReport) -> int:
    if not options.quiet:
        _show(report.status)
        console.print_note(f"{source.name} was shown on {sink.name} for {report.status.seconds:.1f} s")
    if report.error:
        console.print_error(report.error)
    return FAILED if report.error else 0


def _to_file_report(
    source: Source, sink: Sink, report: LiveReport, *, identity: int, made: Sequence[VideoAnonymizer]
) -> FileReport:
    status = report.status
    tracks = tuple(receipt for anonymizer in made for receipt in anonymizer.receipts)
    return FileReport(
        name=source.name,
        outputs=(Path(sink.url),) if sink.kind is SinkKind.FILE else (),
        size_wh=report.size_wh,
        identity=identity,
        face_count=len(tracks),
        clip=ClipReport(
            size_wh=report.size_wh,
            fps=(status.shown + status.covered) / max(status.seconds, 1e-3),
            frames=status.shown + status.covered,
            resumed_frames=0,
            corrupt_frames=report.faults,
            covered_frames=status.covered,
            tracks=tracks,
            seconds=status.seconds,
        ),
        seconds=status.seconds,
    )
