"""Replace every face in a picture with a person who does not exist; keep the expression, and prove both.

>>> from ganonymization import presets, read_picture, write_picture
>>> picture = read_picture("photo.jpg")
>>> result = presets.default()(picture.image, identity=1)
>>> write_picture(picture.with_image(result.image), "photo.anonymized.jpg")
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ganonymization import presets
    from ganonymization.anonymizer import Anonymizer, Obscurer
    from ganonymization.batch import FileOptions, FileReport, anonymize_file
    from ganonymization.errors import (
        FaceError,
        GanonymizationError,
        IdentityNotRemovedError,
        InputError,
        LandmarksNotFoundError,
        NotMeasurableError,
        OutputError,
        PictureTooLargeError,
        WeightsError,
    )
    from ganonymization.files import Metadata, Picture, read_picture, write_picture
    from ganonymization.onnx import Provider, Runtime
    from ganonymization.types import (
        Box,
        Crop,
        Face,
        Landmarks,
        Outcome,
        Patch,
        Receipt,
        Region,
        Result,
        Surround,
        Tone,
        Traits,
    )

__version__ = "0.1.0"

_HOMES = {
    "anonymizer": ("Anonymizer", "Obscurer"),
    "batch": ("FileOptions", "FileReport", "anonymize_file"),
    "errors": (
        "FaceError",
        "GanonymizationError",
        "IdentityNotRemovedError",
        "InputError",
        "LandmarksNotFoundError",
        "NotMeasurableError",
        "OutputError",
        "PictureTooLargeError",
        "WeightsError",
    ),
    "files": ("Metadata", "Picture", "read_picture", "write_picture"),
    "onnx": ("Provider", "Runtime"),
    "types": (
        "Box",
        "Crop",
        "Face",
        "Landmarks",
        "Outcome",
        "Patch",
        "Receipt",
        "Region",
        "Result",
        "Surround",
        "Tone",
        "Traits",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Anonymizer",
    "Box",
    "Crop",
    "Face",
    "FaceError",
    "FileOptions",
    "FileReport",
    "GanonymizationError",
    "IdentityNotRemovedError",
    "InputError",
    "Landmarks",
    "LandmarksNotFoundError",
    "Metadata",
    "NotMeasurableError",
    "Obscurer",
    "Outcome",
    "OutputError",
    "Patch",
    "Picture",
    "PictureTooLargeError",
    "Provider",
    "Receipt",
    "Region",
    "Result",
    "Runtime",
    "Surround",
    "Tone",
    "Traits",
    "WeightsError",
    "anonymize_file",
    "presets",
    "read_picture",
    "write_picture",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import a public name when it is first used, so that `ganonymize --help` does not wait for networks to load."""
    if name == "presets":
        return importlib.import_module("ganonymization.presets")
    if name in _HOME_OF:
        return getattr(importlib.import_module(f"ganonymization.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
