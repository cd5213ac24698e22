"""The receipt file: what was done to every face, as JSON, without pixels and without embeddings."""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ganonymization import __version__, weights
from ganonymization.batch import FileReport
from ganonymization.files import write_atomically
from ganonymization.track.receipt import TrackReceipt
from ganonymization.types import Receipt

if TYPE_CHECKING:
    from ganonymization.video.job import ClipReport

SCHEMA_VERSION: Final = 1
"""Raised when a reader of older receipts would misread a newer one."""

Setting = str | int | float | bool


def write_receipts(
    path: Path, reports: Sequence[FileReport], *, settings: Mapping[str, Setting], overwrite: bool = False
) -> None:
    """Write the receipt file of a batch.

    Args:
        path: the .json file.
        reports: one per picture, failures included.
        settings: what the anonymizer was made with, for the reader.
        overwrite: replace an existing file.

    Raises:
        OutputError: the file exists or cannot be written; nothing is left behind.
        WeightsError: the catalogue of weights cannot be read.
    """
    document = to_document(reports, settings=settings)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode(errors="backslashreplace"), overwrite=overwrite)


def to_document(reports: Sequence[FileReport], *, settings: Mapping[str, Setting]) -> dict[str, Any]:
    """Return the receipts as JSON values; numbers that are not finite become null.

    Raises:
        TypeError: a receipt holds what does not belong there, such as an array.
        WeightsError: the catalogue of weights cannot be read.
    """
    catalogue = weights.read_catalogue()
    return {
        "schema": SCHEMA_VERSION,
        "program": {"name": "ganonymization", "version": __version__},
        "settings": _to_json(settings),
        "weights": {name: {"file": entry.file, "sha256": entry.sha256} for name, entry in catalogue.items()},
        "files": [_failed(report) if report.error else _done(report) for report in reports],
    }


def _failed(report: FileReport) -> dict[str, Any]:
    return {"name": report.name, "error": report.error}


def _done(report: FileReport) -> dict[str, Any]:
    return {
        "name": report.name,
        "outputs": [path.name for path in report.outputs],
        "width": report.size_wh[0],
        "height": report.size_wh[1],
        "identity": report.identity,
        "face_count": report.face_count,
        "faces": [_face(receipt) for receipt in report.receipts],
        **({} if report.clip is None else {"clip": _clip(report.clip)}),
        "stage_ms": _to_json(report.stage_ms),
        "seconds": report.seconds,
    }


def _clip(report: ClipReport) -> dict[str, Any]:
    return {
        "fps": report.fps,
        "frames": report.frames,
        "resumed_frames": report.resumed_frames,
        "corrupt_frames": report.corrupt_frames,
        "covered_frames": report.covered_frames,
        "riskiest": [{"track": track} | _to_json(dataclasses.asdict(risk)) for track, risk in report.risks],
        "tracks": [_track(receipt) for receipt in report.tracks],
    }


def _track(receipt: TrackReceipt) -> dict[str, Any]:
    values = dataclasses.asdict(dataclasses.replace(receipt, risks=()))
    del values["risks"]
    return {**_to_json(values), "riskiest": [_to_json(dataclasses.asdict(risk)) for risk in receipt.risks]}


def _face(receipt: Receipt) -> Any:  # noqa: ANN401 - a JSON value
    return _to_json(dataclasses.asdict(receipt))


def _to_json(value: Any) -> Any:  # noqa: ANN401 - whatever a stage measured
    """Return a value of JSON; arrays are refused, since they could be pixels or an embedding."""
    match value:
        case enum.Enum():
            return value.value
        case np.generic():
            return _to_json(value.item())
        case float():
            return value if math.isfinite(value) else None
        case None | str() | int():
            return value
        case Mapping():
            return {str(key): _to_json(item) for key, item in value.items()}
        case _:
            raise TypeError(f"a receipt cannot hold {type(value).__name__}; give numbers, texts, or mappings of them")
