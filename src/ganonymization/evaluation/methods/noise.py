"""Perturbation by noise."""

from __future__ import annotations

from typing import Final

import numpy as np

from ganonymization.evaluation.method import Altered, Subject
from ganonymization.evaluation.methods.ellipse import change_ellipse
from ganonymization.types import Image

DEVIATION_LEVELS: Final = 100.0
"""Standard deviation of what is added to each channel of each pixel, of 255."""


def noise(image: Image, subject: Subject, /) -> Altered:
    """Return the photo with the face under Gaussian noise, drawn by the subject's identity."""
    random = np.random.default_rng(subject.identity)

    def add_noise(part: Image) -> Image:
        noisy = part + random.normal(0, DEVIATION_LEVELS, part.shape)
        return np.clip(np.round(noisy), 0, 255).astype(np.uint8)

    return Altered(change_ellipse(image, subject, add_noise))
