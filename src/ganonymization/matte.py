"""Continue the background of a picture up to the new head.

A region that is replaced is larger than the head in it, and what a generator draws between the two is neither: on
plain walls it shows as a bright or dark rim. Where a segmentation sees nobody in the drawn picture, it is replaced by
what lies around it in the surround. The face itself is never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.region import hull_mask
from ganonymization.types import Image, Landmarks, Mask, Patch, Surround

Floats = npt.NDArray[np.float32]

SURELY_BACKGROUND: Final = 0.2
"""Below this probability of a person a known pixel may be continued."""

PERSON: Final = (0.1, 0.6)
"""Up to the first probability of a person a pixel is background, from the second on it is not."""

LEAST_KNOWN: Final = 0.004
"""With less known background, as a share of the crop, nothing is continued."""

_FACE_MARGIN: Final = 3 / 256
_SOFT: Final = 1.2 / 256
"""Room around the landmarks that is left, and softness of the border, in sides of the crop."""

_COARSE_PX: Final = 64
_REACHES: Final = ((1.0, 1.0), (2.5, 0.05), (7.5, 0.002))
"""Deviations of blurs, in pixels of the coarse picture, and weights: what is far counts where nothing is near."""


class Matte:
    """Replace what is drawn between head and border; fits `stages.Matte`.

    Args:
        segment: tells the (S, S) probability that a pixel belongs to a person.
    """

    def __init__(self, segment: Callable[[Image], Mask]) -> None:
        self._segment = segment

    def __call__(self, patch: Patch, surround: Surround, landmarks: Landmarks, /) -> Patch:
        """Return the patch with the surround's background up to the head.

        Args:
            patch: as it was drawn.
            surround: that it was drawn on.
            landmarks: that it was drawn from, in crop pixels.
        """
        size_px = patch.image.shape[0]
        person = self._segment(patch.image)
        background = ((person < SURELY_BACKGROUND) & (surround.known > 0)).astype(np.uint8)
        background = np.asarray(cv2.erode(background, np.ones((5, 5), np.uint8)), np.uint8)
        if background.mean() < LEAST_KNOWN:
            return patch
        outside = 1 - hull_mask(landmarks.points, size_px=size_px, margin_px=_FACE_MARGIN * size_px)
        low, high = PERSON
        share = np.clip((high - person) / (high - low), 0, 1) * outside
        share = np.asarray(cv2.GaussianBlur(share, (0, 0), _SOFT * size_px) * outside, np.float32)
        continued = _continue(surround.image, background)
        mixed = cv2.blendLinear(continued, patch.image.astype(np.float32), share, 1 - share)
        return Patch(np.asarray(cv2.convertScaleAbs(mixed), np.uint8))


def _continue(image: Image, known: npt.NDArray[np.uint8]) -> Floats:
    """Return the (S, S, 3) colours of known pixels, carried everywhere."""
    weighted = np.dstack([image * known[..., None], known]).astype(np.float32)
    coarse = cv2.resize(weighted, (_COARSE_PX, _COARSE_PX), interpolation=cv2.INTER_AREA)
    total = np.sum([weight * cv2.GaussianBlur(coarse, (0, 0), reach) for reach, weight in _REACHES], axis=0)
    colours = total[..., :3] / np.maximum(total[..., 3:], 1e-6)
    return np.asarray(cv2.resize(colours, image.shape[1::-1]), np.float32)
