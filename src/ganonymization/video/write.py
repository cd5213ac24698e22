"""Write a clip with the sound of its source: exact times, same colours, no metadata, never half a file."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Final, Self, cast

import av
from av.codec.context import Flags, ThreadType
from av.container import OutputContainer
from av.video.stream import VideoStream

from ganonymization.errors import OutputError
from ganonymization.files.atomic import explain, publish_new
from ganonymization.video.clip import Clip, Frame
from ganonymization.video.colours import Converter
from ganonymization.video.encoders import (
    Codec,
    Encoder,
    choose_pixel_format,
    encoder_options,
    find_encoder,
    find_format,
    muxer_options,
    silence_svt,
)
from ganonymization.video.resume import Head
from ganonymization.video.sides import SideCopier

_APPLE_HEVC_TAG: Final = "hvc1"
"""Players of Apple take HEVC in MP4 by this name alone."""


@dataclass(frozen=True, slots=True)
class ClipOptions:
    """How a clip is written.

    Attributes:
        codec: of the pictures; None is the default of the container.
        crf: constant rate factor, lower is better; None is a good one that stays near the source's size.
        start: seconds in the source's time that become 0, from which on sound is copied; None keeps all times.
        end: seconds in the source's time up to which sound is copied; None is the end.
        overwrite: replace an existing file, but not the source.
    """

    codec: Codec | None = None
    crf: int | None = None
    start: Fraction | None = None
    end: Fraction | None = None
    overwrite: bool = False


DEFAULT_OPTIONS: Final = ClipOptions()


def write_clip(
    clip: Clip, frames: Iterable[Frame], target: Path | str, *, options: ClipOptions = DEFAULT_OPTIONS
) -> int:
    """Write frames, and the sound of their source, and return how many frames there were.

    Args:
        clip: where the frames come from.
        frames: in the order of showing. An error that they raise leaves no file.
        target: the file to be made; its suffix chooses the container.
        options: how it is written.

    Raises:
        OutputError: as `ClipWriter` does.
    """
    with ClipWriter(clip, target, options=options) as writer:
        for frame in frames:
            writer.write(frame)
    return writer.frame_count


class ClipWriter:
    """Writes a clip, to be used in a `with` block: the file gets its name when the block ends well, and only then.

    Pictures are upright in the file, so it has no rotation flag. Colour tags, depth and chroma are the source's where
    the encoder has them. Sound and subtitles are copied bit for bit; no metadata is, but the languages of these.

    Args:
        clip: where the frames come from.
        target: the file to be made; missing folders are made.
        options: how it is written.

    Raises:
        OutputError: the target exists, is the source, cannot hold the streams, cannot be encoded or written, or no
            frame was written.
    """

    def __init__(self, clip: Clip, target: Path | str, *, options: ClipOptions = DEFAULT_OPTIONS) -> None:
        self._clip, self._target, self._options = clip, Path(target), options
        self.shift = clip.origin if options.start is None else options.start
        self._converter = Converter(clip)
        self._temporary = self._target.with_name(f".ganonymize-{secrets.token_hex(8)}.part")
        self._resources = contextlib.ExitStack()
        self.frame_count = 0
        self._is_cut_short = False
        _require_target(self._target, clip.path, overwrite=options.overwrite)
        self._encoder = find_encoder(self._target, options.codec)
        self._pixel_format = choose_pixel_format(clip, self._encoder)

    def __enter__(self) -> Self:
        """Open a temporary file beside the target."""
        with contextlib.ExitStack() as resources, self._faults_named():
            self._target.parent.mkdir(parents=True, exist_ok=True)
            resources.callback(self._remove_temporary)
            self._output = self._open_output()
            resources.callback(_close_quietly, self._output)
            self._stream = self._add_stream(self._output, self._encoder)
            self._sides = resources.enter_context(self._open_sides())
            self._resources = resources.pop_all()
        return self

    def _open_output(self) -> OutputContainer:
        container = find_format(self._target)
        return av.open(
            f"file:{self._temporary}",
            "w",
            format=container.name,
            container_options=muxer_options(self._clip, container),
        )

    def _add_stream(self, output: OutputContainer, encoder: Encoder) -> VideoStream:
        silence_svt()
        clip = self._clip
        options = encoder_options(clip, encoder, self._options.crf)
        stream = cast("VideoStream", output.add_stream(encoder.name, rate=clip.fps, options=options))
        context = stream.codec_context
        context.width, context.height = clip.size_wh
        context.pix_fmt = self._pixel_format
        context.time_base = clip.time_base
        context.sample_aspect_ratio = clip.pixel_aspect
        context.colorspace, context.color_range = clip.colours.matrix, clip.colours.range
        context.color_primaries, context.color_trc = clip.colours.primaries, clip.colours.transfer
        # threads by slice, which PyAV asks for, cost size
        context.thread_type = ThreadType.FRAME
        context.flags |= Flags.frame_duration | Flags.bitexact
        if encoder.name == "libx265" and output.format.name != "matroska":
            context.codec_tag = _APPLE_HEVC_TAG
        self._open_encoder(stream)
        return stream

    def _open_encoder(self, stream: VideoStream) -> None:
        width, height = self._clip.size_wh
        try:
            stream.codec_context.open()
        except av.FFmpegError as error:
            raise OutputError(
                f"{self._target}: {self._encoder.name} refuses {width}x{height} pixels as {self._pixel_format} "
                f"({error.strerror}); take another --codec"
            ) from error

    def _open_sides(self) -> SideCopier:
        return SideCopier(
            self._clip,
            self._output,
            self._target,
            start=self._options.start,
            end=self._options.end,
            shift=self.shift,
        )

    def prepend(self, head: Head, *, start: Fraction) -> None:
        """Begin with pictures that an interrupted job has encoded; frames after them can be written next.

        Args:
            head: the pictures.
            start: time of the first one, in seconds of the source.

        Raises:
            OutputError: they were encoded in another way, or cannot be written.
        """
        context = self._stream.codec_context
        if not head.continues_with(bytes(context.extradata or b"")):
            raise OutputError(
                f"{self._target}: cannot go on from {head.path}, which was written with other options; "
                "take the same, or remove it to start anew"
            )
        with self._faults_named():
            for packet in head.packets(start - self.shift):
                packet.stream = self._stream
                self._output.mux_one(packet)
        self.frame_count += head.count

    def cut_short(self, name: Path) -> bool:
        """Let the file end here, under another name that replaces what had it; returns whether there will be a file."""
        self._is_cut_short, self._target = True, name
        return self.frame_count > 0

    def write(self, frame: Frame) -> None:
        """Append a frame; its time must be later than the last one's.

        Raises:
            OutputError: it cannot be written.
            ValueError: it is not of the clip's size.
        """
        height, width = frame.image.shape[:2]
        if (width, height) != self._clip.size_wh:
            raise ValueError(f"frame has {width}x{height} pixels; it must have the clip's size {self._clip.size_wh}")
        picture = self._converter.draw(frame.image, frame.decoded, self._pixel_format)
        picture.time_base = self._clip.time_base
        picture.pts = round((frame.time - self.shift) / self._clip.time_base)
        picture.duration = round(frame.duration * frame.time_base / self._clip.time_base)
        with self._faults_named():
            self._sides.copy_until(frame.time)
            self._output.mux(self._stream.encode(picture))
        self.frame_count += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file and give it its name; after an error, remove it."""
        with self._resources:
            if error is None:
                self._finish()

    def _finish(self) -> None:
        if self._is_cut_short and not self.frame_count:
            return
        if not self.frame_count:
            raise OutputError(f"{self._target}: was not written, as there was no frame; check --start and --end")
        with self._faults_named():
            self._output.mux(self._stream.encode(None))
            if not self._is_cut_short:
                self._sides.copy_until(None)
            self._output.close()
            with self._temporary.open("rb") as stream:
                os.fsync(stream.fileno())
            self._publish()

    def _publish(self) -> None:
        if self._options.overwrite or self._is_cut_short:
            self._temporary.replace(self._target)
        else:
            publish_new(self._temporary, self._target)

    def _remove_temporary(self) -> None:
        with contextlib.suppress(OSError):
            self._temporary.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _faults_named(self) -> Iterator[None]:
        try:
            yield
        except av.FFmpegError as error:
            fault = OSError(error.errno or 0, error.strerror or str(error))
            raise OutputError(explain(self._target, fault)) from error
        except OSError as error:
            raise OutputError(explain(self._target, error)) from error


def _close_quietly(output: OutputContainer) -> None:
    """Close a file that is going to be removed, or was closed already."""
    with contextlib.suppress(av.FFmpegError, OSError, ValueError):
        output.close()


def _require_target(target: Path, source: Path, *, overwrite: bool) -> None:
    if target.exists() and target.samefile(source):
        raise OutputError(f"{target}: is the input itself, which is never overwritten; take another name with -o")
    if target.is_dir():
        raise OutputError(f"{target}: cannot be written (it is a folder); give the name of a file")
    if not overwrite and (target.exists() or target.is_symlink()):
        raise OutputError(f"{target}: exists already; take another name with -o, or --overwrite")
