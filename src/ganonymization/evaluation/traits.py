"""Whether traits of the person were removed: what networks take a face for, before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.columns import Vectors, gathered
from ganonymization.evaluation.folds import people_folds
from ganonymization.evaluation.strata import AGE_BANDS

Array: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Scalars: TypeAlias = npt.NDArray[np.floating]

FOLDS: Final = 5

_INVERSE_PENALTY: Final = 10.0
"""Of the weights on descriptors of length 1."""


def apparent_sexes(male: Scalars) -> list[str]:
    """Return "male" or "female" for (N,) apparent probabilities of the former."""
    return ["male" if share >= 0.5 else "female" for share in male]


def apparent_ages(years: Scalars) -> list[str]:
    """Return the age band of each of (N,) apparent ages."""
    edges = [low for low, _ in AGE_BANDS[1:]]
    return [AGE_BANDS[index][1] for index in np.searchsorted(edges, years, side="right")]


def flips(before: Sequence[str], after: Sequence[str]) -> Flags:
    """Return (N,), whether a face is taken for something else than before.

    Raises:
        ValueError: the numbers differ.
    """
    if len(before) != len(after):
        raise ValueError(f"{len(before)} labels before and {len(after)} after; need equally many")
    return np.array([first != second for first, second in zip(before, after, strict=True)], np.bool_)


@dataclass(frozen=True, slots=True, eq=False)
class Probed:
    """Whether a classifier sees a trait.

    Attributes:
        before: (N,) on the originals.
        after: (N,) on the outputs.
    """

    before: Flags
    after: Flags

    def removal_rows(self) -> Array:
        """Return (N, 2): the trait was seen and is no longer; it was seen. The ratio of the sums is the share removed.

        Raises:
            NotMeasurableError: the trait was seen nowhere.
        """
        if not self.before.any():
            raise NotMeasurableError("the trait is seen on no original; there is nothing to remove")
        return np.stack([self.before & ~self.after, self.before], axis=1).astype(np.float64)


def probe_trait(before: Vectors, after: Vectors, shown: Flags, people: Sequence[str]) -> Probed:
    """Look for a labelled trait with a classifier that learnt it from the originals of other people.

    Args:
        before: (N, D) descriptors of the originals.
        after: (N, D) descriptors of the outputs.
        shown: (N,) whether the trait is labelled as there.
        people: N names.

    Raises:
        NotMeasurableError: there are fewer people than folds, or all photos to learn from are labelled alike.
        ValueError: the numbers differ.
    """
    if not len(before) == len(after) == len(shown) == len(people):
        raise ValueError(f"{len(before)}, {len(after)}, {len(shown)}, {len(people)} photos; need equally many")
    seen = Probed(np.zeros(len(shown), np.bool_), np.zeros(len(shown), np.bool_))
    for held_out in people_folds(people, count=FOLDS):
        if len(np.unique(shown[~held_out])) < 2:
            raise NotMeasurableError("all photos to learn from are labelled alike; the trait cannot be learnt")
        model = LogisticRegression(C=_INVERSE_PENALTY, class_weight="balanced", max_iter=1000)
        model.fit(gathered(before, ~held_out), shown[~held_out])
        seen.before[held_out] = model.predict(gathered(before, held_out))
        seen.after[held_out] = model.predict(gathered(after, held_out))
    return seen
