"""The attacker who gathers all pictures of one pseudonym, frames of a video for instance, and looks at their mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.verification import (
    Identification,
    distances_to,
    identify,
    same_person,
)

Vectors: TypeAlias = npt.NDArray[np.floating]


_BLOCK: Final = 64
"""Probes that are compared at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Vectors by name.

    Attributes:
        names: P pseudonyms.
        vectors: (P, D).
    """

    names: list[str]
    vectors: Vectors


def pool(vectors: Vectors, names: Sequence[str]) -> Pool:
    """Return the mean of each pseudonym's (N, D) vectors, as long as these are on average.

    A mean is shorter than what it is the mean of, and would be near to everybody. Names come out sorted.

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
        naive_people: who is on each of its probes, all of whom have a photo in the gallery.
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
    gallery_people = names[~frame].tolist()
    if len(set(gallery_people)) < 2:
        raise NotMeasurableError(f"{len(set(gallery_people))} people have two photos; linkage needs two or more")
    known = frame & np.isin(names, gallery_people)
    frames = Pool(names[known].tolist(), changed[known])
    pooled = pool(frames.vectors, frames.names)
    naive, linked = (_search(probes, original[~frame], gallery_people) for probes in (frames, pooled))
    return Linkage(naive, frames.names, linked, pooled.names)


def _search(probes: Pool, gallery: Vectors, gallery_people: Sequence[str]) -> Identification:
    """Search for probes who are all in the gallery, some at a time: memory grows with photos, not with pairs."""
    compare = distances_to(gallery)
    parts = [
        identify(
            compare(probes.vectors[start : start + _BLOCK]),
            same_person(probes.names[start : start + _BLOCK], gallery_people),
        )
        for start in range(0, len(probes.names), _BLOCK)
    ]
    return Identification(
        np.arange(len(probes.names)),
        np.concatenate([part.hit for part in parts]),
        np.concatenate([part.chance for part in parts]),
    )


def _every_other(people: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Return whether a photo is the first, third, ... of its person."""
    seen: dict[str, int] = {}
    flags = []
    for person in people:
        seen[person] = seen.get(person, 0) + 1
        flags.append(seen[person] % 2 == 1)
    return np.array(flags, np.bool_)
