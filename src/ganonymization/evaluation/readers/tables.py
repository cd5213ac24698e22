"""Read lists and tables line by line, and name file and line when one is wrong."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ganonymization.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a list, or a row of a table without header.

    Attributes:
        path: the file.
        number: counted from 1.
        cells: what stands in it, without surrounding blanks.
    """

    path: Path
    number: int
    cells: tuple[str, ...]

    def error(self, fault: str) -> InputError:
        """Return the error that says where the fault is."""
        return InputError(f"{self.path}, line {self.number}: {fault}")

    def require_length(self, length: int, content: str) -> None:
        """Refuse a line that has too few or too many cells.

        Raises:
            InputError: `content` says what was expected.
        """
        if len(self.cells) != length:
            raise self.error(f"has {len(self.cells)} entries instead of {length}; expected is {content}")

    def integer(self, index: int) -> int:
        """Return a whole number.

        Raises:
            InputError: the cell holds something else.
        """
        try:
            return int(self.cells[index])
        except ValueError as error:
            raise self.error(f"{self.cells[index]!r} is not a whole number") from error

    def number_at(self, index: int) -> float:
        """Return a number.

        Raises:
            InputError: the cell holds something else.
        """
        return parse_number(self, self.cells[index])

    def pick(self, index: int, meanings: Mapping[str, T]) -> T:
        """Return the meaning of a code.

        Raises:
            InputError: the cell holds none of the codes.
        """
        code = self.cells[index]
        if code not in meanings:
            raise self.error(f"{code!r} is not a code of this list; they are {', '.join(meanings)}")
        return meanings[code]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table with header.

    Attributes:
        line: where it stands.
        cells: column to text; columns that are empty here are left out.
    """

    line: Line
    cells: Mapping[str, str]

    def number(self, column: str) -> float | None:
        """Return the number in a column; None when it is empty.

        Raises:
            InputError: the cell holds something else.
        """
        text = self.cells.get(column)
        return None if text is None else parse_number(self.line, text)


def parse_number(line: Line, text: str) -> float:
    """Return a finite number.

    Raises:
        InputError: the text is something else.
    """
    number = to_number(text)
    if number is None:
        raise line.error(f"{text!r} is not a number")
    return number


def to_number(text: str) -> float | None:
    """Return the finite number that a text stands for; None when it stands for none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def read_list(path: Path) -> Iterator[Line]:
    """Return the lines of a list whose entries are separated by blanks; empty lines are passed over.

    Raises:
        InputError: the file cannot be read or is not text.
    """
    for number, text in enumerate(_read_text(path), start=1):
        if cells := tuple(text.split()):
            yield Line(path, number, cells)


def read_cells(path: Path) -> Iterator[Line]:
    """Return the rows of a comma-separated table that has no header; empty rows are passed over.

    Raises:
        InputError: the file cannot be read or is no such table.
    """
    reader = csv.reader(_read_text(path), strict=True)
    try:
        for cells in reader:
            if any(cells):
                yield Line(path, reader.line_num, tuple(cell.strip() for cell in cells))
    except csv.Error as error:
        raise InputError(f"{path}, line {reader.line_num}: is not comma-separated ({error}); save it as CSV") from error


def read_table(path: Path, *, required: Sequence[str]) -> Iterator[Row]:
    """Return the rows of a comma-separated table, by the names in its first row.

    Raises:
        InputError: the file cannot be read, a required column is missing, or a row does not fit the header.
    """
    lines = read_cells(path)
    header = next(lines, Line(path, 1, ()))
    for column in required:
        if column not in header.cells:
            raise header.error(f"there is no column {column!r}; the first row must name the columns {list(required)}")
    for line in lines:
        line.require_length(len(header.cells), f"an entry for each column of {list(header.cells)}")
        yield Row(line, {name: text for name, text in zip(header.cells, line.cells, strict=True) if text})


def _read_text(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:  # spreadsheets put a byte order mark first
            yield from stream
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); it must be a text file") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text; save it as UTF-8") from error
