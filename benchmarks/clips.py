"""Measure one clip: faces left uncovered, whether new faces tremble, and whether they move as the old ones did."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.coverage import halved, touches
from benchmarks.coverage import size as size_of
from ganonymization.detect import CenterFace
from ganonymization.detect.centerface import resize
from ganonymization.errors import FaceError
from ganonymization.evaluation.blazeface import BlazeFace
from ganonymization.evaluation.coverage import change_inside
from ganonymization.evaluation.flicker import change_without_motion
from ganonymization.landmark import FaceMesh
from ganonymization.recognise import Recogniser
from ganonymization.shape import ShapeModel
from ganonymization.types import Box, Face, Image, Landmarks
from ganonymization.verify import Measures, measure
from ganonymization.video import open_clip, read_frames

SMALLEST_PX: Final = 16.0
SCORES: Final = (0.3, 0.5)
SOLID_LEVELS: Final = 32
"""A pixel under deface's solid fill differs by more than this, and one that was only encoded again by less."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A face that the reference sees in a frame.

    Attributes:
        score: of the detector, on the frame at double size.
        box: in pixels of the frame.
        is_seen_twice: another detector, which is shown the place, sees a face there, too. On backs of heads and
            printed skulls the two differ.
    """

    score: float
    box: Box
    is_seen_twice: bool


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """What one face does in a clip.

    Attributes:
        landmarks: in each frame; None where they were not found.
        measures: of them.
        embedding: mean of the recogniser's over the frames; None where nothing was found.
    """

    landmarks: list[Landmarks | None]
    measures: list[Measures | None]
    embedding: np.ndarray | None


class Observer:
    """The networks that look at clips as a stranger would."""

    def __init__(self) -> None:
        self._detect = CenterFace.load()
        self._sees_face = BlazeFace.load()
        self._mesh = FaceMesh.load()
        self._recognise = Recogniser.load()
        self._shape_model = ShapeModel.load()

    def references(self, image: Image) -> list[Reference]:
        """Return every face that is seen at double size and is large enough."""
        boxes = [(face.score, halved(face.box)) for face in self._detect(resize(image, 2))]
        return [
            Reference(score, box, self._sees_face(image, box))
            for score, box in boxes
            if size_of(box) >= SMALLEST_PX and touches(box, image)
        ]

    def watch(self, images: Sequence[Image]) -> Performance:
        """Follow the surest face through a clip."""
        found: list[Landmarks | None] = []
        last: Landmarks | None = None
        for image in images:
            last = self._look(image, last)
            found.append(last)
        measures = [None if one is None else measure(self._shape_model, one) for one in found]
        seen = [(image, one) for image, one in zip(images, found, strict=True) if one is not None]
        embeddings = [self._recognise(image, one) for image, one in seen[::5]]
        return Performance(found, measures, np.mean(embeddings, axis=0) if embeddings else None)

    def _look(self, image: Image, last: Landmarks | None) -> Landmarks | None:
        try:
            if last is not None:
                (found,) = self._mesh.follow(image, [last])
                return found if found.presence > 0 else None
            faces: list[Face] = self._detect(image)
            return self._mesh(image, faces[0]) if faces else None
        except FaceError:
            return None


def read_images(path: Path) -> Iterator[Image]:
    """Yield the frames of a clip."""
    return (frame.image for frame in read_frames(open_clip(path)))


def is_covered(before: Image, after: Image, box: Box) -> bool:
    """Say whether a face was changed, of a result that was not encoded."""
    return change_inside(before, after, box).covered


def is_filled(before: Image, after: Image, box: Box) -> bool:
    """Say whether a face was filled with one colour, of a result that was encoded."""
    height, width = before.shape[:2]
    rows = slice(max(0, round(box.top)), min(height, round(box.bottom)))
    columns = slice(max(0, round(box.left)), min(width, round(box.right)))
    difference = np.abs(before[rows, columns].astype(np.int16) - after[rows, columns]).max(axis=2)
    return float((difference >= SOLID_LEVELS).mean()) >= 0.5


def flicker_ratio(before: Sequence[Image], after: Sequence[Image], performance: Performance) -> float | None:
    """Return how much more the new face changes between frames than the old one, motion taken out."""
    pairs = []
    for number in range(1, len(before)):
        landmarks = performance.landmarks[number]
        if landmarks is None:
            continue
        outline = landmarks.points[:468, :2]
        changes = [change_without_motion(clip[number - 1], clip[number], outline) for clip in (before, after)]
        pairs.append(changes)
    if not pairs:
        return None
    old, new = np.mean(pairs, axis=0)
    return float(new / max(old, 1e-9))


def correlation(first: Performance, second: Performance, name: str, *, lag: int = 0) -> float | None:
    """Return the correlation over time of one measure before and after; a lag moves the second back."""
    pairs = [
        (getattr(one, name), getattr(other, name))
        for one, other in zip(first.measures[: len(first.measures) - lag], second.measures[lag:], strict=True)
        if one is not None and other is not None
    ]
    return float(np.corrcoef(np.array(pairs).T)[0, 1]) if len(pairs) > 2 else None


def dynamics(performance: Performance, part: slice) -> np.ndarray:
    """Return how a face tends to move: spread and speed of each measure of expression."""
    names = (
        "mouth_open",
        "mouth_width",
        "smile",
        "lids",
        "brows",
        "gaze_x",
        "gaze_y",
        "yaw_deg",
        "pitch_deg",
        "roll_deg",
    )
    rows = [[getattr(one, name) for name in names] for one in performance.measures[part] if one is not None]
    values = np.array(rows)
    return np.concatenate([values.std(axis=0), np.abs(np.diff(values, axis=0)).mean(axis=0)])
