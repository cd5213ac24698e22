"""How good a set of faces is as a whole: distances between sets, and diversity within one.

Distances between sets are taken in a named feature space, since the Inception network of the literature is not here:
`FEATURE_SPACE`. Figures of other feature spaces cannot be compared with these. The two sets are photos before and after
a method, so they come in pairs; the estimates below allow for that.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.columns import Vectors, blocks
from ganonymization.evaluation.verification import euclidean_distances

Array: TypeAlias = npt.NDArray[np.float64]
Features: TypeAlias = npt.NDArray[np.floating]
Flags: TypeAlias = npt.NDArray[np.bool_]
Groups: TypeAlias = npt.NDArray[np.intp]
"""(N,) the group of each photo, counted from 0."""
Apart: TypeAlias = Callable[[slice], Flags]
"""Which of all M photos of the second set those N of the first are compared with, (N, M)."""

FEATURE_SPACE: Final = "faceres descriptor, scaled to mean square 1"
"""The 1024-d descriptor of the network `faceres`, aligned as for recognition."""

_BLOCK: Final = 1024
"""Photos that are compared at a time, so that memory does not grow with the square of their number."""

_EXTRAPOLATED_FROM: Final = (1 / 2, 5 / 8, 3 / 4, 7 / 8, 1.0)
_DRAWS: Final = 2
"""Shares of the photos from which the Frechet distance of infinitely many is extrapolated, and sets drawn for each."""


def scaled(descriptors: Features) -> Features:
    """Return (N, D) descriptors of length 1 with the mean square 1 that the kernel was made for."""
    return np.asarray(descriptors * np.sqrt(descriptors.shape[1]), descriptors.dtype)


class Scaled:
    """Descriptors of length 1, scaled when some of them are asked for.

    Args:
        descriptors: (N, D), in memory or on disk.
    """

    def __init__(self, descriptors: Vectors) -> None:
        self._descriptors = descriptors
        self.shape = descriptors.shape

    def __len__(self) -> int:
        """Return N."""
        return len(self._descriptors)

    def __getitem__(self, rows: slice, /) -> Features:
        """Return some of them with the mean square 1."""
        return scaled(self._descriptors[rows])


@dataclass(frozen=True, slots=True, eq=False)
class PairSums:
    """Sums of a value over pairs of photos of different people, by the groups of people that the two are in.

    Attributes:
        totals: (G, G) of the value.
        counts: (G, G) of the pairs.
    """

    totals: Array
    counts: Array

    def mean(self) -> float:
        """Return the mean over all pairs.

        Raises:
            NotMeasurableError: there are fewer than two people.
        """
        pairs = self.counts.sum()
        if not pairs:
            raise NotMeasurableError("nobody to compare; two different people are needed")
        return float(self.totals.sum() / pairs)

    def means_without(self) -> Array:
        """Return (G,) means over the pairs in which a group has no part.

        Raises:
            NotMeasurableError: the others are fewer than two people.
        """
        left = _without(self.counts)
        if not left.all():
            raise NotMeasurableError("too few people for an interval")
        return np.asarray(_without(self.totals) / left)


@dataclass(frozen=True, slots=True)
class FrechetEstimate:
    """The distance between two sets of photos.

    Attributes:
        value: extrapolated to infinitely many photos.
        sample_value: of the photos at hand.
        count: photos in each set.
    """

    value: float
    sample_value: float
    count: int


def extrapolated_frechet_distance(before: Features, after: Features, *, random: np.random.Generator) -> FrechetEstimate:
    """Return the Frechet distance at infinitely many photos: the intercept of a line through it over 1 / count.

    Chong and Forsyth, "Effectively unbiased FID and Inception Score", 2020. Each of the smaller sets is drawn several
    times, pairs staying together.

    Args:
        before: (N, D) features of the originals.
        after: (N, D) features of the same photos after the method.
        random: draws the smaller sets.

    Raises:
        NotMeasurableError: there are fewer than eight photos.
        ValueError: the numbers differ.
    """
    count = _require_pairs(before, after)
    if count < 8:
        raise NotMeasurableError(f"{count} photos; the Frechet distance is extrapolated from eight or more")
    sizes = [round(share * count) for share in _EXTRAPOLATED_FROM]
    sample_value = sample_frechet_distance(before, after)
    values = [_mean_of_draws(before, after, size, random) for size in sizes[:-1]]
    intercept = np.polyfit(1 / np.array(sizes), [*values, sample_value], 1)[1]
    return FrechetEstimate(max(0.0, float(intercept)), sample_value, count)


def sample_frechet_distance(first: Features, second: Features) -> float:
    """Return |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)) of the normal distributions of (N, D) and (M, D) features.

    Heusel et al., "GANs trained by a two time-scale update rule", 2017. It is 0 for equal sets, and too large for few
    photos: on halves of LFW's people it is twice what it extrapolates to. No matrix is larger than N, M or D: tr (C1
    C2)^(1/2) is the sum of the singular values of X Y' / ((N - 1) (M - 1))^(1/2), X and Y less their means.

    Raises:
        NotMeasurableError: one of the sets has fewer than two photos.
    """
    means, factors = zip(*(_factor(some) for some in (first, second)), strict=True)
    shift = float(((means[0] - means[1]) ** 2).sum())
    shared = np.linalg.svd(factors[0] @ factors[1].T, compute_uv=False).sum()
    return max(0.0, shift + float((factors[0] ** 2).sum() + (factors[1] ** 2).sum() - 2 * shared))


def kernel_distance(first: Features, second: Features) -> float:
    """Return the unbiased squared maximum mean discrepancy of two independent sets, with the kernel (x y / D + 1)^3.

    Binkowski et al., "Demystifying MMD GANs", 2018. Around 0, and at times below it, for sets that are alike.

    Raises:
        NotMeasurableError: one of the sets has fewer than two photos.
    """
    within = (_mean_kernel(some, some, _others(len(some))) for some in (first, second))
    return sum(within) - 2 * _mean_kernel(first, second, _everybody(len(first), len(second)))


def paired_kernel_distance(before: Features, after: Features, people: Sequence[str]) -> float:
    """Return the same for photos before and after a method, unbiased: only photos of different people are compared.

    The U-statistic of Gretton et al., "A kernel two-sample test", 2012, over pairs of different people. It is exactly 0
    when the method changes nothing.

    Args:
        before: (N, D) features of the originals.
        after: (N, D) features of the same photos after the method.
        people: N names.

    Raises:
        NotMeasurableError: there are fewer than two people.
        ValueError: the numbers differ.
    """
    return kernel_sums(before, after, people, _one_group(people)).mean()


def kernel_sums(before: Vectors, after: Vectors, people: Sequence[str], group_of: Groups) -> PairSums:
    """Return the sums whose mean is the distance of `paired_kernel_distance`, by groups of people.

    Raises:
        ValueError: the numbers differ.
    """
    _require_pairs(before, after)

    def compared(rows: slice, columns: slice) -> Array:
        x, y = ((some[rows], some[columns]) for some in (before, after))
        return _kernel(*x) + _kernel(*y) - _kernel(x[0], y[1]) - _kernel(y[0], x[1])

    return _sum_over_pairs(compared, people, group_of)


def spread(embeddings: Vectors, people: Sequence[str]) -> float:
    """Return the mean distance between (N, D) embeddings of different people's photos.

    Raises:
        NotMeasurableError: there are fewer than two people.
    """
    return spread_sums(embeddings, people, _one_group(people)).mean()


def spread_sums(embeddings: Vectors, people: Sequence[str], group_of: Groups) -> PairSums:
    """Return the sums whose mean is the spread, by groups of people."""
    return _sum_over_pairs(
        lambda rows, columns: euclidean_distances(embeddings[rows], embeddings[columns]), people, group_of
    )


def share(after: float, before: float) -> float:
    """Return the spread of outputs as a share of that of the real faces: their diversity.

    Raises:
        NotMeasurableError: all real faces are alike.
    """
    if not before:
        raise NotMeasurableError("all real faces have the same embedding; diversity is a share of their spread")
    return after / before


def diversity(before: Vectors, after: Vectors, people: Sequence[str]) -> float:
    """Return how far apart outputs are, as a share of how far apart the real faces are.

    Raises:
        NotMeasurableError: there are fewer than two people, or all real faces are alike.
    """
    return share(spread(after, people), spread(before, people))


def _mean_of_draws(before: Features, after: Features, size: int, random: np.random.Generator) -> float:
    chosen = [random.choice(len(before), size, replace=False) for _ in range(_DRAWS)]
    return float(np.mean([sample_frechet_distance(before[some], after[some]) for some in chosen]))


def _factor(features: Features) -> tuple[Array, Array]:
    """Return the mean of (N, D) features and F, (min(N, D), D), whose F'F is their covariance."""
    _require_photos(len(features))
    centred = features.astype(np.float64)
    mean = centred.mean(axis=0)
    centred -= mean
    centred /= np.sqrt(len(centred) - 1)
    return mean, centred if len(centred) <= centred.shape[1] else np.asarray(np.linalg.qr(centred, mode="r"))


