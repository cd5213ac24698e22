"""How well people are told apart by distances: thresholds, accept rates, equal error rate, and rank-k search.

A distance is small for faces that look alike; two faces pass for one person when their distance is BELOW the threshold.
Matrices of distances have a row per probe and a column per gallery entry; infinity means "not in this probe's gallery".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.columns import Vectors, blocks

Array: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Identification:
    """The outcome of searching for people in a gallery.

    Attributes:
        probe: (K,) indices of the probes that could be found: those whose gallery holds a photo of the same person.
        hit: (K,) whether the person was among the nearest entries.
        chance: (K,) probability of a hit when the gallery is searched at random.
    """

    probe: npt.NDArray[np.intp]
    hit: Flags
    chance: Array

    @property
    def rate(self) -> float:
        """Share of hits: rank-1, or rank-k."""
        return float(self.hit.mean())

    @property
    def chance_rate(self) -> float:
        """The rate of a searcher who guesses."""
        return float(self.chance.mean())


def euclidean_distances(probes: npt.NDArray[np.floating], gallery: npt.NDArray[np.floating]) -> Array:
    """Return the (N, M) distances of (N, D) and (M, D) embeddings.

    Raises:
        NotMeasurableError: there are none.
        ValueError: one is not finite.
    """
    if not len(probes) or not len(gallery):
        raise NotMeasurableError(f"{len(probes)} probes and {len(gallery)} gallery entries; both must be 1 or more")
    if not np.isfinite(probes).all() or not np.isfinite(gallery).all():
        raise ValueError("an embedding is not finite")
    first, second = probes.astype(np.float64), gallery.astype(np.float64)
    squared = (first**2).sum(axis=1)[:, None] + (second**2).sum(axis=1)[None] - 2 * first @ second.T
    return np.asarray(np.sqrt(np.maximum(squared, 0)))


def distances_to(gallery: Vectors) -> Callable[[npt.NDArray[np.floating]], Array]:
    """Return what gives the (N, M) distances of (N, D) probes to a gallery, which is looked at some entries at a time.

    Args:
        gallery: (M, D) embeddings, in memory or on disk.
    """
    return lambda probes: np.concatenate(
        [euclidean_distances(probes, gallery[part]) for part in blocks(len(gallery))], axis=1
    )


def same_person(probe_people: Sequence[str], gallery_people: Sequence[str]) -> Flags:
    """Return (N, M), true where probe and gallery entry show one person."""
    return np.asarray(np.asarray(probe_people)[:, None] == np.asarray(gallery_people)[None])


def without_own_photo(distances: Array) -> Array:
    """Return (N, N) distances in which entry i is no longer in the gallery of probe i.

    Raises:
        ValueError: probes and gallery are not the same photos in the same order.
    """
    if distances.shape[0] != distances.shape[1]:
        raise ValueError(f"distances are {distances.shape}; a gallery of the probes' own photos must be square")
    result = distances.copy()
    np.fill_diagonal(result, np.inf)
    return result


def genuine_and_impostor(distances: Array, same: Flags) -> tuple[Array, Array]:
    """Return the distances of all pairs of one person, and of all pairs of different people.

    Raises:
        NotMeasurableError: there is no pair of one kind.
    """
    present = np.isfinite(distances)
    genuine, impostor = distances[present & same], distances[present & ~same]
    if not genuine.size or not impostor.size:
        raise NotMeasurableError(
            f"{genuine.size} pairs of one person and {impostor.size} of different people; "
            "need two photos of somebody and two people"
        )
    return genuine, impostor


def threshold_at_far(impostor: Array, *, far: float) -> float:
    """Return the largest threshold at which no more than `far` of the impostor distances are accepted.

    Args:
        impostor: distances of pairs of different people.
        far: false accept rate, e.g. 0.01.

    Raises:
        NotMeasurableError: there are too few pairs for such a rate.
        ValueError: it is no rate.
    """
    allowed = allowed_errors(impostor.size, far=far)
    return float(np.partition(impostor, allowed)[allowed])


def allowed_errors(impostors: int, *, far: float) -> int:
    """Return how many of a number of impostor pairs may be accepted at a false accept rate.

    Raises:
        NotMeasurableError: there are too few pairs for such a rate.
        ValueError: it is no rate.
    """
    if not 0 < far < 1:
        raise ValueError(f"far is {far}; it must lie between 0 and 1")
    if impostors * far < 1:
        raise NotMeasurableError(
            f"{impostors} impostor pairs; a false accept rate of {far} needs {int(np.ceil(1 / far))} or more"
        )
    return int(np.floor(impostors * far + 1e-9))


def accept_rate(distances: Array, *, threshold: float) -> float:
    """Return the share of distances below the threshold: TAR on genuine pairs, FAR on impostors.

    Raises:
        NotMeasurableError: there is no pair.
    """
    if not distances.size:
        raise NotMeasurableError("no pairs to accept or reject")
    return float((distances < threshold).mean())


def equal_error_rate(genuine: Array, impostor: Array) -> float:
    """Return the rate at which false accepts and false rejects are equally frequent.

    Interpolated where the rates step over it.

    Raises:
        NotMeasurableError: there is no pair of one kind.
    """
    if not genuine.size or not impostor.size:
        raise NotMeasurableError(f"{genuine.size} genuine and {impostor.size} impostor pairs; both must be 1 or more")
    thresholds = np.unique(np.concatenate([[-np.inf], genuine, impostor]))
    accepted = np.searchsorted(np.sort(impostor), thresholds, side="right") / impostor.size
    rejected = 1 - np.searchsorted(np.sort(genuine), thresholds, side="right") / genuine.size
    after = int(np.argmax(accepted >= rejected))
    gap_before, gap_after = (accepted - rejected)[after - 1 : after + 1]
    share = gap_before / (gap_before - gap_after)
    return float(accepted[after - 1] + share * (accepted[after] - accepted[after - 1]))


def identify(distances: Array, same: Flags, *, rank: int = 1) -> Identification:
    """Search for every probe in its gallery.

    A probe is found when the nearest photo of its person has rank `rank` or better; equally near strangers share the
    ranks among them, so that embeddings which are all alike find nobody.

    Args:
        distances: (N, M); infinity takes an entry out of a probe's gallery.
        same: (N, M) whether they show one person.
        rank: how many of the nearest entries count.

    Raises:
        NotMeasurableError: no probe has a photo of the same person in its gallery.
        ValueError: rank is not positive.
    """
    if rank < 1:
        raise ValueError(f"rank is {rank}; it must be 1 or more")
    present = np.isfinite(distances)
    genuine_counts = (present & same).sum(axis=1)
    probe = np.flatnonzero(genuine_counts)
    if not probe.size:
        raise NotMeasurableError(
            f"none of {len(distances)} probes has another photo in the gallery; need two photos of somebody"
        )
    rows, flags = distances[probe], (present & ~same)[probe]
    nearest = np.where(same[probe], rows, np.inf).min(axis=1, keepdims=True)
    ranks = 1 + ((rows < nearest) & flags).sum(axis=1) + ((rows == nearest) & flags).sum(axis=1) / 2
    sizes = present.sum(axis=1)[probe]
    return Identification(probe, ranks <= rank, chance_of_hit(sizes, genuine_counts[probe], rank=rank))


def find_other_photos(distances: Array, people: Sequence[str], *, rank: int = 1) -> Identification:
    """Search for every photo's person among all photos but itself.

    Args:
        distances: (N, N) of the same photos in the same order.
        people: N names.
        rank: how many of the nearest entries count.

    Raises:
        NotMeasurableError: nobody has two photos.
    """
    return identify(without_own_photo(distances), same_person(people, people), rank=rank)


def chance_of_hit(sizes: npt.NDArray[np.integer], genuine: npt.NDArray[np.integer], *, rank: int = 1) -> Array:
    """Return the probability that one of `rank` entries, drawn without looking, shows the right person.

    Args:
        sizes: (K,) entries in each gallery.
        genuine: (K,) entries of the right person among them.
        rank: entries drawn.
    """
    drawn = np.arange(rank)[:, None]
    misses = np.clip(sizes - genuine - drawn, 0, None) / np.maximum(sizes - drawn, 1)
    return np.asarray(1 - misses.prod(axis=0))
