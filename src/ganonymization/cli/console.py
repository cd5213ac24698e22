"""What a person sees: error lines, a progress bar, a closing table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from ganonymization.batch import FileReport
from ganonymization.types import Outcome

_COUNTS: Final = ("faces", "synthesized", "obscured", "seconds")


def print_error(message: str) -> None:
    """Print one line on stderr."""
    _stderr().print(Text(f"error: {printable(message)}"), soft_wrap=True)


def print_note(message: str) -> None:
    """Print one line on stderr that is no error."""
    _stderr().print(Text(printable(message)), soft_wrap=True)


def print_table(reports: Sequence[FileReport]) -> None:
    """Print one row per picture on stdout, and a last one for all of them."""
    table = Table(box=box.SIMPLE, show_footer=len(reports) > 1)
    done = [report for report in reports if not report.error]
    table.add_column("file", overflow="fold", footer=f"{len(done)} of {len(reports)} pictures")
    for heading, footer in zip(_COUNTS, _cells(done), strict=True):
        table.add_column(heading, justify="right", footer=footer)
    for report in reports:
        table.add_row(Text(printable(report.name)), *(["failed"] if report.error else _cells([report])))
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    Console(highlight=False).print(table)


def _cells(reports: Sequence[FileReport]) -> list[str]:
    """Return the numbers of one or more pictures; cut-outs have no receipts that tell outcomes apart."""
    faces = sum(report.face_count for report in reports)
    outcomes = [sum(report.count(outcome) for report in reports) for outcome in (Outcome.SYNTHESIZED, Outcome.OBSCURED)]
    told = ["-", "-"] if faces > sum(outcomes) else [str(count) for count in outcomes]
    return [str(faces), *told, f"{sum(report.seconds for report in reports):.2f}"]


@contextmanager
def progress_bar(total: int, *, hidden: bool, title: str = "anonymizing") -> Iterator[Callable[[], None]]:
    """Show a bar on stderr, if that is a terminal, and hand out what moves it by one picture."""
    console = _stderr()
    columns = (TextColumn(printable(title)), BarColumn(), MofNCompleteColumn(), _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=hidden or not console.is_terminal, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda: bar.advance(task)


class _Rate(ProgressColumn):
    """Pictures per second."""

    def render(self, task: Task) -> Text:
        """Return the rate; a dash before the first picture is done."""
        speed = task.finished_speed or task.speed
        return Text("- pictures/s" if speed is None else f"{speed:.2g} pictures/s")


def printable(text: str) -> str:
    """Return a text in which line breaks, escape codes and broken letters, which file names may hold, are spelt out."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def _stderr() -> Console:
    return Console(stderr=True, highlight=False)
