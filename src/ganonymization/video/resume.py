"""Take over what an interrupted job has written: the pictures up to its last keyframe, as they are."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ganonymization.errors import InputError
from ganonymization.video.container import open_container
from ganonymization.video.probe import video_stream

_START_CODE: Final = re.compile(rb"\x00\x00\x00?\x01")
_ANNEX_B: Final = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
"""Containers prefix the parts of a picture by their lengths; encoders, and so the writer, by start codes."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first pictures of a clip, as they were encoded.

    Attributes:
        path: the partial file.
        codec: of the pictures, FFmpeg's name.
        count: of the pictures.
        start: time of the first of them in seconds of that file, which some containers move.
        end: time of the last of them, rounded up by less than half a frame.
        extradata: what the decoder is told before the first picture.
    """

    path: Path
    codec: str
    count: int
    start: Fraction
    end: Fraction
    extradata: bytes

    def packets(self, start: Fraction) -> Iterator[Packet[VideoStream]]:
        """Yield the encoded pictures, in the order of decoding, as an encoder gives them.

        Args:
            start: time in seconds that the first one is to have.
        """
        with open_container(self.path) as container:
            for packet in self._converted(container):
                ticks = round((self.start - start) / packet.time_base)
                packet.pts = None if packet.pts is None else packet.pts - ticks
                packet.dts = None if packet.dts is None else packet.dts - ticks
                yield packet

    def _converted(self, container: InputContainer) -> Iterator[Packet[VideoStream]]:
        packets = itertools.islice(_packets(container, self.path), self.count)
        if self.codec not in _ANNEX_B:
            yield from packets
            return
        convert = BitStreamFilterContext(_ANNEX_B[self.codec], video_stream(container, self.path))
        for packet in packets:
            yield from convert.filter(packet)

    def continues_with(self, extradata: bytes) -> bool:
        """Return whether an encoder that tells the decoder this goes on in the same way."""
        units = [unit for unit in _START_CODE.split(extradata) if unit]
        return all(unit in self.extradata for unit in units if not _is_comment(unit, self.codec))


def read_head(path: Path) -> Head | None:
    """Return the pictures of a partial file before its last keyframe; None when there are none.

    The last group is left out: the encoder that began it is gone.

    Raises:
        InputError: the file cannot be read.
    """
    with open_container(path) as container:
        stream = video_stream(container, path)
        codec = stream.codec_context.codec.canonical_name
        extradata = bytes(stream.codec_context.extradata or b"")
        count, start, end, latest = 0, Fraction(0), Fraction(0), Fraction(0)
        for number, packet in enumerate(_packets(container, path)):
            time = (packet.pts or 0) * packet.time_base
            if packet.is_keyframe:
                count, end = number, latest
            start, latest = (time, time) if number == 0 else (min(start, time), max(latest, time))
        tolerance = Fraction(1, 4) / (stream.average_rate or 25)
        return Head(path, codec, count, start, end + tolerance, extradata) if count else None


def _packets(container: InputContainer, path: Path) -> Iterator[Packet[VideoStream]]:
    try:
        for packet in container.demux(video_stream(container, path)):
            if packet.size:
                yield packet
    except av.FFmpegError as error:
        raise InputError(f"{path}: cannot be resumed ({error.strerror}); remove it to start anew") from error


def _is_comment(unit: bytes, codec: str) -> bool:
    """Return whether a unit only comments on the pictures (SEI); containers drop it from what they tell the decoder."""
    match codec:
        case "h264":
            return unit[0] & 31 == 6
        case "hevc":
            return unit[0] >> 1 in (39, 40)
        case _:
            return False
