"""The anonymizers that are compared: ours, what it would be without its main ideas, and the classic ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from ganonymization import Anonymizer, Face, Landmarks, Receipt, presets
from ganonymization.blend import SeamlessBlend
from ganonymization.detect import CenterFace
from ganonymization.expression import ExpressionClassifier
from ganonymization.landmark import FaceMesh
from ganonymization.obscure import SolidFill
from ganonymization.onnx import Network
from ganonymization.palette_bank import MatchSurround
from ganonymization.recognise import Recogniser
from ganonymization.reshape import Reshape
from ganonymization.segment import Segment
from ganonymization.shape import ShapeModel
from ganonymization.synthesize import Pix2Pix
from ganonymization.types import Image
from ganonymization.verify import Verify

GENERATOR_INPUTS: Final = ("maps", "surround", "known", "palette", "noise")

DEFACE_MASK_SCALE: Final = 1.3
DEFACE_BLUR_DIVISOR: Final = 2
"""Defaults of deface 1.5.0: an ellipse in the box enlarged by 30 % on each side, mean filter over half of its sides."""

FLOOR_SHIFT: Final = 0.02
FLOOR_QUALITY: Final = 60


@dataclass(frozen=True, slots=True, eq=False)
class Altered:
    """A photo after a method.

    Attributes:
        image: the picture.
        drawn: the landmarks that the main face was drawn from; those of the original where nothing was drawn.
        outcome: synthesized, obscured, changed (by a method that knows one way only) or missed.
        attempts: identities that were tried.
    """

    image: Image
    drawn: Landmarks
    outcome: str
    attempts: int = 1


class Method(Protocol):
    """Alter a photo of one person."""

    def __call__(self, image: Image, face: Face, landmarks: Landmarks, *, identity: int) -> Altered:
        """Return the photo altered; face and landmarks are those of the person in the middle."""
        ...


class Whole:
    """A whole anonymizer that finds its faces itself.

    Args:
        anonymizer: the anonymizer.
        reshape: the same reshaping that it uses, to tell what the face was drawn from.
    """

    def __init__(self, anonymizer: Anonymizer, reshape: Reshape) -> None:
        self._anonymizer = anonymizer
        self._reshape = reshape

    def __call__(self, image: Image, face: Face, landmarks: Landmarks, *, identity: int) -> Altered:
        """Return the anonymized photo."""
        result = self._anonymizer(image, identity=identity)
        receipt = receipt_of(face, result.receipts)
        if receipt is None:
            return Altered(result.image, landmarks, "missed", 0)
        drawn = landmarks if receipt.identity is None else self._reshape(landmarks, receipt.identity)
        return Altered(result.image, drawn, receipt.outcome.value, max(receipt.attempts, 1))


def receipt_of(face: Face, receipts: Sequence[Receipt]) -> Receipt | None:
    """Return the receipt whose box has the face's centre nearest to its own, if it lies in the box."""
    x, y = face.box.center
    inside = [one for one in receipts if one.box.left <= x <= one.box.right and one.box.top <= y <= one.box.bottom]
    return min(inside, key=lambda one: np.hypot(one.box.center[0] - x, one.box.center[1] - y), default=None)


def solid(image: Image, face: Face, landmarks: Landmarks, *, identity: int) -> Altered:
    """Fill the face with one colour."""
    del identity
    return Altered(SolidFill()(image, face), landmarks, "changed")


def blur(image: Image, face: Face, landmarks: Landmarks, *, identity: int) -> Altered:
    """Blur the face as deface 1.5.0 does by default."""
    del identity
    result = image.copy()
    height, width = image.shape[:2]
    extra_x, extra_y = (side * (DEFACE_MASK_SCALE - 1) for side in (face.box.width, face.box.height))
    left, right = max(0, int(face.box.left - extra_x)), min(width, int(face.box.right + extra_x))
    top, bottom = max(0, int(face.box.top - extra_y)), min(height, int(face.box.bottom + extra_y))
    part = result[top:bottom, left:right]
    size_wh = (max(1, (right - left) // DEFACE_BLUR_DIVISOR), max(1, (bottom - top) // DEFACE_BLUR_DIVISOR))
    inside = np.zeros(part.shape[:2], np.uint8)
    center = ((right - left) // 2, (bottom - top) // 2)
    cv2.ellipse(inside, center, center, 0, 0, 360, 1, cv2.FILLED)
    part[inside > 0] = cv2.blur(part, size_wh)[inside > 0]
    return Altered(result, landmarks, "changed")


def floor(image: Image, face: Face, landmarks: Landmarks, *, identity: int) -> Altered:
    """Shift the picture by 2 % and store it as a JPEG of quality 60: the noise floor, not an anonymizer."""
    del face, identity
    shift_px = round(FLOOR_SHIFT * image.shape[1])
    affine = np.array([[1, 0, shift_px], [0, 1, shift_px]], np.float64)
    shifted = cv2.warpAffine(image, affine, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    _, encoded = cv2.imencode(".jpg", shifted[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, FLOOR_QUALITY])
    stored = cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1]
    moved = Landmarks(landmarks.points + np.array([shift_px, shift_px, 0], np.float32), landmarks.presence)
    return Altered(np.ascontiguousarray(stored, dtype=np.uint8), moved, "changed")


def ours(generator: Path | None) -> Anonymizer:
    """Return the default anonymizer, or the same with another generator."""
    return presets.default() if generator is None else by_hand(generator, strength=1.0, verified=verifier())


def verifier() -> Verify:
    """Return the check of the default preset."""
    return Verify(
        detect=CenterFace.load(),
        landmark=FaceMesh.load(),
        recognise=Recogniser.load(),
        classify=ExpressionClassifier.load(),
        shape_model=ShapeModel.load(),
    )


def by_hand(generator: Path | None, *, strength: float, verified: Verify | None) -> Anonymizer:
    """Return the default preset with another generator, another strength, or no check."""
    shape_model = ShapeModel.load()
    network = Network(generator, inputs=GENERATOR_INPUTS, outputs=["image"]) if generator else None
    return Anonymizer(
        detect=CenterFace.load(),
        landmark=FaceMesh.load(),
        reshape=Reshape(shape_model, strength=strength),
        choose_palette=MatchSurround.load(),
        synthesize=Pix2Pix(network) if network else Pix2Pix.load(),
        blend=SeamlessBlend(),
        obscure=SolidFill(),
        segment=Segment.load(),
        shape_model=shape_model,
        verify=verified,
    )


def _ours(generator: Path | None) -> Method:
    return Whole(ours(generator), Reshape(ShapeModel.load()))


def _unverified(generator: Path | None) -> Method:
    return Whole(by_hand(generator, strength=1.0, verified=None), Reshape(ShapeModel.load()))


def _copied(generator: Path | None) -> Method:
    return Whole(by_hand(generator, strength=0.0, verified=None), Reshape(ShapeModel.load(), strength=0.0))


MAKERS: Final[dict[str, Callable[[Path | None], Method]]] = {
    "ours": _ours,
    "unverified": _unverified,
    "copied": _copied,
    "solid": lambda _: solid,
    "blur": lambda _: blur,
    "floor": lambda _: floor,
}
"""Ours; ours without the check; that with copied landmarks, as published; solid fill; deface's blur; noise floor."""

DRAWING: Final = ("ours", "unverified", "copied")
"""The methods that depend on the generator."""
