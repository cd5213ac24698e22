"""The attacker who draws the original from the anonymized face and has the drawing recognised.

The network that draws is trained in `ganonymization.training.reconstruction`, which needs the extra `[train]`; here is
what surrounds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from ganonymization.alignment import Framing, aligned_from_image
from ganonymization.crop import warp
from ganonymization.geometry import transform
from ganonymization.types import Embedding, Image, Landmarks

SIZE_PX: Final = 64
"""Side of the aligned pictures; recognisers still tell people apart at it."""

FRAMING: Final = Framing(padding=0.35, rise=0.1)
"""A little more than any recogniser looks at."""

Pictures = npt.NDArray[np.uint8]
"""(N, SIZE_PX, SIZE_PX, 3) RGB, faces aligned."""


class Draw(Protocol):
    """Guess originals; `training.reconstruction.PictureReconstruction` fits."""

    def __call__(self, changed: Pictures, /) -> Pictures:
        """Return the guesses for anonymized faces."""
        ...


class Recognise(Protocol):
    """Turn a face into an embedding; `Recogniser` fits."""

    def __call__(self, image: Image, landmarks: Landmarks, /) -> Embedding:
        """Return the (D,) embedding."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AlignedFace:
    """A face in the square that the attacker's network works in.

    Attributes:
        image: (SIZE_PX, SIZE_PX, 3).
        landmarks: in its pixels.
    """

    image: Image
    landmarks: Landmarks


def align_face(image: Image, landmarks: Landmarks) -> AlignedFace:
    """Return the aligned face of a photo; give an output the landmarks of its original where it shows none.

    Raises:
        FaceError: the landmarks cannot be aligned.
    """
    square_from_image = aligned_from_image(landmarks, FRAMING, size_px=SIZE_PX)
    square = warp(image, square_from_image, size_px=SIZE_PX)
    return AlignedFace(square, Landmarks(transform(landmarks.points, square_from_image), landmarks.presence))


def recognise_drawings(draw: Draw, faces: list[AlignedFace], recognise: Recognise) -> npt.NDArray[np.float32]:
    """Return the (N, D) embeddings of what is drawn of N anonymized faces.

    Raises:
        FaceError: a face cannot be aligned.
    """
    drawings = draw(np.stack([face.image for face in faces]))
    pairs = zip(drawings, faces, strict=True)
    return np.stack([recognise(drawing, face.landmarks) for drawing, face in pairs])
