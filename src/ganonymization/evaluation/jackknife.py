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
    names, person_of = np.unique(np.asarray(people), return_inverse=True)
    if len(names) < 2:
        raise NotMeasurableError(f"{len(names)} people; an interval over people needs two or more")
    groups = min(GROUPS, len(names))
    group_of = np.random.default_rng(0).permutation(len(names))[person_of] % groups
    found = statistic(np.ones(len(people), np.bool_)) if value is None else value
    without = np.array([statistic(group_of != group) for group in range(groups)])
    error = float(np.sqrt((groups - 1) / groups * ((without - without.mean()) ** 2).sum()))
    return Interval(found, found - NORMAL_97_5 * error, found + NORMAL_97_5 * error)
