"""A folder of pictures with a table of labels: any own set, and this project's extract of LFW.

Layout: `index.csv`, and the pictures beside it or in `images`. Columns: `file`, and any of `identity`, `emotion`,
`split`, `age`, `sex`, `ethnicity`, `left`, `top`, `right`, `bottom` (of the face's box, in pixels, all four or none);
every other column is an attribute. An empty cell means "not labelled".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ganonymization.errors import InputError
from ganonymization.evaluation.readers.sample import Attribute, Sample
from ganonymization.evaluation.readers.tables import Row, read_table, to_number
from ganonymization.types import Box

TABLE_NAME: Final = "index.csv"

_SIDES: Final = ("left", "top", "right", "bottom")
_COLUMNS: Final = frozenset({"file", "identity", "emotion", "split", "age", "sex", "ethnicity", *_SIDES})


def read_labelled(root: Path) -> Iterator[Sample]:
    """Return the pictures that a table lists.

    Args:
        root: folder with `index.csv`, or a table of another name; its pictures are sought from the folder it lies in.

    Raises:
        InputError: the table is missing or damaged, or a picture that it lists is missing.
    """
    table = root / TABLE_NAME if root.is_dir() else root
    if not table.is_file():
        raise InputError(f"{table}: is missing; expected is a table with the columns file, identity, emotion, split")
    return (_sample(row, table) for row in read_table(table, required=["file"]))


def _sample(row: Row, table: Path) -> Sample:
    cells = row.cells
    return Sample(
        _picture(row, table),
        identity=cells.get("identity"),
        emotion=cells.get("emotion"),
        attributes={name: _attribute(text) for name, text in cells.items() if name not in _COLUMNS},
        box=_box(row),
        split=cells.get("split"),
        age_years=row.number("age"),
        sex=cells.get("sex"),
        ethnicity=cells.get("ethnicity"),
    )


def _picture(row: Row, table: Path) -> Path:
    name = row.cells.get("file")
    if name is None:
        raise row.line.error("the column 'file' is empty; it must name a picture")
    for path in (table.parent / name, table.parent / "images" / name):
        if path.is_file():
            return path
    raise row.line.error(f"{name}: is missing; expected is the picture in {table.parent} or its folder 'images'")


def _attribute(text: str) -> Attribute:
    number = to_number(text)
    return text if number is None else number


def _box(row: Row) -> Box | None:
    sides = [row.number(side) for side in _SIDES]
    left, top, right, bottom = sides
    if left is None or top is None or right is None or bottom is None:
        if any(side is not None for side in sides):
            raise row.line.error(f"a box needs all of {', '.join(_SIDES)}, or none of them")
        return None
    if right <= left or bottom <= top:
        raise row.line.error(f"the box {(left, top, right, bottom)} is empty; right and bottom must be the greater")
    return Box(left, top, right, bottom)
