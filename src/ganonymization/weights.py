"""Find a network in the package, make sure that it is the one that was catalogued; read and write files of arrays."""

import functools
import hashlib
import tomllib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ganonymization.errors import WeightsError

FOLDER = Path(__file__).with_name("weights")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the catalogue; `input` and `output` describe names, shapes, ranges and channel order."""

    file: str
    sha256: str
    bytes: int
    licence: str
    origin: str
    input: str
    output: str


def read_catalogue(folder: Path = FOLDER) -> dict[str, Entry]:
    """Return the catalogue of a weights folder, name to entry.

    Raises:
        WeightsError: there is no catalogue, or it cannot be read.
    """
    path = folder / "catalogue.toml"
    try:
        return {name: Entry(**row) for name, row in tomllib.loads(path.read_text()).items()}
    except (OSError, tomllib.TOMLDecodeError, TypeError) as error:
        raise WeightsError(f"{path}: the weights catalogue cannot be read ({error}); reinstall the package") from error


def locate(name: str, *, folder: Path = FOLDER) -> Path:
    """Return the path of a network after comparing its SHA-256 with the catalogue.

    Raises:
        WeightsError: the name is unknown, or the file is missing or was changed.
    """
    entries = read_catalogue(folder)
    if name not in entries:
        raise WeightsError(f"{name!r} is not in the weights catalogue; known: {', '.join(sorted(entries))}")
    entry = entries[name]
    path = folder / entry.file
    if not path.is_file():
        raise WeightsError(f"{path}: weights missing; reinstall the package")
    found = _sha256(path, path.stat().st_mtime_ns)
    if found != entry.sha256:
        raise WeightsError(
            f"{path}: weights were changed (SHA-256 {found[:12]}..., expected {entry.sha256[:12]}...); "
            "reinstall the package"
        )
    return path


def read_arrays(path: Path, names: Iterable[str], *, what: str) -> dict[str, npt.NDArray[Any]]:
    """Return the arrays with these names in a file.

    Args:
        path: an .npz file.
        names: of the arrays.
        what: the file should be, for the message: "shape model".

    Raises:
        WeightsError: the file is missing or damaged, or holds something else.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in names}
    except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{path}: not a {what} ({error}); reinstall the package") from error


def write_arrays(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Write arrays into a compressed file, in single precision."""
    singles: dict[str, Any] = {name: values.astype(np.float32) for name, values in arrays.items()}
    np.savez_compressed(path, allow_pickle=False, **singles)


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, _modified_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
