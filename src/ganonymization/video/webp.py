"""Animated WebP, which FFmpeg does not read: Pillow does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import numpy as np
import PIL.Image

from ganonymization.errors import InputError
from ganonymization.types import Image
from ganonymization.video.clip import Clip, Frame
from ganonymization.video.container import is_cut_short

_TIME_BASE: Final = Fraction(1, 1000)
_FAULTS: Final = (OSError, SyntaxError, ValueError, EOFError, RuntimeError)
"""What Pillow lets through when a file is damaged."""


def is_webp(path: Path) -> bool:
    """Return whether a file is WebP, animated or not."""
    with path.open("rb") as stream:
        head = stream.read(12)
    return head[:4] == b"RIFF" and head[8:] == b"WEBP"


def open_webp(path: Path) -> Clip:
    """Read the durations of all pictures, which costs decoding them.

    Raises:
        InputError: the file is damaged, or a still picture.
    """
    with _opened(path) as source:
        if not getattr(source, "is_animated", False):
            raise InputError(f"{path}: is a still picture, not a video; anonymize it as a picture")
        size_wh, count, bit_rate = source.size, getattr(source, "n_frames", 1), 0
    duration = sum((frame.duration for frame in read_webp(path)), 0) * _TIME_BASE
    if duration:
        bit_rate = int(path.stat().st_size * 8 / duration)
    return Clip(
        path=path,
        container="webp",
        codec="webp",
        size_wh=size_wh,
        fps=count / duration if duration else Fraction(25),
        time_base=_TIME_BASE,
        duration=duration,
        frame_count=count,
        bit_rate=bit_rate,
        is_cut_short=is_cut_short(path),
    )


def read_webp(path: Path) -> Iterator[Frame]:
    """Yield the pictures of an animation; transparency lies on white.

    Raises:
        InputError: the file is damaged.
    """
    with _opened(path) as source:
        pts = 0
        for number in range(getattr(source, "n_frames", 1)):
            source.seek(number)
            image = _lay_on_white(source)
            duration = int(source.info.get("duration", 0))
            yield Frame(image, pts, _TIME_BASE, duration=duration)
            pts += max(duration, 1)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[PIL.Image.Image]:
    try:
        with PIL.Image.open(path, formats=["WEBP"]) as source:
            yield source
    except _FAULTS as error:
        raise InputError(f"{path}: is damaged or cut short ({error}); get a whole copy of the file") from error


def _lay_on_white(source: PIL.Image.Image) -> Image:
    picture = source.convert("RGBA")
    white = PIL.Image.new("RGBA", picture.size, "white")
    return np.array(PIL.Image.alpha_composite(white, picture).convert("RGB"))
