"""The seam between an anonymizer and its evaluation: what a method is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from ganonymization.files import read_picture
from ganonymization.types import Affine, Face, Image, Landmarks


def in_place() -> Affine:
    """Return the affine of an output that has the size and the places of its original."""
    return np.array([[1, 0, 0], [0, 1, 0]], np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """One labelled face on one photo, without its pixels.

    Attributes:
        name: of the photo below the folder of the set, with forward slashes; unique to the photo.
        path: of the original.
        person: who it is.
        identity: seed for whatever a method draws at random; it depends on the name and the run's seed alone.
        face: where the face is on the original.
        landmarks: of the original, in its pixels; where none were found, the mean face stands in with `presence` 0.
    """

    name: str
    path: Path
    person: str
    identity: int
    face: Face
    landmarks: Landmarks

    def read(self) -> Image:
        """Return the pixels of the original."""
        return read_picture(self.path).image


@dataclass(frozen=True, slots=True, eq=False)
class Altered:
    """What a method made of a photo.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        altered_from_original: where the pixels of the original would lie; the default says "where they were".
        drawn: landmarks, in pixels of the image, that the new face was drawn from; None where the method does not tell.
    """

    image: Image
    altered_from_original: Affine = field(default_factory=in_place)
    drawn: Landmarks | None = None


class Method(Protocol):
    """Anonymize one face."""

    def __call__(self, image: Image, subject: Subject, /) -> Altered:
        """Return the photo without the subject's identity; `image` is what `subject.read()` gives and is not changed.

        Raises:
            NothingMadeError: the method has no output for this photo, which counts as the photo left as it was.
        """
        ...


class Prepare(Protocol):
    """Make a method that knows the whole set: one that swaps faces, or averages several."""

    def __call__(self, gallery: Sequence[Subject], /) -> Method:
        """Return the method; pixels of the gallery are read one photo at a time, and never all of them are held."""
        ...
