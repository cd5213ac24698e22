"""Scan frames for faces where something has changed, which is most of the time a small part of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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
        part = self._choose(image, squares, followed)
        if part is None:
            self._scanned, self._since_whole = squares, 0
            return self._detect(image)
        self._since_whole += 1
        if self._scanned is not None:
            rows, columns = (slice(span.start // STEP_PX, -(-span.stop // STEP_PX)) for span in part)
            self._scanned[rows, columns] = squares[rows, columns]
        if part[0].start == part[0].stop:
            return []
        offset = (float(part[1].start), float(part[0].start))
        return [_moved(face, offset) for face in self._detect(np.ascontiguousarray(image[part]))]

    def _choose(
        self, image: Image, squares: npt.NDArray[np.int16], followed: Sequence[Box]
    ) -> tuple[slice, slice] | None:
        """Return rows and columns to be scanned; None is the whole frame."""
        if self._scanned is None or self._since_whole >= self._whole_every:
            return None
        changed = np.abs(squares - self._scanned).max(axis=2) > CHANGED_LEVELS
        height, width = image.shape[:2]
        part = _around([*_changed_box(changed), *followed], width, height)
        area = (part[0].stop - part[0].start) * (part[1].stop - part[1].start)
        return None if area > WHOLE_SHARE * width * height else part


def _shrink(image: Image) -> npt.NDArray[np.int16]:
    height, width = image.shape[:2]
    size_wh = (-(-width // STEP_PX), -(-height // STEP_PX))
    return cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA).astype(np.int16)


def _changed_box(changed: npt.NDArray[np.bool_]) -> list[Box]:
    """Return the box around what has changed, in pixels of the frame; none when nothing has."""
    rows, columns = np.nonzero(changed)
    if not rows.size:
        return []
    left, top, right, bottom = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    return [Box(*(float(STEP_PX * side) for side in (left, top, right, bottom)))]


def _around(boxes: Sequence[Box], width: int, height: int) -> tuple[slice, slice]:
    """Return rows and columns around boxes, with a margin; empty ones when there are no boxes."""
    if not boxes:
        return slice(0, 0), slice(0, 0)
    left = min(box.left for box in boxes) - MARGIN_PX
    top = min(box.top for box in boxes) - MARGIN_PX
    right = max(box.right for box in boxes) + MARGIN_PX
    bottom = max(box.bottom for box in boxes) + MARGIN_PX
    # whole squares, so that what is noted as scanned was scanned
    columns = _span(left, right, width)
    return _span(top, bottom, height), columns


def _span(low: float, high: float, length: int) -> slice:
    start = int(np.clip(low // STEP_PX * STEP_PX, 0, length))
    stop = int(np.clip(-(-high // STEP_PX) * STEP_PX, start, length))
    return slice(start, stop)


def _moved(face: Face, offset_xy: tuple[float, float]) -> Face:
    return Face(shift(face.box, offset_xy), face.score, face.keypoints + np.array(offset_xy, np.float32))
