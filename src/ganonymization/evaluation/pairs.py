"""A set's own pairs of photos, and how well people are still told apart on them: the protocol of LFW.

Huang et al., "Labeled Faces in the Wild", 2007: of every pair it is decided whether it shows one person, by a threshold
that the other folds fixed. Here one side of each pair, or both, went through a method. The threshold is fixed on pairs
that did so too: the attacker has the anonymizer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.bootstrap import Interval, mean_over_people
from ganonymization.evaluation.columns import Column, blocks
from ganonymization.evaluation.figures import Figure, measured
from ganonymization.evaluation.jackknife import NORMAL_97_5
from ganonymization.evaluation.privacy import FAR, Faces
from ganonymization.evaluation.readers import Pair, Sample
from ganonymization.evaluation.recognisers import Judge
from ganonymization.evaluation.verification import Array, Flags, threshold_at_far

Places: TypeAlias = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class PlacedPairs:
    """Pairs of which a face was found on both photos.

    Attributes:
        given: pairs in the set.
        first: (K,) places of the first photos among those tested.
        second: (K,) places of the second ones.
        genuine: (K,) whether a pair shows one person.
        fold: (K,) which part of the set it belongs to.
    """

    given: int
    first: Places
    second: Places
    genuine: Flags
    fold: Places


def place_pairs(pairs: Iterable[Pair], samples: Sequence[Sample]) -> PlacedPairs:
    """Find pairs among the samples on which a face was found; others, of which one side is missing, are left out."""
    place = {sample.path: index for index, sample in enumerate(samples)}
    given = list(pairs)
    kept = [pair for pair in given if pair.first.path in place and pair.second.path in place]
    return PlacedPairs(
        len(given),
        np.array([place[pair.first.path] for pair in kept], np.intp),
        np.array([place[pair.second.path] for pair in kept], np.intp),
        np.array([pair.is_genuine for pair in kept], np.bool_),
        np.array([pair.fold for pair in kept], np.intp),
    )


def pair_figures(faces: Faces, judge: Judge, pairs: PlacedPairs, *, seed: int) -> dict[str, Figure]:
    """Return, with one side anonymized and with both, the accuracy and the TAR where real impostors' FAR is 1 %, .1 %.

    Nothing where the set has no pairs.
    """
    if not pairs.given:
        return {}
    real, altered = faces.real.column(judge.name), faces.altered.column(judge.name)
    untouched = pair_distances(real, real, pairs)
    figures = {"pairs_measured": Figure(len(pairs.genuine) / pairs.given)}
    for side, first in (("one_side", real), ("both_sides", altered)):
        distances = pair_distances(first, altered, pairs)
        figures[f"pairs_accuracy_{side}{judge.suffix}"] = measured(_accuracy_of(distances, pairs))
        for name, far in FAR.items():
            accepted = _accepted(distances, untouched, faces.people, pairs, far=far, seed=seed)
            figures[f"pairs_tar_{name}_{side}{judge.suffix}"] = measured(accepted)
    return figures


def pair_distances(first: Column, second: Column, pairs: PlacedPairs) -> Array:
    """Return the (K,) Euclidean distances of the two embeddings of each pair."""
    parts = [first.at(pairs.first[part]) - second.at(pairs.second[part]) for part in blocks(len(pairs.genuine))]
    return np.concatenate([np.zeros(0), *(np.linalg.norm(part.astype(np.float64), axis=1) for part in parts)])


def held_out_accuracy(distances: Array, genuine: Flags, fold: Places) -> Interval:
    """Return the mean over folds of the share of pairs told right, and 1.96 standard errors about it.

    Args:
        distances: (K,) of the pairs.
        genuine: (K,) whether they show one person.
        fold: (K,) each is decided by the threshold that is best on the others.

    Raises:
        NotMeasurableError: there are fewer than two folds.
    """
    folds = np.unique(fold)
    if len(folds) < 2:
        raise NotMeasurableError(f"pairs of {len(folds)} folds; a threshold is fixed on one and tried on another")
    rates = []
    for one in folds:
        tried = fold == one
        threshold = best_threshold(distances[~tried], genuine[~tried])
        rates.append(float(((distances[tried] < threshold) == genuine[tried]).mean()))
    mean, error = float(np.mean(rates)), float(np.std(rates, ddof=1) / len(rates) ** 0.5)
    return Interval(mean, max(0.0, mean - NORMAL_97_5 * error), min(1.0, mean + NORMAL_97_5 * error))


def best_threshold(distances: Array, genuine: Flags) -> float:
    """Return the threshold that tells most pairs right, in the middle of a gap: of equally good ones, the least."""
    order = np.argsort(distances, kind="stable")
    ascending = np.concatenate([[-np.inf], distances[order], [np.inf]])
    gained = np.concatenate([[0], np.cumsum(np.where(genuine[order], 1, -1))])
    splits = np.flatnonzero(ascending[1:] > ascending[:-1])  # between distances that differ
    below, above = ascending[splits[np.argmax(gained[splits])] :][:2]
    middle = (below + above) / 2
    return float(middle if np.isfinite(middle) else np.nextafter(below, np.inf) if np.isfinite(below) else above)


def _accuracy_of(distances: Array, pairs: PlacedPairs) -> Callable[[], Interval]:
    return lambda: held_out_accuracy(distances, pairs.genuine, pairs.fold)


def _accepted(
    distances: Array, untouched: Array, people: Sequence[str], pairs: PlacedPairs, *, far: float, seed: int
) -> Callable[[], Interval]:
    """Return what tells the share of genuine pairs that pass where so many untouched impostors do."""

    def accepted() -> Interval:
        threshold = threshold_at_far(untouched[~pairs.genuine], far=far)
        shown = [people[place] for place in pairs.first[pairs.genuine].tolist()]
        return mean_over_people(distances[pairs.genuine] < threshold, shown, random=np.random.default_rng(seed))

    return accepted
