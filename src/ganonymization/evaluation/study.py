"""Look at a set before and after each method: two passes over the photos, one photo in memory at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np

from ganonymization.errors import NothingMadeError
from ganonymization.evaluation.cache import RowCache, digest_file, key_of
from ganonymization.evaluation.method import Method, Subject
from ganonymization.evaluation.methods.contender import Contender
from ganonymization.evaluation.observe import Observer
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.recognisers import Judge
from ganonymization.evaluation.sighting import Sightings
from ganonymization.evaluation.subjects import make_subject
from ganonymization.files import read_picture
from ganonymization.recognise import Recogniser

T = TypeVar("T")
U = TypeVar("U")


class Progress(Protocol):
    """Shows how far a pass is."""

    def __call__(self, title: str, total: int, /) -> AbstractContextManager[Callable[[], None]]:
        """Return a context that hands out what moves it by one photo."""
        ...


def silent(title: str, total: int, /) -> AbstractContextManager[Callable[[], None]]:
    """Show nothing; fits `Progress`."""
    del title, total
    return nullcontext(lambda: None)


@dataclass(frozen=True, slots=True, eq=False)
class Originals:
    """The photos of a set on which a face was found.

    Attributes:
        samples: what the set says of each.
        subjects: what methods are told of each.
        rows: what is seen on each, of `original_type`.
        without_face: names of the photos on which there is none.
    """

    samples: list[Sample]
    subjects: list[Subject]
    rows: Sightings
    without_face: list[str]

    @property
    def people(self) -> list[str]:
        """Who is on each photo."""
        return [subject.person for subject in self.subjects]


class Studio:
    """Make the passes.

    Args:
        observer: looks at faces.
        cache: remembers what was seen.
        program: fingerprint of everything that decides it.
        seed: of the run.
        workers: photos that are treated at the same time.
        progress: shows how far a pass is.
    """

    def __init__(
        self, observer: Observer, cache: RowCache, *, program: str, seed: int, workers: int, progress: Progress
    ) -> None:
        self._observer = observer
        self._cache = cache
        self._program = program
        self._seed = seed
        self._workers = workers
        self.progress = progress

    @property
    def judges(self) -> tuple[Judge, ...]:
        """The recognisers."""
        return self._observer.judges

    @property
    def recognise(self) -> Recogniser:
        """The receipts' recogniser."""
        return self._observer.recognise

    def originals(self, samples: Sequence[Sample], *, root: Path, title: str) -> Originals:
        """Look at the photos as they are."""
        rows = np.array(self._pass(title, self._see_original, samples), self._observer.original_type)
        subjects = [make_subject(*pair, root=root, seed=self._seed) for pair in zip(samples, rows, strict=True)]
        found = [index for index, row in enumerate(rows) if row["found"]]
        missing = [subjects[index].name for index, row in enumerate(rows) if not row["found"]]
        return Originals([samples[i] for i in found], [subjects[i] for i in found], rows[found], missing)

    def outputs(self, contender: Contender, originals: Originals, *, title: str) -> Sightings:
        """Look at what a method makes of the photos."""
        method = contender.prepare(originals.subjects)
        names = [subject.name for subject in originals.subjects] if contender.needs_set else []
        circumstances = key_of(contender.name, contender.fingerprint, names, self._program)

        def see(pair: tuple[Subject, np.void]) -> np.void:
            return self._see_output(method, *pair, circumstances)

        seen = self._pass(title, see, list(zip(originals.subjects, originals.rows, strict=True)))
        return np.array(seen, self._observer.row_type)

    def _see_original(self, sample: Sample) -> np.void:
        key = key_of(digest_file(sample.path), str(sample.box), "original", self._program)
        look = self._observer.original
        return self._cache.get(
            key, self._observer.original_type, lambda: look(read_picture(sample.path).image, sample.box)
        )

    def _see_output(self, method: Method, subject: Subject, original: np.void, circumstances: str) -> np.void:
        key = key_of(digest_file(subject.path), subject.identity, str(subject.face.box), circumstances)
        return self._cache.get(key, self._observer.row_type, lambda: self._make(method, subject, original))

    def _make(self, method: Method, subject: Subject, original: np.void) -> np.void:
        image = subject.read()
        try:
            altered = method(image, subject)
        except NothingMadeError:
            return self._left_as_it_was(original)
        return self._observer.altered(altered, image, subject)

    def _left_as_it_was(self, original: np.void) -> np.void:
        """Return the row of a photo for which a method has no output: an untouched face, which counts as a leak."""
        row = np.zeros((), self._observer.row_type)
        for name in row.dtype.names or ():
            row[name] = original[name]
        row["made"], row["changed_share"] = False, 0.0
        return row

    def _pass(self, title: str, work: Callable[[T], U], items: Sequence[T]) -> list[U]:
        with self.progress(title, len(items)) as advance:
            results = []
            for result in _in_order(work, items, self._workers):
                results.append(result)
                advance()
            return results


def usable_cores() -> int:
    """Return the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _in_order(work: Callable[[T], U], items: Iterable[T], workers: int) -> Iterator[U]:
    """Yield results in the order of items; an error or an interruption stops the rest."""
    if workers == 1:
        yield from map(work, items)
        return
    with _pool(workers) as pool:
        yield from pool.map(work, items)


@contextmanager
def _pool(workers: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
