"""Keep what was seen of many faces on disk, column by column, so that memory does not grow with their number."""

from __future__ import annotations

import tempfile
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.errors import OutputError

Row: TypeAlias = np.void | npt.NDArray[np.void]
"""One row, of shape () where it is an array."""

Chosen: TypeAlias = npt.NDArray[np.bool_] | npt.NDArray[np.integer]
"""Flags, one for each row, or the places of rows."""

BLOCK: Final = 256
"""Vectors that are in memory at a time."""


class Vectors(Protocol):
    """N vectors of which some are had at a time: an array, or a `Column`."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Return N, and the size of a vector."""
        ...

    def __len__(self) -> int:
        """Return N."""
        ...

    def __getitem__(self, rows: slice, /) -> npt.NDArray[Any]:
        """Return some of them."""
        ...


class Store:
    """Rows in a file without a name, which vanishes with the store; readable by nobody else.

    Args:
        folder: on whose disk it lies.
        dtype: the columns.
        count: rows that it has room for.

    Raises:
        OutputError: there is no room, or nothing can be written there.
    """

    def __init__(self, folder: Path, dtype: np.dtype[np.void], count: int) -> None:
        self.dtype = dtype
        self.count = 0
        self._starts: dict[str, int] = {}
        position = 0
        for name in dtype.names or ():
            self._starts[name] = position
            position += dtype[name].itemsize * count
        self._lock = threading.Lock()
        try:
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - it lives as long as the store
        except OSError as error:
            raise OutputError(f"{folder}: cannot be written to ({error.strerror}); give another --cache") from error
        weakref.finalize(self, self._file.close)

    def append(self, row: Row) -> None:
        """Write one more row."""
        for name, start in self._starts.items():
            value = np.ascontiguousarray(row[name])
            with self._lock:
                self._file.seek(start + self.count * value.nbytes)
                self._file.write(value.tobytes())
        self.count += 1

    def read(self, name: str, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows `start` to `stop` of a column."""
        column = self.dtype[name]
        with self._lock:
            self._file.seek(self._starts[name] + start * column.itemsize)
            data = self._file.read((stop - start) * column.itemsize)
        return np.frombuffer(data, column.base).reshape(stop - start, *column.shape)


class Sightings:
    """The rows of N faces, of which a column is in memory only while somebody holds it.

    Args:
        store: where they lie.
        places: (N,) rows of the store, ascending.
        renamed: columns by other names: what is asked for to what is read.
    """

    def __init__(
        self,
        store: Store,
        places: npt.NDArray[np.intp],
        renamed: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._store = store
        self._places = places
        self._renamed = renamed

    @classmethod
    def all_of(cls, store: Store) -> Sightings:
        """Return every row of a store."""
        return cls(store, np.arange(store.count))

    def __len__(self) -> int:
        """Return N."""
        return len(self._places)

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """Return a whole column, (N, ...)."""
        return self.part(name, slice(None))

    def part(self, name: str, rows: slice) -> npt.NDArray[Any]:
        """Return some rows of a column."""
        places = self._places[rows]
        if not len(places):
            return self._store.read(name, 0, 0)
        start = int(places[0])
        return self._store.read(self._renamed.get(name, name), start, int(places[-1]) + 1)[places - start]

    def column(self, name: str) -> Column:
        """Return a column of which nothing is read yet."""
        return Column(self, name)

    def row(self, index: int) -> Row:
        """Return all columns of one face."""
        row = np.zeros((), self._store.dtype)
        for name in self._store.dtype.names or ():
            row[name] = self.part(name, slice(index, index + 1))[0]
        return row

    def pick(self, chosen: Chosen) -> Sightings:
        """Return some of the faces, in the order of all."""
        return Sightings(self._store, self._places[chosen], self._renamed)

    def renamed(self, names: Mapping[str, str]) -> Sightings:
        """Return the faces with some columns read in place of others: what is asked for to what is read."""
        return Sightings(self._store, self._places, {**self._renamed, **names})


class Column:
    """One column of sightings, read when rows of it are asked for.

    Args:
        rows: the sightings.
        name: of the column.
    """

    def __init__(self, rows: Sightings, name: str) -> None:
        self._rows = rows
        self._name = name
        self._size = rows.part(name, slice(0, 0)).shape[1:]

    @property
    def shape(self) -> tuple[int, ...]:
        """Return N, and the shape of a value."""
        return (len(self._rows), *self._size)

    def __len__(self) -> int:
        """Return N."""
        return len(self._rows)

    def __getitem__(self, rows: slice, /) -> npt.NDArray[Any]:
        """Return some rows."""
        return self._rows.part(self._name, rows)

    def at(self, places: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
        """Return the rows at some places, in any order."""
        if not len(places):
            return self[0:0]
        return np.concatenate([self[place : place + 1] for place in places.tolist()])

    def pick(self, chosen: Chosen) -> Column:
        """Return the column of some of the faces."""
        return Column(self._rows.pick(chosen), self._name)


def gathered(vectors: Vectors, chosen: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return some of N vectors in double precision, and never hold many of the others.

    Args:
        vectors: (N, D), in memory or on disk.
        chosen: (N,) which.
    """
    result = np.empty((int(chosen.sum()), *vectors.shape[1:]))
    done = 0
    for part in blocks(len(vectors)):
        some = vectors[part][chosen[part]]
        result[done : done + len(some)] = some
        done += len(some)
    return result


def blocks(count: int, size: int = BLOCK) -> Iterator[slice]:
    """Return consecutive parts of a number of rows."""
    return (slice(start, min(start + size, count)) for start in range(0, count, size))
