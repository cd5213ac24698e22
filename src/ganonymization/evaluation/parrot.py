"""The parrot attacker: runs the anonymizer himself and learns to tell its outputs apart.

Newton, Sweeney and Malin, "Preserving privacy by de-identifying face images", 2005.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA

from ganonymization.evaluation.landmark_attack import TwoCovarianceMatcher

Array: TypeAlias = npt.NDArray[np.float64]

COMPONENTS: Final = 128
"""Directions of the embeddings that are looked at: more than hold identity, fewer than photos to learn from."""


@dataclass(frozen=True, slots=True, eq=False)
class RetrainedMatcher:
    """A recogniser whose last step was learnt on anonymized photos of people other than those attacked.

    Attributes:
        principal: takes embeddings to their principal components.
        matcher: compares these.
    """

    principal: PCA
    matcher: TwoCovarianceMatcher

    @classmethod
    def fit(cls, embeddings: npt.NDArray[np.floating], people: Sequence[str]) -> RetrainedMatcher:
        """Learn from the (N, D) embeddings of anonymized photos.

        Raises:
            NotMeasurableError: fewer than two people have two photos.
        """
        wide = embeddings.astype(np.float64)
        principal = PCA(min(COMPONENTS, wide.shape[1], len(wide) // 2), svd_solver="full").fit(wide)
        return cls(principal, TwoCovarianceMatcher.fit(principal.transform(wide), people))

    def distances(self, probes: npt.NDArray[np.floating], gallery: npt.NDArray[np.floating]) -> Array:
        """Return (N, M) negative log-likelihood ratios of (N, D) and (M, D) embeddings: small for one person."""
        first, second = (self.principal.transform(some.astype(np.float64)) for some in (probes, gallery))
        return -self.matcher.scores(first, second)
