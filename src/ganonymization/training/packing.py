"""Pack prepared faces into one small file, to be sent to a machine that trains, and unpack them there."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from ganonymization.errors import InputError, OutputError
from ganonymization.shape import ShapeModel
from ganonymization.training.prepare import MARGIN, FaceSet, outlines_of
from ganonymization.types import Landmarks

logger = logging.getLogger(__name__)

Bytes = npt.NDArray[np.uint8]

MAX_BYTES: Final = 60 * 2**20
QUALITIES: Final = (90, 86, 83, 80, 70, 60)
"""WebP qualities, tried in turn until the file is small enough."""

LANDMARK_RANGE: Final = (-2.0, 3.0)
"""Landmarks are stored in 16 bits between these, in shares of the crop's side: steps of .02 px of 256."""

_LAYERS: Final = ("valid", "people")


@dataclass(frozen=True, slots=True)
class Packed:
    """What was packed.

    Attributes:
        size_bytes: of the file.
        quality: of the pictures.
        side_px: of the pictures.
    """

    size_bytes: int
    quality: int
    side_px: int


def pack_faces(faces: FaceSet, path: Path, *, largest_px: int = 320, max_bytes: int = MAX_BYTES) -> Packed:
    """Write faces as WebP pictures with their landmarks and masks, in the best quality that fits.

    Args:
        faces: prepared faces; pictures larger than `largest_px` are reduced.
        path: the file to be made.
        largest_px: side of the stored pictures, rim included; 320 is a synthesis crop of 256.
        max_bytes: of the file.

    Raises:
        OutputError: not even the lowest quality fits.
    """
    side_px = min(largest_px, faces.images.shape[1])
    small = [resize(layer, side_px) for layer in (faces.images, faces.valid, faces.people)]
    fixed = _encode_fixed(faces, small[1], small[2])
    for quality in QUALITIES:
        data = _archive(fixed | {"images": _join([_encode_webp(image, quality) for image in small[0]])})
        logger.info("quality %d: %.1f MB", quality, len(data) / 1e6)
        if len(data) <= max_bytes:
            path.write_bytes(data)
            return Packed(len(data), quality, side_px)
    raise OutputError(f"{path}: {len(data)} bytes at quality {quality}, allowed are {max_bytes}; pack fewer faces")


def unpack_faces(path: Path) -> FaceSet:
    """Return the faces in a file that `pack_faces` wrote.

    Raises:
        InputError: the file is missing, or is no such file.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            stored = {name: arrays[name] for name in arrays.files}
        images, layers = _decode(stored["images"]), [_decode(stored[name]) for name in _LAYERS]
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: holds no packed faces ({error})") from error
    low, high = LANDMARK_RANGE
    landmarks = (low + stored["landmarks"] * ((high - low) / 65535)).astype(np.float32)
    return FaceSet(
        names=stored["names"],
        images=np.stack([cv2.cvtColor(image, cv2.COLOR_BGR2RGB) for image in images]),
        valid=np.stack(layers[0]),
        people=np.stack(layers[1]),
        landmarks=landmarks,
        outlines=_outlines(landmarks),
        palettes=stored["palettes"],
    )


def shrink_faces(faces: FaceSet, *, size_px: int) -> FaceSet:
    """Return faces whose synthesis crop has another, smaller side, so that sampling does not alias."""
    side_px = round(size_px * MARGIN)
    if side_px >= faces.images.shape[1]:
        return faces
    layers = [np.stack(resize(layer, side_px)) for layer in (faces.images, faces.valid, faces.people)]
    return FaceSet(faces.names, layers[0], layers[1], layers[2], faces.landmarks, faces.outlines, faces.palettes)


def resize(layers: Bytes, side_px: int) -> list[Bytes]:
    """Return (N, P, P[, 3]) pictures or masks in another, smaller size."""
    square = (side_px, side_px)
    return [np.asarray(cv2.resize(layer, square, interpolation=cv2.INTER_AREA), np.uint8) for layer in layers]


def _encode_fixed(faces: FaceSet, valid: list[Bytes], people: list[Bytes]) -> dict[str, npt.NDArray[Any]]:
    """Return what is stored in the same way at any quality."""
    low, high = LANDMARK_RANGE
    shares = (faces.landmarks.clip(low, high) - low) / (high - low)
    masks = {"valid": valid, "people": people}
    stored: dict[str, npt.NDArray[Any]] = {name: _join([_encode_png(m) for m in masks[name]]) for name in _LAYERS}
    return stored | {
        "names": faces.names,
        "landmarks": np.round(shares * 65535).astype(np.uint16),
        "palettes": faces.palettes,
    }


def _encode_webp(image: Bytes, quality: int) -> Bytes:
    _, data = cv2.imencode(".webp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
    return np.asarray(data, np.uint8)


def _encode_png(mask: Bytes) -> Bytes:
    coarse = (np.round(mask / np.float32(17)) * 17).astype(np.uint8)  # 16 levels are enough for a soft border
    _, data = cv2.imencode(".png", coarse, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return np.asarray(data, np.uint8)


def _join(pieces: Sequence[Bytes]) -> Bytes:
    """Return pieces of different lengths in one array: the number of them, their lengths, their bytes."""
    lengths = np.array([len(pieces), *(len(piece) for piece in pieces)], "<u4")
    return np.concatenate([lengths.view(np.uint8), *pieces])


def _decode(joined: Bytes) -> list[Bytes]:
    count = int(joined[:4].view("<u4")[0])
    ends = 4 + 4 * count + np.cumsum(joined[4 : 4 + 4 * count].view("<u4"), dtype=np.int64)
    starts = [4 + 4 * count, *ends[:-1]]
    return [
        np.asarray(cv2.imdecode(joined[start:end], cv2.IMREAD_UNCHANGED), np.uint8)
        for start, end in zip(starts, ends, strict=True)
    ]


def _archive(arrays: dict[str, npt.NDArray[Any]]) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def _outlines(landmarks: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return outlines anew; they follow from the landmarks."""
    model = ShapeModel.load()
    still = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    return np.stack([outlines_of(points, model.pose_of(Landmarks(points)), still) for points in landmarks])
