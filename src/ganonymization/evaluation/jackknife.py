"""How sure a figure is that is no function of sums over people, such as a distance between sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.bootstrap import Interval

GROUPS: Final = 10
"""Parts of the people, each of which is left out once."""

NORMAL_97_5: Final = 1.959964
"""Standard deviations that hold 95 % of a normal distribution between them."""


def jackknife_over_people(
    statistic: Callable[[npt.NDArray[np.bool_]], float], people: Sequence[str], *, value: float | None = None
) -> Interval:
    """Return a statistic with the 95 % interval of the delete-a-group jackknife over people.

    Unlike the bootstrap it never sees a photo twice, which distances between sets would mistake for likeness. Efron,
    "The jackknife, the bootstrap and other resampling plans", 1982.

    Args:
        statistic: of the photos that (N,) flags choose.
        people: N names.
        value: of all photos, where a better estimate of it is known.

    Raises:
        NotMeasurableError: there are fewer than two people, or the statistic cannot be measured.
    """
    group_of = group_people(people)
    found = statistic(np.ones(len(people), np.bool_)) if value is None else value
    return interval_of(found, np.array([statistic(group_of != group) for group in range(group_of.max() + 1)]))


def group_people(people: Sequence[str]) -> npt.NDArray[np.intp]:
    """Return the group, 0 to `GROUPS` - 1, of each of N photos; all photos of a person are in one.

    Raises:
        NotMeasurableError: there are fewer than two people.
    """
    names, person_of = np.unique(np.asarray(people), return_inverse=True)
    if len(names) < 2:
        raise NotMeasurableError(f"{len(names)} people; an interval over people needs two or more")
    order = np.random.default_rng(0).permutation(len(names))
    return np.asarray(order[person_of] % min(GROUPS, len(names)), np.intp)


def interval_of(value: float, without: npt.NDArray[np.float64]) -> Interval:
    """Return a statistic with its interval.

    Args:
        value: on all photos.
        without: (G,) the statistic when each group is left out.
    """
    groups = len(without)
    error = float(np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum()))
    return Interval(value, value - NORMAL_97_5 * error, value + NORMAL_97_5 * error)
