"""Perturbation by blur, as strong as deface's."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from ganonymization.evaluation.method import Altered, Subject
from ganonymization.evaluation.methods.ellipse import change_ellipse
from ganonymization.types import Image

DEVIATION: Final = 1 / 2 / 12**0.5
"""Standard deviation over the side of the changed part: that of deface's mean filter, which is half as wide."""


def blur(image: Image, subject: Subject, /) -> Altered:
    """Return the photo with the face under a Gaussian blur."""
    return Altered(change_ellipse(image, subject, _blurred))


def _blurred(part: Image) -> Image:
    height, width = part.shape[:2]
    deviations = {"sigmaX": max(width * DEVIATION, 0.1), "sigmaY": max(height * DEVIATION, 0.1)}
    return np.asarray(cv2.GaussianBlur(part, (0, 0), borderType=cv2.BORDER_REFLECT_101, **deviations), np.uint8)
