"""Take over what an interrupted job has written: the pictures up to its last keyframe, as they are."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ganonymization.errors import InputError
from ganonymization.video.container import open_container
from ganonymization.video.probe import video_stream


@dataclass(frozen=True, slots=True)
class Head:
    """The first pictures of a clip, as they were encoded.

    Attributes:
        path: the partial file.
        count: of the pictures.
        end: time of the last of them in seconds of that file, rounded up by less than half a frame.
        extradata: what the decoder is told before the first picture.
    """

    path: Path
    count: int
    end: Fraction
    extradata: bytes

    def packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield the encoded pictures, in the order of decoding."""
        with open_container(self.path) as container:
            yield from itertools.islice(_packets(container, self.path), self.count)


def read_head(path: Path) -> Head | None:
    """Return the pictures of a partial file before its last keyframe; None when there are none.

    The last group is left out: the encoder that began it is gone.

    Raises:
        InputError: the file cannot be read.
    """
    with open_container(path) as container:
        stream = video_stream(container, path)
        extradata = bytes(stream.codec_context.extradata or b"")
        count, end, latest = 0, Fraction(0), Fraction(0)
        for number, packet in enumerate(_packets(container, path)):
            if packet.is_keyframe:
                count, end = number, latest
            latest = max(latest, (packet.pts or 0) * packet.time_base)
        tolerance = Fraction(1, 4) / (stream.average_rate or 25)
        return Head(path, count, end + tolerance, extradata) if count else None


def _packets(container: InputContainer, path: Path) -> Iterator[Packet[VideoStream]]:
    try:
        for packet in container.demux(video_stream(container, path)):
            if packet.size:
                yield packet
    except av.FFmpegError as error:
        raise InputError(f"{path}: cannot be resumed ({error.strerror}); remove it to start anew") from error
