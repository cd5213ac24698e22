"""Compare every probe with every gallery entry, some rows at a time, so that memory grows with photos, not pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.bootstrap import (
    Interval,
    interval_over_people,
    mean_over_people,
    ratio,
    totals_by_person,
)
from ganonymization.evaluation.columns import blocks
from ganonymization.evaluation.verification import allowed_errors, distances_to, identify

Array: TypeAlias = npt.NDArray[np.float64]
Compare: TypeAlias = Callable[[slice], Array]
"""Returns the (K, M) distances of some of the probes to the whole gallery."""

RANKS: Final = (1, 5)

BINS: Final = 400
"""Of the histograms that curves are drawn from."""

_BLOCK: Final = 64
"""Probes that are compared at a time; each needs a number for each photo of the gallery."""

_RANKED: Final = 8
"""Of these, probes that are ranked or counted at a time; each needs some ten numbers for each photo of the gallery."""

_THRESHOLD_PHOTOS: Final = 2000
"""Photos whose pairs fix the thresholds: two million pairs, 2,000 of them beyond FAR 0.1 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Pooled:
    """Distances of all probes together.

    Attributes:
        own: (N,) distance of each to its own photo.
        genuine: (BINS,) counts of distances to other photos of the same person.
        impostor: (BINS,) counts of distances to other people's.
        edges: (BINS + 1,) of the bins.
    """

    own: Array
    genuine: npt.NDArray[np.int64]
    impostor: npt.NDArray[np.int64]
    edges: Array


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """How far probes are from photos other than their own, counted for each person.

    Attributes:
        genuine: (P, BINS) counts of distances to other photos of the same person.
        impostor: (P, BINS) counts of distances to other people's.
        edges: (BINS + 1,) of the bins; the outer ones take what lies beyond.
    """

    genuine: npt.NDArray[np.int32]
    impostor: npt.NDArray[np.int32]
    edges: Array

    def eer(self, *, seed: int) -> Interval:
        """Return the equal error rate, to the width of a bin.

        Raises:
            NotMeasurableError: there is no pair of one kind.
        """
        if not self.genuine.any() or not self.impostor.any():
            raise NotMeasurableError("two people are needed, and two photos of somebody")
        totals = np.concatenate([self.genuine, self.impostor], axis=1).astype(np.float64)
        return interval_over_people(totals, eer_of_histograms, random=np.random.default_rng(seed), rounds=200)

    def pooled(self, own: Array) -> Pooled:
        """Return what plots need: the counts of all people together, and (N,) distances to the own photo."""
        return Pooled(own, self.genuine.sum(axis=0), self.impostor.sum(axis=0), self.edges)


@dataclass(frozen=True, slots=True, eq=False)
class Searched:
    """What each probe found; a probe's own photo is not in its gallery.

    Attributes:
        people: N names.
        own: (N,) distance to the own photo.
        genuine: (N,) other photos of the same person.
        accepted: (N, T) those of them below each threshold.
        probe: (K,) indices of the probes who have another photo in the gallery.
        hits: rank to (K,) whether the person was among so many nearest.
        chance: rank to (K,) probability of that for a guess.
    """

    people: list[str]
    own: Array
    genuine: npt.NDArray[np.int64]
    accepted: npt.NDArray[np.int64]
    probe: npt.NDArray[np.intp]
    hits: dict[int, npt.NDArray[np.bool_]]
    chance: dict[int, Array]

    def tar(self, index: int, *, seed: int) -> Interval:
        """Return the share of genuine pairs below a threshold.

        Raises:
            NotMeasurableError: nobody has two photos.
        """
        rows = np.stack([self.accepted[:, index], self.genuine], axis=1)
        if not rows[:, 1].any():
            raise NotMeasurableError("nobody has two photos; an output cannot be compared with another photo")
        return interval_over_people(totals_by_person(rows, self.people), ratio, random=np.random.default_rng(seed))

    def own_tar(self, threshold: float, *, seed: int) -> Interval:
        """Return the share of probes that pass for their own photo."""
        return mean_over_people(self.own < threshold, self.people, random=np.random.default_rng(seed))

    def rate(self, rank: int, *, seed: int) -> Interval:
        """Return the share of probes whose person was found.

        Raises:
            NotMeasurableError: nobody has two photos.
        """
        return mean_over_people(self.hits[rank], self.found_people, random=np.random.default_rng(seed))

    @property
    def found_people(self) -> list[str]:
        """Names of the probes who have another photo in the gallery."""
        if not len(self.probe):
            raise NotMeasurableError("nobody has two photos; two photos of somebody are needed")
        return [self.people[index] for index in self.probe]


