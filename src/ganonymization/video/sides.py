"""Copy sound and subtitles from the source, packet by packet and bit for bit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream

from ganonymization.errors import InputError, OutputError
from ganonymization.video.clip import Clip
from ganonymization.video.container import open_container


class SideCopier:
    """Carries the side streams of a clip into an open file, in step with the pictures.

    Args:
        clip: where they are read from.
        output: where they go; none of its streams may have been written to yet.
        target: name of the file in messages.
        start: seconds in the source's time, from which on packets are copied; None copies them from the first.
        end: seconds in the source's time, up to which they are copied; None is the end.
        shift: seconds that are taken off all times.

    Raises:
        OutputError: the container cannot hold one of the streams.
    """

    def __init__(
        self,
        clip: Clip,
        output: OutputContainer,
        target: Path,
        *,
        start: Fraction | None,
        end: Fraction | None,
        shift: Fraction,
    ) -> None:
        self._clip, self._output = clip, output
        self._start, self._end, self._shift = start, end, shift
        self._resources = contextlib.ExitStack()
        self._streams: dict[int, Stream] = {}
        self._packets: Iterator[Packet[Stream]] = iter(())
        self._next: Packet[Stream] | None = None
        if clip.side_streams:
            self._open(target)

    def _open(self, target: Path) -> None:
        source = self._resources.enter_context(open_container(self._clip.path))
        wanted = [source.streams[side.index] for side in self._clip.side_streams]
        for stream in wanted:
            self._streams[stream.index] = self._add(stream, target)
        self._packets = self._demux(source.demux(*wanted))
        self._next = next(self._packets, None)

    def _add(self, stream: Stream, target: Path) -> Stream:
        try:
            copy = self._output.add_stream_from_template(stream)
        except ValueError as error:
            raise OutputError(
                f"{target}: {target.suffix} cannot hold the {stream.type} stream {stream.index} "
                f"({stream.codec_context.codec.canonical_name}); take a name that ends in .mkv"
            ) from error
        if stream.language:
            copy.metadata["language"] = stream.language
        return copy

    def __enter__(self) -> Self:
        """Return the copier, whose source is open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
        self._resources.close()

    def _demux(self, packets: Iterator[Packet[Stream]]) -> Iterator[Packet[Stream]]:
        try:
            for packet in packets:
                if packet.size and self._is_inside(packet):
                    yield packet
        except av.FFmpegError as error:
            raise InputError(
                f"{self._clip.path}: its sound cannot be read ({error.strerror}); get a whole copy of the file"
            ) from error

    def _is_inside(self, packet: Packet[Stream]) -> bool:
        time = _time(packet)
        return (self._start is None or time >= self._start) and (self._end is None or time < self._end)

    def copy_until(self, time: Fraction | None) -> None:
        """Write the packets up to a time in seconds of the source; None writes all that are left."""
        while self._next is not None and (time is None or _time(self._next) <= time):
            packet, self._next = self._next, next(self._packets, None)
            self._write(packet)

    def _write(self, packet: Packet[Stream]) -> None:
        ticks = round(self._shift / packet.time_base)
        packet.pts = None if packet.pts is None else packet.pts - ticks
        packet.dts = None if packet.dts is None else packet.dts - ticks
        packet.stream = self._streams[packet.stream.index]
        self._output.mux_one(packet)


def _time(packet: Packet[Stream]) -> Fraction:
    stamp = packet.dts if packet.dts is not None else packet.pts
    return (stamp or 0) * packet.time_base
