"""Divide a set so that nobody is on both sides."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ganonymization.errors import InputError
from ganonymization.evaluation.readers.sample import Sample


@dataclass(frozen=True, slots=True)
class PeoplePart:
    """The samples of some people, read anew at each iteration.

    Attributes:
        samples: of everybody; a dataset or a list.
        identities: of the people in this part.
    """

    samples: Iterable[Sample]
    identities: frozenset[str]

    def __iter__(self) -> Iterator[Sample]:
        """Return the samples of these people, in the order of the set."""
        return (sample for sample in self.samples if sample.identity in self.identities)


def split_people(samples: Iterable[Sample], share: float, seed: int) -> tuple[PeoplePart, PeoplePart]:
    """Return a random share of the people, and the others; both sides have one person at least.

    Who is where depends on the names and the seed alone, not on the order of the samples. Only names are held in
    memory.

    Args:
        samples: a dataset, or anything else that can be iterated over more than once.
        share: of the people on the first side, between 0 and 1.
        seed: of the draw.

    Raises:
        ValueError: the share is not between 0 and 1, or the samples can be iterated over only once.
        InputError: a sample names no person, or there are fewer than two people.
    """
    if not 0 < share < 1:
        raise ValueError(f"share is {share}; it must lie between 0 and 1")
    if isinstance(samples, Iterator):
        raise ValueError("samples can be read only once; pass the dataset itself, or a list")  # noqa: TRY004 - a value
    people = sorted({_require_identity(sample) for sample in samples})
    return _part(samples, people, share, seed)


def _part(samples: Iterable[Sample], people: list[str], share: float, seed: int) -> tuple[PeoplePart, PeoplePart]:
    if len(people) < 2:
        raise InputError(f"{len(people)} people cannot be split; two or more are needed")
    count = min(max(round(share * len(people)), 1), len(people) - 1)
    order = np.random.default_rng(seed).permutation(len(people))
    return (
        PeoplePart(samples, _chosen(people, order[:count].tolist())),
        PeoplePart(samples, _chosen(people, order[count:].tolist())),
    )


def _chosen(people: list[str], indices: Collection[int]) -> frozenset[str]:
    return frozenset(people[index] for index in indices)


def _require_identity(sample: Sample) -> str:
    if sample.identity is None:
        raise InputError(f"{sample.path}: names no person, so the set cannot be split by person; take its own split")
    return sample.identity
