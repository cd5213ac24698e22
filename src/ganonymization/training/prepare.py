"""Turn face pictures into the arrays that training reads."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ganonymization.condition import draw_maps
from ganonymization.crop import cut, synthesis_crop_from_image
from ganonymization.errors import InputError
from ganonymization.geometry import Pose, transform
from ganonymization.landmark import topology
from ganonymization.palette import measure_palette
from ganonymization.region import outline
from ganonymization.shape import ShapeModel
from ganonymization.types import Affine, Image, Landmarks, Mask, Points

logger = logging.getLogger(__name__)

MARGIN = 1.25
"""Prepared crops are this much wider than the synthesis crop, so that training can shift, turn and scale them."""

GROWTHS = (0.0, 1.0, 2.0)
"""Growths of the region at which outlines are stored; training interpolates."""


Row: TypeAlias = dict[str, npt.NDArray[np.generic]]
"""The fields of one face in a `FaceSet`."""

SegmentPerson: TypeAlias = Callable[[Image], Mask]
"""Gives the person mask of a crop."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceSet:
    """Prepared faces; N faces, P = prepared side in pixels. Points are in shares of the synthesis crop's side.

    Attributes:
        names: (N,) file names.
        images: (N, P, P, 3) uint8 crops, `MARGIN` wider than the synthesis crop around the same centre.
        valid: (N, P, P) uint8, 255 inside the picture.
        people: (N, P, P) uint8, 255 where the person is (head, hair and body).
        landmarks: (N, 478, 3) float32.
        outlines: (N, 3, M, 2) float32, region outlines at `GROWTHS`.
        palettes: (N, 16) float32.
    """

    names: npt.NDArray[np.str_]
    images: npt.NDArray[np.uint8]
    valid: npt.NDArray[np.uint8]
    people: npt.NDArray[np.uint8]
    landmarks: npt.NDArray[np.float32]
    outlines: npt.NDArray[np.float32]
    palettes: npt.NDArray[np.float32]

    @classmethod
    def load(cls, path: Path) -> FaceSet:
        """Read what `save` wrote.

        Raises:
            InputError: the file is missing, or is none that `save` wrote.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(**{name: arrays[name] for name in cls.__slots__})
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise InputError(f"{path}: holds no prepared faces ({error}); make it by `ganonymize prepare`") from error

    def save(self, path: Path) -> None:
        """Write one uncompressed array file."""
        np.savez(path, allow_pickle=False, **{name: getattr(self, name) for name in self.__slots__})


def prepare_faces(
    pictures: Iterable[tuple[str, Image, Landmarks]],
    *,
    shape_model: ShapeModel,
    segment: SegmentPerson,
    size_px: int,
) -> FaceSet:
    """Cut, segment and measure faces.

    Args:
        pictures: name, picture and landmarks in pixels of the picture.
        shape_model: gives the pose that defines the crop.
        segment: person mask of a crop.
        size_px: side of the synthesis crop for which training resamples; the prepared crops are `MARGIN` wider.
    """
    rows = [prepare_face(*picture, model=shape_model, segment=segment, size_px=size_px) for picture in pictures]
    logger.info("prepared %d faces", len(rows))
    columns: dict[str, Any] = {name: np.stack([row[name] for row in rows]) for name in FaceSet.__slots__}
    return FaceSet(**columns)


def prepare_face(
    name: str, image: Image, landmarks: Landmarks, *, model: ShapeModel, segment: SegmentPerson, size_px: int
) -> Row:
    """Return the row of one face; arguments as in `prepare_faces`."""
    pose = model.pose_of(landmarks)
    wide_px = round(size_px * MARGIN)
    crop_from_image = synthesis_crop_from_image(pose, size_px=size_px)
    wide_from_image = crop_from_image.copy()
    wide_from_image[:, 2] += (wide_px - size_px) / 2
    crop = cut(image, wide_from_image, size_px=wide_px)
    points = transform(landmarks.points, crop_from_image)
    inner = cut(image, crop_from_image, size_px=size_px).image
    return {
        "names": np.array(name),
        "images": crop.image,
        "valid": (crop.valid * 255).astype(np.uint8),
        "people": (segment(crop.image) * 255).astype(np.uint8),
        "landmarks": points / np.float32(size_px),
        "outlines": outlines_of(landmarks.points, pose, crop_from_image) / np.float32(size_px),
        "palettes": measure_palette(inner, points, draw_maps(points, size_px=size_px)),
    }


def write_face_set(path: Path, rows: Sequence[Path]) -> None:
    """Write what `FaceSet.load` reads from files that hold a row each; one column at a time is in memory.

    Args:
        path: array file; replaced when it is complete.
        rows: array files with the fields of `FaceSet`, each without the first axis.
    """
    partial = path.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", allowZip64=True) as archive:
        for name in FaceSet.__slots__:
            column = np.stack([_read_field(row, name) for row in rows])
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, column, allow_pickle=False)
    partial.replace(path)


def _read_field(row: Path, name: str) -> npt.NDArray[np.generic]:
    with np.load(row, allow_pickle=False) as arrays:
        field: npt.NDArray[np.generic] = arrays[name]
        return field


def outlines_of(points: Points, pose: Pose, crop_from_image: Affine) -> npt.NDArray[np.float32]:
    """Return the (3, M, 2) outlines at `GROWTHS` in pixels of the crop.

    Args:
        points: (478, 3) landmarks in pixels of a picture.
        pose: of these landmarks.
        crop_from_image: from the picture to the crop.
    """
    shape = pose.undo(points.astype(np.float64))
    sets = [transform(outline(shape, pose, growth=growth), crop_from_image) for growth in GROWTHS]
    longest = max(len(points) for points in sets)
    # a shorter set is filled up with the face's middle, which is inside every hull
    padded = [np.concatenate([p, np.repeat(p[[topology.NOSE_BRIDGE[0]]], longest - len(p), axis=0)]) for p in sets]
    return np.stack(padded)
