"""See what a video holds before its frames are read."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.sidedata.sidedata import Type as SideDataType
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from ganonymization.errors import InputError
from ganonymization.video import webp
from ganonymization.video.clip import Clip, Colours, SideStream, StreamKind, Turn
from ganonymization.video.container import READABLE, is_cut_short, open_container, require_file

_BROADCAST: Final = frozenset({"mpeg", "mpegts"})
"""Their clocks start anywhere; players show the start as 0."""

_MICROSECOND: Final = Fraction(1, av.time_base)
_DEFAULT_FPS: Final = Fraction(25)
_PACKETS_UNTIL_GIVING_UP: Final = 2000
_SIDE_KINDS: Final = {kind.value: kind for kind in StreamKind}


def open_clip(path: Path | str) -> Clip:
    """Read the headers and the first picture of a video.

    Of several video streams the one that players choose is taken; cover pictures, data and the others are left out.

    Raises:
        InputError: the file is missing, no video, has no video stream, or no picture of it can be decoded.
    """
    path = Path(path)
    require_file(path)
    if webp.is_webp(path):
        return webp.open_webp(path)
    with open_container(path) as container:
        stream = video_stream(container, path)
        first = _first_picture(container, stream, path)
        return _describe(path, container, stream, first)


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream that is read.

    Raises:
        InputError: there is none.
    """
    films = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    best = container.streams.best("video")
    for stream in films:
        if best is not None and stream.index == best.index:
            return stream
    if films:
        return films[0]
    raise InputError(f"{path}: has no video stream; give a video ({READABLE})")


def _first_picture(container: InputContainer, stream: VideoStream, path: Path) -> av.VideoFrame:
    try:
        for packet in itertools.islice(container.demux(stream), _PACKETS_UNTIL_GIVING_UP):
            try:
                pictures = packet.decode()
            except av.FFmpegError:
                continue
            if pictures:
                return pictures[0]
    except av.FFmpegError as error:
        raise InputError(f"{path}: is damaged ({error.strerror}); get a whole copy of the file") from error
    raise InputError(f"{path}: has no frame that can be decoded; get a whole copy of the file, or another video")


def _describe(path: Path, container: InputContainer, stream: VideoStream, first: av.VideoFrame) -> Clip:
    turn = read_turn(first)
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    time_base = stream.time_base or 1 / _DEFAULT_FPS
    return Clip(
        path=path,
        container=container.format.name,
        codec=stream.codec_context.codec.canonical_name,
        size_wh=(first.height, first.width) if turn.transposed else (first.width, first.height),
        fps=stream.average_rate or stream.guessed_rate or _DEFAULT_FPS,
        time_base=time_base,
        start=(first.pts or 0) * time_base,
        origin=_origin(container),
        duration=_duration(container, stream),
        frame_count=stream.frames or None,
        turn=turn,
        colours=read_colours(first),
        pixel_format=first.format.name.replace("yuvj", "yuv"),
        bit_depth=max(component.bits for component in first.format.components),
        pixel_aspect=1 / aspect if turn.transposed else aspect,
        bit_rate=_bit_rate(container, stream),
        side_streams=tuple(_side_stream(side) for side in container.streams if _is_side_stream(side)),
        is_cut_short=is_cut_short(path),
    )


def _origin(container: InputContainer) -> Fraction:
    if container.format.name not in _BROADCAST:
        return Fraction(0)
    # the container has it too, but only in whole microseconds
    starts = [
        stream.start_time * stream.time_base
        for stream in (*container.streams.video, *container.streams.audio)
        if stream.start_time is not None and stream.time_base is not None
    ]
    return min(starts, default=Fraction(0))


def _duration(container: InputContainer, stream: VideoStream) -> Fraction | None:
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    return Fraction(container.duration, av.time_base) if container.duration else None


def _bit_rate(container: InputContainer, stream: VideoStream) -> int:
    """Take what the stream says; where it says nothing, or a limit as broadcasts do, the file's less the sound's."""
    if stream.bit_rate and container.format.name not in _BROADCAST:
        return stream.bit_rate
    sound = sum(side.codec_context.bit_rate or 0 for side in container.streams.audio)
    return max(0, (container.bit_rate or 0) - sound)


def _is_side_stream(stream: Stream) -> bool:
    return stream.type in _SIDE_KINDS and stream.codec_context is not None


def _side_stream(stream: Stream) -> SideStream:
    codec = stream.codec_context.codec.canonical_name
    return SideStream(stream.index, _SIDE_KINDS[stream.type], codec, stream.time_base or _MICROSECOND)


def read_colours(picture: av.VideoFrame) -> Colours:
    """Return the colour tags of a picture."""
    is_full = picture.format.name.startswith("yuvj")
    return Colours(
        matrix=picture.colorspace,
        range=2 if is_full else picture.color_range,
        primaries=picture.color_primaries,
        transfer=picture.color_trc,
    )


def read_turn(picture: av.VideoFrame) -> Turn:
    """Read the display matrix: rows (a b u), (c d v), (x y w), where x' = a x + c y and y' = b x + d y.

    Turns by other than quarters are passed over, as players do.
    """
    side_data = cast("Mapping[SideDataType, SideData]", picture.side_data)
    if SideDataType.DISPLAYMATRIX not in side_data:
        return Turn()
    matrix = np.frombuffer(bytes(side_data[SideDataType.DISPLAYMATRIX]), np.int32)
    a, b, c, d = (int(number) for number in matrix[[0, 1, 3, 4]])
    if a and d and not b and not c:
        return Turn(flipped_x=a < 0, flipped_y=d < 0)
    if b and c and not a and not d:
        return Turn(transposed=True, flipped_x=c < 0, flipped_y=b < 0)
    return Turn()
