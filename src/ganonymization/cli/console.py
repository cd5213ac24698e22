"""What a person sees: error lines, a progress bar, a closing table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ganonymization.batch import FileReport
from ganonymization.types import Outcome

if TYPE_CHECKING:
    from ganonymization.video.job import Progress as ClipProgress

_OUTCOMES: Final = (Outcome.SYNTHESIZED, Outcome.OBSCURED, Outcome.KEPT)
_CLIP_COUNTS: Final = ("frames", "frames/s")


def print_error(message: str) -> None:
    """Print one line on stderr."""
    _stderr().print(Text(f"error: {printable(message)}"), soft_wrap=True)


def print_note(message: str) -> None:
    """Print one line on stderr that is no error."""
    _stderr().print(Text(printable(message)), soft_wrap=True)


def print_table(reports: Sequence[FileReport]) -> None:
    """Print one row per file on stdout, and a last one for all of them."""
    table = Table(box=box.SIMPLE, show_footer=len(reports) > 1)
    done = [report for report in reports if not report.error]
    has_clips = any(report.clip is not None for report in done)
    kind = "files" if has_clips else "pictures"
    table.add_column("file", overflow="fold", footer=f"{len(done)} of {len(reports)} {kind}")
    outcomes = [one for one in _OUTCOMES if one is not Outcome.KEPT or any(report.count(one) for report in done)]
    headings = ["faces", *(outcome.value for outcome in outcomes), "seconds", *(_CLIP_COUNTS if has_clips else ())]
    for heading, footer in zip(headings, _row(done, outcomes, has_clips=has_clips), strict=True):
        table.add_column(heading, justify="right", footer=footer)
    for report in reports:
        cells = ["failed"] if report.error else _row([report], outcomes, has_clips=has_clips)
        table.add_row(Text(printable(report.name)), *cells)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    Console(highlight=False).print(table)


def print_tracks(rows: Sequence[tuple[int, float, float, float]]) -> None:
    """Print number, first and last time and size of each track on stdout."""
    table = Table(box=box.SIMPLE)
    for heading in ("track", "first s", "last s", "face px"):
        table.add_column(heading, justify="right")
    for number, first_s, last_s, size_px in rows:
        table.add_row(str(number), f"{first_s:.2f}", f"{last_s:.2f}", f"{size_px:.0f}")
    Console(highlight=False).print(table)


def _row(reports: Sequence[FileReport], outcomes: Sequence[Outcome], *, has_clips: bool) -> list[str]:
    return [*_cells(reports, outcomes), *(_clip_cells(reports) if has_clips else [])]


def _clip_cells(reports: Sequence[FileReport]) -> list[str]:
    """Return frames, and frames per second; dashes for pictures."""
    clips = [report.clip for report in reports if report.clip is not None]
    frames, seconds = sum(clip.frames for clip in clips), sum(clip.seconds for clip in clips)
    if not clips:
        return ["-", "-"]
    return [str(frames), f"{frames / max(seconds, 1e-9):.1f}"]


def _cells(reports: Sequence[FileReport], outcomes: Sequence[Outcome]) -> list[str]:
    """Return the numbers of one or more files; cut-outs have no receipts that tell outcomes apart.

    The faces of a clip are its tracks; how they ended is counted in frames.
    """
    faces = sum(report.face_count for report in reports)
    counts = {outcome: sum(report.count(outcome) for report in reports) for outcome in Outcome}
    is_told = faces <= sum(counts.values())
    told = [str(counts[outcome]) if is_told else "-" for outcome in outcomes]
    return [str(faces), *told, f"{sum(report.seconds for report in reports):.2f}"]


class Board:
    """Bars on stderr: one for all files, and one for the clip at hand.

    Args:
        bars: what draws them.
        total: number of files.
        title: what is being done.
    """

    def __init__(self, bars: Progress, total: int, *, title: str) -> None:
        self._bars = bars
        self._all = bars.add_task(printable(title), total=total)

    def advance(self) -> None:
        """Move the bar of all files by one."""
        self._bars.advance(self._all)

    @contextmanager
    def clip(self, name: str) -> Iterator[Callable[[ClipProgress], None]]:
        """Show a bar for a clip, and hand out what moves it."""
        task = self._bars.add_task(printable(name), total=None, speed="")

        def show(progress: ClipProgress) -> None:
            self._bars.update(task, completed=progress.frames, total=progress.frame_count, speed=_describe(progress))

        try:
            yield show
        finally:
            self._bars.remove_task(task)


def _describe(progress: ClipProgress) -> str:
    seconds = max(progress.seconds, 1e-9)
    return (
        f"{progress.frames / seconds:.1f} frames/s, {progress.film_s / seconds:.2f} x real time, "
        f"{progress.faces} faces, {progress.tracks} tracks"
    )


@contextmanager
def progress_bar(total: int, *, hidden: bool, title: str = "anonymizing") -> Iterator[Board]:
    """Show a bar on stderr, if that is a terminal, and hand out what moves it by one file."""
    console = _stderr()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=hidden or not console.is_terminal, transient=True) as bars:
        yield Board(bars, total, title=title)


class _Rate(ProgressColumn):
    """Pictures per second, or what a clip says of its speed."""

    def render(self, task: Task) -> Text:
        """Return the rate; a dash before the first picture is done."""
        if "speed" in task.fields:
            return Text(task.fields["speed"])
        speed = task.finished_speed or task.speed
        return Text("- pictures/s" if speed is None else f"{speed:.2g} pictures/s")


def printable(text: str) -> str:
    """Return a text in which line breaks, escape codes and broken letters, which file names may hold, are spelt out."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _stderr() -> Console:
    return Console(stderr=True, highlight=False)
