"""List the tracks of a clip, with a picture of each, so that a person can say which of them are to stay visible.

The pictures show the faces as they are: a contact sheet is not anonymized.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ganonymization.decide import Decision, Treatment
from ganonymization.track.policy import Evidence, TrackPolicy
from ganonymization.types import Box, Image
from ganonymization.video.anonymizer import FramePlan, VideoAnonymizer
from ganonymization.video.clip import Frame

TILE_PX: Final = 160
COLUMNS: Final = 6

_SCALE: Final = 1.6
_LABEL_PX: Final = 24
_PAPER: Final = 255
_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, slots=True, eq=False)
class ListedTrack:
    """A track as it is shown in a list.

    Attributes:
        number: as `--keep-track` takes it.
        first_s: time of the first frame in which it is covered.
        last_s: time of the last one.
        size_px: height of the largest box.
        picture: (TILE_PX, TILE_PX, 3) of the face as it is; grey where it was never seen well.
    """

    number: int
    first_s: float
    last_s: float
    size_px: float
    picture: Image


class _Portraits:
    """Takes a picture of each track, and covers all; fits `TrackPolicy`."""

    def __init__(self) -> None:
        self.of: dict[int, tuple[float, Image]] = {}

    def __call__(self, evidence: Evidence, /) -> Decision:
        """Remember the largest view."""
        for view in evidence.views:
            if view.box.height > self.of.get(evidence.track, (0.0, None))[0]:
                self.of[evidence.track] = view.box.height, _cut(view.image, view.box)
        return Decision(Treatment.OBSCURE)


def list_tracks(frames: Iterable[Frame], make: Callable[[TrackPolicy], VideoAnonymizer]) -> list[ListedTrack]:
    """Follow the faces of a clip, and draw nothing.

    Args:
        frames: of the clip.
        make: makes the anonymizer for a policy. It must be told the same as the one that is to anonymize the clip, or
            the numbers will differ.
    """
    portraits = _Portraits()
    anonymizer = make(portraits)
    spans: dict[int, tuple[float, float, float]] = {}
    for plan in _plans(anonymizer, frames):
        time_s = float(plan.frame.time)
        for face in plan.faces:
            first_s, _, size_px = spans.get(face.place.track, (time_s, time_s, 0.0))
            spans[face.place.track] = first_s, time_s, max(size_px, face.place.box.height)
    unseen = np.full((TILE_PX, TILE_PX, 3), 128, np.uint8)
    return [ListedTrack(number, *spans[number], portraits.of.get(number, (0.0, unseen))[1]) for number in sorted(spans)]


def _plans(anonymizer: VideoAnonymizer, frames: Iterable[Frame]) -> Iterable[FramePlan]:
    for frame in frames:
        yield from anonymizer.plan(frame)
    yield from anonymizer.plan_rest()


def contact_sheet(tracks: Iterable[ListedTrack]) -> Image:
    """Return (H, W, 3): the picture of each track over its number and times."""
    tiles = [_tile(track) for track in tracks] or [np.full((TILE_PX, TILE_PX, 3), _PAPER, np.uint8)]
    columns = min(COLUMNS, len(tiles))
    blank = np.full_like(tiles[0], _PAPER)
    tiles += [blank] * (math.ceil(len(tiles) / columns) * columns - len(tiles))
    rows = [np.hstack(tiles[start : start + columns]) for start in range(0, len(tiles), columns)]
    return np.vstack(rows)


def _tile(track: ListedTrack) -> Image:
    label = np.full((_LABEL_PX, TILE_PX, 3), _PAPER, np.uint8)
    text = f"{track.number}: {track.first_s:.1f}-{track.last_s:.1f} s"
    cv2.putText(label, text, (4, _LABEL_PX - 8), _FONT, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([track.picture, label])


def _cut(image: Image, box: Box) -> Image:
    """Return a square around a box; what lies beyond the picture is its edge, stretched."""
    side_px = _SCALE * max(box.width, box.height, 1.0)
    x, y = box.center
    scale = TILE_PX / side_px
    tile_from_image = np.array([[scale, 0, TILE_PX / 2 - scale * x], [0, scale, TILE_PX / 2 - scale * y]])
    tile = cv2.warpAffine(image, tile_from_image, (TILE_PX, TILE_PX), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(tile, np.uint8)
