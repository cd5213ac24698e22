"""Hand pictures on: to a file, a network stream, a virtual camera or a pipe."""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

import av
import cv2
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.stream import VideoStream

from ganonymization.errors import OutputError
from ganonymization.files.atomic import explain, publish_new
from ganonymization.live.address import Sink, SinkKind
from ganonymization.live.grabber import Retry
from ganonymization.types import Image
from ganonymization.video.clip import Clip
from ganonymization.video.colours import Converter
from ganonymization.video.encoders import Codec, choose_pixel_format, find_encoder, find_format

TIME_BASE: Final = Fraction(1, 90_000)
JPEG_QUALITY: Final = 90

_CRF: Final = 21
_KEYFRAME_EVERY: Final = 50
_FRAGMENTS: Final = {"movflags": "+frag_keyframe+empty_moov+default_base_moof"}
"""What is written until a crash can be played."""

_QUEUE_PACKETS: Final = 60
_RTSP_PORT: Final = 554


class PictureSink(Protocol):
    """Takes pictures as they come."""

    def write(self, image: Image, time_s: Fraction) -> None:
        """Hand a picture on, shown at a time in seconds that is later than the last one's.

        Raises:
            OutputError: it cannot be.
        """
        ...

    def close(self) -> None:
        """Finish."""
        ...


class JpegSink:
    """Writes one JPEG after the other to a pipe.

    Args:
        descriptor: of the open file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, image: Image, time_s: Fraction) -> None:
        """Write a picture; a pipe has no times.

        Raises:
            OutputError: nobody reads it any more.
        """
        del time_s
        bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
        rest = memoryview(cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes())
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            raise OutputError(f"stdout: cannot be written ({error.strerror}); its reader has gone") from error

    def close(self) -> None:
        """Do nothing: the pipe is not ours."""


class EncodedSink:
    """Encodes pictures into a container of FFmpeg.

    Args:
        container: open for writing.
        stream: of it.
        clip: whose size and colours the pictures have.
        name: for messages.
    """

    def __init__(self, container: OutputContainer, stream: VideoStream, *, clip: Clip, name: str) -> None:
        self._container, self._stream, self._name = container, stream, name
        self._converter = Converter(clip)
        self._last_pts = -1

    def write(self, image: Image, time_s: Fraction) -> None:
        """Encode a picture and hand it on.

        Raises:
            OutputError: it cannot be.
        """
        picture = self._converter.from_rgb(image, str(self._stream.codec_context.pix_fmt))
        self._last_pts = max(round(time_s / TIME_BASE), self._last_pts + 1)
        picture.pts, picture.time_base = self._last_pts, TIME_BASE
        with _faults_named(self._name):
            self._container.mux(self._stream.encode(picture))

    def close(self) -> None:
        """Finish the stream.

        Raises:
            OutputError: its end cannot be written.
        """
        with _faults_named(self._name), contextlib.closing(self._container):
            self._container.mux(self._stream.encode(None))


class FileSink:
    """Records into a file, which gets its name when it is closed; until then it lies beside it as a `.part` file.

    Args:
        target: the file to be made.
        clip: whose size and colours the pictures have.
        overwrite: replace an existing file.

    Raises:
        OutputError: it exists, or cannot be written.
    """

    def __init__(self, target: Path, *, clip: Clip, overwrite: bool) -> None:
        if not overwrite and (target.exists() or target.is_symlink()):
            raise OutputError(f"{target}: exists already; take another name with -o, or --overwrite")
        self._target, self._overwrite = target, overwrite
        self._temporary = target.with_name(f".ganonymize-{secrets.token_hex(8)}.part")
        self._encoded = self._open(clip)

    def _open(self, clip: Clip) -> EncodedSink:
        container_format = find_format(self._target)
        encoder = find_encoder(self._target, Codec.H264)
        with _faults_named(str(self._target)):
            self._target.parent.mkdir(parents=True, exist_ok=True)
            options = {"flush_packets": "1"} | (_FRAGMENTS if container_format.options else {})
            container = av.open(f"file:{self._temporary}", "w", format=container_format.name, container_options=options)
            stream = _add_h264(container, clip, choose_pixel_format(clip, encoder))
            return EncodedSink(container, stream, clip=clip, name=str(self._target))

    def write(self, image: Image, time_s: Fraction) -> None:
        """Append a picture.

        Raises:
            OutputError: it cannot be written.
        """
        self._encoded.write(image, time_s)

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            OutputError: that cannot be done.
        """
        self._encoded.close()
        try:
            if self._overwrite:
                self._temporary.replace(self._target)
            else:
                publish_new(self._temporary, self._target)
                self._temporary.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{explain(self._target, error)}; what was recorded is in {self._temporary}") from error