def search(compare: Compare, people: Sequence[str], *, thresholds: Sequence[float] = ()) -> Searched:
    """Compare N probes with a gallery of their own N photos, in the same order.

    Args:
        compare: gives the distances of some probes to the whole gallery.
        people: N names.
        thresholds: below which pairs are accepted.
    """
    names = np.asarray(people)
    parts = [_search_block(*block, names, thresholds) for block in _compared(compare, len(people))]
    return Searched(
        people=list(people),
        own=np.concatenate([part.own for part in parts]),
        genuine=np.concatenate([part.genuine for part in parts]),
        accepted=np.concatenate([part.accepted for part in parts]),
        probe=np.concatenate([part.probe for part in parts]),
        hits={rank: np.concatenate([part.hits[rank] for part in parts]) for rank in RANKS},
        chance={rank: np.concatenate([part.chance[rank] for part in parts]) for rank in RANKS},
    )


def count_distances(compare: Compare, people: Sequence[str]) -> Distances:
    """Count the distances of N probes to a gallery of their own N photos, in the same order.

    Args:
        compare: gives the distances of some probes to the whole gallery.
        people: N names.
    """
    edges = _edges(compare(slice(0, _BLOCK)))
    names, person_of = np.unique(np.asarray(people), return_inverse=True)
    counts = np.zeros((2, len(names), BINS), np.int32)
    for distances, rows in _compared(compare, len(people)):
        index = np.arange(len(distances))
        same = person_of[rows, None] == person_of[None]
        others = np.isfinite(distances)
        others[index, index + rows.start] = False
        for kind, chosen in enumerate((others & same, others & ~same)):
            np.add.at(counts[kind], person_of[rows], _histograms(distances, chosen, edges))
    return Distances(counts[0], counts[1], edges)


def joined(parts: Sequence[Searched]) -> Searched:
    """Return the probes of several searches, each in its own gallery, as one."""
    starts = np.cumsum([0, *(len(part.people) for part in parts[:-1])])
    return Searched(
        people=[name for part in parts for name in part.people],
        own=np.concatenate([part.own for part in parts]),
        genuine=np.concatenate([part.genuine for part in parts]),
        accepted=np.concatenate([part.accepted for part in parts]),
        probe=np.concatenate([part.probe + start for part, start in zip(parts, starts, strict=True)]),
        hits={rank: np.concatenate([part.hits[rank] for part in parts]) for rank in RANKS},
        chance={rank: np.concatenate([part.chance[rank] for part in parts]) for rank in RANKS},
    )


