"""Cover a face beyond recovery. Needs no network and cannot fail; never a blur, which can be undone."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from ganonymization.types import Box, Face, Image, Points

FILL: Final = (168, 136, 116)
"""A neutral skin tone, RGB; the same for everybody."""

COVER: Final = math.sqrt(2) * 1.1
"""Axes of the ellipse over those of the box: root 2 reaches its corners, the rest allows for too small a box."""

_RING: Final = 64


class SolidFill:
    """Fill an ellipse around the face with one colour; fits `stages.Obscure`."""

    def __call__(self, image: Image, face: Face, /) -> Image:
        """Return a new picture in which every pixel of the face's box and a margin around it has the fill colour."""
        covered = image.copy()
        corners = np.clip(np.round((cover_outline(face.box) - 0.5) * 16), -(2**30), 2**30).astype(np.int32)
        cv2.fillConvexPoly(covered, corners, FILL, cv2.LINE_8, 4)
        return covered


def cover_outline(box: Box) -> Points:
    """Return (64, 2) corners of the ellipse that covers a box."""
    turn = np.linspace(0, 2 * np.pi, _RING, endpoint=False)
    radius = COVER / 2 / math.cos(math.pi / _RING)  # a polygon around the ellipse, not inside it
    x, y = box.center
    width, height = box.width + 2, box.height + 2  # pixels that the box only touches are covered as well
    return np.stack([x + width * radius * np.cos(turn), y + height * radius * np.sin(turn)], axis=1).astype(np.float32)
