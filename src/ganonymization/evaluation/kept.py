"""How much of the expression is kept: labels, probabilities, measures of the face, gaze, pose; is it still a face?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.agreement import (
    agreement_of_confusion,
    confusion_rows,
    correlation_of_products,
    kappa_of_confusion,
    within_person_rows,
)
from ganonymization.evaluation.bootstrap import (
    Array,
    Interval,
    Statistic,
    interval_over_people,
    mean_over_people,
    totals_by_person,
)
from ganonymization.evaluation.columns import Sightings
from ganonymization.evaluation.coverage import COVERED_SHARE
from ganonymization.evaluation.figures import Figure, measured, unmeasured
from ganonymization.evaluation.privacy import Faces
from ganonymization.evaluation.sighting import CLASSIFIERS, column, measure_of
from ganonymization.expression import ClassifierSpec

CORRELATED: Final = ("mouth_open", "mouth_width", "smile", "lids", "brows", "gaze_x", "gaze_y")
TURNED: Final = ("yaw", "pitch", "roll")
PREFIXES: Final = ("", "second_")
"""Of the figures of each classifier in `CLASSIFIERS`."""

NO_LANDMARKS: Final = "no landmarks were found on any output, so there is no face to measure"


def coverage_figures(faces: Faces, replaced: npt.NDArray[np.bool_], *, seed: int) -> dict[str, Figure]:
    """Return the share of faces that were replaced, that had an output, and that two detectors still see.

    Args:
        faces: before and after.
        replaced: (N,) whether each is gone, see `replaced_faces`.
        seed: of the intervals.
    """
    altered = faces.altered
    flags = {
        "coverage": replaced,
        "output_made": altered["made"],
        "redetected": altered["detected"],
        "redetected_blazeface": altered["detected_blazeface"],
    }
    return {name: measured(_mean(flag, faces.people, "a face", seed=seed)) for name, flag in flags.items()}


def replaced_faces(faces: Faces, own: npt.NDArray[np.float64], threshold: float | None) -> npt.NDArray[np.bool_]:
    """Return (N,) whether a face is gone: most of its box has changed, and it does not pass for itself.

    The second condition keeps a miss from counting as covered because its file was compressed anew.

    Args:
        faces: before and after.
        own: (N,) distance of each output to its own original.
        threshold: distance at FAR 0.1 %; None where there is none.
    """
    changed = faces.altered["made"] & (faces.altered["changed_share"] >= COVERED_SHARE)
    return np.asarray(changed if threshold is None else changed & (own >= threshold))


def emotion_figures(faces: Faces, *, seed: int) -> dict[str, Figure]:
    """Return agreement and kappa of two classifiers, over all photos, and the shift of each emotion's probability."""
    figures: dict[str, Figure] = {}
    for spec, prefix in zip(CLASSIFIERS, PREFIXES, strict=True):
        before, after = labels(faces.real, spec), labels(faces.altered, spec)
        rows = confusion_rows(before, after, spec.labels)
        for name, statistic in (("agreement", agreement_of_confusion), ("kappa", kappa_of_confusion)):
            figures[f"{prefix}emotion_{name}"] = measured(_over_people(rows, faces.people, statistic, seed=seed))
    return figures | shift_figures(faces, seed=seed)


def shift_figures(faces: Faces, *, seed: int) -> dict[str, Figure]:
    """Return, for the photos that show an emotion before, how its probability and its label fare after."""
    spec = CLASSIFIERS[0]
    before, after = column(faces.real, spec.weights), column(faces.altered, spec.weights)
    shown, shown_after = before.argmax(axis=1), after.argmax(axis=1)
    figures: dict[str, Figure] = {}
    for index, label in enumerate(spec.labels):
        chosen = shown == index
        people = [faces.people[place] for place in np.flatnonzero(chosen)]
        shift = after[chosen, index] - before[chosen, index]
        figures[f"shift_{label}"] = measured(_mean(shift, people, label, seed=seed))
        figures[f"recall_{label}"] = measured(_mean(shown_after[chosen] == index, people, label, seed=seed))
    return figures


def geometry_figures(faces: Faces, *, seed: int) -> dict[str, Figure]:
    """Return correlations within people and errors of the pose, over the faces whose landmarks are found on both."""
    both = faces.real["landmarks_found"] & faces.altered["landmarks_found"]
    names = [*(f"{name}_r" for name in (*CORRELATED, "gaze")), *(f"{name}_error_deg" for name in TURNED)]
    if not both.any():
        return dict.fromkeys(names, unmeasured(NO_LANDMARKS))
    seen = faces.pick(both)
    figures = {"geometry_faces": Figure(float(both.mean()))}
    products = {name: _products(seen, name) for name in CORRELATED}
    products["gaze"] = products["gaze_x"] + products["gaze_y"]
    for name, rows in products.items():
        figures[f"{name}_r"] = measured(_over_people(rows, seen.people, correlation_of_products, seed=seed))
    for name in TURNED:
        error = np.abs(measure_of(seen.real, f"{name}_deg") - measure_of(seen.altered, f"{name}_deg"))
        figures[f"{name}_error_deg"] = measured(_mean(error, seen.people, name, seed=seed))
    return figures


def labels(rows: Sightings, spec: ClassifierSpec) -> list[str]:
    """Return the most probable label of each face."""
    return [spec.labels[index] for index in rows[spec.weights].argmax(axis=1)]


def _products(faces: Faces, name: str) -> Array:
    return within_person_rows(measure_of(faces.real, name), measure_of(faces.altered, name), faces.people)


def _over_people(rows: Array, people: Sequence[str], statistic: Statistic, *, seed: int) -> Callable[[], Interval]:
    return lambda: interval_over_people(totals_by_person(rows, people), statistic, random=np.random.default_rng(seed))


def _mean(values: npt.NDArray[np.generic], people: Sequence[str], what: str, *, seed: int) -> Callable[[], Interval]:
    def mean() -> Interval:
        if not len(values):
            raise NotMeasurableError(f"no photo shows {what}")
        return mean_over_people(values, people, random=np.random.default_rng(seed))

    return mean
