"""The attacker who undoes the method: a regression from anonymized to original vectors, learnt on other people.

Vectors are embeddings of a recogniser or coefficients of landmarks. What comes out of the regression is compared with
real originals like any embedding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.folds import CHOICE_PHOTOS, FOLDS, people_folds
from ganonymization.evaluation.verification import euclidean_distances, find_other_photos

Array: TypeAlias = npt.NDArray[np.float64]
Vectors: TypeAlias = npt.NDArray[np.floating]

RIDGES: Final = (1e-3, 1e-2, 1e-1, 1.0, 10.0)
"""Strengths of the penalty that the attacker tries, as shares of the mean eigenvalue."""

KERNEL_PHOTOS: Final = 4000
"""Where there are more to learn from, only the linear guess is tried: a kernel needs their square in memory."""


class Reconstruct(Protocol):
    """Guess original vectors."""

    def __call__(self, changed: Vectors, /) -> Array:
        """Return the (N, E) guesses for (N, D) anonymized vectors."""
        ...


Learn: TypeAlias = Callable[[Vectors, Vectors], Reconstruct]
"""Takes (N, D) anonymized and (N, E) original vectors of the same photos."""


@dataclass(frozen=True, slots=True, eq=False)
class RidgeReconstruction:
    """The best linear guess with a penalty on large weights (Hoerl and Kennard, "Ridge regression", 1970).

    Attributes:
        changed_mean: (D,).
        original_mean: (E,).
        gain: (D, E).
    """

    changed_mean: Array
    original_mean: Array
    gain: Array

    @classmethod
    def fit(cls, changed: Vectors, original: Vectors, *, ridge: float = RIDGES[0]) -> RidgeReconstruction:
        """Learn from (N, D) and (N, E) vectors of the same photos.

        Args:
            changed: anonymized.
            original: of the same photos.
            ridge: penalty, as a share of the mean of the covariance's diagonal.

        Raises:
            NotMeasurableError: there are fewer than two photos.
            ValueError: the numbers differ.
        """
        x, changed_mean, y, original_mean = _centred(changed, original)
        penalty = ridge * float((x**2).sum()) / x.shape[1] or 1.0
        if len(x) < x.shape[1]:  # (X'X + p)^-1 X' = X' (XX' + p)^-1, of which the latter inverts the smaller matrix
            gain = x.T @ np.linalg.solve(x @ x.T + penalty * np.eye(len(x)), y)
        else:
            gain = np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)
        return cls(changed_mean, original_mean, np.asarray(gain))

    def __call__(self, changed: Vectors, /) -> Array:
        """Return the (N, E) guesses."""
        return np.asarray(self.original_mean + (changed.astype(np.float64) - self.changed_mean) @ self.gain)


@dataclass(frozen=True, slots=True, eq=False)
class KernelReconstruction:
    """Ridge regression with a Gaussian kernel as wide as the mean distance: it can undo what no line can.

    Attributes:
        changed: (M, D) anonymized vectors that were learnt from.
        original_mean: (E,).
        width: of the kernel.
        gain: (M, E).
    """

    changed: Array
    original_mean: Array
    width: float
    gain: Array

    @classmethod
    def fit(cls, changed: Vectors, original: Vectors, *, ridge: float = RIDGES[0]) -> KernelReconstruction:
        """Learn from (N, D) and (N, E) vectors of the same photos.

        Raises:
            NotMeasurableError: there are fewer than two photos, or all anonymized vectors are alike.
            ValueError: the numbers differ.
        """
        _, _, y, original_mean = _centred(changed, original)
        x = changed.astype(np.float64)
        distances = euclidean_distances(x, x)
        width = float(distances[~np.eye(len(x), dtype=bool)].mean())
        if width == 0:
            raise NotMeasurableError(f"all {len(x)} anonymized vectors are alike; a kernel needs a width")
        kernel = _gaussian(distances, width)
        kernel += _penalty(kernel, ridge) * np.eye(len(kernel))
        return cls(x, original_mean, width, np.asarray(np.linalg.solve(kernel, y)))

    def __call__(self, changed: Vectors, /) -> Array:
        """Return the (N, E) guesses."""
        kernel = _gaussian(euclidean_distances(changed, self.changed), self.width)
        return np.asarray(self.original_mean + kernel @ self.gain)


def strongest_reconstruction(changed: Vectors, original: Vectors, people: Sequence[str]) -> Reconstruct:
    """Return the regression that found most people among those it had not learnt from, learnt anew from all.

    Args:
        changed: (N, D) anonymized vectors of people other than those attacked.
        original: (N, E) vectors of the same photos.
        people: N names.

    Raises:
        NotMeasurableError: there are fewer people than folds, or nobody has two photos in one of them.
        ValueError: the numbers differ.
    """
    _require_pairs(changed, original)
    parts = [_Part.of(changed, original, np.asarray(people), fold) for fold in people_folds(people, count=FOLDS)]
    best = max(_candidates(changed), key=lambda learn: np.mean([part.found(learn) for part in parts]))
    return best(changed, original)


def _candidates(changed: Vectors) -> list[Learn]:
    linear: list[Learn] = [_with_ridge(RidgeReconstruction.fit, ridge) for ridge in RIDGES]
    if len(changed) > KERNEL_PHOTOS or np.ptp(changed, axis=0).max() == 0:
        return linear
    return linear + [_with_ridge(KernelReconstruction.fit, ridge) for ridge in RIDGES]


def _with_ridge(fit: Callable[..., Reconstruct], ridge: float) -> Learn:
    return lambda changed, original: fit(changed, original, ridge=ridge)


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One fold: photos to learn from, and others that are held out."""

    known: tuple[Vectors, Vectors]
    held_out: tuple[Vectors, Vectors]
    people: list[str]

    @classmethod
    def of(
        cls, changed: Vectors, original: Vectors, people: npt.NDArray[np.str_], fold: npt.NDArray[np.bool_]
    ) -> _Part:
        few = np.flatnonzero(fold)[:CHOICE_PHOTOS]
        return cls((changed[~fold], original[~fold]), (changed[few], original[few]), people[few].tolist())

    def found(self, learn: Learn) -> float:
        """Return the share of held-out photos whose person is found."""
        changed, original = self.held_out
        return find_other_photos(euclidean_distances(learn(*self.known)(changed), original), self.people).rate


def _centred(changed: Vectors, original: Vectors) -> tuple[Array, Array, Array, Array]:
    _require_pairs(changed, original)
    x, y = changed.astype(np.float64), original.astype(np.float64)
    changed_mean, original_mean = x.mean(axis=0), y.mean(axis=0)
    return x - changed_mean, changed_mean, y - original_mean, original_mean


def _require_pairs(changed: Vectors, original: Vectors) -> None:
    if len(changed) != len(original):
        raise ValueError(f"{len(changed)} changed and {len(original)} original vectors; need equally many")
    if len(changed) < 2:
        raise NotMeasurableError(f"{len(changed)} photos to learn from; a regression needs two or more")


def _penalty(matrix: Array, ridge: float) -> float:
    """Return the penalty; where nothing varies any will do, and the guess is the mean."""
    return ridge * float(np.trace(matrix)) / len(matrix) or 1.0


def _gaussian(distances: Array, width: float) -> Array:
    return np.exp(-(distances**2) / (2 * width**2))
