"""Face Research Lab London Set: 102 people, neutral and smiling, with age, sex and ethnicity.

Layout: `info.csv` and `001_03-neutral.webp`, `001_08-smiling.webp`; or as published: `london_faces_info.csv`,
`neutral_front/001_03.jpg` and `smiling_front/001_08.jpg`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ganonymization.evaluation.readers.layout import Origin
from ganonymization.evaluation.readers.sample import Sample
from ganonymization.evaluation.readers.tables import Row, parse_number, read_table

ORIGIN: Final = Origin(
    "london",
    "Face Research Lab London Set: london_faces_info.csv, neutral_front.zip and smiling_front.zip",
    "figshare (Lisa DeBruine and Benedict Jones)",
)

_PLACES: Final = {
    "neutral": ("{}_03-neutral", "neutral_front/{}_03"),
    "happiness": ("{}_08-smiling", "smiling_front/{}_08"),
}
_SUFFIXES: Final = (".webp", ".jpg", ".png")
_UNKNOWN: Final = "NA"


@dataclass(frozen=True, slots=True)
class ExpressionPair:
    """One person twice.

    Attributes:
        neutral: at rest.
        smiling: with happiness.
    """

    neutral: Sample
    smiling: Sample


def read_london(root: Path) -> Iterator[Sample]:
    """Return the photos of each person, neutral before smiling.

    Raises:
        InputError: the table is missing or damaged, or a photo of a person in it is missing.
    """
    return (sample for pair in read_london_pairs(root) for sample in (pair.neutral, pair.smiling))


def read_london_pairs(root: Path) -> Iterator[ExpressionPair]:
    """Return both photos of each person.

    Raises:
        InputError: as for `read_london`.
    """
    table = ORIGIN.require(root, "info.csv", "london_faces_info.csv")
    rows = read_table(table, required=["face_id", "face_age", "face_eth"])
    return (ExpressionPair(_sample(row, root, "neutral"), _sample(row, root, "happiness")) for row in rows)


def _sample(row: Row, root: Path, emotion: str) -> Sample:
    cells = {name: text for name, text in row.cells.items() if text != _UNKNOWN}
    if "face_id" not in cells:
        raise row.line.error("the column 'face_id' is empty; it must hold a person's number")
    person = cells["face_id"].removeprefix("X")  # as published, so that R takes it for a name
    age = cells.get("face_age")
    return Sample(
        ORIGIN.require(root, *(place.format(person) + suffix for place in _PLACES[emotion] for suffix in _SUFFIXES)),
        identity=person,
        emotion=emotion,
        age_years=None if age is None else parse_number(row.line, age),
        sex=cells.get("face_gender", cells.get("face_sex")),
        ethnicity=cells.get("face_eth"),
    )
