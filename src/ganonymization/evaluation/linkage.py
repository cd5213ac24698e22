"""The attacker who gathers all pictures of one pseudonym, frames of a video for instance, and looks at their mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.verification import (
    Array,
    Identification,
    euclidean_distances,
    identify,
    same_person,
)

Vectors: TypeAlias = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """One vector for each pseudonym.

    Attributes:
        names: P pseudonyms, sorted.
        vectors: (P, D).
    """

    names: list[str]
    vectors: Array


def pool(vectors: Vectors, names: Sequence[str]) -> Pool:
    """Return the mean of each pseudonym's (N, D) vectors, as long as these are on average.

    A mean is shorter than what it is the mean of, and would be near to everybody.

    Raises:
        NotMeasurableError: there are none.
        ValueError: vectors and names differ in number.
    """
    if len(vectors) != len(names):
        raise ValueError(f"{len(vectors)} vectors for {len(names)} names; need equally many")
    if not len(vectors):
        raise NotMeasurableError("no pictures to pool; at least one is needed")
    different, name_of = np.unique(np.asarray(names), return_inverse=True)
    counts = np.bincount(name_of)
    means = np.zeros((len(different), vectors.shape[1]))
    np.add.at(means, name_of, vectors)
    means /= counts[:, None]
    usual = np.bincount(name_of, np.linalg.norm(vectors, axis=1)) / counts
    lengths = np.linalg.norm(means, axis=1)
    scale = np.divide(usual, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return Pool(different.tolist(), means * scale[:, None])


@dataclass(frozen=True, slots=True, eq=False)
class Linkage:
    """What is found with and without pooling.

    Attributes:
        naive: each frame searched for by itself.
        naive_people: who is on each of its probes.
        pooled: each pseudonym searched for by the mean of its frames.
        pooled_people: who each of its probes is.
    """

    naive: Identification
    naive_people: list[str]
    pooled: Identification
    pooled_people: list[str]

    @property
    def gain(self) -> float:
        """How much more often a person is found by pooling."""
        return self.pooled.rate - self.naive.rate


def link(changed: Vectors, original: Vectors, people: Sequence[str]) -> Linkage:
    """Search for people by all of their outputs at once, among originals that the outputs were not made from.

    Every other photo of a person is a frame of the pseudonym; the originals of the remaining ones are the gallery.

    Args:
        changed: (N, D) embeddings of outputs.
        original: (N, D) embeddings of the same photos before.
        people: N names.

    Raises:
        NotMeasurableError: fewer than two people have two photos.
        ValueError: the numbers differ.
    """
    if not len(changed) == len(original) == len(people):
        raise ValueError(
            f"{len(changed)} changed and {len(original)} original vectors of {len(people)} photos; need equally many"
        )
    names = np.asarray(people)
    frame = _every_other(people)
    gallery, gallery_people = original[~frame], names[~frame].tolist()
    if len(set(gallery_people)) < 2:
        raise NotMeasurableError(f"{len(set(gallery_people))} people have two photos; linkage needs two or more")
    frames, frame_people = changed[frame], names[frame].tolist()
    pooled = pool(frames, frame_people)
    naive = identify(euclidean_distances(frames, gallery), same_person(frame_people, gallery_people))
    linked = identify(euclidean_distances(pooled.vectors, gallery), same_person(pooled.names, gallery_people))
    return Linkage(naive, _of(naive, frame_people), linked, _of(linked, pooled.names))


def _of(found: Identification, people: Sequence[str]) -> list[str]:
    return [people[index] for index in found.probe]


def _every_other(people: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return whether a photo is the first, third, ... of its person."""
    seen: dict[str, int] = {}
    flags = []
    for person in people:
        seen[person] = seen.get(person, 0) + 1
        flags.append(seen[person] % 2 == 1)
    return np.array(flags, np.bool_)
