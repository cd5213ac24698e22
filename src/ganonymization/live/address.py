"""What the words for live sources and sinks mean."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

PIPE: Final = "-"

_CAMERA: Final = re.compile(r"camera:(\d+)")
_DEVICE: Final = re.compile(r"/dev/video\d+")
_SOURCE_SCHEMES: Final = frozenset({"rtsp", "rtsps", "http", "https", "rtmp", "tcp", "udp"})
_SINK_FORMATS: Final = {"rtsp": "rtsp", "rtmp": "flv", "rtmps": "flv"}


class SourceKind(enum.Enum):
    """Where live pictures come from."""

    CAMERA = "camera"
    NETWORK = "network"
    STDIN = "stdin"


class SinkKind(enum.Enum):
    """Where they go."""

    FILE = "file"
    NETWORK = "network"
    DEVICE = "device"
    STDOUT = "stdout"


@dataclass(frozen=True, slots=True)
class Source:
    """A live source.

    Attributes:
        kind: where it is.
        url: what FFmpeg opens; empty for stdin.
        name: for messages and receipts, without user and password.
    """

    kind: SourceKind
    url: str
    name: str


@dataclass(frozen=True, slots=True)
class Sink:
    """A live sink.

    Attributes:
        kind: where it is.
        url: what FFmpeg opens; empty for stdout.
        name: for messages and receipts, without user and password.
        format: FFmpeg's name of the format of a network stream; empty for all others.
    """

    kind: SinkKind
    url: str
    name: str
    format: str = ""


def parse_source(word: str) -> Source | None:
    """Return the live source that a word names; None for a file or folder."""
    camera = _CAMERA.fullmatch(word)
    if word == PIPE:
        return Source(SourceKind.STDIN, "", "stdin")
    if camera:
        return Source(SourceKind.CAMERA, f"/dev/video{camera[1]}", word)
    if _scheme(word) in _SOURCE_SCHEMES:
        return Source(SourceKind.NETWORK, word, _without_password(word))
    return None


def parse_sink(word: str) -> Sink:
    """Return the live sink that a word names; what is nothing else is a file."""
    if word == PIPE:
        return Sink(SinkKind.STDOUT, "", "stdout")
    if _DEVICE.fullmatch(word):
        return Sink(SinkKind.DEVICE, word, word)
    scheme = _scheme(word)
    if scheme in _SINK_FORMATS:
        return Sink(SinkKind.NETWORK, word, _without_password(word), _SINK_FORMATS[scheme])
    return Sink(SinkKind.FILE, word, word)


def _scheme(word: str) -> str:
    scheme, mark, _ = word.partition("://")
    return scheme.lower() if mark else ""


def _without_password(url: str) -> str:
    """Return an address without user, password and what follows a question mark, which often holds a token."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
