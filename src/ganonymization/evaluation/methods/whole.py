"""Anonymizers that find their faces themselves: ours, and any Python callable."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ganonymization import presets
from ganonymization.crop import synthesis_crop_from_image
from ganonymization.decide import anonymize_for_good
from ganonymization.errors import InputError, NothingMadeError
from ganonymization.evaluation.method import Altered, Method, Subject
from ganonymization.onnx import Runtime
from ganonymization.reshape import Reshape
from ganonymization.shape import ShapeModel
from ganonymization.stages import Reshape as Reshapes
from ganonymization.types import Face, Image, Receipt, Result


class Anonymize(Protocol):
    """Anonymize one picture; `Anonymizer` fits."""

    def __call__(self, image: Image, /, *, identity: int) -> Result:
        """Return the picture in which every detected face was replaced or covered."""
        ...


class Whole:
    """An anonymizer of this package as a method.

    Args:
        anonymize: replaces or covers every face that it finds.
        reshape: as the anonymizer does it, to tell what landmarks a face was drawn from.
    """

    def __init__(self, anonymize: Anonymize, reshape: Reshapes) -> None:
        self._anonymize = anonymize
        self._reshape = reshape

    def __call__(self, image: Image, subject: Subject, /) -> Altered:
        """Return the anonymized photo."""
        result = self._anonymize(image, identity=subject.identity)
        receipt = receipt_of(subject.face, result.receipts)
        if receipt is None or receipt.identity is None:
            return Altered(result.image)
        return Altered(result.image, drawn=self._reshape(subject.landmarks, receipt.identity))


class Isolate(Protocol):
    """Cut out the invented people of one picture; `Anonymizer.isolate` fits."""

    def __call__(self, image: Image, /, *, identity: int) -> list[Image]:
        """Return for each detected face a square cut-out on black, all black where there is none."""
        ...


class Isolated:
    """The cut-outs of an anonymizer of this package as a method, for photos of one face.

    Args:
        isolate: draws the invented people alone.
        shape_model: tells where the cut-out lies on the photo.
    """

    def __init__(self, isolate: Isolate, shape_model: ShapeModel) -> None:
        self._isolate = isolate
        self._shape_model = shape_model

    def __call__(self, image: Image, subject: Subject, /) -> Altered:
        """Return the invented person alone.

        Raises:
            NothingMadeError: there is none, or there are several.
        """
        cutouts = self._isolate(image, identity=subject.identity)
        if len(cutouts) != 1 or not cutouts[0].any():
            raise NothingMadeError(f"{len(cutouts)} cut-outs of {subject.name}; one that shows a face is needed")
        pose = self._shape_model.pose_of(subject.landmarks)
        return Altered(cutouts[0], synthesis_crop_from_image(pose, size_px=len(cutouts[0])))


class Foreign:
    """A callable of a user's that takes a picture and returns one.

    Args:
        name: of the callable, for messages.
        call: takes (H, W, 3) uint8 RGB, and a seed `identity` by name where it has such a parameter; returns a
            picture of the same size, or None where it has nothing to return.
    """

    def __init__(self, name: str, call: Callable[..., Any]) -> None:
        self._name = name
        self._call = call
        self._seeded = is_seeded(call)

    def __call__(self, image: Image, subject: Subject, /) -> Altered:
        """Return what the callable makes of a copy of the photo.

        Raises:
            NothingMadeError: it returned None.
            InputError: it returned something that is no picture of the photo's size.
        """
        options = {"identity": subject.identity} if self._seeded else {}
        made = self._call(image.copy(), **options)
        if made is None:
            raise NothingMadeError(f"{self._name} returned nothing for {subject.name}")
        if not isinstance(made, np.ndarray) or made.shape != image.shape or made.dtype != np.uint8:
            found = f"{made.dtype} {made.shape}" if isinstance(made, np.ndarray) else type(made).__name__
            raise InputError(f"{self._name} returned {found} for {subject.name}; expected is uint8 {image.shape}, RGB")
        return Altered(made)


def receipt_of(face: Face, receipts: Sequence[Receipt]) -> Receipt | None:
    """Return the receipt nearest to a face, if its box holds the face's centre; None when there is none."""
    x, y = face.box.center
    inside = [one for one in receipts if one.box.left <= x <= one.box.right and one.box.top <= y <= one.box.bottom]
    return min(inside, key=lambda one: np.hypot(one.box.center[0] - x, one.box.center[1] - y), default=None)


def default(*, generator: Path | None, strength: float = 1.0, runtime: Runtime) -> Method:
    """Return the anonymizer that `ganonymize run` uses, with its generator or another; strength 0 copies landmarks.

    Raises:
        WeightsError: the generator is missing, or is none.
    """
    anonymize = presets.default(runtime=runtime, generator=generator, strength=strength)
    return Whole(anonymize, Reshape(ShapeModel.load(), strength=strength))


def lasting(*, generator: Path | None, strength: float = 1.0, runtime: Runtime) -> Method:
    """Return `default` with identities that are one person on every photo.

    Raises:
        WeightsError: the generator is missing, or is none.
    """
    anonymize = presets.default(runtime=runtime, generator=generator, strength=strength, decide=anonymize_for_good)
    return Whole(anonymize, Reshape(ShapeModel.load(), strength=strength))


def isolated(*, generator: Path | None, strength: float = 1.0, runtime: Runtime) -> Method:
    """Return what draws the invented people of `default` alone.

    Raises:
        WeightsError: the generator is missing, or is none.
    """
    anonymizer = presets.default(runtime=runtime, generator=generator, strength=strength)
    return Isolated(anonymizer.isolate, ShapeModel.load())


def is_seeded(call: Callable[..., Any]) -> bool:
    """Return whether a callable of a user's takes an identity."""
    return "identity" in inspect.signature(call).parameters


def import_callable(place: str) -> tuple[Callable[..., Any], Path | None]:
    """Return the callable at `module:name`, and the file that it is written in.

    Raises:
        InputError: there is no such module, or no such callable in it.
    """
    module_name, colon, name = place.partition(":")
    if not colon or not name:
        raise InputError(f"python:{place}: expected is 'python:module:function'")
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise InputError(f"python:{place}: cannot be imported ({error}); is its folder in PYTHONPATH?") from error
    call = getattr(module, name, None)
    if not callable(call):
        raise InputError(f"python:{place}: there is no function {name!r} in {module_name}")
    return call, Path(module.__file__) if module.__file__ else None
