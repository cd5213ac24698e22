"""The noise floor: no anonymizer, but the photo once more as another camera and another file would have it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ganonymization.evaluation.method import Altered, Subject
from ganonymization.types import Image

SHIFT: Final = 0.02
"""Of the photo's width, to the right and downwards."""

JPEG_QUALITY: Final = 60


def floor(image: Image, subject: Subject, /) -> Altered:
    """Return the photo shifted by 2 % and stored as a JPEG of quality 60: what measures say of the same face."""
    del subject
    shift_px = round(SHIFT * image.shape[1])
    affine = np.array([[1, 0, shift_px], [0, 1, shift_px]], np.float64)
    shifted = cv2.warpAffine(image, affine, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    _, encoded = cv2.imencode(".jpg", shifted[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    stored = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)
    return Altered(np.ascontiguousarray(stored[..., ::-1]), affine)
