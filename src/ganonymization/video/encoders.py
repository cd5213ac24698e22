"""Which encoder writes a clip, in what pixel format, and how well."""

from __future__ import annotations

import enum
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
from av.codec.codec import UnknownCodecError

from ganonymization.errors import OutputError
from ganonymization.video.clip import Clip


class Codec(enum.Enum):
    """How pictures are compressed; the value is the name on the command line."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder of FFmpeg.

    Attributes:
        name: FFmpeg's.
        crf: constant rate factor at which differences are hard to see.
        finest: quantizer below which bits are wasted, however many the source had; 0 for an encoder that holds a size
            by a cap on its constant quality.
        preset: its trade of speed for size.
        takes_odd_sizes: also where chroma is halved; the others need every chroma sample then.
        options: what else it is told.
    """

    name: str
    crf: int
    finest: int
    preset: str
    takes_odd_sizes: bool = False
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Format:
    """A container that can be written.

    Attributes:
        name: FFmpeg's.
        codecs: that it holds, the default first.
        options: what its writer is told.
    """

    name: str
    codecs: tuple[Codec, ...]
    options: tuple[tuple[str, str], ...] = ()


_SAME_BYTES: Final = (("x264-params", "cpu-independent=1"),)
"""Without it, x264's fastest routines give other bytes each time, even with one thread."""

ENCODERS: Final = {
    Codec.H264: Encoder("libx264", 18, 14, "veryfast", options=_SAME_BYTES),
    Codec.HEVC: Encoder("libx265", 20, 16, "fast", options=(("x265-params", "log-level=none"),)),
    Codec.AV1: Encoder("libsvtav1", 24, 0, "8", takes_odd_sizes=True),
}

_ANY: Final = (Codec.H264, Codec.HEVC, Codec.AV1)
_INDEX_FIRST: Final = (("movflags", "+faststart"),)
FORMATS: Final = {
    ".mp4": Format("mp4", _ANY, _INDEX_FIRST),
    ".m4v": Format("mp4", _ANY, _INDEX_FIRST),
    ".mov": Format("mov", (Codec.H264, Codec.HEVC), _INDEX_FIRST),
    ".mkv": Format("matroska", _ANY),
    ".webm": Format("webm", (Codec.AV1,)),
}
"""Suffixes, in lower case, of what can be written."""

_MP4_SIDE_CODECS: Final = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "alac", "opus", "flac", "mov_text"})
_TIMESCALE_LIMIT: Final = 2**31
_SHORTEST_MEAN_S: Final = 2
_ANIMATIONS: Final = frozenset({"gif", "webp"})
"""Their last picture may stay for long, which MP4 only keeps when frames are stored in the order of showing."""


def default_suffix(clip: Clip) -> str:
    """Return the source's suffix where it can be written, else `.mp4`, or `.mkv` if MP4 cannot hold its sound."""
    suffix = clip.path.suffix.lower()
    if suffix in FORMATS:
        return suffix
    return ".mp4" if {side.codec for side in clip.side_streams} <= _MP4_SIDE_CODECS else ".mkv"


def find_format(target: Path) -> Format:
    """Return the container that the suffix names.

    Raises:
        OutputError: it names none that can be written.
    """
    chosen = FORMATS.get(target.suffix.lower())
    if chosen is None:
        raise OutputError(
            f"{target}: the suffix {target.suffix!r} names no video that can be written; "
            f"give a name with -o that ends in {', '.join(FORMATS)}"
        )
    return chosen


def muxer_options(clip: Clip, container: Format) -> dict[str, str]:
    """Return what the writer of the container is told."""
    # else Matroska draws a random number, and the same clip gives other bytes each time
    options = {"fflags": "+bitexact"} | dict(container.options)
    if container.options == _INDEX_FIRST:
        # else a late start is rounded to milliseconds
        ticks = math.lcm(clip.time_base.denominator, *(side.time_base.denominator for side in clip.side_streams))
        options["movie_timescale"] = str(ticks if ticks < _TIMESCALE_LIMIT else clip.time_base.denominator)
    return options


def find_encoder(target: Path, codec: Codec | None) -> Encoder:
    """Return the encoder for a file and a codec; None is the default of its container.

    Raises:
        OutputError: the container does not hold the codec, or this PyAV has no encoder for it.
    """
    container = find_format(target)
    codec = codec or container.codecs[0]
    if codec not in container.codecs:
        names = ", ".join(known.value for known in container.codecs)
        raise OutputError(
            f"{target}: {target.suffix} holds no {codec.value}; take --codec {names}, or a name that ends in .mkv"
        )
    encoder = ENCODERS[codec]
    try:
        av.Codec(encoder.name, "w")
    except UnknownCodecError as error:
        raise OutputError(
            f"{target}: cannot be encoded as {codec.value} (this FFmpeg has no {encoder.name}); "
            "take another --codec, or install PyAV from PyPI, which brings it"
        ) from error
    return encoder


def choose_pixel_format(clip: Clip, encoder: Encoder) -> str:
    """Return the encoder's format nearest to the source's: its depth first, then its chroma.

    An odd size is kept as it is: encoders that cannot halve chroma of an odd size get a sample for every pixel.
    """
    offered = {pixel_format.name for pixel_format in av.Codec(encoder.name, "w").video_formats or []}
    chroma = next((name for name in ("444", "422") if f"yuv{name}" in clip.pixel_format), "420")
    if any(side % 2 for side in clip.size_wh) and not encoder.takes_odd_sizes:
        chroma = "444"
    depths = ["10le", ""] if clip.bit_depth > 8 else [""]
    wanted = [f"yuv{kind}p{depth}" for depth in depths for kind in (chroma, "420")]
    return next(name for name in wanted if name in offered)


def encoder_options(clip: Clip, encoder: Encoder, crf: int | None) -> dict[str, str]:
    """Return what the encoder is told: a quality that was asked for, or else to come out near the source's size.

    A size is held by the mean rate: under a cap on a constant quality, x264 gives other bytes each time. A clip too
    short for a mean gets the quality alone. HEVC and AV1 are not repeatable to the byte.
    """
    options = dict(encoder.options) | {"preset": encoder.preset, "crf": str(encoder.crf if crf is None else crf)}
    is_held = crf is None and clip.bit_rate and (clip.duration or 0) >= _SHORTEST_MEAN_S
    if is_held and encoder.finest:
        del options["crf"]
        options |= {"b": str(clip.bit_rate), "qmin": str(encoder.finest)}
    elif is_held:
        options["maxrate"] = str(clip.bit_rate)
    if clip.container in _ANIMATIONS:
        options["bf"] = "0"
    return options


def silence_svt() -> None:
    """Keep SVT-AV1 from printing: it knows no other way than a variable of the process."""
    os.environ.setdefault("SVT_LOG", "1")
