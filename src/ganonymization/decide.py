"""The seam where it is decided, face by face or track by track, who is anonymized, and who stays visible."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ganonymization.types import Image, Landmarks


class Treatment(enum.Enum):
    """What is done to a face, or to all faces of a track."""

    ANONYMIZE = "anonymize"
    KEEP = "keep"
    OBSCURE = "obscure"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done to a face, or to all faces of a track.

    Attributes:
        treatment: what is done.
        identity: seed of the invented person; without meaning unless the face is anonymized.
        reason: why, for the receipt; empty where nothing was asked for.
        lasting: the identity stands for the same face elsewhere, so another is taken only if this one fails.
    """

    treatment: Treatment = Treatment.ANONYMIZE
    identity: int = 0
    reason: str = ""
    lasting: bool = False


class DecideFaces(Protocol):
    """Decide on the faces of one picture whose landmarks were found; all others are covered and never asked about."""

    def __call__(self, image: Image, seen: Sequence[Landmarks], /, *, identities: Sequence[int]) -> list[Decision]:
        """Return what is done to each face.

        Args:
            image: (H, W, 3) uint8 RGB, as it came.
            seen: landmarks of the faces, in pixels of the picture.
            identities: the seed that was drawn for each face; take it where there is no reason for another.
        """
        ...


def anonymize_for_good(_image: Image, _seen: Sequence[Landmarks], /, *, identities: Sequence[int]) -> list[Decision]:
    """Give every face the person that was drawn for it, exchanged only where that fails; fits `DecideFaces`.

    One identity is one person on every picture then, at the price of being a little more like the originals.
    """
    return [Decision(identity=identity, lasting=True) for identity in identities]


def anonymize_everybody(_image: Image, _seen: Sequence[Landmarks], /, *, identities: Sequence[int]) -> list[Decision]:
    """Give every face the person that was drawn for it; fits `DecideFaces`."""
    return [Decision(identity=identity) for identity in identities]
