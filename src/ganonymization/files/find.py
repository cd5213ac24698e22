"""Find the pictures and clips that files and folders stand for."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ganonymization.errors import InputError
from ganonymization.files.moving import CLIP_SUFFIXES
from ganonymization.files.picture import FORMAT_OF_SUFFIX

_EARLIER_RESULT: Final = re.compile(r".+\.(anonymized\.(partial\.)?\w+|face\d+\.png)", re.IGNORECASE)
"""Names that this program gives to results that lie beside their sources."""

_RESOURCE_FORK: Final = "._"
"""Prefix of the files that macOS leaves on foreign disks; they have a picture's suffix and hold none."""


@dataclass(frozen=True, slots=True)
class Found:
    """A picture or clip to be read.

    Attributes:
        source: the file.
        relative: where it lies in the folder that was given; its name alone when the file itself was given.
    """

    source: Path
    relative: Path


@dataclass(frozen=True, slots=True)
class Fault:
    """An input, or a folder inside one, that could not be searched.

    Attributes:
        relative: as in `Found`.
        error: file, fault and remedy.
    """

    relative: Path
    error: InputError


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything that was found.

    Attributes:
        pictures: in the order of the inputs, sorted inside a folder, each file once.
        faults: what is missing from them.
    """

    pictures: tuple[Found, ...]
    faults: tuple[Fault, ...]


def find_pictures(inputs: Sequence[Path], *, out: Path | None = None) -> Findings:
    """Return the pictures and clips that files and folders stand for; folders are searched to the bottom.

    A file that is named stands for itself, whatever its suffix. In folders, files with a suffix of a picture or clip
    count and others are passed over. Links to files are followed; links to folders are not, unless one is named, so no
    loop is walked.

    Args:
        inputs: files and folders.
        out: where results are going to be written; if it lies inside an input, it is not searched. None when they go
            beside their sources; earlier results found there are passed over.
    """
    pictures: dict[Path, Found] = {}
    faults: list[Fault] = []
    for path in inputs:
        for entry in _search(path, out):
            if isinstance(entry, Fault):
                faults.append(entry)
            else:
                pictures.setdefault(entry.source.absolute(), entry)
    return Findings(tuple(pictures.values()), tuple(faults))


def _search(path: Path, out: Path | None) -> Iterator[Found | Fault]:
    if not path.is_dir():
        yield Found(path, Path(path.name))
        return
    count = 0
    for count, entry in enumerate(_search_folder(path, out), start=1):  # noqa: B007 - counted
        yield entry
    if not count:
        yield Fault(
            Path(path.name), InputError(f"{path}: holds no pictures to be anonymized; give another folder, or files")
        )


def _search_folder(root: Path, out: Path | None) -> Iterator[Found | Fault]:
    errors: list[OSError] = []
    for folder_name, folders, files in os.walk(root, onerror=errors.append):
        folder = Path(folder_name)
        folders[:] = [name for name in sorted(folders) if not _is_same_folder(folder / name, out)]
        for name in sorted(files):
            if _is_picture(name, out):
                yield Found(folder / name, (folder / name).relative_to(root))
    for error in errors:
        yield _unreadable(root, error)


def _is_picture(name: str, out: Path | None) -> bool:
    suffix = Path(name).suffix.lower()
    if (suffix not in FORMAT_OF_SUFFIX and suffix not in CLIP_SUFFIXES) or name.startswith(_RESOURCE_FORK):
        return False
    return out is not None or _EARLIER_RESULT.fullmatch(name) is None


def _is_same_folder(folder: Path, out: Path | None) -> bool:
    return out is not None and out.exists() and folder.exists() and folder.samefile(out)


def _unreadable(root: Path, error: OSError) -> Fault:
    folder = Path(error.filename)
    return Fault(
        Path(root.name) / folder.relative_to(root),
        InputError(f"{folder}: cannot be searched ({error.strerror}); check its permissions"),
    )
