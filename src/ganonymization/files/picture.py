"""A still picture between reading and writing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from ganonymization.types import Image

FORMAT_OF_SUFFIX: Final = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".apng": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
    ".gif": "GIF",
    ".avif": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
}
"""Suffixes, in lower case, that make a file a picture, and Pillow's name of their format."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a source was compressed, so that its result can be compressed alike.

    Attributes:
        is_grey: the file holds one channel; its result is written with one channel, which its colour profile asks for.
        is_lossless: the file holds every pixel as it was; where a format can be both, the result is as its source.
        jpeg_tables: quantization tables, 64 numbers each; empty when the source is no JPEG.
        jpeg_subsampling: of the colour, in Pillow's numbers: 0 is 4:4:4, 1 is 4:2:2, 2 is 4:2:0.
        tiff_compression: Pillow's name of it; empty when the source is no TIFF.
    """

    is_grey: bool = False
    is_lossless: bool = True
    jpeg_tables: tuple[tuple[int, ...], ...] = ()
    jpeg_subsampling: int = 0
    tiff_compression: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Pixels, and what their file needs to be written again in kind.

    Attributes:
        image: (H, W, 3) uint8 RGB, upright.
        alpha: (H, W) uint8, 255 is opaque; None when the file has no transparency.
        encoding: how the source was compressed.
        icc_profile: colour profile of the pixels; empty when there is none.
        exif: EXIF block of the source; empty when there is none. What of it is written is decided by `Metadata`.
        source: the file that was read; it is never written to. None for a picture that was made.
    """

    image: Image
    alpha: npt.NDArray[np.uint8] | None = None
    encoding: Encoding = Encoding()
    icc_profile: bytes = b""
    exif: bytes = b""
    source: Path | None = None

    def with_image(self, image: Image) -> Picture:
        """Return the same picture with other pixels, (H, W, 3) uint8 of the same size.

        Raises:
            ValueError: the size differs.
        """
        if image.shape != self.image.shape:
            raise ValueError(f"image has the shape {image.shape}; it must be {self.image.shape} as in the picture")
        return dataclasses.replace(self, image=image)

    def cut_out(self, image: Image) -> Picture:
        """Return a picture of a part of this one, of any size and opaque, in the colours of the same profile."""
        return dataclasses.replace(self, image=image, alpha=None)
