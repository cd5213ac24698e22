"""Find a network in the package and make sure that it is the one that was catalogued."""

import functools
import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

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


@functools.lru_cache(maxsize=64)
def _sha256(path: Path, _modified_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
