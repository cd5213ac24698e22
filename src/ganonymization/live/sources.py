"""Open live sources and read their pictures; whatever goes wrong, or takes too long, is an `InputError`."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from typing import IO, Final, cast

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from ganonymization.errors import InputError
from ganonymization.live.address import Source, SourceKind

_FORMATS: Final = (
    "mjpeg,mpjpeg,mov,matroska,avi,mpeg,mpegts,mpegvideo,m4v,h264,hevc,flv,live_flv,ogg,nut,ivf,yuv4mpegpipe,gif,"
    "rtsp,sdp,rtp,video4linux2,v4l2"
)
"""FFmpeg also takes playlists, which may name files of this computer."""

_PROTOCOLS: Final = "tcp,udp,rtp,http,https,httpproxy,tls,crypto,rtmp,rtmpt,srtp"
_JPEG_START: Final = b"\xff\xd8\xff"
_READ_BYTES: Final = 65536
_PROBE: Final = {"probesize": "500000", "analyzeduration": "500000", "fpsprobesize": "0"}
_NO_PROBE: Final = {"probesize": "32", "analyzeduration": "0", "fpsprobesize": "0"}
"""A look at the first pictures costs latency; a stream of JPEGs needs none."""


class Pipe:
    """A pipe as FFmpeg reads it: what is there is handed on at once.

    Args:
        descriptor: of the open file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._head = os.read(descriptor, _READ_BYTES)

    @property
    def is_jpeg(self) -> bool:
        """Whether it begins as a JPEG does."""
        return self._head.startswith(_JPEG_START)

    def read(self, size: int) -> bytes:
        """Return up to so many bytes; none at the end."""
        data, self._head = self._head[:size], self._head[size:]
        return data or os.read(self._descriptor, size)


def read_pictures(source: Source, *, timeout_s: float, descriptor: int | None = None) -> Iterator[av.VideoFrame]:
    """Yield the pictures of a source as they come; data that cannot be decoded give none.

    Args:
        source: where from.
        timeout_s: seconds in which it must answer, and in which the next picture must come. A pipe may be silent.
        descriptor: of the pipe; None is that of stdin.

    Raises:
        InputError: it does not answer, is no video, or breaks off.
    """
    with contextlib.closing(_open(source, timeout_s, descriptor)) as container:
        stream = _video_stream(container, source)
        stream.thread_type = "SLICE"  # frame threads hold pictures back
        stream.codec_context.options = {"flags": "low_delay"}
        with _faults_named(source, timeout_s):
            for packet in container.demux(stream):
                with contextlib.suppress(av.InvalidDataError):
                    yield from packet.decode()


def _open(source: Source, timeout_s: float, descriptor: int | None) -> InputContainer:
    with _faults_named(source, timeout_s):
        match source.kind:
            case SourceKind.STDIN:
                return _open_pipe(sys.stdin.fileno() if descriptor is None else descriptor)
            case SourceKind.CAMERA:
                options = {"format_whitelist": _FORMATS}
                return av.open(source.url, "r", format="v4l2", options=options, timeout=timeout_s)
            case SourceKind.NETWORK:
                options = {**_PROBE, "rtsp_transport": "tcp"}
                options |= {"protocol_whitelist": _PROTOCOLS, "format_whitelist": _FORMATS}
                return av.open(source.url, "r", options=options, timeout=timeout_s)


def _open_pipe(descriptor: int) -> InputContainer:
    pipe = Pipe(descriptor)
    options = {**(_NO_PROBE if pipe.is_jpeg else _PROBE), "format_whitelist": _FORMATS}
    return av.open(
        cast("IO[bytes]", pipe), "r", format="mjpeg" if pipe.is_jpeg else None, options=options, buffer_size=4096
    )


def _video_stream(container: InputContainer, source: Source) -> VideoStream:
    if not container.streams.video:
        raise InputError(f"{source.name}: has no pictures; give a video source")
    return container.streams.video[0]


@contextlib.contextmanager
def _faults_named(source: Source, timeout_s: float) -> Iterator[None]:
    start = time.monotonic()
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        # a source that is silent while its format is sought ends as one of no known format
        is_late = isinstance(error, av.ExitError | av.TimeoutError) or (
            isinstance(error, av.InvalidDataError) and time.monotonic() - start >= timeout_s
        )
        reason = f"did not answer within {timeout_s:g} s" if is_late else f"cannot be read ({error.strerror})"
        raise InputError(f"{source.name}: {reason}; check that it is there and sends video") from error
