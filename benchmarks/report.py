"""Write figures down as JSON and print them as tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True, slots=True)
class Rows:
    """A table for the terminal.

    Attributes:
        title: what it shows.
        head: names of the columns.
        body: rows of cells.
        notes: lines below.
    """

    title: str
    head: Sequence[str]
    body: Sequence[Sequence[object]]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What a benchmark found.

    Attributes:
        figures: everything, for the JSON file.
        tables: what is printed.
    """

    figures: dict[str, Any]
    tables: Sequence[Rows] = field(default_factory=list)


def write_json(name: str, figures: dict[str, Any], *, folder: Path) -> Path:
    """Write `NAME.json`; figures that are not finite are refused."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(_plain(figures), indent=1, allow_nan=False) + "\n")
    return path


def print_table(rows: Rows, console: Console) -> None:
    """Print a table."""
    console.print(f"\n[bold]{rows.title}", soft_wrap=True)
    table = Table()
    for index, name in enumerate(rows.head):
        table.add_column(name, justify="left" if index == 0 else "right")
    for row in rows.body:
        table.add_row(*(cell(value) for value in row))
    console.print(table)
    for note in rows.notes:
        console.print(f"  {note}", soft_wrap=True)


def cell(value: object) -> str:
    """Return a figure as it is printed."""
    match value:
        case None:
            return "-"
        case float() | np.floating():
            return f"{value:.3f}" if abs(value) < 100 else f"{value:.0f}"
        case _:
            return str(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever was measured
    match value:
        case dict():
            return {str(key): _plain(part) for key, part in value.items()}
        case list() | tuple():
            return [_plain(part) for part in value]
        case np.generic():
            return _plain(value.item())
        case float():
            return round(value, 5)
        case _:
            return value
