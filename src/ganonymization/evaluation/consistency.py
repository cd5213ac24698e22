"""Whether one identity is one person: drawn over several people's photos, does it resemble itself more than others?

Every identity is drawn on every one of some photos, which show different people, expressions and poses. Pairs of two
photos with one identity are told from pairs of two photos with two identities by a recogniser. Where the identity
decides who is shown, all pairs are told right; where the photo does, half of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.anonymizer import derive
from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.figures import Figure, measured
from ganonymization.evaluation.jackknife import jackknife_over_people
from ganonymization.evaluation.verification import Array, Flags, equal_error_rate, euclidean_distances

PHOTOS: Final = 12
"""Photos that are drawn on, each of another person."""

IDENTITIES: Final = 8
"""Identities that are drawn on each of them."""

METRICS: Final = ("auc", "eer", "within", "between", "same_photo")


@dataclass(frozen=True, slots=True, eq=False)
class Renderings:
    """What a recogniser makes of several identities on several photos.

    Attributes:
        vectors: (N, D) embeddings of the outputs on which either detector sees a face.
        identity: (N,) which identity was asked for.
        photo: (N,) which photo it was drawn on.
    """

    vectors: npt.NDArray[np.floating]
    identity: npt.NDArray[np.intp]
    photo: npt.NDArray[np.intp]

    def pick(self, chosen: Flags) -> Renderings:
        """Return some of them."""
        return Renderings(self.vectors[chosen], self.identity[chosen], self.photo[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Alike:
    """How alike pairs of renderings are.

    Attributes:
        within: (W,) distances between two photos with one identity.
        between: (B,) between two photos with two identities.
        within_cosine: (W,) cosines of the same pairs as `within`.
        between_cosine: (B,) of the same pairs as `between`.
        same_photo_cosine: (S,) of one photo with two identities.
    """

    within: Array
    between: Array
    within_cosine: Array
    between_cosine: Array
    same_photo_cosine: Array


def compare(renderings: Renderings) -> Alike:
    """Compare every rendering with every other.

    Raises:
        NotMeasurableError: fewer than two identities or photos are left.
    """
    if min(len(np.unique(renderings.identity)), len(np.unique(renderings.photo))) < 2:
        raise NotMeasurableError("faces were found on outputs of fewer than two identities or photos")
    vectors = renderings.vectors.astype(np.float64)
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    distances, cosines = euclidean_distances(vectors, vectors), unit @ unit.T
    once = np.triu(np.ones(distances.shape, np.bool_), k=1)
    one_identity = renderings.identity[:, None] == renderings.identity[None]
    one_photo = renderings.photo[:, None] == renderings.photo[None]
    within, between = once & one_identity & ~one_photo, once & ~one_identity & ~one_photo
    same_photo = once & ~one_identity & one_photo
    if not within.any() or not between.any() or not same_photo.any():
        raise NotMeasurableError("no identity has a face on two photos, or no photo has two identities")
    return Alike(distances[within], distances[between], cosines[within], cosines[between], cosines[same_photo])


def area_under_curve(within: Array, between: Array) -> float:
    """Return the probability that a pair of one identity is nearer than a pair of two; a tie counts half."""
    ascending = np.sort(between)
    nearer = np.searchsorted(ascending, within, side="left")
    not_farther = np.searchsorted(ascending, within, side="right")
    return float(1 - (nearer + not_farther).mean() / (2 * len(between)))


def consistency_figures(renderings: Renderings, *, prefix: str, suffix: str) -> dict[str, Figure]:
    """Return how well pairs of one identity are told from pairs of two; intervals are over identities.

    Args:
        renderings: of one recogniser.
        prefix: of the figures' names.
        suffix: that names the recogniser.
    """
    statistics: dict[str, Callable[[Alike], float]] = {
        "auc": lambda alike: area_under_curve(alike.within, alike.between),
        "eer": lambda alike: equal_error_rate(alike.within, alike.between),
        "within": lambda alike: float(alike.within_cosine.mean()),
        "between": lambda alike: float(alike.between_cosine.mean()),
        "same_photo": lambda alike: float(alike.same_photo_cosine.mean()),
    }
    people = [str(identity) for identity in renderings.identity.tolist()]

    def over_identities(statistic: Callable[[Alike], float]) -> Figure:
        return measured(
            lambda: jackknife_over_people(lambda chosen: statistic(compare(renderings.pick(chosen))), people)
        )

    return {f"{prefix}{name}{suffix}": over_identities(statistics[name]) for name in METRICS}


def identities_of(seed: int) -> list[int]:
    """Return the identities that are drawn, from the run's seed."""
    return [derive(seed, index) for index in range(IDENTITIES)]


def choose_photos(people: Sequence[str], usable: Callable[[int], bool], *, random: np.random.Generator) -> list[int]:
    """Return the places of some photos, each of another person, drawn among those that are usable.

    Args:
        people: who is on each of N photos.
        usable: says of a place whether an identity can be drawn there, and nowhere else on the photo.
        random: draws them.
    """
    chosen: dict[str, int] = {}
    for place in random.permutation(len(people)).tolist():
        if len(chosen) == PHOTOS:
            break
        if people[place] not in chosen and usable(place):
            chosen[people[place]] = place
    return sorted(chosen.values())
