"""How sure a figure is: 95 % intervals by drawing people, not photos, since photos of one person are not independent.

Every statistic is a function of sums over people, so a thousand draws cost one matrix product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError

Array: TypeAlias = npt.NDArray[np.float64]
Statistic: TypeAlias = Callable[[Array], Array]
"""Maps sums (..., K) to values (...); NaN where the sums do not define it."""

ROUNDS: Final = 1000
CONFIDENCE: Final = 0.95

_DRAWN: Final = 1 << 17
"""People that are drawn at a time, in some rounds together."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure and how far it may be off.

    Attributes:
        value: on all people.
        low: lower end of the 95 % interval.
        high: upper end.
    """

    value: float
    low: float
    high: float


def totals_by_person(rows: npt.NDArray[np.generic], people: Sequence[str]) -> Array:
    """Return (P, K) sums of (N, K) rows over the photos of each person, in the order of their names.

    Raises:
        ValueError: rows and people differ in number.
    """
    if len(rows) != len(people):
        raise ValueError(f"{len(rows)} rows for {len(people)} photos; one name for each row is needed")
    names, person_of = np.unique(np.asarray(people), return_inverse=True)
    totals = np.zeros((len(names), *rows.shape[1:]))
    np.add.at(totals, person_of, rows.astype(np.float64))
    return totals


def interval_over_people(
    totals: Array, statistic: Statistic, *, random: np.random.Generator, rounds: int = ROUNDS
) -> Interval:
    """Return a statistic with the percentile interval of its bootstrap over people.

    Args:
        totals: (P, K) sums for each person.
        statistic: a function of their sum.
        random: draws the people.
        rounds: how many times.

    Raises:
        NotMeasurableError: there are fewer than two people, or the statistic is undefined on them or on most draws.
    """
    if len(totals) < 2:
        raise NotMeasurableError(f"{len(totals)} people; an interval over people needs two or more")
    value = float(statistic(totals.sum(axis=0, keepdims=True))[0])
    values = np.concatenate([statistic(draws @ totals) for draws in _draws(len(totals), random, rounds)])
    defined = values[np.isfinite(values)]
    if not np.isfinite(value) or len(defined) < rounds / 2:
        raise NotMeasurableError(
            f"the figure is undefined on these {len(totals)} people; more people or more photos of each are needed"
        )
    low, high = np.quantile(defined, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value, float(low), float(high))


def _draws(people: int, random: np.random.Generator, rounds: int) -> Iterator[npt.NDArray[np.int64]]:
    """Return how often each person is drawn, some rounds at a time; the draws are those of all rounds at once."""
    size = max(1, _DRAWN // people)
    for start in range(0, rounds, size):
        yield random.multinomial(people, np.full(people, 1 / people), size=min(size, rounds - start))


def ratio(totals: Array) -> Array:
    """Return the first sum over the second: a share, or a mean, of what is counted in the second."""
    numerator, denominator = totals[..., 0], totals[..., 1]
    return np.divide(numerator, denominator, out=np.full_like(numerator, np.nan), where=denominator > 0)


def mean_over_people(
    values: npt.NDArray[np.generic], people: Sequence[str], *, random: np.random.Generator
) -> Interval:
    """Return the mean of (N,) values, one for each photo, with its interval over people.

    Raises:
        NotMeasurableError: there are fewer than two people.
    """
    rows = np.stack([values.astype(np.float64), np.ones(len(values))], axis=1)
    return interval_over_people(totals_by_person(rows, people), ratio, random=random)
