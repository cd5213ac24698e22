"""How much expression is kept: measures, gaze, pose and emotion, before and after, with the noise floor beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from benchmarks.lfw import read_split
from benchmarks.report import Report, Rows
from benchmarks.settings import Settings
from benchmarks.sightings import Sighting
from benchmarks.study import Study, observe, stack
from ganonymization import Landmarks
from ganonymization.evaluation.agreement import (
    agreement_of_confusion,
    confusion_rows,
    correlation_of_products,
    kappa_of_confusion,
    within_person_rows,
)
from ganonymization.evaluation.bootstrap import (
    Interval,
    Statistic,
    interval_over_people,
    mean_over_people,
    totals_by_person,
)
from ganonymization.evaluation.verification import Array, euclidean_distances, same_person
from ganonymization.expression import EMOTION, FACE_EXPRESSION
from ganonymization.shape import ShapeModel
from ganonymization.verify import Measures, measure

METHODS: Final = ("ours", "copied", "floor")
CORRELATED: Final = ("mouth_open", "mouth_width", "smile", "lids", "brows", "gaze_x", "gaze_y")
TURNED: Final = ("yaw_deg", "pitch_deg", "roll_deg")


def run(settings: Settings) -> Report:
    """Measure on the same outputs as the privacy benchmark."""
    study = observe(settings, read_split("test", people_limit=settings.limit), METHODS)
    rows: dict[str, Any] = {}
    for method, seen in study.altered.items():
        drawn = {"ours": {"drawn": "ours, conditioning"}, "copied": {}, "floor": {}}[method]
        for source, title in {**drawn, "points": f"{method}, output"}.items():
            rows[title] = geometry(study, seen, source)
        rows[f"{method}, output"] |= looks(study, seen)
    figures = {"photos": len(study.people), "people": len(set(study.people)), "methods": rows}
    return Report(figures, [geometry_table(rows), looks_table(rows)])


def geometry(study: Study, seen: Sequence[Sighting], source: str) -> dict[str, Any]:
    """Return correlations within people and errors of the pose, over faces that were not covered and have landmarks."""
    usable = [
        index
        for index, (before, after) in enumerate(zip(study.original, seen, strict=True))
        if before.landmarks_found and str(after.outcome) != "obscured" and (source == "drawn" or after.landmarks_found)
    ]
    people = [study.people[index] for index in usable]
    before = measures([study.original[index] for index in usable], "points")
    after = measures([seen[index] for index in usable], source)
    figures: dict[str, Any] = {"faces": len(usable)}
    for name in CORRELATED:
        rows = within_person_rows(before[name], after[name], people)
        figures[f"{name}_r"] = _over_people(rows, people, correlation_of_products)
    for name in TURNED:
        error = np.abs(before[name] - after[name])
        figures[f"{name.removesuffix('_deg')}_error_deg"] = mean_over_people(error, people, random=_random())
    return figures


def measures(sightings: Sequence[Sighting], source: str) -> dict[str, Array]:
    """Return each measure for all photos."""
    model = ShapeModel.load()
    values = [measure(model, Landmarks(getattr(one, source))) for one in sightings]
    return {name: np.array([getattr(value, name) for value in values]) for name in Measures.__slots__}


def looks(study: Study, seen: Sequence[Sighting]) -> dict[str, Any]:
    """Return agreement of emotions, re-detection, diversity and sharpness, over all photos, covered faces included."""
    figures: dict[str, Any] = {}
    for spec, prefix in ((FACE_EXPRESSION, ""), (EMOTION, "second_")):
        rows = confusion_rows(labels(study.original, spec), labels(seen, spec), spec.labels)
        figures[f"{prefix}emotion_agreement"] = _over_people(rows, study.people, agreement_of_confusion)
        figures[f"{prefix}emotion_kappa"] = _over_people(rows, study.people, kappa_of_confusion)
    detected = np.array([bool(one.detected) for one in seen])
    figures["redetected"] = mean_over_people(detected, study.people, random=_random())
    for name in ("face_recognition", "faceres"):
        figures[f"diversity_{name}"] = spread(seen, name, study.people) / spread(study.original, name, study.people)
    sharp = stack(seen, "sharpness") / np.maximum(stack(study.original, "sharpness"), 1e-6)
    figures["sharpness_ratio"] = float(np.median(sharp))
    return figures


def labels(sightings: Sequence[Sighting], spec: Any) -> list[str]:  # noqa: ANN401 - a ClassifierSpec
    """Return the most probable label of each photo."""
    return [spec.labels[int(getattr(one, spec.weights).argmax())] for one in sightings]


def spread(sightings: Sequence[Sighting], name: str, people: Sequence[str]) -> float:
    """Return the mean distance between the embeddings of different people's photos."""
    embeddings = stack(sightings, name)
    return float(euclidean_distances(embeddings, embeddings)[~same_person(people, people)].mean())


def geometry_table(rows: dict[str, Any]) -> Rows:
    """Return the table of measures."""
    columns = [*(f"{name}_r" for name in CORRELATED), "yaw_error_deg", "pitch_error_deg"]
    head = ["landmarks of", *CORRELATED, "yaw", "pitch", "faces"]
    body = [[title, *(_value(row[key]) for key in columns), row["faces"]] for title, row in rows.items()]
    return Rows("expression: correlation within people; error of the pose in degrees", head, body)


def looks_table(rows: dict[str, Any]) -> Rows:
    """Return the table of emotions and looks."""
    columns = ("emotion_agreement", "emotion_kappa", "second_emotion_agreement", "second_emotion_kappa", "redetected")
    looks_columns = ("diversity_face_recognition", "diversity_faceres", "sharpness_ratio")
    head = [
        "method",
        "agreement",
        "kappa",
        "2nd agreement",
        "2nd kappa",
        "redetected",
        "diversity",
        "by faceres",
        "sharpness",
    ]
    shown = {title: row for title, row in rows.items() if "redetected" in row}
    body = [[title, *(row[key] for key in (*columns, *looks_columns))] for title, row in shown.items()]
    notes = ["diversity and sharpness: as a share of those of the real photos; ± half of the 95 % interval over people"]
    return Rows("expression: emotion before and after; looks", head, body, notes)


def _value(figure: Interval) -> float:
    return figure.value


def _over_people(rows: Array, people: Sequence[str], statistic: Statistic) -> Interval:
    return interval_over_people(totals_by_person(rows, people), statistic, random=_random())


def _random() -> np.random.Generator:
    return np.random.default_rng(0)