def real_threshold(
    embeddings: npt.NDArray[np.floating], people: Sequence[str], *, far: float, random: np.random.Generator
) -> float:
    """Return the distance below which a share of the pairs of different people lies.

    Args:
        embeddings: (N, D) of real photos.
        people: N names.
        far: that share.
        random: draws photos where there are very many.

    Raises:
        NotMeasurableError: there are too few pairs for such a rate.
    """
    count = min(len(people), _THRESHOLD_PHOTOS)
    chosen = np.sort(random.choice(len(people), count, replace=False))
    some, names = embeddings[chosen], np.asarray(people)[chosen]
    counts = np.unique(names, return_counts=True)[1]
    allowed = allowed_errors(int(count**2 - (counts**2).sum()) // 2, far=far)
    nearest = np.full(allowed + 1, np.inf)
    for rows in blocks(count, _BLOCK):
        distances = distances_to(some)(some[rows])
        apart = (names[rows, None] != names[None]) & (np.arange(count)[rows, None] < np.arange(count)[None])
        candidates = distances[apart & (distances < nearest[allowed])]
        nearest = np.partition(np.concatenate([nearest, candidates]), allowed)[: allowed + 1]
    return float(nearest[allowed])


def eer_of_histograms(totals: Array) -> Array:
    """Return the equal error rates of (..., 2 * BINS) counts: genuine distances, then impostors'."""
    genuine, impostor = totals[..., :BINS], totals[..., BINS:]
    accepted = _cumulative_share(impostor)
    rejected = 1 - _cumulative_share(genuine)
    after = np.argmax(accepted >= rejected, axis=-1)[..., None]
    before = np.maximum(after - 1, 0)
    gap_before, gap_after = (np.take_along_axis(accepted - rejected, at, axis=-1)[..., 0] for at in (before, after))
    start, end = (np.take_along_axis(accepted, at, axis=-1)[..., 0] for at in (before, after))
    room = gap_before - gap_after
    share = np.divide(gap_before, room, out=np.zeros_like(gap_before), where=room != 0)
    return np.asarray(start + share * (end - start))


def _cumulative_share(counts: Array) -> Array:
    total = counts.sum(axis=-1, keepdims=True)
    shares = np.divide(np.cumsum(counts, axis=-1), total, out=np.full(counts.shape, np.nan), where=total > 0)
    return np.asarray(shares)


def _compared(compare: Compare, count: int) -> Iterator[tuple[Array, slice]]:
    """Yield the distances of a few probes to the whole gallery, and which probes they are."""
    for rows in blocks(count, _BLOCK):
        distances = compare(rows)
        for part in blocks(len(distances), _RANKED):
            yield distances[part], slice(rows.start + part.start, rows.start + part.stop)


def _edges(distances: Array) -> Array:
    """Return bins over the range of some distances, with room for those of the other probes."""
    low, high = float(distances.min()), float(distances.max())
    room = max((high - low) / 20, 1e-6)
    return np.linspace(low - room, high + room, BINS + 1)


def _search_block(distances: Array, rows: slice, people: npt.NDArray[np.str_], thresholds: Sequence[float]) -> Searched:
    index = np.arange(rows.start, rows.stop)
    own = distances[np.arange(len(index)), index].copy()
    others = distances.copy()
    others[np.arange(len(index)), index] = np.inf
    same = np.asarray(people[rows, None] == people[None])
    found = [_identify(others, same, rank, rows.start) for rank in RANKS]
    return Searched(
        people=people[rows].tolist(),
        own=own,
        genuine=(np.isfinite(others) & same).sum(axis=1),
        accepted=np.stack([((others < limit) & same).sum(axis=1) for limit in thresholds], axis=1)
        if thresholds
        else np.zeros((len(index), 0), np.int64),
        probe=found[0][0],
        hits={rank: one[1] for rank, one in zip(RANKS, found, strict=True)},
        chance={rank: one[2] for rank, one in zip(RANKS, found, strict=True)},
    )


def _identify(
    distances: Array, same: npt.NDArray[np.bool_], rank: int, start: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_], Array]:
    try:
        found = identify(distances, same, rank=rank)
    except NotMeasurableError:  # nobody in this block has another photo
        return np.zeros(0, np.intp), np.zeros(0, np.bool_), np.zeros(0)
    return found.probe + start, found.hit, found.chance


def _histograms(distances: Array, chosen: npt.NDArray[np.bool_], edges: Array) -> npt.NDArray[np.int32]:
    """Return a row of counts for each probe."""
    bins = np.clip(np.searchsorted(edges, distances, side="right") - 1, 0, BINS - 1)
    flat = (np.arange(len(distances))[:, None] * BINS + bins)[chosen]
    return np.bincount(flat, minlength=len(distances) * BINS).reshape(len(distances), BINS).astype(np.int32)
