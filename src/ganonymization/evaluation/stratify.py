"""Measure the strata of a set one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.evaluation.bootstrap import mean_over_people
from ganonymization.evaluation.figures import Figure, Figures, measured
from ganonymization.evaluation.kept import labels
from ganonymization.evaluation.privacy import Faces, Fixed
from ganonymization.evaluation.search import Searched
from ganonymization.evaluation.sighting import CLASSIFIERS, column, measure_of
from ganonymization.evaluation.strata import Stratum, by_age, by_label, by_size, by_skin_tone, by_yaw
from ganonymization.evaluation.study import Originals

FEWEST: Final = 10
"""Photos below which a stratum tells nothing."""

Array: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Part:
    """The figures of one stratum.

    Attributes:
        photos: in it.
        figures: name to figure.
    """

    photos: int
    figures: Figures


Strata: TypeAlias = Mapping[str, Mapping[str, Part]]
"""Figures by division and stratum."""


def divide_faces(originals: Originals) -> dict[str, list[Stratum]]:
    """Return the strata by size, turn, skin tone, and by whatever the set labels; those of few photos are left out."""
    rows, samples = originals.rows, originals.samples
    divisions = {
        "face size": by_size(np.maximum(rows["box"][:, 2] - rows["box"][:, 0], rows["box"][:, 3] - rows["box"][:, 1])),
        "head turn": by_yaw(measure_of(rows, "yaw_deg")),
        "skin tone": by_skin_tone(column(rows, "tone")),
        "age": by_age([sample.age_years for sample in samples]),
        "sex": by_label([sample.sex for sample in samples]),
        "ethnicity": by_label([sample.ethnicity for sample in samples]),
    }
    large = {name: [one for one in strata if one.members.sum() >= FEWEST] for name, strata in divisions.items()}
    return {name: strata for name, strata in large.items() if _tells(strata)}


def photo_measures(faces: Faces, found: Searched, fixed: Fixed, replaced: npt.NDArray[np.bool_]) -> dict[str, Array]:
    """Return (N,) values of each photo, NaN where it has none; their mean over a stratum is its figure."""
    rank1 = np.full(len(faces.people), np.nan)
    rank1[found.probe] = found.hits[1]
    threshold = fixed.value["far1"]
    spec = CLASSIFIERS[0]
    same = np.array(labels(faces.real, spec)) == np.array(labels(faces.altered, spec))
    return {
        "rank1": rank1,
        "tar_far1_own_original": np.full(len(rank1), np.nan) if threshold is None else 1.0 * (found.own < threshold),
        "coverage": replaced.astype(np.float64),
        "redetected": column(faces.altered, "detected"),
        "emotion_agreement": same.astype(np.float64),
    }


def stratum_figures(
    divisions: Mapping[str, Sequence[Stratum]], measures: Mapping[str, Array], people: Sequence[str], *, seed: int
) -> dict[str, dict[str, Part]]:
    """Return the figures of every stratum."""
    return {
        division: {
            stratum.name: Part(
                int(stratum.members.sum()),
                {name: _mean(values, stratum.members, people, seed) for name, values in measures.items()},
            )
            for stratum in strata
        }
        for division, strata in divisions.items()
    }


def _mean(values: Array, members: npt.NDArray[np.bool_], people: Sequence[str], seed: int) -> Figure:
    chosen = np.flatnonzero(members & np.isfinite(values)).tolist()
    some = [people[index] for index in chosen]
    return measured(lambda: mean_over_people(values[chosen], some, random=np.random.default_rng(seed)))


def _tells(strata: Sequence[Stratum]) -> bool:
    """Say whether a division divides: one stratum alone, or none that is known, tells nothing."""
    return len([stratum for stratum in strata if stratum.name != "unknown"]) > 1
