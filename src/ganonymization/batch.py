"""Anonymize files one after the other: a failure is reported with its file, and the rest goes on."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from ganonymization.errors import GanonymizationError, OutputError
from ganonymization.files import (
    DEFAULT_MAX_PIXELS,
    Findings,
    Found,
    Metadata,
    Picture,
    is_clip,
    read_picture,
    require_target,
    write_picture,
)
from ganonymization.track.receipt import TrackReceipt
from ganonymization.types import Image, Outcome, Receipt, Result

if TYPE_CHECKING:
    from ganonymization.video.anonymizer import VideoAnonymizer
    from ganonymization.video.clip import Clip
    from ganonymization.video.job import ClipReport, JobOptions, Progress


class Anonymize(Protocol):
    """Anonymize one picture; `Anonymizer` fits."""

    def __call__(self, image: Image, /, *, identity: int) -> Result:
        """Return the picture in which every detected face was replaced or covered."""
        ...


class Isolate(Protocol):
    """Anonymize the faces of one picture alone; `Anonymizer.isolate` fits."""

    def __call__(self, image: Image, /, *, identity: int) -> list[Image]:
        """Return one picture per face, in the order of detection."""
        ...


@dataclass(frozen=True, slots=True)
class FileOptions:
    """How files are read and written.

    Attributes:
        metadata: what of the source's EXIF block is kept.
        max_pixels: larger pictures are refused before they are decoded.
        overwrite: replace existing files, but no input.
        inputs: real paths of every input of the batch, see `real_paths`.
    """

    metadata: Metadata = Metadata.NONE
    max_pixels: int = DEFAULT_MAX_PIXELS
    overwrite: bool = False
    inputs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to be anonymized.

    Attributes:
        source: the picture.
        target: the file to be made; for cut-outs the name that their numbers are put into.
        name: of the picture in tables and receipts, without the folders above the input.
    """

    source: Path
    target: Path
    name: str


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one picture.

    Attributes:
        name: as in `Job`.
        outputs: the files that were made.
        size_wh: width and height in pixels; zeros when it was not read.
        identity: seed that was passed to the anonymizer.
        face_count: faces that were detected; for a clip, tracks.
        receipts: one per face; empty for cut-outs and clips.
        clip: what became of the frames and tracks of a clip; None for a picture.
        stage_ms: time spent on the picture as a whole, per stage, in milliseconds.
        seconds: from opening the source to the finished file.
        error: file, fault and remedy; empty when all went well.
    """

    name: str
    outputs: tuple[Path, ...] = ()
    size_wh: tuple[int, int] = (0, 0)
    identity: int = 0
    face_count: int = 0
    receipts: tuple[Receipt, ...] = ()
    clip: ClipReport | None = None
    stage_ms: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""

    def count(self, outcome: Outcome) -> int:
        """Return how many faces ended this way, in a clip over all frames."""
        if self.clip is not None:
            return sum(_frames_of(track, outcome) for track in self.clip.tracks)
        return sum(receipt.outcome is outcome for receipt in self.receipts)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and what cannot be done.

    Attributes:
        jobs: in the order in which the pictures were found, each with a target of its own.
        refused: inputs that cannot be searched, and pictures whose target is another one's already.
    """

    jobs: tuple[Job, ...]
    refused: tuple[FileReport, ...]


def _frames_of(track: TrackReceipt, outcome: Outcome) -> int:
    match outcome:
        case Outcome.SYNTHESIZED:
            return track.synthesized
        case Outcome.OBSCURED:
            return track.obscured
        case Outcome.KEPT:
            return track.kept


DEFAULT_OPTIONS: Final = FileOptions()


def beside(found: Found) -> Path:
    """Return `name.anonymized.ext` in the folder of the source."""
    return found.source.with_name(f"{found.source.stem}.anonymized{result_suffix(found.source)}")


def beside_as_cutouts(found: Found) -> Path:
    """Return `name.face.png` in the folder of the source, for the number of each face to be put in."""
    return found.source.with_name(f"{found.source.stem}.face.png")


def inside(folder: Path, found: Found) -> Path:
    """Return the same name, and the same folders below the input, in another folder."""
    return (folder / found.relative).with_suffix(result_suffix(found.source))


def result_suffix(source: Path) -> str:
    """Return the suffix of a result: the source's, or that of a video that can be written and holds its sound."""
    if not is_clip(source):
        return source.suffix
    try:
        from ganonymization.video import default_suffix, open_clip

        return default_suffix(open_clip(source))
    except GanonymizationError:
        return source.suffix  # what is wrong is said when it is the file's turn


def inside_as_cutouts(folder: Path, found: Found) -> Path:
    """Return `name.face.png` in the same folders below another one, for the number of each face to be put in."""
    return (folder / found.relative).with_name(f"{found.source.stem}.face.png")


def make_plan(findings: Findings, target_of: Callable[[Found], Path]) -> Plan:
    """Give every picture its target; the second of two pictures with the same target is refused."""
    refused = [FileReport(fault.relative.as_posix(), error=str(fault.error)) for fault in findings.faults]
    jobs: dict[Path, Job] = {}
    for found in findings.pictures:
        job = Job(found.source, target_of(found), found.relative.as_posix())
        first = jobs.setdefault(job.target.absolute(), job)
        if first is not job:
            refused.append(FileReport(job.name, error=_explain_clash(job, first)))
    return Plan(tuple(jobs.values()), tuple(refused))


def _explain_clash(job: Job, first: Job) -> str:
    return f"{job.source}: would be written to {job.target}, as would {first.source}; anonymize them in two runs"


