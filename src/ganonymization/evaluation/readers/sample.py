"""What a reader yields: pictures with what is known about the people on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeAlias

from ganonymization.types import Box

Attribute: TypeAlias = bool | float | str
"""A trait that is there or not, a figure, or a word."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One labelled face: a picture, and what its set says about it. None means "not labelled".

    Attributes:
        path: of the picture, which exists.
        identity: name of the person, unique within the set.
        emotion: neutral, happiness, sadness, surprise, fear, disgust, anger or contempt; a table of one's own may use
            other words.
        attributes: everything else that is labelled, by the set's own names.
        box: of the face, in pixels of the picture; None when the picture shows one face.
        split: the part of the set's own division, by its own name.
        age_years: age at the time of the photo.
        sex: "female" or "male"; a table of one's own may use other words.
        ethnicity: in the words of the set.
    """

    path: Path
    identity: str | None = None
    emotion: str | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict, hash=False)
    box: Box | None = None
    split: str | None = None
    age_years: float | None = None
    sex: str | None = None
    ethnicity: str | None = None


class Reader(Protocol):
    """Reads a set of pictures."""

    def __call__(self, root: Path, /) -> Iterator[Sample]:
        """Return the samples below a folder, one by one and always in the same order.

        Raises:
            InputError: a file or folder is missing or damaged: at once where one look tells, otherwise when it is
                reached.
        """
        ...
