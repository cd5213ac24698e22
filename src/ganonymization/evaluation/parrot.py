"""The parrot attacker: runs the anonymizer himself and learns to tell its outputs apart.

Newton, Sweeney and Malin, "Preserving privacy by de-identifying face images", 2005.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
from sklearn.decomposition import PCA

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.folds import CHOICE_PHOTOS, FOLDS, people_folds
from ganonymization.evaluation.landmark_attack import TwoCovarianceMatcher
from ganonymization.evaluation.verification import euclidean_distances, find_other_photos

Array: TypeAlias = npt.NDArray[np.float64]
Vectors: TypeAlias = npt.NDArray[np.floating]

COMPONENTS: Final = 128
"""Directions of the embeddings that are looked at: more than hold identity, fewer than photos to learn from."""

TRIED_COMPONENTS: Final = (16, 32, 64, 128, 256)
"""Numbers of directions among which the strongest attacker chooses."""


class Matcher(Protocol):
    """Compare embeddings."""

    def project(self, embeddings: Vectors, /) -> npt.NDArray[np.floating]:
        """Return the (N, K) vectors that are compared, of (N, D) embeddings."""
        ...

    def compare(self, probes: Vectors, gallery: Vectors, /) -> Array:
        """Return (N, M) distances of (N, K) and (M, K) such vectors: small for one person."""
        ...


Learn: TypeAlias = Callable[[Vectors, Sequence[str]], Matcher]
"""Takes (N, D) embeddings of anonymized photos and the people on them."""


@dataclass(frozen=True, slots=True)
class NaiveMatcher:
    """The recogniser as it is."""

    def project(self, embeddings: Vectors, /) -> npt.NDArray[np.floating]:
        """Return the embeddings."""
        return embeddings

    def compare(self, probes: Vectors, gallery: Vectors, /) -> Array:
        """Return (N, M) Euclidean distances."""
        return euclidean_distances(probes, gallery)


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
    def fit(cls, embeddings: Vectors, people: Sequence[str], *, components: int = COMPONENTS) -> RetrainedMatcher:
        """Learn from the (N, D) embeddings of anonymized photos.

        Raises:
            NotMeasurableError: fewer than two people have two photos.
        """
        principal = _principal(embeddings, components)
        return cls(principal, TwoCovarianceMatcher.fit(principal.transform(_wide(embeddings)), people))

    def project(self, embeddings: Vectors, /) -> npt.NDArray[np.floating]:
        """Return the (N, K) principal components of (N, D) embeddings."""
        return np.asarray(self.principal.transform(_wide(embeddings)))

    def compare(self, probes: Vectors, gallery: Vectors, /) -> Array:
        """Return (N, M) negative log-likelihood ratios: small for one person."""
        return -self.matcher.scores(_wide(probes), _wide(gallery))


@dataclass(frozen=True, slots=True, eq=False)
class DiscriminantHead:
    """A linear head that spreads people and gathers the photos of each, compared by angle.

    Fisher's discriminant directions on principal components, each weighted by the root of the share of its variance
    that lies between people.

    Attributes:
        principal: takes embeddings to their principal components.
        mean: (K,) of these.
        head: (K, K) the linear map.
    """

    principal: PCA
    mean: Array
    head: Array

    @classmethod
    def fit(cls, embeddings: Vectors, people: Sequence[str], *, components: int = COMPONENTS) -> DiscriminantHead:
        """Learn from the (N, D) embeddings of anonymized photos.

        Raises:
            NotMeasurableError: fewer than two people have two photos.
        """
        principal = _principal(embeddings, components)
        fitted = TwoCovarianceMatcher.fit(principal.transform(_wide(embeddings)), people)
        return cls(principal, fitted.mean, fitted.basis * np.sqrt(fitted.between / (fitted.between + 1)))

    def project(self, embeddings: Vectors, /) -> npt.NDArray[np.floating]:
        """Return the (N, K) directions, of length 1, of (N, D) embeddings."""
        mapped = (self.principal.transform(_wide(embeddings)) - self.mean) @ self.head
        lengths = np.linalg.norm(mapped, axis=1, keepdims=True)
        return np.asarray(np.divide(mapped, lengths, out=np.zeros_like(mapped), where=lengths > 0))

    def compare(self, probes: Vectors, gallery: Vectors, /) -> Array:
        """Return (N, M) chords between directions, 0 to 2."""
        return euclidean_distances(probes, gallery)


def strongest_matcher(embeddings: Vectors, people: Sequence[str]) -> Matcher:
    """Return the matcher that found most people among those it had not learnt from, learnt anew from all.

    The recogniser as it is takes part: an attacker who gains nothing by learning does not learn.

    Args:
        embeddings: (N, D) of anonymized photos of people other than those attacked.
        people: N names.

    Raises:
        NotMeasurableError: there are too few people with two photos.
    """
    folds = list(people_folds(people, count=FOLDS))
    if not np.ptp(embeddings, axis=0).any():
        return NaiveMatcher()
    best = max(_candidates(), key=lambda learn: _found(learn, embeddings, people, folds))
    return best(embeddings, people)


def _candidates() -> list[Learn]:
    heads: list[Callable[..., Matcher]] = [RetrainedMatcher.fit, DiscriminantHead.fit]
    return [lambda *_: NaiveMatcher(), *(_with(fit, count) for fit in heads for count in TRIED_COMPONENTS)]


def _with(fit: Callable[..., Matcher], components: int) -> Learn:
    return lambda embeddings, people: fit(embeddings, people, components=components)


def _found(learn: Learn, embeddings: Vectors, people: Sequence[str], folds: Sequence[npt.NDArray[np.bool_]]) -> float:
    """Return the mean rate of rank-1 hits over held-out people."""
    names, rates = np.asarray(people), []
    for held_out in folds:
        matcher = learn(embeddings[~held_out], names[~held_out].tolist())
        attacked, attacked_people = embeddings[held_out][:CHOICE_PHOTOS], names[held_out][:CHOICE_PHOTOS].tolist()
        mapped = matcher.project(attacked)
        rates.append(find_other_photos(matcher.compare(mapped, mapped), attacked_people).rate)
    return float(np.mean(rates))


def _principal(embeddings: Vectors, components: int) -> PCA:
    count = min(components, embeddings.shape[1], len(embeddings) // 2)
    if not count:
        raise NotMeasurableError(f"{len(embeddings)} photos to learn from; a matcher needs two people with two each")
    return PCA(count, svd_solver="full").fit(_wide(embeddings))


def _wide(embeddings: Vectors) -> Array:
    return embeddings.astype(np.float64)
