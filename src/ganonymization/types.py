"""Values that travel between the stages, and every convention they follow.

Images are (H, W, 3) uint8, RGB, upright. Points are (N, 2) or (N, 3) float32 rows of (x, y[, z]) in pixels with the
origin at the top left corner of the picture; pixel (0, 0) covers the area from 0 to 1, so its centre lies at (0.5,
0.5). z points away from the camera and has the unit of x. Affine maps are (2, 3) float64 and named target_from_source.
Left and right are the subject's own. Masks are (H, W) float32 in 0..1, where 1 means "take the patch".
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]
Mask: TypeAlias = npt.NDArray[np.float32]
Points: TypeAlias = npt.NDArray[np.float32]
Affine: TypeAlias = npt.NDArray[np.float64]
Embedding: TypeAlias = npt.NDArray[np.float32]

LANDMARK_COUNT = 478
"""Points of the face mesh with attention: 468 of the mesh, then 5 for each iris."""


@dataclass(frozen=True, slots=True)
class Box:
    """Upright rectangle in pixels; right and bottom are exclusive."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Horizontal extent in pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Vertical extent in pixels."""
        return self.bottom - self.top

    @property
    def center(self) -> tuple[float, float]:
        """Centre (x, y) in pixels."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A detected face.

    Attributes:
        box: around the face, in pixels of the image; may reach beyond the picture.
        score: confidence of the detector, 0..1.
        keypoints: (5, 2) float32, right eye, left eye, nose tip, right and left mouth corner (the subject's own right,
            which is on the left of the picture when the face looks at the camera).
    """

    box: Box
    score: float
    keypoints: Points


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """The dense landmarks of one face.

    Attributes:
        points: (478, 3) float32 in pixels, in the order of MediaPipe's face mesh with attention.
        presence: probability that there is a face, 0..1.
    """

    points: Points
    presence: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A square cut-out in which the face stands upright.

    Attributes:
        image: (S, S, 3) uint8 RGB; black where the cut-out reaches beyond the picture.
        crop_from_image: (2, 3) affine from picture to crop pixels.
        valid: (S, S) float32, 1 where the crop lies inside the picture.
    """

    image: Image
    crop_from_image: Affine
    valid: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Surround:
    """What the synthesizer may know of the picture: the crop with every face hull cut out.

    Attributes:
        image: (S, S, 3) uint8 RGB; zero wherever `known` is zero.
        known: (S, S) float32, 1 where the pixel is handed on, 0 where it was removed or lies outside the picture.
        valid: (S, S) float32, 1 where the crop lies inside the picture.
    """

    image: Image
    known: Mask
    valid: Mask


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A synthesized face in crop coordinates.

    Attributes:
        image: (S, S, 3) uint8 RGB.
    """

    image: Image


class Region(enum.Enum):
    """How much of the head is replaced."""

    INNER = "inner"
    FACE = "face"
    HEAD = "head"


class Tone(enum.Enum):
    """Where the skin tone of an invented person comes from: what surrounds the face, chance alone, or who asks."""

    MATCH = "match"
    ANY = "any"
    LIGHT = "light"
    MEDIUM = "medium"
    DARK = "dark"


class Traits(enum.Enum):
    """Whether an invented person is of the sex that the face is taken for, and a child for a child; or anybody."""

    MATCH = "match"
    ANY = "any"


class Outcome(enum.Enum):
    """How a detected face ends; there is no third way but for people whom the user chose to leave visible."""

    SYNTHESIZED = "synthesized"
    OBSCURED = "obscured"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What happened to one face, without pixels and without embeddings.

    Attributes:
        box: where the face was, in pixels.
        score: confidence of the detector, 0..1.
        outcome: how it ended.
        reason: why it was obscured or kept; empty when it was synthesized.
        identity: seed of the invented person; None when obscured or kept.
        attempts: identities tried until one passed.
        identity_distance: Euclidean distance between the recogniser's embeddings before and after; None when not
            measured.
        identity_threshold: distance at FAR 1 %; a distance below it counts as the same person.
        expression: measures of what was kept; name to value (see `verify`).
        stage_ms: time per stage in milliseconds.
    """

    box: Box
    score: float
    outcome: Outcome
    reason: str = ""
    identity: int | None = None
    attempts: int = 0
    identity_distance: float | None = None
    identity_threshold: float | None = None
    expression: dict[str, Any] = field(default_factory=dict)
    stage_ms: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Manner:
    """How one invented person, drawn over one face, does what is asked (see `correct.Anticipate`).

    Attributes:
        missed: (13,) motion to be asked for besides.
        openings: (2, K) openings of the mouth that were asked for, rising, and what came of them, rising, from that of
            the mean face, in its heights; None where nobody looked, then `missed` speaks for the mouth, too.
    """

    missed: npt.NDArray[np.float64]
    openings: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """An anonymized picture and one receipt per detected face.

    Attributes:
        image: (H, W, 3) uint8 RGB, of the input's size.
        receipts: in the order of detection.
        stage_ms: time spent on the picture as a whole, per stage, in milliseconds.
    """

    image: Image
    receipts: tuple[Receipt, ...]
    stage_ms: dict[str, float] = field(default_factory=dict)

    def count(self, outcome: Outcome) -> int:
        """Return how many faces ended this way."""
        return sum(receipt.outcome is outcome for receipt in self.receipts)
