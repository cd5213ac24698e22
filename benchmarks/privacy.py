"""How much identity is left: verification, identification and attackers, with chance and classic methods beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.lfw import read_split, training_photos
from benchmarks.report import Report, Rows
from benchmarks.settings import Settings
from benchmarks.sightings import Sighting
from benchmarks.study import Study, observe, stack
from ganonymization import Landmarks
from ganonymization.evaluation.bootstrap import (
    Interval,
    interval_over_people,
    mean_over_people,
    ratio,
    totals_by_person,
)
from ganonymization.evaluation.landmark_attack import TwoCovarianceMatcher, shape_coefficients
from ganonymization.evaluation.parrot import RetrainedMatcher
from ganonymization.evaluation.reconstruction import RidgeReconstruction
from ganonymization.evaluation.verification import (
    Array,
    Flags,
    accept_rate,
    equal_error_rate,
    euclidean_distances,
    genuine_and_impostor,
    identify,
    same_person,
    threshold_at_far,
    without_own_photo,
)
from ganonymization.recognise import Thresholds
from ganonymization.shape import ShapeModel

RECOGNISERS: Final = ("face_recognition", "faceres")
METHODS: Final = ("ours", "copied", "solid", "blur", "floor")
RETRAINED: Final = ("ours",)
"""Methods against which the attackers are retrained; each needs the training people anonymized as well."""

SHAPED: Final = ("ours", "copied")


def run(settings: Settings) -> Report:
    """Measure on the people of LFW `test`; attackers learn on people of `fit`."""
    study = observe(settings, read_split("test", people_limit=settings.limit), METHODS)
    training = observe(settings, training_photos(people_limit=settings.limit), RETRAINED)
    recognition = {name: against_recogniser(name, study, training) for name in RECOGNISERS}
    landmarks = against_landmarks(study, training)
    outcomes = {name: count_outcomes(study.altered[name], study.people) for name in METHODS}
    figures = {
        "photos": len(study.people),
        "people": len(set(study.people)),
        "recognisers": recognition,
        "landmark_attack": landmarks,
        "outcomes": outcomes,
    }
    tables = [*(recogniser_table(name, part) for name, part in recognition.items()), landmark_table(landmarks)]
    return Report(figures, [*tables, outcome_table(outcomes, study)])


def against_recogniser(name: str, study: Study, training: Study) -> dict[str, Any]:
    """Return the figures of one recogniser for the real photos and each method."""
    real, same = stack(study.original, name), same_person(study.people, study.people)
    between_real = without_own_photo(euclidean_distances(real, real))
    genuine, impostor = genuine_and_impostor(between_real, same)
    thresholds = {
        "fit": Thresholds.load(name).far_1_percent,
        "test": threshold_at_far(impostor, far=0.01),
        "fit_0_1_percent": Thresholds.load(name).far_0_1_percent,
    }
    rows: dict[str, Any] = {
        "real": {
            "tar_far1_other_photo": accept_rate(genuine, threshold=thresholds["fit"]),
            "far": accept_rate(impostor, threshold=thresholds["fit"]),
            "tar_far1_other_photo_refixed": accept_rate(genuine, threshold=thresholds["test"]),
            "tar_far01_other_photo": accept_rate(genuine, threshold=thresholds["fit_0_1_percent"]),
            "eer": equal_error_rate(genuine, impostor),
            **ranks("", between_real, same, study.people),
        }
    }
    for method, seen in study.altered.items():
        rows[method] = one_method(stack(seen, name), real, study.people, thresholds)
        if method in training.altered:
            parrot = RetrainedMatcher.fit(stack(training.altered[method], name), training.people)
            altered = stack(seen, name)
            distances = without_own_photo(parrot.distances(altered, altered))
            rows[method] |= ranks("parrot_retrained_", distances, same, study.people)
    return {"thresholds": thresholds, "methods": rows}


def one_method(altered: Array, real: Array, people: Sequence[str], thresholds: dict[str, float]) -> dict[str, Any]:
    """Return the figures of one method before one recogniser."""
    same = same_person(people, people)
    distances = euclidean_distances(altered, real)
    others = without_own_photo(distances)
    own = np.diag(distances)
    genuine, impostor = genuine_and_impostor(others, same)
    among = without_own_photo(euclidean_distances(altered, altered))
    return {
        "tar_far1_other_photo": accepted(others, same, people, threshold=thresholds["fit"]),
        "far": accept_rate(impostor, threshold=thresholds["fit"]),
        "tar_far1_other_photo_refixed": accepted(others, same, people, threshold=thresholds["test"]),
        "far_refixed": accept_rate(impostor, threshold=thresholds["test"]),
        "tar_far01_other_photo": accepted(others, same, people, threshold=thresholds["fit_0_1_percent"]),
        "tar_far1_own_original": mean_over_people(own < thresholds["fit"], people, random=_random()),
        "tar_far1_own_original_refixed": mean_over_people(own < thresholds["test"], people, random=_random()),
        "eer": equal_error_rate(genuine, impostor),
        **ranks("", others, same, people),
        **ranks("parrot_", among, same, people),
    }


def accepted(distances: Array, same: Flags, people: Sequence[str], *, threshold: float) -> Interval:
    """Return the share of genuine pairs below the threshold, with its interval over the people of the probes."""
    genuine = same & np.isfinite(distances)
    rows = np.stack([((distances < threshold) & genuine).sum(axis=1), genuine.sum(axis=1)], axis=1)
    return interval_over_people(totals_by_person(rows, people), ratio, random=_random())


def ranks(prefix: str, distances: Array, same: Flags, people: Sequence[str]) -> dict[str, Any]:
    """Return rank-1 and rank-5 with chance beside them."""
    figures: dict[str, Any] = {}
    for rank in (1, 5):
        found = identify(distances, same, rank=rank)
        names = [people[index] for index in found.probe]
        figures[f"{prefix}rank{rank}"] = mean_over_people(found.hit, names, random=_random())
        figures[f"{prefix}rank{rank}_chance"] = found.chance_rate
    return figures


def against_landmarks(study: Study, training: Study) -> dict[str, Any]:
    """Return how well people are found by the pose-free landmarks that faces were drawn from, and by the output's."""
    model = ShapeModel.load()
    shipped = TwoCovarianceMatcher.load()
    real, rows = coefficients(model, study.original, "points"), dict[str, Any]()
    for method in SHAPED:
        for what, source in (("conditioning", "drawn"), ("output", "points")):
            altered = coefficients(model, study.altered[method], source)
            rows[f"{method}, {what}"] = matched(shipped, altered, real, study.people)
            if method in training.altered:
                learnt = coefficients(model, training.altered[method], source)
                known = coefficients(model, training.original, "points")
                rows[f"{method}, {what}"] |= retrained(
                    shipped, learnt, known, training.people, altered, real, study.people
                )
    return rows


