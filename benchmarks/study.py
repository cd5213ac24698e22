"""Photos of people before and after each method: what the privacy and the expression benchmark both look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import track

from benchmarks.lfw import Photo
from benchmarks.methods import DRAWING, MAKERS
from benchmarks.settings import Settings
from benchmarks.sightings import Cache, Observer, Sighting, drawing_fingerprint, key_of, looking_fingerprint
from ganonymization import Landmarks, read_picture
from ganonymization.anonymizer import derive
from ganonymization.types import Image


@dataclass(frozen=True, slots=True, eq=False)
class Study:
    """One row per photo.

    Attributes:
        people: who is on it.
        original: what is seen on it.
        altered: method to what is seen on its output.
    """

    people: list[str]
    original: list[Sighting]
    altered: dict[str, list[Sighting]]


def observe(settings: Settings, photos: Sequence[Photo], methods: Sequence[str]) -> Study:
    """Return the sightings of all photos; those seen before come from the cache."""
    observer, cache = Observer(), Cache(settings.cache / "sightings")
    look = _Originals(observer, cache, looking_fingerprint())
    original = [look(photo) for photo in track(photos, "originals", console=Console(stderr=True))]
    pairs = list(zip(photos, original, strict=True))
    altered = {}
    for name in methods:
        work = _Outputs(name, settings, observer, cache)
        altered[name] = [work(photo, seen) for photo, seen in track(pairs, name, console=Console(stderr=True))]
    return Study([photo.person for photo in photos], original, altered)


def stack(sightings: Sequence[Sighting], name: str) -> npt.NDArray[np.float64]:
    """Return one measurement of all photos as an array."""
    return np.stack([getattr(one, name) for one in sightings]).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Originals:
    observer: Observer
    cache: Cache
    program: str

    def __call__(self, photo: Photo) -> Sighting:
        key = key_of(photo.path, "original", self.program)
        return self.cache.get(key, lambda: self.observer.original(_read(photo)))


class _Outputs:
    def __init__(self, name: str, settings: Settings, observer: Observer, cache: Cache) -> None:
        program = drawing_fingerprint(settings.generator) if name in DRAWING else looking_fingerprint()
        self._circumstances = (name, program)
        self._method = MAKERS[name](settings.generator)
        self._identity, self._observer, self._cache = settings.identity, observer, cache

    def __call__(self, photo: Photo, seen: Sighting) -> Sighting:
        identity = derive(self._identity, photo.index)
        key = key_of(photo.path, *self._circumstances, identity)
        return self._cache.get(key, lambda: self._see(_read(photo), seen, identity))

    def _see(self, image: Image, seen: Sighting, identity: int) -> Sighting:
        altered = self._method(image, seen.face, Landmarks(seen.points), identity=identity)
        return self._observer.altered(altered, seen)


def _read(photo: Photo) -> Image:
    return read_picture(photo.path).image
