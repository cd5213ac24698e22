"""The seam where it is decided, track by track, who is anonymized, who stays visible, and who is invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ganonymization.decide import Decision as Decision
from ganonymization.decide import Treatment as Treatment
from ganonymization.types import Box, Image, Landmarks


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """A face of a track in one frame, as it came: never to be written, logged or kept longer than a run.

    Attributes:
        frame_index: number of the frame, from 0.
        image: (H, W, 3) uint8 RGB of the whole frame.
        box: around the face.
        landmarks: in pixels of the frame.
    """

    frame_index: int
    image: Image
    box: Box
    landmarks: Landmarks


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What is known of a track when its decision is due.

    Attributes:
        track: number of the track, from 1, in the order of appearance; the same clip gives the same numbers.
        person: number of the person, from 1: tracks that look alike share it.
        views: at least one, spread over the frames at hand.
        embeddings: (N, D) of the recogniser, one for each view.
        threshold: distance of embeddings below which two faces count as one person, at FAR 1 %.
    """

    track: int
    person: int
    views: tuple[View, ...]
    embeddings: npt.NDArray[np.float32]
    threshold: float


class TrackPolicy(Protocol):
    """Decide on tracks; `ByPerson` is the default.

    Called once before the first face of a track is shown, and again every few seconds of it with fresh views: a later
    decision counts from its frame on. A track of which there are no views is covered and never asked about. Calls come
    from one thread, in the order of time.
    """

    def __call__(self, evidence: Evidence, /) -> Decision:
        """Return what is done to the track from now on."""
        ...
