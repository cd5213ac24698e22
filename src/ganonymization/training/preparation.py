"""Prepare a folder of pictures; what is done is kept on disk, so that a run that was stopped goes on."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from ganonymization.detect import CenterFace
from ganonymization.errors import InputError, LandmarksNotFoundError
from ganonymization.files import Found, find_pictures, read_picture
from ganonymization.landmark import FaceMesh
from ganonymization.segment import Segment
from ganonymization.shape import ShapeModel
from ganonymization.stages import Detect, Landmark
from ganonymization.training.prepare import Row, SegmentPerson, prepare_face, write_face_set
from ganonymization.training.quality import Limits, Reason, UnsuitableError, choose_face, require_quality
from ganonymization.types import Image

logger = logging.getLogger(__name__)

VERSION: Final = 1
"""Raised when prepared faces come out otherwise than before, so that none is taken from an older cache."""

Progress: TypeAlias = Callable[[int], AbstractContextManager[Callable[[], None]]]
"""Takes the number of pictures and hands out what is called after each."""


@dataclass(frozen=True, slots=True)
class Stages:
    """What prepares a picture.

    Attributes:
        detect: finds faces.
        landmark: finds landmarks.
        segment: person mask of a crop.
        shape_model: gives the pose that defines the crop.
    """

    detect: Detect
    landmark: Landmark
    segment: SegmentPerson
    shape_model: ShapeModel

    @classmethod
    def load(cls) -> Stages:
        """Return the stages of the package."""
        return cls(CenterFace.load(), FaceMesh.load(), Segment.load(), ShapeModel.load())


def prepare_folder(
    folder: Path,
    out: Path,
    *,
    stages: Stages,
    size_px: int,
    progress: Progress,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Counter[Reason]:
    """Write the faces of a folder as one array file, and return how many pictures were left out for each reason.

    Args:
        folder: searched to the bottom; one face in each picture.
        out: array file; what was done for each picture is kept beside it, in a folder of the same name.
        stages: what prepares a picture.
        size_px: side of the synthesis crop for which training resamples.
        progress: shows how far it is.
        limits: what a picture must fulfil.

    Raises:
        InputError: there are no pictures, or none is left.
    """
    findings = find_pictures([folder])
    if findings.faults:
        raise findings.faults[0].error
    cache = Cache(cache_folder(out), f"{VERSION} {size_px} {limits}")
    with progress(len(findings.pictures)) as advance:
        for found in findings.pictures:
            if not cache.holds(found):
                _prepare_into(cache, found, stages, size_px, limits)
            advance()
    left_out = Counter(reason for found in findings.pictures for reason in cache.reasons(found))
    rows = [cache.row_path(found) for found in findings.pictures if not cache.reasons(found)]
    if not rows:
        raise InputError(f"{folder}: no picture is left to learn from ({describe(left_out)}); give another folder")
    write_face_set(out, rows)
    return left_out


def cache_folder(out: Path) -> Path:
    """Return the folder in which the work for an array file is kept."""
    return out.with_suffix(".parts")


def describe(left_out: Counter[Reason]) -> str:
    """Return counts by reason, the most frequent first."""
    return ", ".join(f"{count} {reason.value}" for reason, count in left_out.most_common())


def _prepare_into(cache: Cache, found: Found, stages: Stages, size_px: int, limits: Limits) -> None:
    try:
        cache.keep(found, _prepare(found, stages, size_px, limits))
    except UnsuitableError as error:
        logger.info("%s: left out, %s", found.source, error)
        cache.keep_reason(found, error.reason)


def _prepare(found: Found, stages: Stages, size_px: int, limits: Limits) -> Row:
    image = _read(found.source)
    face = choose_face(stages.detect(image), limits)
    try:
        landmarks = stages.landmark(image, face)
    except LandmarksNotFoundError as error:
        raise UnsuitableError(Reason.LOW_PRESENCE) from error
    pose = stages.shape_model.pose_of(landmarks)
    require_quality(image, landmarks, pose, size_px=size_px, limits=limits)
    return prepare_face(
        found.relative.as_posix(), image, landmarks, model=stages.shape_model, segment=stages.segment, size_px=size_px
    )


def _read(path: Path) -> Image:
    try:
        return read_picture(path).image
    except InputError as error:
        raise UnsuitableError(Reason.UNREADABLE) from error


class Cache:
    """One file for each picture: its row, or the reason why it was left out.

    Args:
        folder: made if missing.
        settings: everything beside the picture that decides a row.
    """

    def __init__(self, folder: Path, settings: str) -> None:
        self._folder = folder
        self._settings = settings
        folder.mkdir(parents=True, exist_ok=True)

    def holds(self, found: Found) -> bool:
        """Return whether the picture is done; one that has changed since is not."""
        return self.row_path(found).exists() or bool(self.reasons(found))

    def row_path(self, found: Found) -> Path:
        """Return the place of the picture's row."""
        status = found.source.stat()
        text = f"{self._settings} {found.relative.as_posix()} {status.st_size} {status.st_mtime_ns}"
        return self._folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.npz"

    def reasons(self, found: Found) -> list[Reason]:
        """Return why the picture was left out; nothing if it was not."""
        path = self.row_path(found).with_suffix(".txt")
        return [Reason(path.read_text())] if path.exists() else []

    def keep(self, found: Found, row: Row) -> None:
        """Keep a row; a kill leaves all of it or nothing."""
        path = self.row_path(found)
        partial = path.with_suffix(".partial")
        with partial.open("wb") as stream:
            np.savez(stream, allow_pickle=False, **row)
        partial.replace(path)

    def keep_reason(self, found: Found, reason: Reason) -> None:
        """Keep a reason; a kill leaves all of it or nothing."""
        path = self.row_path(found).with_suffix(".txt")
        partial = path.with_suffix(".partial")
        partial.write_text(reason.value)
        partial.replace(path)
