"""Anonymizers that find their faces themselves: ours, and any Python callable."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ganonymization import presets
from ganonymization.errors import InputError, NothingMadeError
from ganonymization.evaluation.method import Altered, Method, Subject
from ganonymization.onnx import Runtime
from ganonymization.types import Image, Result


class Anonymize(Protocol):
    """Anonymize one picture; `Anonymizer` fits."""

    def __call__(self, image: Image, /, *, identity: int) -> Result:
        """Return the picture in which every detected face was replaced or covered."""
        ...


class Whole:
    """An anonymizer of this package as a method.

    Args:
        anonymize: replaces or covers every face that it finds.
    """

    def __init__(self, anonymize: Anonymize) -> None:
        self._anonymize = anonymize

    def __call__(self, image: Image, subject: Subject, /) -> Altered:
        """Return the anonymized photo."""
        return Altered(self._anonymize(image, identity=subject.identity).image)


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
        self._seeded = "identity" in inspect.signature(call).parameters

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


def default(*, runtime: Runtime) -> Method:
    """Return the anonymizer that `ganonymize run` uses."""
    return Whole(presets.default(runtime=runtime))


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
