"""`ganonymize run`, the work: words become values, the batch runs, the outcome is shown."""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from ganonymization import presets
from ganonymization.anonymizer import Anonymizer, Obscurer
from ganonymization.batch import (
    FileOptions,
    FileReport,
    Plan,
    anonymize_file,
    anonymize_files,
    beside,
    beside_as_cutouts,
    inside,
    inside_as_cutouts,
    isolate_file,
    make_plan,
    real_paths,
)
from ganonymization.cli import console
from ganonymization.cli.clips import anonymize_one, require_clip_usage
from ganonymization.cli.people import decide_faces, require_people_usage
from ganonymization.cli.run import RunOptions
from ganonymization.errors import GanonymizationError, OutputError
from ganonymization.files import CLIP_SUFFIXES, Findings, Found, Metadata, find_pictures, is_clip
from ganonymization.files.picture import FORMAT_OF_SUFFIX
from ganonymization.onnx import Provider, Runtime
from ganonymization.receipts import write_receipts
from ganonymization.types import Region, Tone, Traits

if TYPE_CHECKING:
    from ganonymization.video.job import ClipReport

IDENTITY_COUNT: Final = 2**31
"""Seeds are 0 to this, exclusive; every platform's integers and JSON hold them."""

FAILED: Final = 1
INTERRUPTED: Final = 130

Work = Callable[[Path, Path], FileReport]
BoardWork = Callable[[console.Board, Path, Path], FileReport]

_WORDS: Final = frozenset({"per-track", "per-file", "random"})


def execute(options: RunOptions) -> int:
    """Anonymize what was asked for and return the exit status.

    Raises:
        typer.BadParameter: a word that means nothing, or options that exclude each other.
    """
    _require_usage(options)
    draw_identity = _parse_identity(options.identity)
    findings = find_pictures(options.inputs, out=Path(options.out) if options.out else None)
    plan = make_plan(findings, _choose_targets(options))
    try:
        _require_receipt(options, findings)
        work = _make_work(options, findings, draw_identity)
    except GanonymizationError as error:
        console.print_error(str(error))
        return FAILED
    return _run(plan, work, options)


def _require_usage(options: RunOptions) -> None:
    if options.isolated and options.obscure_only:
        raise typer.BadParameter("--isolated and --obscure-only exclude each other; leave one out")
    if options.receipt is not None and options.receipt.suffix.lower() != ".json":
        raise typer.BadParameter(f"--receipt is {options.receipt}; give a name that ends in .json")
    require_clip_usage(options)
    require_people_usage(options)
    if not options.out or _out_is_file(options):
        return
    out = Path(options.out)
    is_file_name = out.suffix.lower() in FORMAT_OF_SUFFIX or out.suffix.lower() in CLIP_SUFFIXES
    if out.is_file() or (is_file_name and not out.is_dir()):
        raise typer.BadParameter(f"-o is {out}, a file, but several results may go there; give a folder")


def _out_is_file(options: RunOptions) -> bool:
    """One file goes into a file, unless OUT is a folder or looks like one."""
    out = Path(options.out)
    is_one_file = len(options.inputs) == 1 and not options.inputs[0].is_dir() and not options.isolated
    return is_one_file and bool(out.suffix) and not out.is_dir() and not options.out.endswith(("/", os.sep))


def _parse_identity(word: str) -> Callable[[], int]:
    if word in _WORDS:
        return functools.partial(secrets.randbelow, IDENTITY_COUNT)
    if not (word.isascii() and word.isdigit() and int(word) < IDENTITY_COUNT):
        raise typer.BadParameter(
            f"--identity is {word!r}; give per-track, per-file, random, or a number from 0 to {IDENTITY_COUNT - 1}"
        )
    return functools.partial(int, word)


def _choose_targets(options: RunOptions) -> Callable[[Found], Path]:
    if not options.out:
        return beside_as_cutouts if options.isolated else beside
    out = Path(options.out)
    if _out_is_file(options):
        return lambda _: out
    return functools.partial(inside_as_cutouts if options.isolated else inside, out)


def _require_receipt(options: RunOptions, findings: Findings) -> None:
    """Find out before the work, and not after it, that the receipt cannot be written."""
    if options.receipt is None:
        return
    if os.path.realpath(options.receipt) in real_paths(findings):
        raise OutputError(f"{options.receipt}: is an input, and inputs are never overwritten; take another name")
    if options.receipt.exists() and not options.overwrite:
        raise OutputError(f"{options.receipt}: exists already; take another name, or --overwrite")


