"""Find the files of a set where its publisher puts them, and say what is expected where when they are not there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from ganonymization.errors import InputError
from ganonymization.files.picture import FORMAT_OF_SUFFIX

_HIDDEN: Final = "."
"""Prefix of names that the system makes: .DS_Store, and macOS's "._" twins of pictures, which hold none."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a set comes from.

    Attributes:
        reader: name of its reader.
        title: official name of the set.
        publisher: who hands it out.
    """

    reader: str
    title: str
    publisher: str

    def require(self, root: Path, *places: str) -> Path:
        """Return the first of some places, relative to a folder, where there is a file or folder.

        Raises:
            InputError: there is none; the message names the first place.
        """
        for place in places:
            if (root / place).exists():
                return root / place
        raise self.missing(root / places[0], f"'{self.reader}:{root}' expects it there")

    def require_picture(self, path: Path, *, listed_in: Path) -> Path:
        """Return the path of a picture that a list names.

        Raises:
            InputError: there is no such file.
        """
        if path.is_file():
            return path
        raise self.missing(path, f"{listed_in.name} lists it")

    def missing(self, path: Path, reason: str) -> InputError:
        """Return the error that says what is missing, why that matters and where it is obtained."""
        return InputError(f"{path}: is missing; {reason}. Obtain the set as {self.title!r} from {self.publisher}")


def is_picture(path: Path) -> bool:
    """Return whether a name is that of a picture."""
    return path.suffix.lower() in FORMAT_OF_SUFFIX and not path.name.startswith(_HIDDEN)


def entries(folder: Path) -> list[Path]:
    """Return what lies in a folder, sorted by name, without hidden files.

    Raises:
        InputError: the folder cannot be read.
    """
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith(_HIDDEN))
    except OSError as error:
        _refuse(error)


def pictures_below(folder: Path) -> Iterator[Path]:
    """Return the pictures in a folder and its sub-folders, sorted within each; links to folders are not followed.

    Raises:
        InputError: a folder cannot be read.
    """
    for name, folders, files in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(entry for entry in folders if not entry.startswith(_HIDDEN))
        yield from (path for path in (Path(name, file) for file in sorted(files)) if is_picture(path))


def _refuse(error: OSError) -> NoReturn:
    raise InputError(
        f"{error.filename}: cannot be searched ({error.strerror}); give a folder that can be read"
    ) from error
