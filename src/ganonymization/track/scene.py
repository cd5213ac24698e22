"""Notice where a film cuts to another scene: what was followed before is not there any more."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.types import Image

THUMBNAIL_WH: Final = (48, 27)

CUT_LEVELS: Final = 20.0
"""Mean difference of thumbnails, in levels of 255, from which on a frame may begin a scene."""

CUT_RATIO: Final = 4.0
"""It must also be this many times what frames have differed by lately: a shaking camera is no cut."""

_EVERY: Final = 4
_LARGE_PX: Final = 400
"""Of frames whose shorter side is larger, one pixel in so many is looked at."""

_MEMORY: Final = 0.8


class CutFinder:
    """Compares each frame with the one before."""

    def __init__(self) -> None:
        self._last: npt.NDArray[np.int16] | None = None
        self._usual_levels = 0.0

    def __call__(self, image: Image) -> bool:
        """Return whether a frame begins a scene; the first one does."""
        sparse = image[::_EVERY, ::_EVERY] if min(image.shape[:2]) > _LARGE_PX else image
        thumbnail = cv2.resize(sparse, THUMBNAIL_WH, interpolation=cv2.INTER_AREA).astype(np.int16)
        last, self._last = self._last, thumbnail
        if last is None:
            return True
        levels = float(np.abs(thumbnail - last).mean())
        if levels >= max(CUT_LEVELS, CUT_RATIO * self._usual_levels):
            return True
        self._usual_levels = _MEMORY * self._usual_levels + (1 - _MEMORY) * levels
        return False
