"""Read the frames of a clip: upright, in the order of showing, one at a time."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

import av
import cv2
import numpy as np
from av.codec.context import Flags
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from ganonymization.errors import InputError
from ganonymization.types import Image
from ganonymization.video.clip import Clip, Decoded, Frame
from ganonymization.video.colours import Converter
from ganonymization.video.container import open_container
from ganonymization.video.probe import video_stream
from ganonymization.video.webp import read_webp

_NO_PTS: Final = -(2**63)
"""What FFmpeg calls a time that is not known."""

_SEEK_MARGIN_S: Final = Fraction(1)
"""Seeks land this much earlier, because some formats find a time only roughly."""


def read_frames(clip: Clip, *, start: Fraction | None = None, end: Fraction | None = None) -> Iterator[Frame]:
    """Yield the frames that are shown first at `start` or later, and before `end`.

    Only the frame at hand, the next one and the few that the decoder holds back are in memory. Damaged data give
    frames marked `corrupt`, at the time of what was lost. Should the pictures change their size midway, they are fitted
    into the clip's size, with black bars where the shape differs. A time that does not advance is put one tick after
    the last.

    Args:
        clip: from `open_clip`.
        start: seconds in the file's own time; None is the beginning.
        end: seconds in the file's own time; None is the end.

    Raises:
        InputError: the file cannot be read any further, or is cut short; frames that could be read came first.
    """
    reached = clip.start
    for frame in _with_durations(_read_from(clip, start)):
        if end is not None and frame.time >= end:
            return
        reached = frame.time
        if start is None or frame.time >= start:
            yield frame
    if clip.is_cut_short:
        raise InputError(f"{clip.path}: is cut short after {float(reached):.2f} s; get a whole copy of the file")


def _read_from(clip: Clip, start: Fraction | None) -> Iterator[Frame]:
    if clip.container == "webp":
        return read_webp(clip.path)
    if start is None or start - _SEEK_MARGIN_S <= clip.start:
        return _decode(clip, None)
    frames = _decode(clip, start - _SEEK_MARGIN_S)
    first = next(frames, None)
    if first is None or first.time > start:
        return _decode(clip, None)
    return itertools.chain([first], frames)


def _with_durations(frames: Iterator[Frame]) -> Iterator[Frame]:
    """Let every frame last until the next one: where frames are stored out of order, files say something else."""
    last = next(frames, None)
    try:
        for frame in frames:
            if last is not None:
                yield dataclasses.replace(last, duration=frame.pts - last.pts)
            last = frame
    except InputError:
        if last is not None:
            yield last
        raise
    if last is not None:
        yield last


def _decode(clip: Clip, seek_to: Fraction | None) -> Iterator[Frame]:
    with open_container(clip.path) as container:
        stream = video_stream(container, clip.path)
        _report_faults(stream)
        if seek_to is not None:
            container.seek(int(seek_to / clip.time_base), stream=stream)
        frames = _Frames(clip)
        for packet in _demux(container, stream, frames):
            yield from frames.decode(packet)
        yield from frames.lost_until(None)


def _report_faults(stream: VideoStream) -> None:
    """Let the decoder say what is damaged; by default it hides damage by guesses, and drops what it cannot guess.

    Frame threads, which PyAV leaves off, would report a fault with another packet than the one that has it.
    """
    stream.codec_context.options = {"err_detect": "explode"}
    stream.codec_context.flags |= Flags.output_corrupt


def _demux(container: InputContainer, stream: VideoStream, frames: _Frames) -> Iterator[Packet[VideoStream]]:
    try:
        yield from container.demux(stream)
    except av.FFmpegError as error:
        raise InputError(
            f"{frames.clip.path}: cannot be read after {float(frames.reached):.2f} s ({error.strerror}); "
            "get a whole copy of the file"
        ) from error


class _Frames:
    """Turns packets into frames and keeps account of what the decoder owes.

    A fault costs one picture, but not always that of the damaged packet: the decoder may give up an earlier one, which
    was to come out next, and show the damaged one later. So the times of all packets are kept until their pictures
    come. One that is overdue was lost if there was a fault; else it was never meant to be seen.
    """

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self._converter = Converter(clip)
        self._owed: set[int] = set()
        self._damaged: set[int] = set()
        self._fault_count = 0
        self._last_pts: int | None = None

    @property
    def reached(self) -> Fraction:
        """Time of the last frame, in seconds."""
        return self.clip.start if self._last_pts is None else self._last_pts * self.clip.time_base

    def decode(self, packet: Packet[VideoStream]) -> Iterator[Frame]:
        """Yield the frames that a packet completes."""
        stamp = packet.pts if packet.pts is not None else packet.dts
        if stamp is not None and packet.size and not packet.is_discard:
            self._owed.add(stamp)
        if stamp is not None and packet.is_corrupt:
            self._damaged.add(stamp)
        try:
            pictures = packet.decode()
        except av.FFmpegError:
            self._fault_count += 1
            if stamp is not None:
                self._damaged.add(stamp)
            return
        for picture in pictures:
            yield from self.lost_until(picture.pts)
            yield self._frame(picture)

    def lost_until(self, pts: int | None) -> Iterator[Frame]:
        """Yield a black frame for every picture that was lost before `pts`; None is the end."""
        overdue = sorted(stamp for stamp in self._owed if pts is None or stamp < pts)
        self._owed.difference_update(overdue)
        for stamp in overdue[: self._fault_count]:
            self._fault_count -= 1
            width, height = self.clip.size_wh
            black = np.zeros((height, width, 3), np.uint8)
            yield Frame(black, self._advance(stamp), self.clip.time_base, corrupt=True)

    def _frame(self, picture: av.VideoFrame) -> Frame:
        self._owed.discard(_NO_PTS if picture.pts is None else picture.pts)
        image = self._converter.to_rgb(picture)
        is_fitting = image.shape[1::-1] == self.clip.size_wh
        if not is_fitting:
            image = fit(image, self.clip.size_wh)
        image.setflags(write=False)
        return Frame(
            image=image,
            pts=self._advance(picture.pts),
            time_base=self.clip.time_base,
            duration=picture.duration or 0,
            corrupt=picture.is_corrupt or picture.pts in self._damaged,
            decoded=Decoded(picture, image) if is_fitting else None,
        )

    def _advance(self, pts: int | None) -> int:
        if self._last_pts is None:
            self._last_pts = pts or 0
        else:
            guess = self._last_pts + max(1, round(1 / (self.clip.fps * self.clip.time_base)))
            self._last_pts = max(guess if pts is None else pts, self._last_pts + 1)
        return self._last_pts


def fit(image: Image, size_wh: tuple[int, int]) -> Image:
    """Return a picture scaled into a size, centred on black."""
    width, height = size_wh
    scale = min(width / image.shape[1], height / image.shape[0])
    inner_wh = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    left, top = (width - inner_wh[0]) // 2, (height - inner_wh[1]) // 2
    fitted = np.zeros((height, width, 3), np.uint8)
    fitted[top : top + inner_wh[1], left : left + inner_wh[0]] = cv2.resize(
        image, inner_wh, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    )
    return fitted
