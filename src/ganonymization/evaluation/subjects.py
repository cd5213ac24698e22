"""Choose the photos of a set that are looked at, and find the labelled face on each."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ganonymization.anonymizer import derive
from ganonymization.errors import InputError
from ganonymization.evaluation.columns import Row
from ganonymization.evaluation.method import Subject
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.sighting import face_of, landmarks_of

TESTED: Final = ("test", "val")
"""Names of the part of a set that is measured, the first that it has; attackers learn on the other parts."""

LEARNING_PHOTOS: Final = 3
"""Photos of each person that attackers learn from."""

LEARNING_LIMIT: Final = 800
"""Photos that attackers learn from."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A set, divided by person.

    Attributes:
        tested: what is measured.
        learning: what attackers learn from; empty when the set has no parts of its own.
        split: name of the part that is tested; empty when it is the whole set.
    """

    tested: list[Sample]
    learning: list[Sample]
    split: str = ""


def divide(samples: Iterable[Sample], *, limit: int | None, learn: bool = True) -> Parts:
    """Divide a set as its publisher did, or take all of it as tested.

    Args:
        samples: with identities.
        limit: photos at most; two of each person come first, then a third of each, and so on.
        learn: keep what attackers learn from.

    Raises:
        InputError: a sample names no person, or a person is on both sides of the set's own division.
    """
    everything = list(samples)
    split = next((name for name in TESTED if any(sample.split == name for sample in everything)), "")
    tested = [sample for sample in everything if sample.split == split] if split else everything
    learning = [sample for sample in everything if sample.split != split] if split else []
    _require_people(tested)
    known = {sample.identity for sample in tested}
    shared = [sample for sample in learning if sample.identity in known]
    if shared:
        raise InputError(
            f"{shared[0].path}: {shared[0].identity} is in the part {split!r} and in {shared[0].split!r}; "
            "attackers must not learn from the people they are tested on, so divide the set by person"
        )
    if not learn:
        return Parts(choose(tested, limit), [], split)
    some = LEARNING_LIMIT if limit is None else min(LEARNING_LIMIT, limit)
    return Parts(choose(tested, limit), choose(_repeated(learning, LEARNING_PHOTOS), some), split)


def anonymous(samples: Iterable[Sample]) -> list[Sample]:
    """Return the samples with every nameless face a person of its own, for measures that need no second photo."""
    return [
        sample if sample.identity is not None else dataclasses.replace(sample, identity=f"face {index}")
        for index, sample in enumerate(samples)
    ]


def choose(samples: Sequence[Sample], limit: int | None) -> list[Sample]:
    """Return at most `limit` samples in their order: two of each person who has them first, then a third, and so on."""
    if limit is None or len(samples) <= limit:
        return list(samples)
    place: dict[int, tuple[int, int]] = {}
    counts: dict[str | None, int] = defaultdict(int)
    totals: dict[str | None, int] = defaultdict(int)
    for sample in samples:
        totals[sample.identity] += 1
    for index, sample in enumerate(samples):
        turn = counts[sample.identity]
        counts[sample.identity] += 1
        alone = totals[sample.identity] < 2
        place[index] = (len(samples) if alone else max(turn - 1, 0), index)
    taken = sorted(place, key=lambda index: place[index])[:limit]
    return [samples[index] for index in sorted(taken)]


def identity_of(name: str, seed: int) -> int:
    """Return the seed of one photo: from its name and the run's seed, never from its pixels."""
    word = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return derive(seed, word)


def name_of(path: Path, root: Path) -> str:
    """Return a photo's name below the folder of its set, with forward slashes."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name


def make_subject(sample: Sample, row: Row, *, root: Path, seed: int) -> Subject:
    """Return what a method is told of a sample on which the row of an original was seen."""
    name = name_of(sample.path, root)
    return Subject(
        name=name,
        path=sample.path,
        person=str(sample.identity),
        identity=identity_of(name, seed),
        face=face_of(row),
        landmarks=landmarks_of(row),
    )


def _require_people(samples: Sequence[Sample]) -> None:
    for sample in samples:
        if sample.identity is None:
            raise InputError(f"{sample.path}: names no person; privacy is measured between people, so label the set")
    people = {sample.identity for sample in samples}
    if len(people) < 2:
        raise InputError(
            f"the set shows {len(people)} person{'s' * (len(people) != 1)}; two people or more are needed to tell "
            "whether one passes for another: give a folder with one sub-folder per person"
        )


def _repeated(samples: Sequence[Sample], count: int) -> list[Sample]:
    """Return the first photos of each person who has two or more."""
    ordered = sorted(samples, key=lambda sample: str(sample.identity))
    groups = [list(group) for _, group in itertools.groupby(ordered, key=lambda sample: sample.identity)]
    return [sample for group in groups if len(group) > 1 for sample in group[:count]]
