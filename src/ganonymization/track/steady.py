"""Take the tremble out of drawn faces without delaying what they do.

A generator that sees almost the same thing twice draws almost the same face twice, and the little that differs is seen
as flicker; rounding to 8 bits adds to it. So where a face changes little from one frame to the next it is averaged with
what was drawn before, and where it changes much it is taken as it is: the usual temporal noise reduction, in the face's
own square, which moves with the head. Eyes, brows and mouth are never averaged.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.crop import fixed_point
from ganonymization.landmark import topology
from ganonymization.region import hull
from ganonymization.track.still import Glimpse
from ganonymization.types import Patch, Points, Surround

STILL_LEVELS: Final = 2.0
"""A change up to this many levels of 255, averaged over its surroundings, is taken for tremble."""

MOVING_LEVELS: Final = 6.0
"""From here on a change is motion; in between it is a little of both."""

LEAST: Final = 0.25
"""Weight of the new frame where nothing but tremble changes it."""

_NEAR: Final = 1 / 36
"""Side of the square over which changes are averaged, in sides of the patch."""

_SPARED_MARGIN: Final = 1 / 48
"""Room around eyes, brows and mouth that is not averaged either, in sides of the patch."""

_SPARED: Final = (
    (*topology.RIGHT_EYE, *topology.RIGHT_BROW),
    (*topology.LEFT_EYE, *topology.LEFT_BROW),
    topology.LIPS_OUTER,
)
_MEAN_OF_CHANNELS: Final = np.full((1, 3), 1 / 3, np.float32)
_SHIFT_BITS: Final = 4


class PatchSteadier:
    """Steadies the patches of one track, which come in the order of time."""

    def __init__(self) -> None:
        self._drawn: npt.NDArray[np.float32] | None = None
        self._glimpse: Glimpse | None = None

    def again(self, surround: Surround) -> Patch | None:
        """Return the last patch once more; None when there is none, or the surround has changed since it was drawn."""
        if self._drawn is None or self._glimpse is None or not self._glimpse.is_like(Glimpse.of(surround)):
            return None
        return _rounded(self._drawn)

    def __call__(self, patch: Patch, points: Points, surround: Surround) -> Patch:
        """Return the patch without its tremble.

        Args:
            patch: as it was drawn.
            points: (478, 2|3) landmarks that it was drawn from, in its pixels.
            surround: that it was drawn on.
        """
        self._glimpse = Glimpse.of(surround)
        image = patch.image.astype(np.float32)
        if self._drawn is None or self._drawn.shape != image.shape:
            self._drawn = image
            return patch
        difference = image - self._drawn
        weight = _weigh(difference)
        _fill_spared(weight, points)
        self._drawn += weight[..., None] * difference
        return _rounded(self._drawn)


def _rounded(image: npt.NDArray[np.float32]) -> Patch:
    return Patch(np.asarray(cv2.convertScaleAbs(image), np.uint8))


def _weigh(difference: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the (S, S) weight of the new frame, by how much it differs around each pixel."""
    near_px = max(1, round(_NEAR * len(difference)))
    change = cv2.blur(cv2.transform(np.abs(difference), _MEAN_OF_CHANNELS), (near_px, near_px))
    weight = (change - STILL_LEVELS) / (MOVING_LEVELS - STILL_LEVELS)
    return np.asarray(np.clip(weight, LEAST, 1), np.float32)


def _fill_spared(weight: npt.NDArray[np.float32], points: Points) -> None:
    """Take eyes, brows and mouth as they are."""
    margin_px = max(1, round(_SPARED_MARGIN * len(weight)))
    for part in _SPARED:
        corners = fixed_point(hull(points[list(part)]))
        cv2.fillConvexPoly(weight, corners, 1.0, cv2.LINE_8, _SHIFT_BITS)
        cv2.polylines(weight, [corners], True, 1.0, 2 * margin_px, cv2.LINE_8, _SHIFT_BITS)  # noqa: FBT003 - OpenCV
