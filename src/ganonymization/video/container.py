"""Open files with FFmpeg: only video, only from disk; and see from their headers whether they were cut short."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Final

import av
from av.container import InputContainer

from ganonymization.errors import InputError

READABLE: Final = "MP4, MOV, MKV, WebM, AVI, MPEG, animated GIF and animated WebP"

_FORMATS: Final = (
    "mov,matroska,avi,mpeg,mpegts,mpegvideo,m4v,h264,hevc,gif,apng,flv,asf,ogg,ivf,dv,mxf,wtv,rm,yuv4mpegpipe"
)
"""FFmpeg also takes texts, stills and playlists for videos, and playlists may name other files and hosts."""

_EBML: Final = b"\x1a\x45\xdf\xa3"
_SEGMENT: Final = b"\x18\x53\x80\x67"
_GIF_IMAGE: Final = b","
_GIF_BLOCKS: Final = frozenset({_GIF_IMAGE, b"!"})
_ISO_FIRST_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot"})


def open_container(path: Path) -> InputContainer:
    """Open a video file for reading.

    Raises:
        InputError: it is missing, empty, cut short, or no video.
    """
    require_file(path)
    options = {"protocol_whitelist": "file", "format_whitelist": _FORMATS}
    try:
        # the prefix keeps a name with a colon from being taken for a protocol
        return av.open(f"file:{path}", "r", options=options, metadata_errors="replace")
    except (av.FFmpegError, ValueError) as error:
        raise _unreadable(path, error) from error


def require_file(path: Path) -> None:
    """Make sure that there is a file to read.

    Raises:
        InputError: it is missing, a folder, may not be read, or is empty.
    """
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is not a file; give a video")
    try:
        with path.open("rb") as stream:
            is_empty = not stream.read(1)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror}); check its name and permissions") from error
    if is_empty:
        raise InputError(f"{path}: is empty; get a whole copy of the file")


def _unreadable(path: Path, error: Exception) -> InputError:
    if is_cut_short(path):
        return InputError(f"{path}: is cut short, and what is left cannot be read; get a whole copy of the file")
    reason = getattr(error, "strerror", None) or error
    return InputError(f"{path}: is no video that can be read ({reason}); {READABLE} can be read")


def is_cut_short(path: Path) -> bool:
    """Return whether a file ends before its headers say; False where the format does not state its size."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        return _stated_size(stream, size) > size


def _stated_size(stream: IO[bytes], size: int) -> int:
    head = stream.read(12)
    if head[4:8] in _ISO_FIRST_BOXES:
        return _iso_size(stream, size)
    if head[:4] == b"RIFF":
        return 8 + int.from_bytes(head[4:8], "little")
    if head[:4] == _EBML:
        return _matroska_size(stream)
    if head[:3] == b"GIF":
        return _gif_size(stream, size)
    return 0


def _iso_size(stream: IO[bytes], size: int) -> int:
    """Walk the boxes of ISO/IEC 14496-12: a size of 4 bytes, a name of 4, and a size of 8 where the first is 1."""
    end = 0
    while end + 8 <= size:
        stream.seek(end)
        head = stream.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if length < 8:  # shorter than its own header: it goes up to the end (0), or is nonsense
            return size
        end += length
    return end


def _matroska_size(stream: IO[bytes]) -> int:
    """Read where the segment ends, from RFC 8794: after the header, a name of 4 bytes and a size of 1 to 8."""
    stream.seek(len(_EBML))
    stream.seek(_read_ebml_number(stream), os.SEEK_CUR)
    if stream.read(4) != _SEGMENT:
        return 0
    length = _read_ebml_number(stream)
    return stream.tell() + length


def _read_ebml_number(stream: IO[bytes]) -> int:
    """Read a number whose first byte tells its length by leading zeros; all ones mean unknown, returned as 0."""
    first = stream.read(1) or b"\xff"
    extra = 8 - first[0].bit_length()
    bits = 7 * (extra + 1)
    number = int.from_bytes(first + stream.read(extra), "big") & ((1 << bits) - 1)
    return 0 if number == (1 << bits) - 1 else number


def _gif_size(stream: IO[bytes], size: int) -> int:
    """Walk the blocks of GIF89a; a file that lacks nothing but the trailer is whole, as browsers have it."""
    stream.seek(10)
    stream.seek(13 + _gif_table_size(stream.read(1)))
    while (kind := stream.read(1)) and kind in _GIF_BLOCKS:
        if kind == _GIF_IMAGE:
            stream.seek(8, os.SEEK_CUR)
            stream.seek(_gif_table_size(stream.read(1)), os.SEEK_CUR)
        stream.seek(1, os.SEEK_CUR)
        while length := int.from_bytes(stream.read(1)):
            stream.seek(length, os.SEEK_CUR)
        if stream.tell() >= size and not _ends_with_zero(stream, size):
            return size + 1
    return 0


def _gif_table_size(flags: bytes) -> int:
    """Return the bytes of a colour table: 3 for each of 2 to 256 colours, none without the highest bit."""
    bits = int.from_bytes(flags)
    return 3 << ((bits & 7) + 1) if bits & 128 else 0


def _ends_with_zero(stream: IO[bytes], size: int) -> bool:
    """Return whether the file ends with a whole block, whose last byte is always 0."""
    if stream.tell() > size:
        return False
    stream.seek(-1, os.SEEK_END)
    return stream.read(1) == b"\0"
