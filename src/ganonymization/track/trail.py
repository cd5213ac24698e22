"""One track: the frames in which a face was seen, and where it must have been in the others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Final

from ganonymization.track.places import (
    Basis,
    Place,
    Sighting,
    between,
    grow,
    landmarks_between,
    move_with_box,
    shift,
)
from ganonymization.types import Box, Landmarks

_SPEED_FRAMES: Final = 4
"""Motion is measured over so many frames at most."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a track goes beyond what was seen of it.

    Attributes:
        margin: frames that are covered before the first sighting and after the last.
        bridge: frames over which landmarks are carried from one sighting to the next.
    """

    margin: int
    bridge: int


@dataclass(slots=True, eq=False)
class Trail:
    """The sightings of one track; `Tracker` fills it.

    Attributes:
        number: of the track, from 1.
        scene: first frame of its scene; it does not reach before.
        scene_end: first frame of the next scene; None while there is none.
        is_live: it is still looked for.
        unconfirmed: full scans in a row that did not see it.
        sightings: by frame.
        frames: the same frames in order.
    """

    number: int
    scene: int
    scene_end: int | None = None
    is_live: bool = True
    unconfirmed: int = 0
    sightings: dict[int, Sighting] = field(default_factory=dict)
    frames: list[int] = field(default_factory=list)

    @property
    def first(self) -> int:
        """Frame of the first sighting."""
        return self.frames[0]

    @property
    def last(self) -> int:
        """Frame of the last sighting."""
        return self.frames[-1]

    def add(self, frame: int, sighting: Sighting) -> None:
        """Note a sighting; a later one of the same frame replaces it."""
        if frame not in self.sightings:
            self.frames.insert(bisect_left(self.frames, frame), frame)
        self.sightings[frame] = sighting

    def remove(self, frame: int) -> None:
        """Forget what was seen in a frame."""
        if self.sightings.pop(frame, None) is not None:
            self.frames.remove(frame)

    def forget_before(self, frame: int) -> None:
        """Forget sightings that no frame from this one on rests on."""
        for old in self.frames[: max(0, bisect_left(self.frames, frame) - _SPEED_FRAMES)]:
            self.remove(old)

    def expected(self, frame: int) -> Box:
        """Return where the face should be in a frame in which it was not seen, from the nearest sightings."""
        near = self._nearest(frame)
        speed_x, speed_y = self._speed(near)
        count = frame - near
        damped = count if abs(count) <= _SPEED_FRAMES else _SPEED_FRAMES * (1 if count > 0 else -1)
        return shift(self.sightings[near].box, (speed_x * damped, speed_y * damped))

    def place(self, frame: int, reach: Reach) -> Place | None:
        """Return where the track is to be covered in a frame; None where it does not reach."""
        if not self.frames or frame < self.scene or (self.scene_end is not None and frame >= self.scene_end):
            return None
        seen = self.sightings.get(frame)
        if seen is not None:
            return self._seen(frame, seen, reach)
        if self.first < frame < self.last:
            return self._bridged(frame, reach)
        return self._extended(frame, reach)

    def _seen(self, frame: int, seen: Sighting, reach: Reach) -> Place:
        if seen.landmarks is not None:
            return Place(self.number, seen.box, seen.score, seen.landmarks, Basis.SEEN, is_exact=True)
        landmarks = self._carried(frame, seen.box, reach)
        return Place(self.number, seen.box, seen.score, landmarks, Basis.SEEN)

    def _carried(self, frame: int, box: Box, reach: Reach) -> Landmarks | None:
        """Return landmarks for a face of which only the box was seen, between two sightings that have them."""
        before = self._with_landmarks(frame, -1, reach.bridge)
        after = self._with_landmarks(frame, 1, reach.bridge)
        if before is None or after is None:
            return None
        first, second = self.sightings[before], self.sightings[after]
        if first.landmarks is None or second.landmarks is None or after - before > reach.bridge:
            return None
        share = (frame - before) / (after - before)
        landmarks = landmarks_between(first.landmarks, second.landmarks, share)
        return move_with_box(landmarks, between(first.box, second.box, share), box)

    def _with_landmarks(self, frame: int, step: int, count: int) -> int | None:
        """Return the nearest frame, in one direction, in which landmarks were found."""
        for distance in range(1, count + 1):
            sighting = self.sightings.get(frame + step * distance)
            if sighting is not None and sighting.landmarks is not None:
                return frame + step * distance
        return None

    def _bridged(self, frame: int, reach: Reach) -> Place:
        before = self.frames[bisect_left(self.frames, frame) - 1]
        after = self.frames[bisect_right(self.frames, frame)]
        first, second = self.sightings[before], self.sightings[after]
        share = (frame - before) / (after - before)
        box = between(first.box, second.box, share)
        grown = grow(
            box, frames=min(frame - before, after - frame), speed_xy=_speed_between(first, second, after - before)
        )
        landmarks = None
        if after - before <= reach.bridge and first.landmarks is not None and second.landmarks is not None:
            landmarks = landmarks_between(first.landmarks, second.landmarks, share)
        return Place(self.number, grown, min(first.score, second.score), landmarks, Basis.BRIDGED)

    def _extended(self, frame: int, reach: Reach) -> Place | None:
        near = self._nearest(frame)
        if abs(frame - near) > reach.margin:
            return None
        speed = self._speed(near)
        grown = grow(self.expected(frame), frames=abs(frame - near), speed_xy=speed)
        return Place(self.number, grown, self.sightings[near].score, None, Basis.EXTENDED)

    def _nearest(self, frame: int) -> int:
        index = bisect_left(self.frames, frame)
        around = self.frames[max(0, index - 1) : index + 1]
        return min(around, key=lambda other: abs(other - frame))

    def _speed(self, near: int) -> tuple[float, float]:
        """Return pixels per frame around a sighting."""
        index = bisect_left(self.frames, near)
        window = [frame for frame in self.frames[max(0, index - 2) : index + 3] if abs(frame - near) <= _SPEED_FRAMES]
        first, last = window[0], window[-1]
        if first == last:
            return 0.0, 0.0
        return _speed_between(self.sightings[first], self.sightings[last], last - first)


def _speed_between(first: Sighting, second: Sighting, frames: int) -> tuple[float, float]:
    (x, y), (other_x, other_y) = first.box.center, second.box.center
    return (other_x - x) / frames, (other_y - y) / frames
