"""Follow every face through the frames: full scans now and then, a look where each face should be in between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ganonymization.geometry import overlap
from ganonymization.track.places import Place, Sighting, box_of, size_of
from ganonymization.track.scene import CutFinder, StirFinder, Thumbnail, thumbnail
from ganonymization.track.search import Search
from ganonymization.track.trail import Reach, Trail
from ganonymization.types import Box, Face, Image

_SAME_FACE_IOU: Final = 0.2
_SAME_FACE_STEP: Final = 0.8
"""A scanned face belongs to a track that overlaps it so much, or lies so near to it in sizes of the face."""

_DOUBLE_IOU: Final = 0.6
"""Tracks that overlap by more follow the same face."""

_UNCONFIRMED_SCANS: Final = 3
_SURE_PRESENCE: Final = 0.9
"""A track that so many scans in a row do not see is only followed where its landmarks are as sure as this."""


DEFAULT_REACH: Final = Reach(margin=3, bridge=6)


@dataclass(frozen=True, slots=True)
class TrackerOptions:
    """How faces are followed, in frames.

    Attributes:
        look_ahead: frames by which results are late; what is found in them counts for the frames before.
        scan_every: largest distance between full scans; they are closer where something happens.
        stir_every: largest distance between them while much moves that is not followed.
        reach: how far tracks go beyond what was seen.
        patience: a track that was not seen for longer has ended.

    Raises:
        ValueError: a track could come back after frames without it were shown.
    """

    look_ahead: int = 20
    scan_every: int = 10
    stir_every: int = 4
    reach: Reach = DEFAULT_REACH
    patience: int = 12

    def __post_init__(self) -> None:
        """Check that gaps and scans fit in, unless lost faces stay covered as long as they are sought."""
        needed = max(self.scan_every, self.patience) + self.reach.margin
        if self.look_ahead < needed and self.reach.margin < self.patience:
            raise ValueError(
                f"look_ahead is {self.look_ahead}; gaps, scans and margin need {needed} frames, or a margin of at "
                f"least the patience, {self.patience}"
            )


class Tracker:
    """Follows the faces of one stream.

    Args:
        search: finds them.
        options: how.
    """

    def __init__(self, search: Search, options: TrackerOptions) -> None:
        self._search = search
        self._options = options
        self._is_cut = CutFinder()
        self._stirs = StirFinder()
        self._trails: list[Trail] = []
        self._images: dict[int, Image] = {}
        self._scene = 0
        self._interval = 1
        self._last_scan = -1
        self._count = 0

    def push(self, frame: int, image: Image) -> None:
        """Look at the next frame; its number is one more than the last one's, which may have been skipped."""
        small = thumbnail(image)
        if self._is_cut(small):
            self._begin_scene(frame)
        self._images[frame] = image
        is_calm = self._follow(frame, image)
        if not is_calm:
            self._interval = 1
        if self._is_due(frame, image, small):
            self._scan(frame, image)
            self._stirs.note(small)
        self._end_lost(frame)

    def places(self, frame: int) -> list[Place]:
        """Return where faces are to be covered in a frame, as far as is known by now."""
        reach = self._options.reach
        places = (trail.place(frame, reach) for trail in self._trails)
        return [place for place in places if place is not None]

    def forget_before(self, frame: int) -> None:
        """Forget what no frame from this one on rests on."""
        for old in [known for known in self._images if known < frame]:
            del self._images[old]
        margin = self._options.reach.margin
        self._trails = [
            trail for trail in self._trails if trail.is_live or (trail.frames and trail.last + margin >= frame)
        ]
        for trail in self._trails:
            trail.forget_before(frame)

    @property
    def live_numbers(self) -> frozenset[int]:
        """Numbers of the tracks that may still be covered somewhere."""
        return frozenset(trail.number for trail in self._trails)

    def _is_due(self, frame: int, image: Image, small: Thumbnail) -> bool:
        """Return whether a frame is to be scanned."""
        since = frame - self._last_scan
        if since >= self._interval or since < self._options.stir_every:
            return since >= self._interval
        height, width = image.shape[:2]
        return self._stirs(small, (width, height), [trail.expected(frame) for trail in self._live()])

    def _begin_scene(self, frame: int) -> None:
        for trail in self._live():
            trail.is_live = False
            trail.scene_end = frame
        self._search.scan.forget()
        self._scene = frame
        self._interval = 1
        self._last_scan = frame - 1

    def _live(self) -> list[Trail]:
        return [trail for trail in self._trails if trail.is_live]

    def _follow(self, frame: int, image: Image) -> bool:
        """Look for every live track; return whether all were seen where they should be."""
        taken: list[Box] = []
        is_calm = True
        live = self._live()
        fresh = [trail for trail in live if trail.last == frame - 1]
        seen = self._search.one_frame_on(image, [trail.sightings[frame - 1] for trail in fresh])
        followed = {trail.number: sighting for trail, sighting in zip(fresh, seen, strict=True)}
        for trail in live:
            found = self._look_again(trail, frame, image, followed.get(trail.number), taken=taken)
            if found is None:
                is_calm = False
                continue
            trail.add(frame, found)
            taken.append(found.box)
        return self._end_doubles(frame) and is_calm

    def _look_again(
        self, trail: Trail, frame: int, image: Image, followed: Sighting | None, *, taken: list[Box]
    ) -> Sighting | None:
        frames = frame - trail.last
        found = self._search.again(image, followed, trail.expected(frame), frames=frames, taken=taken)
        if found is not None and trail.unconfirmed >= _UNCONFIRMED_SCANS and found.score < _SURE_PRESENCE:
            return None
        return found

    def _end_doubles(self, frame: int) -> bool:
        """End the younger of two tracks that have come to follow the same face; return whether there was none."""
        seen = [trail for trail in self._live() if frame in trail.sightings]
        is_calm = True
        for index, trail in enumerate(seen):
            box = trail.sightings[frame].box
            if any(overlap(box, older.sightings[frame].box) > _DOUBLE_IOU for older in seen[:index] if older.is_live):
                trail.is_live = False
                is_calm = False
        return is_calm

    def _scan(self, frame: int, image: Image) -> None:
        followed = [trail.sightings[frame].box for trail in self._live() if frame in trail.sightings]
        lost = [trail.expected(frame) for trail in self._live() if frame not in trail.sightings]
        faces = self._search.scan(image, [*followed, *lost])
        unmatched = self._match(frame, image, faces)
        previous_scan, self._last_scan = self._last_scan, frame
        for face in unmatched:
            self._begin(frame, image, face, previous_scan)
        self._interval = 1 if unmatched else min(2 * self._interval, self._options.scan_every)

    def _match(self, frame: int, image: Image, faces: Iterable[Face]) -> list[Face]:
        """Give scanned faces to the tracks that they belong to, and return the others."""
        waiting = {trail.number: trail for trail in self._live()}
        unmatched = []
        for face in faces:
            trail = _nearest(face.box, waiting.values(), frame)
            if trail is None:
                if not self._is_known(face.box, frame):
                    unmatched.append(face)
                continue
            del waiting[trail.number]
            trail.unconfirmed = 0
            if frame not in trail.sightings:
                trail.add(frame, self._search.examine(image, face))
        for trail in waiting.values():
            trail.unconfirmed += 1
        return unmatched

    def _is_known(self, box: Box, frame: int) -> bool:
        """Return whether a face is another view of one that a track has in this frame."""
        seen = (trail.sightings.get(frame) for trail in self._live())
        return any(sighting is not None and overlap(box, sighting.box) > _DOUBLE_IOU for sighting in seen)

    def _begin(self, frame: int, image: Image, face: Face, previous_scan: int) -> None:
        self._count += 1
        trail = Trail(self._count, self._scene)
        trail.add(frame, self._search.examine(image, face))
        self._trace_back(trail, frame, previous_scan)
        self._trails.append(trail)

    def _trace_back(self, trail: Trail, frame: int, previous_scan: int) -> None:
        """Look for a new face in the frames before, until it is missed for long and a scan has not seen it either."""
        margin = self._options.reach.margin
        for earlier in range(frame - 1, self._scene - 1, -1):
            image = self._images.get(earlier)
            if image is None:
                if earlier < min(self._images):
                    return
                continue
            taken = [place.box for place in self.places(earlier)]
            frames = trail.first - earlier
            seen = self._search.one_frame_on(image, [trail.sightings[trail.first]]) if frames == 1 else [None]
            found = self._search.again(image, seen[0], trail.expected(earlier), frames=frames, taken=taken)
            if found is not None:
                trail.add(earlier, found)
            elif trail.first - earlier > margin and earlier <= previous_scan:
                return

    def _end_lost(self, frame: int) -> None:
        for trail in self._live():
            if frame - trail.last > self._options.patience:
                trail.is_live = False


def _nearest(box: Box, trails: Iterable[Trail], frame: int) -> Trail | None:
    """Return the track whose face in a frame is the one in the box."""
    best, best_fit = None, 0.0
    for trail in trails:
        seen = trail.sightings.get(frame)
        if seen is None:
            fit = _fit(box, trail.expected(frame), gap=frame - trail.last)
        else:
            own = seen.box if seen.landmarks is None else box_of(seen.landmarks)
            fit = _fit(box, own, gap=0)
        if fit > best_fit:
            best, best_fit = trail, fit
    return best


def _fit(box: Box, expected: Box, *, gap: int) -> float:
    """Return how well two boxes fit the same face; 0 if they do not."""
    shared = overlap(box, expected)
    if shared >= _SAME_FACE_IOU:
        return 1 + shared
    if not gap:
        return 0.0
    (x, y), (other_x, other_y) = box.center, expected.center
    size = size_of(expected)
    distance = float(((x - other_x) ** 2 + (y - other_y) ** 2) ** 0.5) / size
    is_alike = 0.5 < size_of(box) / size < 2
    return max(0.0, 1 - distance / (_SAME_FACE_STEP * (1 + 0.2 * gap))) if is_alike else 0.0
