"""What anonymized photos are still worth, and which traits they lost."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.agreement import confusion_rows
from ganonymization.evaluation.bootstrap import (
    Array,
    Interval,
    Statistic,
    interval_over_people,
    mean_over_people,
    ratio,
    totals_by_person,
)
from ganonymization.evaluation.columns import Column, Sightings
from ganonymization.evaluation.figures import Figure, measured, unmeasured
from ganonymization.evaluation.privacy import Faces
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.sighting import column
from ganonymization.evaluation.traits import apparent_ages, apparent_sexes, flips, probe_trait
from ganonymization.evaluation.utility import f1_of_confusion, mean_f1_of_confusion, predict_held_out
from ganonymization.recognise import FACERES

LEARNT_PHOTOS: Final = 2000
"""Photos, at most, that the classifier of emotions is measured on, drawn by the run's seed."""

FEWEST_LABELS: Final = 10
"""Photos that a label needs to be learnt."""


def utility_figures(faces: Faces, samples: Sequence[Sample], *, seed: int) -> dict[str, Figure]:
    """Return F1, mean and by label, of a classifier that learnt on outputs and labels originals of other people."""
    truth = [sample.emotion for sample in samples]
    known = [label for label in sorted({label for label in truth if label}) if truth.count(label) >= FEWEST_LABELS]
    if len(known) < 2:
        return {"mean_f1": unmeasured("the set labels fewer than two emotions on ten photos or more each")}
    labelled = [index for index, label in enumerate(truth) if label in known]
    chosen = _at_most(LEARNT_PHOTOS, labelled, seed=seed)
    some, labels = faces.pick(chosen), [str(truth[index]) for index in chosen]
    try:
        predicted = predict_held_out(
            some.altered.column("gradients"), some.real.column("gradients"), labels, some.people
        )
    except NotMeasurableError as error:
        return {"mean_f1": unmeasured(str(error))}
    totals = totals_by_person(confusion_rows(labels, predicted, known), some.people)
    figures = {"mean_f1": _over_people(totals, mean_f1_of_confusion, seed=seed)}
    for place, label in enumerate(known):
        figures[f"f1_{label}"] = _over_people(totals, functools.partial(_f1_of, place), seed=seed)
    return figures


def _at_most(count: int, places: Sequence[int], *, seed: int) -> npt.NDArray[np.intp]:
    """Return so many of the places, drawn where there are more, in their order."""
    drawn = np.random.default_rng(seed).choice(len(places), min(count, len(places)), replace=False)
    return np.asarray(places, np.intp)[np.sort(drawn)]


def _over_people(totals: Array, statistic: Statistic, *, seed: int) -> Figure:
    random = np.random.default_rng(seed)
    return measured(lambda: interval_over_people(totals, statistic, random=random))


def _f1_of(place: int, totals: Array) -> Array:
    return np.asarray(f1_of_confusion(totals)[..., place])


def trait_figures(faces: Faces, *, seed: int) -> dict[str, Figure]:
    """Return how often apparent sex and age band flip, and how far apparent age moves."""
    sexes = [apparent_sexes(rows["male"]) for rows in (faces.real, faces.altered)]
    ages = [apparent_ages(rows["age_years"]) for rows in (faces.real, faces.altered)]
    moved = np.abs(column(faces.real, "age_years") - column(faces.altered, "age_years"))
    values: dict[str, npt.NDArray[np.generic]] = {
        "trait_sex_flipped": flips(*sexes),
        "trait_age_band_flipped": flips(*ages),
        "trait_age_change_years": moved,
    }
    return {name: measured(_mean(some, faces.people, seed=seed)) for name, some in values.items()}


def attribute_figures(faces: Faces, samples: Sequence[Sample], *, seed: int) -> dict[str, Figure]:
    """Return, for every trait that the set labels as there or not, the share of photos on which it was removed."""
    traits = [traits_of(sample) for sample in samples]
    names = sorted({name for labelled in traits for name in labelled})
    return {f"trait_removed_{name}": _removed(faces, traits, name, seed=seed) for name in names}


def traits_of(sample: Sample) -> dict[str, bool]:
    """Return what is labelled of a person: the set's own yes-or-no attributes, and each sex and ethnicity it names."""
    traits = {name: value for name, value in sample.attributes.items() if isinstance(value, bool)}
    words = {"sex": sample.sex, "ethnicity": sample.ethnicity}
    return traits | {f"{kind}_{word.replace(' ', '_')}": True for kind, word in words.items() if word}


def _removed(faces: Faces, traits: Sequence[Mapping[str, bool]], name: str, *, seed: int) -> Figure:
    """Return the share removed; where a word names one of several groups, the others do not show it."""
    kind = name.partition("_")[0]
    grouped = kind in {"sex", "ethnicity"}
    known = [name in some or (grouped and any(other.startswith(f"{kind}_") for other in some)) for some in traits]
    shown = np.array([some.get(name, False) for some in traits], np.bool_)[known]
    some = faces.pick(np.array(known, np.bool_))

    def removed() -> Interval:
        seen = probe_trait(_descriptors(some.real), _descriptors(some.altered), shown, some.people)
        totals = totals_by_person(seen.removal_rows(), some.people)
        return interval_over_people(totals, ratio, random=np.random.default_rng(seed))

    return measured(removed)


def _descriptors(rows: Sightings) -> Column:
    return rows.column(FACERES.weights)


def _mean(values: npt.NDArray[np.generic], people: Sequence[str], *, seed: int) -> Callable[[], Interval]:
    return lambda: mean_over_people(values, people, random=np.random.default_rng(seed))