def _mean_kernel(first: Features, second: Features, apart: Apart) -> float:
    return _mean_over(apart, len(first), lambda rows: _kernel(first[rows], second))


def _kernel(first: Features, second: Features) -> Array:
    return np.asarray((first.astype(np.float64) @ second.astype(np.float64).T / first.shape[1] + 1) ** 3)


def _sum_over_pairs(value: Callable[[slice, slice], Array], people: Sequence[str], group_of: Groups) -> PairSums:
    """Return the sums of a value over all pairs of different people, of which it is had for some at a time."""
    person_of = np.unique(np.asarray(people), return_inverse=True)[1]
    member = np.eye(int(group_of.max(initial=0)) + 1)[group_of]
    sums = PairSums(*np.zeros((2, member.shape[1], member.shape[1])))
    for rows, columns in itertools.product(list(blocks(len(people))), repeat=2):
        apart = person_of[rows, None] != person_of[None, columns]
        sums.totals[:] += member[rows].T @ np.where(apart, value(rows, columns), 0.0) @ member[columns]
        sums.counts[:] += member[rows].T @ apart @ member[columns]
    return sums


def _without(sums: Array) -> Array:
    """Return (G,) what is left of (G, G) sums without each group's row and column."""
    return np.asarray(sums.sum() - sums.sum(axis=0) - sums.sum(axis=1) + np.diagonal(sums))


def _one_group(people: Sequence[str]) -> Groups:
    return np.zeros(len(people), np.intp)


def _mean_over(apart: Apart, count: int, values: Callable[[slice], Array]) -> float:
    """Return the mean of (N, M) values, computed some rows at a time, where photos are apart."""
    total, pairs = 0.0, 0
    for start in range(0, count, _BLOCK):
        rows = slice(start, start + _BLOCK)
        chosen = apart(rows)
        total += float(values(rows)[chosen].sum())
        pairs += int(chosen.sum())
    if not pairs:
        raise NotMeasurableError(f"nobody to compare among {count} photos; two different people are needed")
    return total / pairs


def _others(count: int) -> Apart:
    index = np.arange(count)
    return lambda rows: index[rows, None] != index[None]


def _everybody(first: int, second: int) -> Apart:
    chosen = np.broadcast_to(np.True_, (first, second))
    return lambda rows: chosen[rows]


def _require_pairs(before: Vectors, after: Vectors) -> int:
    if len(before) != len(after):
        raise ValueError(f"{len(before)} photos before and {len(after)} after; need equally many")
    return len(before)


def _require_photos(count: int) -> None:
    if count < 2:
        raise NotMeasurableError(f"{count} photos; a distance between sets needs two or more in each")
