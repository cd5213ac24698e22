"""Find faces in a frame: all of them by a full scan, or one where it should be by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ganonymization.detect.window import look_around
from ganonymization.errors import LandmarksNotFoundError
from ganonymization.geometry import overlap
from ganonymization.stages import Detect, Follow, Landmark
from ganonymization.track.places import Sighting, box_of, size_of
from ganonymization.track.scan import Scanner
from ganonymization.types import Box, Face, Image, Landmarks

_WINDOW_PX: Final = 128
_WINDOW_SCALE: Final = 2.5
_WINDOW_GROWTH: Final = 0.25
"""Side of the square that is searched, in sizes of the face, and what is added for every frame without a sighting."""

_TAKEN_IOU: Final = 0.4
_STEP: Final = 0.7
"""How far a face may move from one frame to the next, in its size."""

_RESIZE: Final = 1.7
"""By which factor its size may change between sightings."""

_CONFIRMED_IOU: Final = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """The stages that find faces.

    Attributes:
        scan: finds all faces of a frame, or those that are new.
        detect_again: finds faces where one is expected, and may be sure of less.
        landmark: finds the landmarks of a detected face.
        follow: finds them again a moment later.
    """

    scan: Scanner
    detect_again: Detect
    landmark: Landmark
    follow: Follow

    def examine(self, image: Image, face: Face) -> Sighting:
        """Return a detected face with its landmarks, where there are any that lie on it."""
        try:
            landmarks = self.landmark(image, face)
        except LandmarksNotFoundError:
            return Sighting(face.box, face.score)
        if overlap(box_of(landmarks), face.box) < _CONFIRMED_IOU:
            return Sighting(face.box, face.score)
        return Sighting(face.box, face.score, landmarks)

    def again(
        self, image: Image, followed: Sighting | None, expected: Box, *, frames: int, taken: Sequence[Box]
    ) -> Sighting | None:
        """Return a face that was seen some frames ago; None when it cannot be found.

        Args:
            image: the frame.
            followed: what `one_frame_on` says of it, if it was seen in the frame before.
            expected: where it should be by now.
            frames: since then.
            taken: boxes of other tracks in this frame.
        """
        if followed is not None and not _is_taken(followed.box, taken):
            return followed
        return self._nearby(image, expected, frames=frames, taken=taken)

    def one_frame_on(self, image: Image, before: Sequence[Sighting]) -> list[Sighting | None]:
        """Return each face of the frame before, or after, where its landmarks lead to it; None where they do not."""
        known = [sighting.landmarks for sighting in before if sighting.landmarks is not None]
        found = iter(zip(known, self.follow(image, known), strict=True))
        return [None if sighting.landmarks is None else _sighting(*next(found)) for sighting in before]

    def _nearby(self, image: Image, expected: Box, *, frames: int, taken: Sequence[Box]) -> Sighting | None:
        side_px = max(expected.width, expected.height, 2.0) * (_WINDOW_SCALE + _WINDOW_GROWTH * frames)
        faces = look_around(self.detect_again, image, expected.center, side_px=side_px, size_px=_WINDOW_PX)
        free = [
            face for face in faces if not _is_taken(face.box, taken) and _is_step(expected, face.box, frames=frames)
        ]
        if not free:
            return None
        return self.examine(image, min(free, key=lambda face: _distance(face.box, expected)))


def _sighting(before: Landmarks, found: Landmarks) -> Sighting | None:
    box = box_of(found)
    is_there = found.presence > 0 and _is_step(box_of(before), box, frames=1)
    return Sighting(box, found.presence, found) if is_there else None


def _is_taken(box: Box, taken: Sequence[Box]) -> bool:
    return any(overlap(box, other) > _TAKEN_IOU for other in taken)


def _is_step(before: Box, after: Box, *, frames: int) -> bool:
    """Return whether a face may have got from one box to another."""
    ratio = size_of(after) / size_of(before)
    reach = _STEP * (1 + 0.3 * (frames - 1))
    return 1 / _RESIZE < ratio < _RESIZE and _distance(after, before) <= reach


def _distance(box: Box, other: Box) -> float:
    """Return how far the centres lie apart, in sizes of the other box."""
    return float(np.hypot(box.center[0] - other.center[0], box.center[1] - other.center[1])) / size_of(other)
