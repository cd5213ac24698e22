"""CelebFaces Attributes: aligned photos with identity, 40 traits, and the official partition.

Layout: `img_align_celeba/000001.jpg`, `list_attr_celeba.txt`, `identity_CelebA.txt`, `list_eval_partition.txt`, side by
side, or in the folders `Img`, `Anno` and `Eval` as published.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ganonymization.errors import InputError
from ganonymization.evaluation.readers.layout import Origin
from ganonymization.evaluation.readers.sample import Sample
from ganonymization.evaluation.readers.tables import Line, read_list

ORIGIN: Final = Origin(
    "celeba",
    "CelebFaces Attributes Dataset (CelebA), aligned and cropped images",
    "the Multimedia Laboratory, The Chinese University of Hong Kong",
)

_TRAIT: Final = {"1": True, "-1": False}
_PARTITION: Final = {"0": "train", "1": "val", "2": "test"}
_FILE_AND_CODE: Final = "a file name and its label"


@dataclass(frozen=True, slots=True)
class _Files:
    photos: Path
    traits: Path
    identities: Path
    partition: Path


def read_celeba(root: Path) -> Iterator[Sample]:
    """Return the photos of CelebA; attributes are the 40 traits, as booleans, of which `Male` is `sex` as well.

    The three lists are read side by side, so that memory stays flat over 202,599 photos.

    Raises:
        InputError: a file is missing, or the lists do not name the same photos in the same order.
    """
    return _samples(
        _Files(
            photos=ORIGIN.require(root, "img_align_celeba", "Img/img_align_celeba"),
            traits=ORIGIN.require(root, "list_attr_celeba.txt", "Anno/list_attr_celeba.txt"),
            identities=ORIGIN.require(root, "identity_CelebA.txt", "Anno/identity_CelebA.txt"),
            partition=ORIGIN.require(root, "list_eval_partition.txt", "Eval/list_eval_partition.txt"),
        )
    )


def _samples(files: _Files) -> Iterator[Sample]:
    traits = read_list(files.traits)
    _skip_count = next(traits, None)
    names = next(traits, Line(files.traits, 2, ())).cells
    lists = (traits, read_list(files.identities), read_list(files.partition))
    for lines in itertools.zip_longest(*lists):
        trait, identity, partition = _require_same_photo(lines, files)
        trait.require_length(1 + len(names), f"a file name and {len(names)} traits")
        values = {name: trait.pick(column, _TRAIT) for column, name in enumerate(names, start=1)}
        yield Sample(
            ORIGIN.require_picture(files.photos / trait.cells[0], listed_in=files.traits),
            identity=identity.cells[1],
            attributes=values,
            split=partition.pick(1, _PARTITION),
            sex=_sex(values),
        )


def _require_same_photo(lines: tuple[Line | None, ...], files: _Files) -> tuple[Line, Line, Line]:
    trait, identity, partition = lines
    if trait is None or identity is None or partition is None:
        names = (files.traits, files.identities, files.partition)
        short = next(path for path, line in zip(names, lines, strict=True) if line is None)
        raise InputError(f"{short}: names fewer photos than the other lists; obtain {ORIGIN.title!r} anew")
    for line in (identity, partition):
        line.require_length(2, _FILE_AND_CODE)
        if line.cells[0] != trait.cells[0]:
            raise line.error(
                f"names {line.cells[0]!r} where {trait.path.name} names {trait.cells[0]!r}; sort them alike"
            )
    return trait, identity, partition


def _sex(traits: dict[str, bool]) -> str | None:
    if "Male" not in traits:
        return None
    return "male" if traits["Male"] else "female"
