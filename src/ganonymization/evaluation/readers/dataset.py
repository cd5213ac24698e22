"""Open a set by the name of its reader and the folder that it lies in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ganonymization.errors import InputError
from ganonymization.evaluation.readers.affectnet import read_affectnet
from ganonymization.evaluation.readers.celeba import read_celeba
from ganonymization.evaluation.readers.ck_plus import read_ck_plus
from ganonymization.evaluation.readers.faces import read_faces
from ganonymization.evaluation.readers.lfw import Pair, has_lfw_pairs, read_lfw, read_lfw_pairs
from ganonymization.evaluation.readers.london import read_london
from ganonymization.evaluation.readers.people import read_people
from ganonymization.evaluation.readers.sample import Reader, Sample
from ganonymization.evaluation.readers.table import TABLE_NAME, read_labelled
from ganonymization.evaluation.readers.wider_face import read_wider_face

READERS: Final[Mapping[str, Reader]] = MappingProxyType(
    {
        "people": read_people,
        "table": read_labelled,
        "lfw": read_lfw,
        "celeba": read_celeba,
        "wider": read_wider_face,
        "affectnet": read_affectnet,
        "ck+": read_ck_plus,
        "faces": read_faces,
        "london": read_london,
    }
)
"""Every reader, by the name that stands before the colon."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A set of pictures, read anew at each iteration.

    Attributes:
        name: of the reader.
        root: folder of the set.
        read: the reader.
    """

    name: str
    root: Path
    read: Reader

    def __iter__(self) -> Iterator[Sample]:
        """Return the samples one by one, always in the same order."""
        return self.read(self.root)

    def pairs(self) -> list[Pair]:
        """Return the pairs by which the set's publisher has people told apart; none where there are none.

        Raises:
            InputError: their file is damaged, or names a photo that is missing.
        """
        return list(read_lfw_pairs(self.root)) if self.name == "lfw" and has_lfw_pairs(self.root) else []


def open_dataset(spec: str) -> Dataset:
    """Return the set that a name and a folder stand for, like `lfw:PATH`.

    A path alone is a folder with `index.csv`, such a table itself, or a folder with one sub-folder per person.

    Raises:
        InputError: there is no such reader or path, its layout is another, or it holds no sample.
    """
    name, colon, path = spec.partition(":")
    dataset = _named(name, path) if colon and name in READERS else _plain(spec)
    if next(iter(dataset), None) is None:
        raise InputError(f"{dataset.root}: holds nothing that the reader {dataset.name!r} could read")
    return dataset


def _named(name: str, path: str) -> Dataset:
    if not path:
        raise InputError(f"'{name}:' lacks the path; give '{name}:PATH'")
    return Dataset(name, Path(path).expanduser(), READERS[name])


def _plain(spec: str) -> Dataset:
    root = Path(spec).expanduser()
    if not root.exists():
        raise InputError(f"{spec}: there is no such folder, and no such reader; readers are {', '.join(READERS)}")
    name = "table" if root.is_file() or (root / TABLE_NAME).exists() else "people"
    return Dataset(name, root, READERS[name])
