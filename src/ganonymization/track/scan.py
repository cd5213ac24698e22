"""Scan frames for faces where something has changed, which is most of the time a small part of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.stages import Detect
from ganonymization.track.places import shift
from ganonymization.types import Box, Face, Image

STEP_PX: Final = 8
"""Frames are compared by the means of squares of this size: half of the smallest face that is looked for."""

CHANGED_LEVELS: Final = 6
"""A square counts as changed when the mean of a channel differs by more, in levels of 255."""

MARGIN_PX: Final = 64
"""Room around what has changed, so that the detector sees faces in their surroundings."""

WHOLE_SHARE: Final = 0.7
"""If more than this share of a frame is to be scanned, all of it is."""

JOIN_COST: Final = 1.4
"""Parts are scanned together when that is at most so much more work: two changes may belong to one large face."""

Part: TypeAlias = tuple[slice, slice]
"""Rows and columns of a frame."""


class Scanner:
    """Scans the frames of one stream.

    A square that looks as it did when it was last scanned holds no face that was not there then. What changes little by
    little adds up, as the comparison is with the last scan and not with the last frame. Now and then the whole frame is
    scanned all the same, for faces that keep still and were missed.

    Args:
        detect: finds faces.
        whole_every: scans after which a whole one is due.
    """

    def __init__(self, detect: Detect, *, whole_every: int) -> None:
        self._detect = detect
        self._whole_every = whole_every
        self._since_whole = 0
        self._scanned: npt.NDArray[np.int16] | None = None

    def forget(self) -> None:
        """Scan the whole next frame: it begins a scene."""
        self._scanned = None

    def __call__(self, image: Image, followed: Sequence[Box]) -> list[Face]:
        """Return the faces that are new in a frame, or may be, and those in the boxes that are followed already."""
        squares = _shrink(image)
        parts = self._choose(image, squares, followed)
        if parts is None:
            self._scanned, self._since_whole = squares, 0
            return self._detect(image)
        self._since_whole += 1
        faces: list[Face] = []
        for rows, columns in parts:
            self._note(squares, rows, columns)
            offset = (float(columns.start), float(rows.start))
            found = self._detect(np.ascontiguousarray(image[rows, columns]))
            faces.extend(_moved(face, offset) for face in found)
        return faces

    def _choose(self, image: Image, squares: npt.NDArray[np.int16], followed: Sequence[Box]) -> list[Part] | None:
        """Return the parts of a frame that are to be scanned, none of which overlap; None is the whole frame."""
        if self._scanned is None or self._since_whole >= self._whole_every:
            return None
        changed = np.abs(squares - self._scanned).max(axis=2) > CHANGED_LEVELS
        height, width = image.shape[:2]
        parts = [_around(box, width, height) for box in (*_changed_boxes(changed), *followed)]
        joined = _join([part for part in parts if _area(part)])
        return None if sum(map(_area, joined)) > WHOLE_SHARE * width * height else joined

    def _note(self, squares: npt.NDArray[np.int16], rows: slice, columns: slice) -> None:
        """Remember how a part looked when it was scanned."""
        if self._scanned is not None:
            place = tuple(slice(span.start // STEP_PX, -(-span.stop // STEP_PX)) for span in (rows, columns))
            self._scanned[place] = squares[place]


def _shrink(image: Image) -> npt.NDArray[np.int16]:
    height, width = image.shape[:2]
    size_wh = (-(-width // STEP_PX), -(-height // STEP_PX))
    return cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA).astype(np.int16)


def _changed_boxes(changed: npt.NDArray[np.bool_]) -> list[Box]:
    """Return boxes, in pixels of the frame, around what has changed; what lies close together is in one."""
    reach = MARGIN_PX // STEP_PX
    near = cv2.dilate(changed.astype(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    count, labels = cv2.connectedComponents(near)
    boxes = []
    for label in range(1, count):
        rows, columns = np.nonzero(changed & (labels == label))
        left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
        boxes.append(Box(*(float(STEP_PX * side) for side in (left, top, right, bottom))))
    return boxes


def _join(parts: Sequence[Part]) -> list[Part]:
    """Put parts together until none overlap, and none are cheaper to scan, or hardly dearer, in one piece."""
    joined = list(parts)
    while (pair := _first_pair(joined)) is not None:
        one, other = pair
        joined = [part for part in joined if part is not one and part is not other]
        joined.append(_union(one, other))
    return joined


def _first_pair(parts: Iterable[Part]) -> tuple[Part, Part] | None:
    for one, other in itertools.combinations(parts, 2):
        if _overlap(one, other) or _area(_union(one, other)) <= JOIN_COST * (_area(one) + _area(other)):
            return one, other
    return None


def _overlap(one: Part, other: Part) -> bool:
    return all(a.start < b.stop and b.start < a.stop for a, b in zip(one, other, strict=True))


def _union(one: Part, other: Part) -> Part:
    rows, columns = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(one, other, strict=True))
    return rows, columns


def _area(part: Part) -> int:
    return int((part[0].stop - part[0].start) * (part[1].stop - part[1].start))


def _around(box: Box, width: int, height: int) -> Part:
    """Return rows and columns around a box, with a margin; none where it lies outside of the frame."""
    # whole squares, so that what is noted as scanned was scanned
    columns = _span(box.left - MARGIN_PX, box.right + MARGIN_PX, width)
    return _span(box.top - MARGIN_PX, box.bottom + MARGIN_PX, height), columns


def _span(low: float, high: float, length: int) -> slice:
    start = int(np.clip(low // STEP_PX * STEP_PX, 0, length))
    stop = int(np.clip(-(-high // STEP_PX) * STEP_PX, start, length))
    return slice(start, stop)


def _moved(face: Face, offset_xy: tuple[float, float]) -> Face:
    return Face(shift(face.box, offset_xy), face.score, face.keypoints + np.array(offset_xy, np.float32))
