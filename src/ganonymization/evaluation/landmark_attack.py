"""The attacker who looks at landmarks only: a matcher on pose-free shapes, and a regression that undoes the change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import scipy.linalg

from ganonymization.errors import NotMeasurableError
from ganonymization.shape import ShapeModel
from ganonymization.types import Landmarks

Array: TypeAlias = npt.NDArray[np.float64]

_RIDGE: Final = 1e-3
"""Added to the diagonals, as a share of their mean, before anything is inverted."""


@dataclass(frozen=True, slots=True, eq=False)
class TwoCovarianceMatcher:
    """Probabilistic LDA with full covariances.

    x = mean + y + e, where y ~ N(0, between) is the person and e ~ N(0, within) the photo (Brummer and de Villiers,
    "The speaker partitioning problem", 2010). Both covariances are diagonal in the basis kept here, and `within` is the
    identity there.

    Attributes:
        mean: (K,).
        basis: (K, D) map to the diagonal frame.
        between: (D,) variances of people in it.
    """

    mean: Array
    basis: Array
    between: Array

    @classmethod
    def from_covariances(cls, mean: Array, *, between: Array, within: Array) -> TwoCovarianceMatcher:
        """Return the matcher of (K,) mean and (K, K) covariances.

        Raises:
            NotMeasurableError: `within` is not positive definite.
        """
        try:
            variances, basis = scipy.linalg.eigh(between, within)
        except scipy.linalg.LinAlgError as error:
            raise NotMeasurableError(
                f"the covariance within people is not positive definite ({error}); more photos are needed"
            ) from error
        return cls(mean, basis, np.clip(variances, 0, None))

    @classmethod
    def fit(cls, vectors: Array, people: Sequence[str]) -> TwoCovarianceMatcher:
        """Return the matcher for (N, K) vectors of people of whom several have two photos.

        Raises:
            NotMeasurableError: fewer than two people have two photos.
        """
        person_of = np.unique(np.asarray(people), return_inverse=True)[1]
        counts = np.bincount(person_of)
        if (counts > 1).sum() < 2:
            raise NotMeasurableError(
                f"{(counts > 1).sum()} of {len(counts)} people have two photos; a matcher needs two such people or more"
            )
        means = np.zeros((len(counts), vectors.shape[1]))
        np.add.at(means, person_of, vectors)
        means /= counts[:, None]
        residual = vectors - means[person_of]
        within = residual.T @ residual / (len(vectors) - len(counts))
        within += _RIDGE * np.trace(within) / len(within) * np.eye(len(within))
        between = np.cov(means.T) - within * float(np.mean(1 / counts))
        return cls.from_covariances(means.mean(axis=0), between=between, within=within)

    def scores(self, probes: Array, gallery: Array) -> Array:
        """Return the (N, M) log-likelihood ratios of "one person" to "two people", for (N, K) and (M, K) vectors."""
        x, y = (probes - self.mean) @ self.basis, (gallery - self.mean) @ self.basis
        total = self.between + 1
        determinant = total**2 - self.between**2
        own, cross = total / determinant - 1 / total, self.between / determinant
        constant = float((np.log(total) - np.log(determinant) / 2).sum())
        return np.asarray(constant - (x**2 @ own)[:, None] / 2 - (y**2 @ own)[None] / 2 + (x * cross) @ y.T)


def shape_coefficients(model: ShapeModel, landmarks: Sequence[Landmarks]) -> Array:
    """Return the (N, K) principal coefficients of pose-free landmarks.

    Raises:
        NotMeasurableError: there are none.
    """
    if not landmarks:
        raise NotMeasurableError("no landmarks to compare")
    return np.stack([model.coefficients_of(model.shape_of(one)) for one in landmarks])


@dataclass(frozen=True, slots=True, eq=False)
class LinearReconstruction:
    """The best linear guess of the original vector from the anonymized one.

    Attributes:
        changed_mean: (K,).
        original_mean: (K,).
        gain: (K, K).
    """

    changed_mean: Array
    original_mean: Array
    gain: Array

    @classmethod
    def fit(cls, changed: Array, original: Array) -> LinearReconstruction:
        """Learn from (N, K) pairs of vectors of the same photos.

        Raises:
            ValueError: there are fewer than two photos, or the numbers differ.
        """
        if len(changed) != len(original) or len(changed) < 2:
            raise ValueError(
                f"{len(changed)} changed and {len(original)} original vectors; need equally many, two or more"
            )
        changed_mean, original_mean = changed.mean(axis=0), original.mean(axis=0)
        x, y = changed - changed_mean, original - original_mean
        covariance = x.T @ x
        covariance += _RIDGE * np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        return cls(changed_mean, original_mean, np.linalg.solve(covariance, x.T @ y))

    def __call__(self, changed: Array) -> Array:
        """Return the (N, K) guesses."""
        return np.asarray(self.original_mean + (changed - self.changed_mean) @ self.gain)
