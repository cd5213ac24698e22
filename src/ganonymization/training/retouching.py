"""Training faces as photos show people: invented portraits have far more contrast on their skin, and are darker.

Lines on bare skin, as `blemishes.lined` measures them, have a median of .11 on the faces that the shipped generator
learnt from, and of .07 to .08 on the photos of both test sets. A generator that learns from the former draws etched
faces into the latter. The skin that is asked for over photos is .28 brighter, on a scale of -1..1, than theirs.
"""

from __future__ import annotations

import dataclasses
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.complexion import SIZE_PX, bare_skin, mean_around, reduced
from ganonymization.landmark import topology
from ganonymization.palette import brighten_palette
from ganonymization.region import hull_mask
from ganonymization.training.config import TrainingConfig
from ganonymization.training.labels import picture_landmarks
from ganonymization.training.prepare import MARGIN, FaceSet
from ganonymization.types import Image, Mask, Points

_SIZE_PX: Final = round(MARGIN * SIZE_PX)
"""Side of the picture that is looked at: its synthesis crop has the side at which `complexion` looks at skin."""

_AROUND_PX: Final = 13
"""Side of the square with whose mean each pixel of it is compared."""

_EDGE_PX: Final = 5
"""Side of the square over which the skin's border is softened."""

_NOSE_MARGIN_PX: Final = 3.5
"""By how much the end of the nose is larger than its landmarks: without nostrils and wings it would be a blob."""

_NOSE_END: Final = (*topology.NOSE_BASE, *topology.NOSE_BRIDGE[5:])


def as_shown(faces: FaceSet, config: TrainingConfig) -> FaceSet:
    """Return the faces as the networks of a run get to see them."""
    if config.retouch_limit:
        faces = retouched(faces, limit=config.retouch_limit)
    return brightened(faces, exponent=config.exposure_exponent) if config.exposure_exponent != 1 else faces


def retouched(faces: FaceSet, *, limit: float) -> FaceSet:
    """Return faces whose skin was retouched; everything else stays."""
    images = np.empty_like(faces.images)
    for index, image in enumerate(faces.images):
        images[index] = retouch(image, picture_landmarks(faces, index).points, limit=limit)
    return dataclasses.replace(faces, images=images)


def brightened(faces: FaceSet, *, exponent: float) -> FaceSet:
    """Return faces whose levels, from 0 to 1, were raised to a power, and their palettes likewise."""
    table = np.round(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8)
    palettes = np.stack([brighten_palette(palette, exponent) for palette in faces.palettes])
    return dataclasses.replace(faces, images=table[faces.images], palettes=palettes)


def retouch(image: Image, points: Points, *, limit: float) -> npt.NDArray[np.uint8]:
    """Return a face whose skin differs little from what is around it; features, hair and background stay.

    Small differences stay nearly as they are, and none exceeds the limit: texture is kept, strokes become faint.

    Args:
        image: (P, P, 3) prepared face.
        points: (478, 2|3) landmarks in its pixels.
        limit: on the scale of -1..1.
    """
    skin = _skin(points * np.float32(_SIZE_PX / image.shape[0]))
    small = reduced(image, size_px=_SIZE_PX) / np.float32(127.5) - 1
    difference = small - mean_around(small, skin, side_px=_AROUND_PX)
    size = np.square(difference).mean(axis=2, keepdims=True) / np.float32(limit**2)
    inside = skin * cv2.boxFilter(skin, -1, (_EDGE_PX, _EDGE_PX))
    surplus = difference * (1 - 1 / np.sqrt(1 + size)) * inside[..., None]
    wide = cv2.resize(surplus, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip(np.round(image - 127.5 * wide), 0, 255), np.uint8)


def _skin(points: Points) -> Mask:
    """Return (S, S) 1 where skin is retouched."""
    nose = hull_mask(points[list(_NOSE_END)], size_px=_SIZE_PX, margin_px=_NOSE_MARGIN_PX)
    return bare_skin(points, 1 - nose)
