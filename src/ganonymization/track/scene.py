"""Notice where a film cuts to another scene, and where something moves that is not followed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.types import Box, Image

THUMBNAIL_WH: Final = (48, 27)

CUT_LEVELS: Final = 20.0
"""Mean difference of thumbnails, in levels of 255, from which on a frame may begin a scene."""

CUT_RATIO: Final = 4.0
"""It must also be this many times what frames have differed by lately: a shaking camera is no cut."""

STIR_LEVELS: Final = 40
STIR_CELLS: Final = 10
"""So many pixels of a thumbnail, of 1,296, that differ by more than so many levels of 255 are a stir."""

_FACE_MARGIN: Final = 0.5
"""Sizes of a face around it in which its own hair and shoulders move."""

_EVERY: Final = 4
_LARGE_PX: Final = 400
"""Of frames whose shorter side is larger, one pixel in so many is looked at."""

_MEMORY: Final = 0.8

Thumbnail: TypeAlias = npt.NDArray[np.int16]


def thumbnail(image: Image) -> Thumbnail:
    """Return a frame at `THUMBNAIL_WH`."""
    sparse = image[::_EVERY, ::_EVERY] if min(image.shape[:2]) > _LARGE_PX else image
    return cv2.resize(sparse, THUMBNAIL_WH, interpolation=cv2.INTER_AREA).astype(np.int16)


class CutFinder:
    """Compares each frame with the one before."""

    def __init__(self) -> None:
        self._last: Thumbnail | None = None
        self._usual_levels = 0.0

    def __call__(self, small: Thumbnail) -> bool:
        """Return whether a frame begins a scene; the first one does."""
        last, self._last = self._last, small
        if last is None:
            return True
        levels = float(np.abs(small - last).mean())
        if levels >= max(CUT_LEVELS, CUT_RATIO * self._usual_levels):
            return True
        self._usual_levels = _MEMORY * self._usual_levels + (1 - _MEMORY) * levels
        return False


class StirFinder:
    """Compares each frame with the last one that was scanned, but for the faces that are followed.

    Somebody who rushes into the picture is seen sooner so than by the next scan, and may face the camera for a frame.
    """

    def __init__(self) -> None:
        self._scanned: Thumbnail | None = None

    def note(self, small: Thumbnail) -> None:
        """Remember a frame that is scanned."""
        self._scanned = small

    def __call__(self, small: Thumbnail, size_wh: tuple[int, int], faces: Iterable[Box]) -> bool:
        """Return whether much has changed elsewhere.

        Args:
            small: the frame.
            size_wh: width and height of the frame in pixels.
            faces: that are followed, in these pixels.
        """
        if self._scanned is None:
            return False
        stirs = np.abs(small - self._scanned).max(axis=2) > STIR_LEVELS
        if np.count_nonzero(stirs) < STIR_CELLS:
            return False
        scale = np.array(THUMBNAIL_WH) / size_wh
        for box in faces:
            margin = _FACE_MARGIN * max(box.width, box.height)
            low = np.floor((np.array([box.left, box.top]) - margin) * scale).astype(int).clip(0)
            high = np.ceil((np.array([box.right, box.bottom]) + margin) * scale).astype(int).clip(0)
            stirs[low[1] : high[1], low[0] : high[0]] = False
        return bool(np.count_nonzero(stirs) >= STIR_CELLS)