def matched(matcher: TwoCovarianceMatcher, altered: Array, real: Array, people: Sequence[str]) -> dict[str, Any]:
    """Attack with the original photos as gallery, then with the altered ones."""
    same = same_person(people, people)
    figures: dict[str, Any] = {}
    for name, gallery in (("landmark", real), ("landmark_parrot", altered)):
        distances = without_own_photo(-matcher.scores(altered, gallery))
        figures |= ranks(f"{name}_", distances, same, people)
        figures[f"{name}_eer"] = equal_error_rate(*genuine_and_impostor(distances, same))
    return figures


def retrained(
    shipped: TwoCovarianceMatcher,
    learnt: Array,
    known: Array,
    learnt_people: Sequence[str],
    altered: Array,
    real: Array,
    people: Sequence[str],
) -> dict[str, Any]:
    """Attack with a matcher fitted on altered landmarks, and with a regression from altered to original ones."""
    same = same_person(people, people)
    parrot = TwoCovarianceMatcher.fit(learnt, learnt_people)
    among = without_own_photo(-parrot.scores(altered, altered))
    guessed = RidgeReconstruction.fit(learnt, known)(altered)
    undone = without_own_photo(-shipped.scores(guessed, real))
    return {
        **ranks("landmark_parrot_retrained_", among, same, people),
        "landmark_parrot_retrained_eer": equal_error_rate(*genuine_and_impostor(among, same)),
        **ranks("landmark_reconstruction_", undone, same, people),
        "landmark_reconstruction_eer": equal_error_rate(*genuine_and_impostor(undone, same)),
    }


def coefficients(model: ShapeModel, sightings: Sequence[Sighting], name: str) -> Array:
    """Return the pose-free shape of each photo's landmarks."""
    points: list[npt.NDArray[np.float32]] = [getattr(one, name) for one in sightings]
    return shape_coefficients(model, [Landmarks(one) for one in points])


def count_outcomes(sightings: Sequence[Sighting], people: Sequence[str]) -> dict[str, Any]:
    """Return how the faces ended, and how often a stranger's detector still sees one."""
    outcome = np.array([str(one.outcome) for one in sightings])
    detected = np.array([bool(one.detected) for one in sightings])
    return {
        "obscured": float((outcome == "obscured").mean()),
        "missed": float((outcome == "missed").mean()),
        "attempts": float(stack(sightings, "attempts").mean()),
        "redetected": mean_over_people(detected, people, random=_random()),
    }


def recogniser_table(name: str, part: dict[str, Any]) -> Rows:
    """Return the table of one recogniser."""
    columns = {
        "TAR@FAR1% other": "tar_far1_other_photo",
        "strangers": "far",
        "refixed": "tar_far1_other_photo_refixed",
        "own original": "tar_far1_own_original",
        "rank-1": "rank1",
        "chance": "rank1_chance",
        "parrot": "parrot_rank1",
        "retrained": "parrot_retrained_rank1",
    }
    body = [[method, *(row.get(key) for key in columns.values())] for method, row in part["methods"].items()]
    notes = [
        f"thresholds: {part['thresholds']}; ± half of the 95 % interval over people",
        "strangers: false accept rate at the same threshold between the method's output and other people's originals",
    ]
    return Rows(f"privacy, recogniser {name}", ["method", *columns], body, notes)


def landmark_table(rows: dict[str, Any]) -> Rows:
    """Return the table of the landmark attackers."""
    columns = ("landmark_rank1", "landmark_eer", "landmark_parrot_rank1", "landmark_parrot_eer")
    learnt = ("landmark_parrot_retrained_rank1", "landmark_reconstruction_rank1", "landmark_rank1_chance")
    head = ["landmarks", "rank-1", "EER", "parrot", "its EER", "parrot retrained", "reconstruction", "chance"]
    body = [[name, *(row.get(key) for key in (*columns, *learnt))] for name, row in rows.items()]
    return Rows("privacy, landmark attack (two-covariance matcher)", head, body)


def outcome_table(outcomes: dict[str, Any], study: Study) -> Rows:
    """Return the table of outcomes."""
    columns = ("obscured", "missed", "attempts", "redetected")
    body = [[method, *(row[key] for key in columns)] for method, row in outcomes.items()]
    return Rows(
        "outcomes", ["method", *columns], body, [f"{len(study.people)} photos of {len(set(study.people))} people"]
    )


def _random() -> np.random.Generator:
    return np.random.default_rng(0)
