"""Labeled Faces in the Wild: the official layout with its pairs, and this project's extract of it.

Official layout: `Name/Name_0001.jpg`, in the root or in the folder that its archives unpack to, and `pairs.txt` in
the root. The extract has `index.csv` and `images` instead (see `table`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ganonymization.evaluation.readers.layout import Origin
from ganonymization.evaluation.readers.people import read_people
from ganonymization.evaluation.readers.sample import Sample
from ganonymization.evaluation.readers.table import TABLE_NAME, read_labelled
from ganonymization.evaluation.readers.tables import Line, read_list

ORIGIN: Final = Origin("lfw", "Labeled Faces in the Wild (LFW)", "the University of Massachusetts, Amherst")

PAIRS_NAME: Final = "pairs.txt"

_PHOTO_FOLDERS: Final = ("lfw", "lfw_funneled", "lfw-deepfunneled")
_ROWS: Final = "'name number number' of a person's two photos, or 'name number name number' of two people's"
_GENUINE, _IMPOSTOR = 3, 4


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos to be told apart.

    Attributes:
        first: a photo.
        second: another photo.
        fold: which of the sets for cross-validation the pair belongs to, counted from 0.
    """

    first: Sample
    second: Sample
    fold: int

    @property
    def is_genuine(self) -> bool:
        """Whether both photos show one person; otherwise the pair is an impostor's."""
        return self.first.identity == self.second.identity


def read_lfw(root: Path) -> Iterator[Sample]:
    """Return the photos of LFW; emotion and split are known of the project's extract only.

    Raises:
        InputError: there is no such layout.
    """
    ORIGIN.require(root, "")
    if (root / TABLE_NAME).exists():
        return read_labelled(root)
    return read_people(_photos(root))


def has_lfw_pairs(root: Path) -> bool:
    """Return whether the official pairs lie where they are expected; the project's extract has none."""
    return (root / PAIRS_NAME).is_file()


def read_lfw_pairs(root: Path) -> Iterator[Pair]:
    """Return the genuine and impostor pairs of `pairs.txt`, in its order.

    Its first line holds the number of folds, and of genuine pairs in each; as many impostor pairs follow those.

    Raises:
        InputError: the file is missing or damaged, or a photo that it names is missing.
    """
    return _pairs(ORIGIN.require(root, PAIRS_NAME), _photos(root))


def _photos(root: Path) -> Path:
    present = [root / name for name in _PHOTO_FOLDERS if (root / name).is_dir()]
    return present[0] if present else root


def _pairs(path: Path, photos: Path) -> Iterator[Pair]:
    lines = read_list(path)
    header = next(lines, Line(path, 1, ()))
    folds, per_fold = _announced(header)
    for index in range(folds * per_fold):
        line = next(lines, None)
        if line is None:
            raise header.error(f"announces {folds * per_fold} pairs, but only {index} follow; the file is incomplete")
        yield _pair(line, photos, index // per_fold)
    for line in lines:
        raise line.error(f"is one more than the {folds * per_fold} pairs that the first line announces")


def _announced(header: Line) -> tuple[int, int]:
    header.require_length(2, "the number of folds, and of genuine pairs in each")
    folds, genuine = header.integer(0), header.integer(1)
    if min(folds, genuine) < 1:
        raise header.error(f"announces {folds} folds of {genuine} genuine pairs; both must be 1 or more")
    return folds, 2 * genuine


def _pair(line: Line, photos: Path, fold: int) -> Pair:
    if len(line.cells) == _GENUINE:
        return Pair(_photo(line, photos, (0, 1)), _photo(line, photos, (0, 2)), fold)
    line.require_length(_IMPOSTOR, _ROWS)
    return Pair(_photo(line, photos, (0, 1)), _photo(line, photos, (2, 3)), fold)


def _photo(line: Line, photos: Path, name_and_number: tuple[int, int]) -> Sample:
    name, number = line.cells[name_and_number[0]], line.integer(name_and_number[1])
    path = photos / name / f"{name}_{number:04d}.jpg"
    return Sample(ORIGIN.require_picture(path, listed_in=line.path), identity=name)
