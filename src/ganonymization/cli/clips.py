"""`ganonymize run` on clips: words become values, and one clip is done."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from ganonymization.batch import FileOptions, FileReport, anonymize_clip_file
from ganonymization.cli.console import Board
from ganonymization.cli.people import decide_tracks
from ganonymization.cli.run import RunOptions
from ganonymization.errors import InputError
from ganonymization.onnx import Provider, Runtime
from ganonymization.track.identity import ObscureAll, Sharing, policy_for
from ganonymization.track.policy import TrackPolicy
from ganonymization.types import Region, Tone, Traits

if TYPE_CHECKING:
    from ganonymization.video.anonymizer import VideoAnonymizer
    from ganonymization.video.clip import Clip
    from ganonymization.video.job import JobOptions

_TIME: Final = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")


def parse_time(word: str, option: str) -> Fraction | None:
    """Return the seconds that a word stands for; None for an empty one.

    Raises:
        typer.BadParameter: it is no time.
    """
    if not word:
        return None
    found = _TIME.fullmatch(word)
    if found is None:
        raise typer.BadParameter(f"{option} is {word!r}; give seconds (95.5) or minutes and seconds (1:35.5)")
    hours, minutes, seconds = found.groups()
    return 3600 * Fraction(hours or 0) + 60 * Fraction(minutes or 0) + Fraction(seconds)


def require_clip_usage(options: RunOptions) -> None:
    """Make sure that the options for clips mean something.

    Raises:
        typer.BadParameter: they do not.
    """
    start, end = parse_time(options.start, "--start"), parse_time(options.end, "--end")
    if end is not None and end <= (start or 0):
        raise typer.BadParameter(f"--end is {options.end}, which is not after the start; give a later time")


def anonymize_one(
    source: Path,
    target: Path,
    board: Board,
    *,
    options: RunOptions,
    files: FileOptions,
    identity: int,
) -> FileReport:
    """Anonymize one clip, and show on the board how far it is.

    Raises:
        InputError: only cut-outs were asked for.
    """
    if options.isolated:
        raise InputError(f"{source}: is a clip, of which no cut-outs are made; leave --isolated out")
    with board.clip(source.name) as on_progress:
        return anonymize_clip_file(
            source,
            target,
            _maker(options, choose_policy(options, identity)),
            identity=identity,
            options=files,
            job=_job_options(options),
            on_progress=on_progress,
        )


def choose_policy(options: RunOptions, identity: int) -> TrackPolicy:
    """Return what is done to the tracks of a clip or a live stream."""
    if options.obscure_only:
        return ObscureAll()
    is_number = options.identity.isdigit()
    policy = policy_for(Sharing.PER_PERSON if is_number else Sharing(options.identity), identity)
    return decide_tracks(options, policy)


def _maker(options: RunOptions, policy: TrackPolicy) -> Callable[[Clip], VideoAnonymizer]:
    from ganonymization.video import presets
    from ganonymization.video.anonymizer import LostFace

    def make(clip: Clip) -> VideoAnonymizer:
        return presets.video_anonymizer(
            policy,
            presets.stream_options(clip.fps, clip.size_wh, lost_face=LostFace(options.lost_face)),
            # frames are drawn side by side, which keeps cores busier than several threads in one network
            runtime=Runtime(Provider(options.provider), options.threads or 1),
            threshold=options.threshold,
            min_face_px=options.min_face,
            strength=options.strength,
            region=Region(options.region),
            tone=Tone(options.tone),
            traits=Traits(options.traits),
        )

    return make


def _job_options(options: RunOptions) -> JobOptions:
    from ganonymization.video import Codec
    from ganonymization.video.job import JobOptions

    return JobOptions(
        codec=None if options.codec == "auto" else Codec(options.codec),
        crf=options.crf,
        start=parse_time(options.start, "--start"),
        end=parse_time(options.end, "--end"),
        resume=options.resume,
    )
