"""Look for faces in a part of the picture only, at a size that suits them."""

from __future__ import annotations

import numpy as np

from ganonymization.crop import warp
from ganonymization.geometry import invert, square_from_image, transform
from ganonymization.stages import Detect
from ganonymization.types import Affine, Box, Face, Image


def look_around(
    detect: Detect, image: Image, center: tuple[float, float], *, side_px: float, size_px: int
) -> list[Face]:
    """Return the faces that are found in a square of the picture, in pixels of the picture.

    Args:
        detect: finds them.
        image: (H, W, 3) the whole picture.
        center: (x, y) of the square.
        side_px: of the square.
        size_px: the square is shrunk or enlarged to this before the detector sees it.
    """
    window_from_image = square_from_image(center, side_px, roll_rad=0.0, size_px=size_px)
    image_from_window = invert(window_from_image)
    return [_moved(face, image_from_window) for face in detect(warp(image, window_from_image, size_px=size_px))]


def _moved(face: Face, target_from_source: Affine) -> Face:
    corners = np.array([[face.box.left, face.box.top], [face.box.right, face.box.bottom]], np.float32)
    (left, top), (right, bottom) = transform(corners, target_from_source).tolist()
    return Face(Box(left, top, right, bottom), face.score, transform(face.keypoints, target_from_source))
