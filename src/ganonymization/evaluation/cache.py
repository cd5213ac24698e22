"""Remember what was seen on a photo, by the content of the photo and of the program.

What is remembered are embeddings of real faces: biometric data. The folder is readable by its owner alone.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

import ganonymization
from ganonymization.errors import OutputError
from ganonymization.evaluation.columns import Row

_PACKAGE: Final = Path(ganonymization.__file__).parent
_BESIDE: Final = ("cli", "training", "video", "web")
"""Folders that decide nothing of what is drawn or seen."""
_SEEING: Final = (
    "blazeface", "coverage", "method", "methods", "observe", "quality", "recognisers", "sighting", "strata", "utility",
)  # fmt: skip
"""What decides it in the folder of the evaluation."""


def default_folder() -> Path:
    """Return where sightings are kept unless the user says otherwise."""
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "ganonymization" / "evaluation"


class RowCache:
    """Keep rows of numbers in a folder, one file for each, written whole or not at all.

    Args:
        folder: made if missing.

    Raises:
        OutputError: it cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{folder}: cannot be made ({error.strerror}); give another folder with --cache"
            ) from error

    def get(self, key: str, dtype: np.dtype[Any], make: Callable[[], Row]) -> Row:
        """Return the row that is remembered under a key, or make it and remember it."""
        path = self.folder / key[:2] / f"{key}.row"
        known = _read(path, dtype)
        if known is not None:
            return known
        row = make()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(row.tobytes())
        partial.replace(path)
        return row


def key_of(*parts: object) -> str:
    """Return a key for circumstances that have one and the same text each time."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def digest_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest_files(paths: Iterable[Path]) -> str:
    """Return one SHA-256 for the contents of several files."""
    return hashlib.sha256("".join(digest_file(path) for path in sorted(paths)).encode()).hexdigest()


def digest_program() -> str:
    """Return a hash of every part of the program, its weights included, that decides what is drawn or seen."""
    sources = [path for path in _PACKAGE.rglob("*.py") if _decides(path.relative_to(_PACKAGE).with_suffix("").parts)]
    return digest_files([*sources, _PACKAGE / "weights" / "catalogue.toml"])


def _decides(parts: tuple[str, ...]) -> bool:
    if parts[0] == "evaluation":
        return len(parts) > 1 and parts[1] in _SEEING
    return parts[0] not in _BESIDE


def _read(path: Path, dtype: np.dtype[Any]) -> Row | None:
    """Return a row; None when there is none, or one of another size."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    return np.frombuffer(data, dtype)[0] if len(data) == dtype.itemsize else None
