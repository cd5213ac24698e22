"""AffectNet, manually annotated part of the first release (2017): photos from the web with emotion and face box.

Layout: `Manually_Annotated_Images/<number>/<hash>.jpg`, `Manually_Annotated_file_lists/training.csv` and
`validation.csv`. The columns are subDirectory_filePath, face_x, face_y, face_width, face_height, facial_landmarks,
expression, valence, arousal; `validation.csv` comes without header. The smaller release of 2021 (`train_set/images`
with `annotations/*.npy`) is another layout and is not read here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ganonymization.evaluation.readers.layout import Origin
from ganonymization.evaluation.readers.sample import Attribute, Sample
from ganonymization.evaluation.readers.tables import Line, read_cells
from ganonymization.types import Box

ORIGIN: Final = Origin(
    "affectnet",
    "AffectNet, manually annotated images and file lists",
    "Mohammad H. Mahoor, University of Denver (on request)",
)

_COLUMNS: Final = (
    "subDirectory_filePath",
    "face_x",
    "face_y",
    "face_width",
    "face_height",
    "facial_landmarks",
    "expression",
    "valence",
    "arousal",
)
_EXPRESSION: Final = _COLUMNS.index("expression")
_NO_FACE: Final = "10"
_EMOTIONS: Final[dict[str, str | None]] = {
    "0": "neutral",
    "1": "happiness",
    "2": "sadness",
    "3": "surprise",
    "4": "fear",
    "5": "disgust",
    "6": "anger",
    "7": "contempt",
    "8": None,  # none of the above
    "9": None,  # uncertain
    _NO_FACE: None,
}
_NOT_RATED: Final = -2.0
_UNKNOWN: Final = frozenset({"", "NULL"})


def read_affectnet(root: Path) -> Iterator[Sample]:
    """Return the photos of training and validation; the set names no people, so it cannot be split by person.

    Photos of the class "no face" are passed over; "none" and "uncertain" have no emotion. Attributes are `valence` and
    `arousal`, -1 to 1, where they are rated.

    Raises:
        InputError: a file is missing or damaged.
    """
    photos = ORIGIN.require(root, "Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images")
    lists = {split: _list(root, split) for split in ("training", "validation")}
    return (sample for split, path in lists.items() for sample in _samples(path, photos, split))


def _list(root: Path, split: str) -> Path:
    return ORIGIN.require(root, f"Manually_Annotated_file_lists/{split}.csv", f"{split}.csv")


def _samples(path: Path, photos: Path, split: str) -> Iterator[Sample]:
    for line in read_cells(path):
        line.require_length(len(_COLUMNS), ", ".join(_COLUMNS))
        if line.cells == _COLUMNS or line.cells[_EXPRESSION] == _NO_FACE:
            continue
        yield Sample(
            ORIGIN.require_picture(photos / line.cells[0], listed_in=path),
            emotion=line.pick(_EXPRESSION, _EMOTIONS),
            attributes=_ratings(line),
            box=_box(line),
            split=split,
        )


def _ratings(line: Line) -> dict[str, Attribute]:
    ratings = {name: line.number_at(_COLUMNS.index(name)) for name in ("valence", "arousal")}
    return {name: value for name, value in ratings.items() if value != _NOT_RATED}


def _box(line: Line) -> Box | None:
    if not _UNKNOWN.isdisjoint(line.cells[1:5]):
        return None
    left, top, width, height = (line.number_at(column) for column in range(1, 5))
    return Box(left, top, left + width, top + height)
