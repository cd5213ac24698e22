"""The ellipse that the classic methods change, as deface 1.5.0 places it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from ganonymization.errors import NothingMadeError
from ganonymization.evaluation.method import Subject
from ganonymization.types import Box, Image

MASK_SCALE: Final = 1.3
"""deface enlarges the box by 30 % of its sides, on each side."""


@dataclass(frozen=True, slots=True)
class Place:
    """Whole pixels of a picture; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


def change_ellipse(image: Image, subject: Subject, change: Callable[[Image], Image]) -> Image:
    """Return the photo with the ellipse around the face changed.

    Args:
        image: the photo.
        subject: whose face it is.
        change: makes a new picture of the same size from the part of the photo in the ellipse's bounding box.

    Raises:
        NothingMadeError: the face lies outside of the photo.
    """
    place = enlarged(subject.face.box, image)
    if place.right <= place.left or place.bottom <= place.top:
        raise NothingMadeError(f"{subject.name}: the face at {subject.face.box} lies outside of the photo")
    result = image.copy()
    part = result[place.top : place.bottom, place.left : place.right]
    inside = np.zeros(part.shape[:2], np.uint8)
    center = (part.shape[1] // 2, part.shape[0] // 2)
    cv2.ellipse(inside, center, center, 0, 0, 360, 1, cv2.FILLED)
    part[inside > 0] = change(part)[inside > 0]
    return result


def enlarged(box: Box, image: Image) -> Place:
    """Return the enlarged box, cut off at the borders of the picture."""
    height, width = image.shape[:2]
    extra_x, extra_y = (side * (MASK_SCALE - 1) for side in (box.width, box.height))
    return Place(
        left=max(0, int(box.left - extra_x)),
        top=max(0, int(box.top - extra_y)),
        right=min(width, int(box.right + extra_x)),
        bottom=min(height, int(box.bottom + extra_y)),
    )
