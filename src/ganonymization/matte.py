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

SURELY_BACKGROUND: Final = 0.2
"""Below this probability of a person a known pixel may be continued."""

PERSON: Final = (0.1, 0.6)
"""Up to the first probability of a person a pixel is background, from the second on it is not."""

LEAST_KNOWN: Final = 0.004
"""With less known background, as a share of the crop, nothing is continued."""

_FACE_MARGIN: Final = 3 / 256
_SOFT: Final = 1.2 / 256
"""Room around the landmarks that is left, and softness of the border, in sides of the crop."""

_AROUND: Final = np.ones((5, 5), np.uint8)
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

    def person(self, patch: Patch) -> Mask:
        """Return the (S, S) probability that a pixel of a drawn patch belongs to a person."""
        return self._segment(patch.image)

    def __call__(self, patch: Patch, surround: Surround, landmarks: Landmarks, /, *, person: Mask) -> Patch:
        """Return the patch with the surround's background up to the head.

        Args:
            patch: as it was drawn.
            surround: that it was drawn on.
            landmarks: that it was drawn from, in crop pixels.
            person: of this patch, or of another of the same head in the same place.
        """
        size_px = patch.image.shape[0]
        background = ((person < SURELY_BACKGROUND) & (surround.known > 0)).view(np.uint8)
        background = np.asarray(cv2.erode(background, _AROUND), np.uint8)
        if cv2.countNonZero(background) < LEAST_KNOWN * background.size:
            return patch
        outside = 1 - hull_mask(landmarks.points, size_px=size_px, margin_px=_FACE_MARGIN * size_px)
        low, high = PERSON
        share = np.clip((high - person) / (high - low), 0, 1) * outside
        share = np.asarray(cv2.GaussianBlur(share, (0, 0), _SOFT * size_px) * outside, np.float32)
        mixed = cv2.blendLinear(_continue(surround.image, background), patch.image, share, 1 - share)
        return Patch(np.asarray(mixed, np.uint8))


def _continue(image: Image, known: npt.NDArray[np.uint8]) -> Image:
    """Return the (S, S, 3) colours of known pixels, carried everywhere."""
    size_wh = (_COARSE_PX, _COARSE_PX)
    colours = cv2.resize(cv2.copyTo(image, known), size_wh, interpolation=cv2.INTER_AREA).astype(np.float32)
    weights = cv2.resize(255 * known, size_wh, interpolation=cv2.INTER_AREA).astype(np.float32)
    blurred = [
        [share * cv2.GaussianBlur(layer, (0, 0), reach) for layer in (colours, weights)] for reach, share in _REACHES
    ]
    total, weight = (np.sum(layers, axis=0) for layers in zip(*blurred, strict=True))
    carried = cv2.convertScaleAbs(total / np.maximum(weight[..., None], 1e-4), alpha=255)
    return np.asarray(cv2.resize(carried, image.shape[1::-1]), np.uint8)
