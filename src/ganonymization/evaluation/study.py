"""Look at a set before and after each method: two passes over the photos, one photo in memory at a time."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, overload

import numpy as np

from ganonymization.errors import NothingMadeError
from ganonymization.evaluation.cache import RowCache, digest_file, key_of
from ganonymization.evaluation.columns import Row, Sightings, Store
from ganonymization.evaluation.method import Altered, Method, Subject
from ganonymization.evaluation.methods.contender import Contender
from ganonymization.evaluation.observe import Observer
from ganonymization.evaluation.readers import Sample
from ganonymization.evaluation.recognisers import Judge
from ganonymization.evaluation.subjects import make_subject, name_of
from ganonymization.files import read_picture
from ganonymization.recognise import Recogniser
from ganonymization.types import Image

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
        rows: what is seen on each, of `original_type`.
        without_face: names of the photos on which there is none.
        root: folder of the set.
        seed: of the run, from which each photo's identity is drawn.
    """

    samples: list[Sample]
    rows: Sightings
    without_face: list[str]
    root: Path
    seed: int

    @property
    def people(self) -> list[str]:
        """Who is on each photo."""
        return [str(sample.identity) for sample in self.samples]

    @property
    def names(self) -> list[str]:
        """The name of each photo."""
        return [name_of(sample.path, self.root) for sample in self.samples]

    @property
    def subjects(self) -> Subjects:
        """What methods are told of each."""
        return Subjects(self)


class Subjects(Sequence[Subject]):
    """What methods are told of each photo, made when it is asked for.

    Args:
        originals: the photos.
    """

    def __init__(self, originals: Originals) -> None:
        self._originals = originals

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._originals.samples)

    @overload
    def __getitem__(self, index: int) -> Subject: ...

    @overload
    def __getitem__(self, index: slice) -> list[Subject]: ...

    def __getitem__(self, index: int | slice) -> Subject | list[Subject]:
        """Return one of them, or several."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        originals = self._originals
        place = range(len(self))[index]
        return make_subject(
            originals.samples[place], originals.rows.row(place), root=originals.root, seed=originals.seed
        )


class _Output:
    """What a method makes of one photo, made when it is first asked for and shared by all faces on it.

    Args:
        method: the method.
        subject: the first face on the photo.
    """

    def __init__(self, method: Method, subject: Subject) -> None:
        self._method = method
        self._subject = subject

    @functools.cached_property
    def image(self) -> Image:
        """Return the original."""
        return self._subject.read()

    @functools.cached_property
    def altered(self) -> Altered:
        """Return the output.

        Raises:
            NothingMadeError: there is none.
        """
        return self._method(self.image, self._subject)


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
        store = Store(self._cache.folder, self._observer.original_type, len(samples))
        for row in self._pass(title, self._see_original, samples):
            store.append(row)
        seen = Sightings.all_of(store)
        found = seen["found"]
        missing = [name_of(one.path, root) for one, there in zip(samples, found, strict=True) if not there]
        kept = [one for one, there in zip(samples, found, strict=True) if there]
        return Originals(kept, seen.pick(found), missing, root, self._seed)

    def outputs(self, contender: Contender, originals: Originals, *, title: str) -> Sightings:
        """Look at what a method makes of the photos."""
        subjects = originals.subjects
        method = contender.prepare(subjects)
        names = originals.names if contender.needs_set else []
        circumstances = key_of(contender.name, contender.fingerprint, names, self._program)

        def see(faces: list[int]) -> list[Row]:
            shown = [(subjects[index], originals.rows.row(index)) for index in faces]
            output, digest = _Output(method, shown[0][0]), digest_file(shown[0][0].path)
            return [self._see_output(output, digest, *face, circumstances) for face in shown]

        store = Store(self._cache.folder, self._observer.row_type, len(subjects))
        for rows in self._pass(title, see, _by_photo(originals.samples, merge=contender.whole_photo)):
            for row in rows:
                store.append(row)
        return Sightings.all_of(store)

    def renderings(
        self,
        contender: Contender,
        originals: Originals,
        places: Sequence[int],
        identities: Sequence[int],
        *,
        title: str,
    ) -> Sightings:
        """Look at what a method makes of some photos with each of several identities: photo by photo."""
        method = contender.prepare(originals.subjects)
        circumstances = key_of(contender.name, contender.fingerprint, self._program)

        def see(asked: tuple[int, int]) -> Row:
            place, identity = asked
            subject = dataclasses.replace(originals.subjects[place], identity=identity)
            digest = digest_file(subject.path)
            return self._see_output(_Output(method, subject), digest, subject, originals.rows.row(place), circumstances)

        asked = list(itertools.product(places, identities))
        store = Store(self._cache.folder, self._observer.row_type, len(asked))
        for row in self._pass(title, see, asked):
            store.append(row)
        return Sightings.all_of(store)

    def is_alone(self, originals: Originals, place: int) -> bool:
        """Return whether a face was found in full, and is the only one on its photo."""
        if not originals.rows.part("landmarks_found", slice(place, place + 1))[0]:
            return False
        return self._observer.shows_one_face(read_picture(originals.samples[place].path).image)

    def _see_original(self, sample: Sample) -> Row:
        key = key_of(digest_file(sample.path), str(sample.box), "original", self._program)
        look = self._observer.original
        return self._cache.get(
            key, self._observer.original_type, lambda: look(read_picture(sample.path).image, sample.box)
        )

    def _see_output(self, output: _Output, digest: str, subject: Subject, original: Row, circumstances: str) -> Row:
        key = key_of(digest, subject.identity, str(subject.face.box), circumstances)
        return self._cache.get(key, self._observer.row_type, lambda: self._make(output, subject, original))

    def _make(self, output: _Output, subject: Subject, original: Row) -> Row:
        try:
            return self._observer.altered(output.altered, output.image, subject)
        except NothingMadeError:
            return self._left_as_it_was(original)

    def _left_as_it_was(self, original: Row) -> Row:
        """Return the row of a photo for which a method has no output: an untouched face, which counts as a leak."""
        row = np.zeros((), self._observer.row_type)
        for name in row.dtype.names or ():
            row[name] = original[name]
        row["made"], row["changed_share"] = False, 0.0
        return row

    def _pass(self, title: str, work: Callable[[T], U], items: Sequence[T]) -> Iterator[U]:
        with self.progress(title, len(items)) as advance:
            for result in _in_order(work, items, self._workers):
                advance()
                yield result


def _by_photo(samples: Sequence[Sample], *, merge: bool) -> list[list[int]]:
    """Return the places of the faces of each photo together, or one by one."""
    if not merge:
        return [[index] for index in range(len(samples))]
    groups = itertools.groupby(range(len(samples)), key=lambda index: samples[index].path)
    return [list(group) for _, group in groups]


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