class PersistentSink:
    """Opens a network stream again when it breaks off; pictures that come meanwhile are dropped.

    Args:
        connect: opens it.
        retry: how it is sought again.
        clock: seconds on a clock that only goes on.

    Raises:
        OutputError: it cannot be opened the first time.
    """

    def __init__(
        self, connect: Callable[[], PictureSink], *, retry: Retry, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._connect, self._retry, self._clock = connect, retry, clock
        self._sink: PictureSink | None = connect()
        self._pause_s = retry.first_pause_s
        self._lost_s = self._next_s = clock()

    def write(self, image: Image, time_s: Fraction) -> None:
        """Hand a picture on if the stream is there, or can be opened again.

        Raises:
            OutputError: it has been away for too long.
        """
        try:
            if self._sink is None:
                if self._clock() < self._next_s:
                    return
                self._sink = self._connect()
            self._sink.write(image, time_s)
            self._pause_s = self._retry.first_pause_s
        except OutputError:
            self._lose()
            if self._clock() - self._lost_s >= self._retry.give_up_s:
                raise

    def _lose(self) -> None:
        now_s = self._clock()
        if self._sink is not None:
            self._lost_s = now_s
            self.close()
        self._next_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, self._retry.longest_pause_s)

    def close(self) -> None:
        """Finish the stream, if it is there."""
        sink, self._sink = self._sink, None
        if sink is not None:
            with contextlib.suppress(OutputError):
                sink.close()


def open_sink(
    sink: Sink, clip: Clip, *, timeout_s: float, retry: Retry, overwrite: bool = False, descriptor: int | None = None
) -> PictureSink:
    """Open a sink for pictures of the size and colours of a clip.

    Args:
        sink: where to.
        clip: what the pictures are like.
        timeout_s: seconds in which a network stream must take what it is sent.
        retry: how a network stream that breaks off is sought again.
        overwrite: replace an existing file.
        descriptor: of the pipe; None is that of stdout.

    Raises:
        OutputError: it cannot be opened.
    """
    match sink.kind:
        case SinkKind.STDOUT:
            return JpegSink(sys.stdout.fileno() if descriptor is None else descriptor)
        case SinkKind.FILE:
            return FileSink(Path(sink.url), clip=clip, overwrite=overwrite)
        case SinkKind.DEVICE:
            return _open_device(sink, clip)
        case SinkKind.NETWORK:
            return PersistentSink(lambda: _open_network(sink, clip, timeout_s), retry=retry)


def _open_device(sink: Sink, clip: Clip) -> EncodedSink:
    if not Path(sink.url).exists():
        raise OutputError(f"{sink.name}: is not there; load v4l2loopback first (sudo modprobe v4l2loopback)")
    with _faults_named(sink.name):
        container = av.open(sink.url, "w", format="v4l2")
        stream = container.add_stream("rawvideo", rate=round(clip.fps))
        (stream.width, stream.height), stream.pix_fmt = clip.size_wh, "yuv420p"
        return EncodedSink(container, stream, clip=clip, name=sink.name)


def _open_network(sink: Sink, clip: Clip, timeout_s: float) -> EncodedSink:
    """Open a stream behind FFmpeg's own queue, so that a slow network never makes a picture wait."""
    if sink.format == "rtsp":
        _require_rtsp(sink, timeout_s)
    microseconds = round(timeout_s * 1_000_000)
    transport = "rtsp_transport=tcp:" if sink.format == "rtsp" else f"rw_timeout={microseconds}:"
    options = {
        "fifo_format": sink.format,
        "queue_size": str(_QUEUE_PACKETS),
        "drop_pkts_on_overflow": "1",
        "format_opts": f"{transport}flush_packets=1",
    }
    with _faults_named(sink.name):
        container = av.open(sink.url, "w", format="fifo", container_options=options)
        stream = _add_h264(container, clip, "yuv420p")
        stream.codec_context.flags |= Flags.global_header
        return EncodedSink(container, stream, clip=clip, name=sink.name)


def _require_rtsp(sink: Sink, timeout_s: float) -> None:
    """Make sure that a server answers: FFmpeg itself would wait for it for ever (RFC 2326, section 10.1)."""
    parts = urlsplit(sink.url)
    question = f"OPTIONS {sink.name} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode()
    with _faults_named(sink.name):
        try:
            address = parts.hostname or "", parts.port or _RTSP_PORT
            with socket.create_connection(address, timeout_s) as connection:
                connection.sendall(question)
                answer = connection.recv(8)
        except TimeoutError as error:
            raise OutputError(f"{sink.name}: did not answer within {timeout_s:g} s; check the server") from error
    if answer != b"RTSP/1.0":
        raise OutputError(f"{sink.name}: is no RTSP server; check the address")


def _add_h264(container: OutputContainer, clip: Clip, pixel_format: str) -> VideoStream:
    options = {"preset": "veryfast", "tune": "zerolatency", "crf": str(_CRF), "g": str(_KEYFRAME_EVERY)}
    stream = container.add_stream("libx264", rate=round(clip.fps), options=options)
    (stream.width, stream.height), stream.pix_fmt = clip.size_wh, pixel_format
    stream.codec_context.time_base = TIME_BASE
    stream.codec_context.colorspace, stream.codec_context.color_range = clip.colours.matrix, clip.colours.range
    return stream


@contextlib.contextmanager
def _faults_named(name: str) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise OutputError(f"{name}: cannot be written ({error.strerror}); check that it takes video") from error
