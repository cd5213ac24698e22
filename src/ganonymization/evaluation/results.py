"""Write every figure down: `results.json`, and a Markdown table for papers."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import ganonymization
from ganonymization import weights
from ganonymization.evaluation.cache import digest_file
from ganonymization.evaluation.distribution import FEATURE_SPACE
from ganonymization.evaluation.evaluator import Evaluation, MethodResult
from ganonymization.evaluation.figures import Figure, Figures
from ganonymization.evaluation.looks import FRECHET_PHOTOS
from ganonymization.evaluation.verdict import Finding, judge_method, overall
from ganonymization.files.atomic import write_atomically

DIGITS: Final = 6

PACKAGES: Final = ("numpy", "onnxruntime", "opencv-python-headless", "scikit-learn", "scipy")

TABLE: Final = (
    "tar_far1_other_photo",
    "tar_far1_own_original",
    "rank1",
    "parrot_rank1",
    "reconstruction_rank1",
    "landmark_rank1",
    "coverage",
    "redetected",
    "emotion_kappa",
    "mouth_open_r",
    "smile_r",
    "gaze_r",
    "yaw_error_deg",
    "diversity",
    "frechet_distance",
)
"""Columns of the Markdown table."""


def to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return every figure, and what it was measured on and with."""
    floor = evaluation.floor.figures
    return {
        "methods": {result.name: _rows_of(result.figures, floor) for result in evaluation.methods},
        "data": _data(evaluation),
        "versions": _versions(evaluation),
        "seed": evaluation.settings.seed,
        "unmeasured": {result.name: _reasons(result) for result in evaluation.methods},
        "strata": {result.name: _strata(result, evaluation.floor) for result in evaluation.methods},
        "verdicts": {result.name: _verdicts(result, evaluation) for result in evaluation.methods},
    }


def write_results(evaluation: Evaluation, folder: Path) -> Path:
    """Write `results.json` and `table.md` into a folder and return the path of the former.

    Raises:
        OutputError: they cannot be written.
    """
    path = folder / "results.json"
    text = json.dumps(to_json(evaluation), indent=1, allow_nan=False, ensure_ascii=False)
    write_atomically(path, f"{text}\n".encode(), overwrite=True)
    write_atomically(folder / "table.md", markdown_table(evaluation).encode(), overwrite=True)
    return path


def markdown_table(evaluation: Evaluation) -> str:
    """Return a row for each method, the noise floor and the untouched photos, with half of each 95 % interval."""
    head = ["method", *TABLE]
    rows = [evaluation.original, evaluation.floor, *evaluation.methods]
    lines = [head, ["---"] * len(head), *(_cells(result) for result in rows)]
    count = f"{len(evaluation.originals.people)} photos of {len(set(evaluation.originals.people))} people"
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\n{evaluation.dataset.name}, {count}; ± half of the 95 % interval over people.\n"


def _cells(result: MethodResult) -> list[str]:
    return [result.name, *(cell(result.figures.get(name)) for name in TABLE)]


def cell(figure: Figure | None) -> str:
    """Return a figure as it is printed."""
    if figure is None or figure.value is None:
        return "-"
    if figure.low is None or figure.high is None:
        return f"{figure.value:.3f}"
    return f"{figure.value:.3f} ± {(figure.high - figure.low) / 2:.3f}"


def _rows_of(figures: Figures, floor: Figures) -> dict[str, dict[str, float | None]]:
    return {name: _row(figure, floor.get(name)) for name, figure in figures.items()}


def _row(figure: Figure, floor: Figure | None) -> dict[str, float | None]:
    return {
        "value": _rounded(figure.value),
        "low": _rounded(figure.low),
        "high": _rounded(figure.high),
        "floor": _rounded(floor.value) if floor else None,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def _reasons(result: MethodResult) -> dict[str, str]:
    reasons = {name: figure.reason for name, figure in result.figures.items() if figure.reason}
    return reasons | ({"method": result.reason} if result.reason else {})


def _strata(result: MethodResult, floor: MethodResult) -> dict[str, Any]:
    return {
        division: {
            name: {"photos": part.photos, **_rows_of(part.figures, floor.strata[division][name].figures)}
            for name, part in parts.items()
        }
        for division, parts in result.strata.items()
    }


def findings_of(result: MethodResult, evaluation: Evaluation) -> list[Finding]:
    """Return what a method's figures say of each limit."""
    people = len(set(evaluation.originals.people))
    return judge_method(result.figures, [judge.suffix for judge in evaluation.judges], people=people)


def _verdicts(result: MethodResult, evaluation: Evaluation) -> dict[str, Any]:
    findings = findings_of(result, evaluation)
    return {
        "overall": overall(findings).value,
        "limits": {finding.metric: finding.verdict.value for finding in findings},
    }


def _data(evaluation: Evaluation) -> dict[str, Any]:
    originals, parts = evaluation.originals, evaluation.parts
    floor = evaluation.floor.figures
    return {
        "reader": evaluation.dataset.name,
        "folder": evaluation.dataset.root.name,
        "split": parts.split or None,
        "limit": evaluation.settings.limit,
        "photos": len(originals.people),
        "people": len(set(originals.people)),
        "photos_without_face": len(originals.without_face),
        "photos_attackers_learnt_from": evaluation.learning_count or None,
        "attackers_learn_from": "other people of the set" if evaluation.learning_count else "the other half's people",
        "sha256": digest_photos(evaluation),
        "thresholds": {
            judge.name: {**evaluation.fixed[judge.name].value, "source": evaluation.fixed[judge.name].source}
            for judge in evaluation.judges
        },
        "feature_space": FEATURE_SPACE,
        "frechet_photos": min(FRECHET_PHOTOS, len(originals.people)),
        "original": _rows_of(evaluation.original.figures, floor),
        "methods": {result.name: result.description for result in evaluation.methods},
    }


def digest_photos(evaluation: Evaluation) -> str:
    """Return one SHA-256 over names, people and contents of the photos that were measured."""
    originals = evaluation.originals
    photos = zip(originals.names, originals.samples, strict=True)
    lines = [f"{name}\t{sample.identity}\t{digest_file(sample.path)}" for name, sample in photos]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _versions(evaluation: Evaluation) -> dict[str, Any]:
    recogniser = evaluation.settings.recogniser
    return {
        "ganonymization": ganonymization.__version__,
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in PACKAGES},
        "networks": {name: entry.sha256 for name, entry in weights.read_catalogue().items()}
        | ({recogniser.stem: digest_file(recogniser)} if recogniser else {}),
    }


def names_of(results: Sequence[MethodResult]) -> list[str]:
    """Return the names of the figures of all methods, in the order in which they first occur."""
    return list(dict.fromkeys(name for result in results for name in result.figures))
