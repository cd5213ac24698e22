"""Hold people out, so that nothing is tested on a person whom it was learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError

FOLDS: Final = 3

CHOICE_PHOTOS: Final = 2000
"""Held-out photos, at most, by which an attacker chooses what to learn; distances need their square in memory."""


def people_folds(people: Sequence[str], *, count: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Return (N,) flags of what is held out in each fold; all photos of a person are in one fold.

    Raises:
        NotMeasurableError: there are fewer people than folds.
    """
    names, person_of = np.unique(np.asarray(people), return_inverse=True)
    if len(names) < count:
        raise NotMeasurableError(f"{len(names)} people cannot be divided into {count} parts; more people are needed")
    order = np.random.default_rng(0).permutation(len(names))
    return (order[person_of] % count == fold for fold in range(count))