def real_paths(findings: Findings) -> frozenset[str]:
    """Return where the pictures really lie, behind all links, for `FileOptions.inputs`."""
    return frozenset(os.path.realpath(found.source) for found in findings.pictures)


def anonymize_files(jobs: Iterable[Job], work: Callable[[Path, Path], FileReport]) -> Iterator[FileReport]:
    """Yield a report for each job as it is done; an error of this package ends its job, any other the batch.

    Args:
        jobs: what to do.
        work: does it for one source and target, by `anonymize_file` or `isolate_file`.
    """
    for job in jobs:
        try:
            report = work(job.source, job.target)
        except GanonymizationError as error:
            report = FileReport(job.name, error=str(error))
        yield dataclasses.replace(report, name=job.name)


def anonymize_file(
    source: Path | str,
    target: Path | str,
    anonymize: Anonymize,
    *,
    identity: int,
    options: FileOptions = DEFAULT_OPTIONS,
) -> FileReport:
    """Read a picture, anonymize it and write it.

    Args:
        source: the picture.
        target: the file to be made; its suffix chooses the format.
        anonymize: an `Anonymizer`.
        identity: seed of the invented persons.
        options: how files are read and written.

    Raises:
        InputError: the source cannot be read.
        OutputError: the target cannot be written; there is none then.
    """
    start = time.perf_counter()
    source, target = Path(source), Path(target)
    _require_targets([target], source, options)
    picture = read_picture(source, max_pixels=options.max_pixels)
    result = anonymize(picture.image, identity=identity)
    _write([picture.with_image(result.image)], [target], options)
    return FileReport(
        name=source.name,
        outputs=(target,),
        size_wh=_size_wh(picture),
        identity=identity,
        face_count=len(result.receipts),
        receipts=result.receipts,
        stage_ms=result.stage_ms,
        seconds=time.perf_counter() - start,
    )


def anonymize_clip_file(
    source: Path | str,
    target: Path | str,
    make: Callable[[Clip], VideoAnonymizer],
    *,
    identity: int,
    options: FileOptions = DEFAULT_OPTIONS,
    job: JobOptions | None = None,
    on_progress: Callable[[Progress], None] = lambda _: None,
) -> FileReport:
    """Read a clip, anonymize it and write it.

    Args:
        source: the clip.
        target: the file to be made; its suffix chooses the container.
        make: makes the anonymizer for the clip.
        identity: the seed that it was made with, for the report.
        options: how files are read and written.
        job: start, end and quality; `overwrite` is taken from `options`.
        on_progress: called after every frame.

    Raises:
        InputError: the source cannot be read.
        OutputError: the target cannot be written; there is none then.
        VideoSupportMissingError: PyAV is not installed.
        ClipInterrupted: Ctrl-C; what was done lies in a file of another name.
    """
    from ganonymization.video.job import JobOptions, anonymize_clip

    source, target = Path(source), Path(target)
    _require_no_input(target, options)
    job = dataclasses.replace(job or JobOptions(), overwrite=options.overwrite)
    report = anonymize_clip(source, target, make, options=job, on_progress=on_progress)
    return FileReport(
        name=source.name,
        outputs=(target,),
        size_wh=report.size_wh,
        identity=identity,
        face_count=len(report.tracks),
        clip=report,
        seconds=report.seconds,
    )


def isolate_file(
    source: Path | str, target: Path | str, isolate: Isolate, *, identity: int, options: FileOptions = DEFAULT_OPTIONS
) -> FileReport:
    """Read a picture and write one cut-out per face: `photo.face.png` gives `photo.face1.png` and so on.

    Args:
        source: the picture.
        target: the name that the numbers are put into; its suffix chooses the format.
        isolate: `Anonymizer.isolate`.
        identity: seed of the invented persons.
        options: how files are read and written.

    Raises:
        InputError: the source cannot be read.
        OutputError: a cut-out cannot be written; there is none of this picture then.
    """
    start = time.perf_counter()
    source, target = Path(source), Path(target)
    picture = read_picture(source, max_pixels=options.max_pixels)
    cutouts = [picture.cut_out(image) for image in isolate(picture.image, identity=identity)]
    outputs = [target.with_stem(f"{target.stem}{number}") for number in range(1, len(cutouts) + 1)]
    _require_targets(outputs, source, options)
    _write(cutouts, outputs, options)
    return FileReport(
        name=source.name,
        outputs=tuple(outputs),
        size_wh=_size_wh(picture),
        identity=identity,
        face_count=len(cutouts),
        seconds=time.perf_counter() - start,
    )


def _require_targets(targets: Sequence[Path], source: Path, options: FileOptions) -> None:
    for target in targets:
        _require_no_input(target, options)
        require_target(target, source=source, overwrite=options.overwrite)


def _require_no_input(target: Path, options: FileOptions) -> None:
    if os.path.realpath(target) in options.inputs:
        raise OutputError(f"{target}: is an input, and inputs are never overwritten; take another name with -o")


def _write(pictures: Sequence[Picture], targets: Sequence[Path], options: FileOptions) -> None:
    """Write all of them or, when one fails, none."""
    with contextlib.ExitStack() as undo:
        for picture, target in zip(pictures, targets, strict=True):
            write_picture(picture, target, metadata=options.metadata, overwrite=options.overwrite)
            undo.callback(target.unlink)
        undo.pop_all()


def _size_wh(picture: Picture) -> tuple[int, int]:
    height, width = picture.image.shape[:2]
    return width, height