def _make_work(options: RunOptions, findings: Findings, draw_identity: Callable[[], int]) -> BoardWork:
    """Load the networks and return what treats one file."""
    files = FileOptions(
        metadata=Metadata(options.metadata),
        max_pixels=options.max_pixels,
        overwrite=options.overwrite,
        inputs=real_paths(findings),
    )
    clips = frozenset(found.source for found in findings.pictures if is_clip(found.source))
    has_pictures = len(clips) < len(findings.pictures)
    treat_picture = _make_picture_work(options, files, draw_identity) if has_pictures else None

    def treat(board: console.Board, source: Path, target: Path) -> FileReport:
        if treat_picture is not None and source not in clips:
            return treat_picture(source, target)
        return anonymize_one(source, target, board, options=options, files=files, identity=draw_identity())

    return treat


def _make_picture_work(options: RunOptions, files: FileOptions, draw_identity: Callable[[], int]) -> Work:
    if options.isolated:
        isolate = _load_anonymizer(options).isolate
        return lambda source, target: isolate_file(source, target, isolate, identity=draw_identity(), options=files)
    anonymize = _load_obscurer(options) if options.obscure_only else _load_anonymizer(options)
    return lambda source, target: anonymize_file(source, target, anonymize, identity=draw_identity(), options=files)


def _load_anonymizer(options: RunOptions) -> Anonymizer:
    return presets.default(
        runtime=Runtime(Provider(options.provider), options.threads),
        threshold=options.threshold,
        min_face_px=options.min_face,
        strength=options.strength,
        region=Region(options.region),
        tone=Tone(options.tone),
        traits=Traits(options.traits),
        decide=decide_faces(options),
    )


def _load_obscurer(options: RunOptions) -> Obscurer:
    return presets.obscure_only(
        runtime=Runtime(Provider(options.provider), options.threads),
        threshold=options.threshold,
        min_face_px=options.min_face,
    )


def _run(plan: Plan, work: BoardWork, options: RunOptions) -> int:
    """Do the plan; whatever ends it, what was done until then is told."""
    reports = list(plan.refused)
    try:
        _collect(plan, work, reports, is_quiet=options.quiet)
        status = FAILED if any(report.error for report in reports) else 0
    except KeyboardInterrupt as interruption:
        told = f"; {interruption}" if str(interruption) else ""
        console.print_note(f"interrupted; {len(reports)} of {len(plan.refused) + len(plan.jobs)} inputs are done{told}")
        status = INTERRUPTED
    finally:
        is_told = _tell(reports, options)
    return status or (0 if is_told else FAILED)


def _collect(plan: Plan, work: BoardWork, reports: list[FileReport], *, is_quiet: bool) -> None:
    """Add a report for each file as soon as it is done."""
    for refused in plan.refused:
        console.print_error(refused.error)
    with console.progress_bar(len(plan.jobs), hidden=is_quiet) as board:
        for report in anonymize_files(plan.jobs, functools.partial(work, board)):
            reports.append(report)
            if report.error:
                console.print_error(report.error)
            elif report.clip is not None and report.clip.covered_frames:
                console.print_note(_explain_covered(report.name, report.clip))
            board.advance()


def _explain_covered(name: str, clip: ClipReport) -> str:
    damaged = f", {clip.corrupt_frames} of them damaged" if clip.corrupt_frames else ""
    return f"{name}: {clip.covered_frames} frames were covered as a whole{damaged}"


def _tell(reports: list[FileReport], options: RunOptions) -> bool:
    """Print the table and write the receipt; return whether that was possible."""
    if not options.quiet:
        console.print_table(reports)
    if options.receipt is None:
        return True
    try:
        write_receipts(options.receipt, reports, settings=describe(options), overwrite=options.overwrite)
    except GanonymizationError as error:
        console.print_error(str(error))
        return False
    return True


def describe(options: RunOptions) -> dict[str, str | int | float | bool]:
    """Return what shaped the faces, and no path."""
    return {
        "identity": options.identity,
        "isolated": options.isolated,
        "obscure_only": options.obscure_only,
        "strength": options.strength,
        "region": options.region,
        "tone": options.tone,
        "traits": options.traits,
        "min_face_px": options.min_face,
        "threshold": options.threshold,
        "provider": options.provider,
        "metadata": options.metadata,
        "lost_face": options.lost_face,
        "keep": ", ".join(path.name for path in options.keep),
        "keep_track": ", ".join(str(number) for number in options.keep_track),
        "key": options.key is not None,
    }
