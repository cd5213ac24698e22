"""Tell clips from pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import PIL.Image

CLIP_SUFFIXES: Final = frozenset(
    {
        ".3gp", ".avi", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts",
        ".vob", ".webm", ".wmv",
    }
)  # fmt: skip
"""Suffixes, in lower case, that make a file a clip."""

_MAY_MOVE: Final = {".gif": "GIF", ".webp": "WEBP"}
"""Suffixes of pictures that may be animations, and Pillow's name of their format."""


def is_clip(path: Path) -> bool:
    """Return whether a file is a video or an animation; False for pictures and for what cannot be read."""
    suffix = path.suffix.lower()
    if suffix in CLIP_SUFFIXES:
        return True
    return suffix in _MAY_MOVE and _is_animated(path, _MAY_MOVE[suffix])


def _is_animated(path: Path, kind: str) -> bool:
    try:
        with PIL.Image.open(path, formats=[kind]) as source:
            return bool(getattr(source, "is_animated", False))
    except (OSError, SyntaxError, ValueError, EOFError, PIL.Image.DecompressionBombError):
        return False
