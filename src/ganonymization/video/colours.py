"""Between the decoder's pictures and upright RGB, by the matrix and range of the clip."""

from __future__ import annotations

from typing import Any, Final

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from ganonymization.types import Image
from ganonymization.video.clip import RANGE_FULL, Clip, Decoded

_RANGE_LIMITED: Final = 1
_SMPTE170M: Final = 6
_BT601: Final = 5
_INTERPOLATION: Final = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
_FAST_INTERPOLATION: Final = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
"""For reading: pixels nobody changes are taken from the decoder when they are written, so only speed counts there."""

_WHITE: Final = 255
_BITS_OF_A_BYTE: Final = 8
_BAND_PX: Final = 4
"""Bands start and end at multiples of every step of chroma."""


class Converter:
    """Converts the pictures of one clip; not to be shared between threads.

    Args:
        clip: whose matrix, range and turn are used.
    """

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        self._to_rgb = VideoReformatter()
        self._from_rgb = VideoReformatter()

    def to_rgb(self, native: av.VideoFrame) -> Image:
        """Return (H, W, 3) uint8 RGB, upright; transparency lies on white."""
        has_alpha = any(component.is_alpha for component in native.format.components) or native.format.has_palette
        pixels = self._reformat_to_rgb(native, "rgba" if has_alpha else "rgb24").to_ndarray()
        if has_alpha:
            pixels = _lay_on_white(pixels)
        return np.ascontiguousarray(self._clip.turn.apply(pixels))

    def _reformat_to_rgb(self, native: av.VideoFrame, rgb_format: str) -> av.VideoFrame:
        if native.format.is_rgb or native.format.has_palette:
            return self._to_rgb.reformat(native, format=rgb_format, threads=1)
        is_full = self._clip.is_full_range or native.format.name.startswith("yuvj")
        return self._to_rgb.reformat(
            native,
            format=rgb_format,
            src_colorspace=_swscale_matrix(self._clip),
            dst_colorspace=_swscale_matrix(self._clip),
            src_color_range=RANGE_FULL if is_full else _RANGE_LIMITED,
            dst_color_range=RANGE_FULL,
            interpolation=_FAST_INTERPOLATION,
            threads=1,
        )

    def from_rgb(self, image: Image, pixel_format: str) -> av.VideoFrame:
        """Return a picture for an encoder, of an upright (H, W, 3) uint8 RGB one."""
        return self._from_rgb.reformat(
            av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24"),
            format=pixel_format,
            src_colorspace=_swscale_matrix(self._clip),
            dst_colorspace=_swscale_matrix(self._clip),
            src_color_range=RANGE_FULL,
            dst_color_range=RANGE_FULL if self._clip.is_full_range else _RANGE_LIMITED,
            interpolation=_INTERPOLATION,
            threads=1,
        )

    def draw(self, image: Image, decoded: Decoded | None, pixel_format: str) -> av.VideoFrame:
        """Return a picture for an encoder that has the decoder's own samples wherever `image` was not changed.

        Args:
            image: (H, W, 3) uint8 RGB, upright.
            decoded: what the decoder made of the same frame; None when there is nothing to take from it.
            pixel_format: of the encoder; samples are only taken from a picture of the same format.
        """
        if decoded is None or decoded.picture.format.name.replace("yuvj", "yuv") != pixel_format:
            return self.from_rgb(image, pixel_format)
        picture = self._copy(decoded.picture, pixel_format)
        top, bottom = _find_changed_rows(image, decoded.image)
        if top < bottom:
            changed = _find_changes(image[top:bottom], decoded.image[top:bottom])
            self._redraw(picture, image[top:bottom], changed, top)
        return picture

    def _copy(self, native: av.VideoFrame, pixel_format: str) -> av.VideoFrame:
        """Return new planes with the decoder's samples, upright: its own would tell the encoder what frames to make."""
        picture = av.VideoFrame(*self._clip.size_wh, pixel_format)
        for number in range(len(picture.planes)):
            np.copyto(_samples(picture, number), self._clip.turn.apply(_samples(native, number)))
        return picture

    def _redraw(self, picture: av.VideoFrame, image: Image, changed: npt.NDArray[np.bool_], top: int) -> None:
        """Put the changed pixels of a band of rows into a picture whose samples they replace."""
        band = self.from_rgb(image, picture.format.name)
        for number in range(len(band.planes)):
            source = _samples(band, number)
            step_y = -(-image.shape[0] // source.shape[0])
            target = _samples(picture, number)[top // step_y :][: source.shape[0]]
            np.copyto(target, source, where=_spread(changed, source.shape))


def _swscale_matrix(clip: Clip) -> int:
    """Return swscale's number of a matrix, which is that of H.273 but for the second BT.601."""
    return _BT601 if clip.matrix == _SMPTE170M else clip.matrix


def _lay_on_white(pixels: npt.NDArray[Any]) -> Image:
    alpha = pixels[..., 3:].astype(np.uint16)
    mixed = pixels[..., :3] * alpha + _WHITE * (_WHITE - alpha)
    return ((mixed + _WHITE // 2) // _WHITE).astype(np.uint8)


def _find_changed_rows(image: Image, other: Image) -> tuple[int, int]:
    """Return the first row that differs and the one after the last, widened to where bands may start and end."""
    if image is other:
        return 0, 0
    differs = np.ascontiguousarray(image).reshape(len(image), -1) != other.reshape(len(other), -1)
    rows = np.flatnonzero(differs.any(axis=1))
    if not rows.size:
        return 0, 0
    bottom = int(rows[-1]) // _BAND_PX * _BAND_PX + _BAND_PX
    return int(rows[0]) // _BAND_PX * _BAND_PX, min(bottom, len(image))


def _find_changes(image: Image, other: Image) -> npt.NDArray[np.bool_]:
    """Return (H, W), true where pixels differ."""
    red, green, blue = cv2.split(cv2.absdiff(np.ascontiguousarray(image), other))
    return np.asarray(cv2.max(cv2.max(red, green), blue)).astype(np.bool_)


def _samples(picture: av.VideoFrame, number: int) -> npt.NDArray[Any]:
    """Return a view of a plane, (H, W) uint8 or uint16, without the padding of its rows."""
    plane = picture.planes[number]
    dtype = np.dtype(np.uint16 if picture.format.components[0].bits > _BITS_OF_A_BYTE else np.uint8)
    rows: npt.NDArray[Any] = np.frombuffer(memoryview(plane), dtype)
    return rows.reshape(plane.height, -1)[:, : plane.width]


def _spread(changed: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return a mask for a plane with fewer samples: true where any pixel that a sample stands for was changed."""
    step_y, step_x = -(-changed.shape[0] // shape[0]), -(-changed.shape[1] // shape[1])
    spread = np.zeros(shape, np.bool_)
    for row, column in np.ndindex(step_y, step_x):
        part = changed[row::step_y, column::step_x]
        spread[: part.shape[0], : part.shape[1]] |= part
    return spread
