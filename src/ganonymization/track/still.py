"""Tell when a face does what it did when it was drawn last: then it need not be drawn again.

A generator that is asked for the same face twice draws it twice, and a face in a clip keeps still for much of the time.
What is too little to be seen is counted from what was drawn last, so that slow movements do not add up unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.landmark import topology
from ganonymization.types import Mask, Points, Surround

STILL: Final = 0.4 / 256
"""A face whose landmarks moved by no more on average, in sides of the crop, has kept still."""

STILL_PART: Final = 0.4 / 256
"""And nor must the landmarks of a brow or the mouth have moved by more."""

STILL_EYE: Final = 0.3 / 256
"""Nor those of an eye or an iris: lids move least, and blinks begin slowly."""

SAME_PLACE: Final = 1.5 / 256
"""A head whose landmarks moved by no more, on average and in sides of the crop, has kept its silhouette."""

LOOK_AGAIN: Final = 8
"""Patches after which the silhouette is looked for all the same: hair moves, too."""

SAME_LEVELS: Final = 2.0
"""A surround that differs by so many levels of 255, on the whole, is the same."""

SAME_LEVELS_ANYWHERE: Final = 24.0
"""And it must nowhere differ by more than this."""

_GLIMPSE_PX: Final = 32
_KNOWN: Final = 0.5
_PARTS: Final = tuple(
    (list(part), limit)
    for part, limit in (
        (topology.RIGHT_EYE, STILL_EYE),
        (topology.LEFT_EYE, STILL_EYE),
        (topology.RIGHT_BROW, STILL_PART),
        (topology.LEFT_BROW, STILL_PART),
        ((*topology.LIPS_OUTER, *topology.LIPS_INNER), STILL_PART),
        ((topology.RIGHT_IRIS_CENTER, *topology.RIGHT_IRIS), STILL_EYE),
        ((topology.LEFT_IRIS_CENTER, *topology.LEFT_IRIS), STILL_EYE),
    )
)


class Stillness:
    """Follows the landmarks of one invented person, in the order of time.

    Args:
        identity: seed of that person.
    """

    def __init__(self, identity: int | None) -> None:
        self.identity = identity
        self._drawn: Points | None = None

    def __call__(self, points: Points) -> bool:
        """Return whether a face has kept still since it was drawn last; if not, it is drawn now.

        Args:
            points: (478, 2) landmarks in shares of the crop's side.
        """
        if self._drawn is not None and _is_small(np.linalg.norm(points - self._drawn, axis=1)):
            return True
        self._drawn = points
        return False


def _is_small(moved: npt.NDArray[np.floating]) -> bool:
    return bool(moved.mean() <= STILL and all(moved[part].mean() <= limit for part, limit in _PARTS))


class Silhouette:
    """Where the person is on the drawn patches of one track; looked for again when the head has moved in the crop.

    Fits `draw.FindSilhouette`.
    """

    def __init__(self) -> None:
        self._person: Mask | None = None
        self._points: Points | None = None
        self._uses = 0

    def __call__(self, points: Points, look: Callable[[], Mask]) -> Mask:
        """Return the (S, S) probability of a person.

        Args:
            points: (478, 2|3) landmarks that a patch was drawn from, in its pixels.
            look: looks for the person on the patch.
        """
        self._uses += 1
        if self._person is not None and self._points is not None and self._uses < LOOK_AGAIN:
            moved = np.linalg.norm((points - self._points)[:, :2], axis=1).mean()
            if moved <= SAME_PLACE * len(self._person):
                return self._person
        self._person, self._points, self._uses = look(), points, 0
        return self._person


@dataclass(frozen=True, slots=True, eq=False)
class Glimpse:
    """What is remembered of a surround, to tell whether it has changed.

    Attributes:
        image: (32, 32, 3) colours.
        known: (32, 32) share of each that is surround.
    """

    image: npt.NDArray[np.float32]
    known: npt.NDArray[np.float32]

    @classmethod
    def of(cls, surround: Surround) -> Glimpse:
        """Return a glimpse of a surround."""
        size_wh = (_GLIMPSE_PX, _GLIMPSE_PX)
        image = cv2.resize(surround.image, size_wh, interpolation=cv2.INTER_AREA).astype(np.float32)
        known = cv2.resize(np.asarray(surround.known, np.float32), size_wh, interpolation=cv2.INTER_AREA)
        return cls(image, np.asarray(known, np.float32))

    def is_like(self, other: Glimpse) -> bool:
        """Return whether both show the same surround."""
        both = (self.known > _KNOWN) & (other.known > _KNOWN)
        if not both.any():
            return True
        differences = np.abs(self.image - other.image)[both].mean(axis=1)
        return bool(differences.mean() <= SAME_LEVELS and differences.max() <= SAME_LEVELS_ANYWHERE)
