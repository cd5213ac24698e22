"""Leave chosen people visible: those of whom a photo was given, or whose tracks were named. Whoever is in doubt is not.

A face is kept when it lies closer to a consent photo than all but 0.01 % of strangers do. For a clip, one frame is not
enough: several must agree, and none may look like a stranger.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from ganonymization.decide import DecideFaces, Decision, Treatment, anonymize_everybody
from ganonymization.errors import FaceError, InputError
from ganonymization.pseudonym import match, medoid
from ganonymization.stages import Detect, Landmark
from ganonymization.track import Evidence, TrackPolicy
from ganonymization.types import Embedding, Image, Landmarks

MIN_VIEWS: Final = 2
"""Frames of a track that must have been compared before it is kept."""

WINDOW: Final = 5
MIN_SHARE: Final = 0.8
"""Of the latest frames that were compared, so many must lie below the threshold."""


class EmbedAll(Protocol):
    """Turn the faces of one picture into embeddings; `Recogniser.embed_all` fits."""

    def __call__(self, image: Image, landmarks: Sequence[Landmarks], /) -> npt.NDArray[np.float32]:
        """Return the (N, D) embeddings."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Consent:
    """Somebody who wants to stay visible.

    Attributes:
        name: of the photo, for the receipt.
        embedding: of the face on it.
    """

    name: str
    embedding: Embedding


def find_consent(image: Image, path: Path, *, detect: Detect, landmark: Landmark, embed_all: EmbedAll) -> Consent:
    """Return the person on a consent photo.

    Args:
        image: (H, W, 3) uint8 RGB of the photo.
        path: its file, for messages.
        detect: finds the face.
        landmark: finds its landmarks.
        embed_all: turns it into an embedding.

    Raises:
        InputError: there is no face, more than one, or one that is not clear.
    """
    faces = detect(image)
    if len(faces) != 1:
        raise InputError(f"{path}: shows {len(faces) or 'no'} faces; give a photo of the one person who is to be kept")
    try:
        return Consent(path.name, embed_all(image, [landmark(image, faces[0])])[0])
    except FaceError as error:
        raise InputError(
            f"{path}: its face cannot be recognised ({error}); give a clear photo from the front"
        ) from error


class KeepFaces:
    """Keep the people of consent photos in pictures; fits `DecideFaces`. A consent keeps one face of a picture at most.

    Args:
        consents: who stays visible.
        embed_all: turns faces into embeddings.
        threshold: distance below which a face is taken for the one of a consent photo.
        otherwise: decides on all others.
    """

    def __init__(
        self,
        consents: Sequence[Consent],
        *,
        embed_all: EmbedAll,
        threshold: float,
        otherwise: DecideFaces = anonymize_everybody,
    ) -> None:
        self._consents = tuple(consents)
        self._embed_all, self._threshold, self._otherwise = embed_all, threshold, otherwise

    def __call__(self, image: Image, seen: Sequence[Landmarks], /, *, identities: Sequence[int]) -> list[Decision]:
        """Return KEEP for the face that is closest to a consent photo, if it is close enough."""
        if not seen:
            return []
        embeddings = list(self._embed_all(image, seen))
        kept = match(embeddings, [consent.embedding for consent in self._consents], threshold=self._threshold)
        others = [index for index in range(len(seen)) if index not in kept]
        decided = self._otherwise(
            image, [seen[index] for index in others], identities=[identities[index] for index in others]
        )
        decisions = dict(zip(others, decided, strict=True))
        return [
            _keep(self._consents[kept[index]].name) if index in kept else decisions[index] for index in range(len(seen))
        ]


class KeepPeople:
    """Keep the people of consent photos in clips; fits `TrackPolicy`.

    A track is kept from the moment when enough of its latest frames lie below the threshold of one photo, until a
    single frame looks like a stranger.

    Args:
        consents: who stays visible.
        threshold: distance below which a face is taken for the one of a consent photo.
        otherwise: decides on all other tracks.
    """

    def __init__(self, consents: Sequence[Consent], *, threshold: float, otherwise: TrackPolicy) -> None:
        self._consents, self._threshold, self._otherwise = tuple(consents), threshold, otherwise
        self._latest: dict[tuple[int, int], deque[float]] = {}
        self._kept: set[tuple[int, int]] = set()

    def __call__(self, evidence: Evidence, /) -> Decision:
        """Return KEEP where the frames agree."""
        kept = [
            consent for number, consent in enumerate(self._consents) if self._is_kept(evidence, consent, photo=number)
        ]
        return _keep(kept[0].name) if kept else self._otherwise(evidence)

    def _is_kept(self, evidence: Evidence, consent: Consent, *, photo: int) -> bool:
        key = evidence.track, photo
        distances = np.linalg.norm(evidence.embeddings - consent.embedding, axis=1)
        if (distances >= evidence.threshold).any():
            self._kept.discard(key)
            self._latest.pop(key, None)
            return False
        latest = self._latest.setdefault(key, deque(maxlen=WINDOW))
        latest.extend(distances.tolist())
        below = sum(distance < self._threshold for distance in latest)
        if len(latest) >= MIN_VIEWS and below >= MIN_SHARE * len(latest):
            self._kept.add(key)
        return key in self._kept


class KeepTracks:
    """Keep tracks by their numbers, from `ganonymize tracks`; fits `TrackPolicy`.

    A track that no longer shows the face that it began with, because two people crossed, is not kept any further.

    Args:
        numbers: of the tracks.
        otherwise: decides on all others.
    """

    def __init__(self, numbers: Sequence[int], *, otherwise: TrackPolicy) -> None:
        self._numbers, self._otherwise = frozenset(numbers), otherwise
        self._first: dict[int, Embedding] = {}

    def __call__(self, evidence: Evidence, /) -> Decision:
        """Return KEEP for the chosen tracks."""
        if evidence.track in self._numbers and self._is_as_before(evidence):
            return _keep(f"track {evidence.track}")
        return self._otherwise(evidence)

    def _is_as_before(self, evidence: Evidence) -> bool:
        first = self._first.setdefault(evidence.track, medoid(evidence.embeddings))
        distances = np.linalg.norm(evidence.embeddings - first, axis=1)
        return float(np.median(distances)) < evidence.threshold


def _keep(name: str) -> Decision:
    return Decision(Treatment.KEEP, reason=f"kept: {name}")
