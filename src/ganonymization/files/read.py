"""Read a still picture upright, whatever its mode, and refuse what is none before it does harm."""

from __future__ import annotations

import contextlib
import io
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt
import PIL.Image
from PIL import ImageCms, JpegImagePlugin
from PIL.ExifTags import Base

from ganonymization.errors import InputError, PictureTooLargeError
from ganonymization.files import pillow
from ganonymization.files.metadata import EXIF_FAULTS, Metadata, repack
from ganonymization.files.picture import Encoding, Picture

DEFAULT_MAX_PIXELS: Final = 200_000_000
"""Above every camera, and 600 MB when decoded."""

READABLE: Final = "JPEG, PNG, WebP, TIFF, BMP, GIF and AVIF"

_FORMATS: Final = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF")
_ANIMATED_FORMATS: Final = frozenset({"GIF", "WEBP", "PNG", "AVIF"})
_LOSSLESS_FORMATS: Final = frozenset({"PNG", "BMP", "GIF"})
_LOSSY_TIFF: Final = frozenset({"", "jpeg", "tiff_jpeg", "webp"})
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_GREY_MODES: Final = frozenset({"1", "L", "LA", "I"})
_PIXELS: Final = re.compile(r"\d+")
"""The first number in Pillow's complaint; the picture is not there yet to be asked."""

_REDUCED_PAGE: Final = 1
"""Bit of the TIFF tag NewSubfileType: the page is a small copy of another one."""

_UPRIGHT: Final = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}
"""EXIF orientation to the turn that undoes it."""

_PICTURE_FAULTS: Final = (*EXIF_FAULTS, EOFError, RuntimeError, zlib.error, struct.error)
"""What Pillow lets through when a file is damaged."""


def read_picture(path: Path | str, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> Picture:
    """Read a still picture as upright RGB.

    EXIF orientation is applied; 16 bits become 8; grey, palette, CMYK and transparent pictures become RGB and, where
    there is transparency, an alpha channel beside it. Of a file with side pictures (MPO, gain maps) the main one is
    read.

    Args:
        path: a JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF file; HEIC where a Pillow plugin for it was registered.
        max_pixels: width times height that is decoded at most.

    Raises:
        PictureTooLargeError: the picture has more pixels; it was not decoded.
        InputError: the file is missing, empty, damaged, animated, or no picture.
        ValueError: `max_pixels` is not positive.
    """
    if max_pixels < 1:
        raise ValueError(f"max_pixels is {max_pixels}; it must be positive")
    path = Path(path)
    with _open(path) as stream, pillow.limited(max_pixels):
        source = _identify(path, stream, max_pixels)
        _require_size(path, source, max_pixels)
        with _faults_named(path):
            _require_still(path, source)
            source.load()
            return _to_picture(path, source, is_lossless=_is_lossless(source, stream))


def _open(path: Path) -> IO[bytes]:
    if path.exists() and not path.is_file():
        raise InputError(f"{path}: is not a file; give a picture or a folder of pictures")
    try:
        return path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be opened ({error.strerror}); check its name and permissions") from error


@contextlib.contextmanager
def _faults_named(path: Path) -> Iterator[None]:
    try:
        yield
    except _PICTURE_FAULTS as error:
        raise _damaged(path, error) from error


def _identify(path: Path, stream: IO[bytes], max_pixels: int) -> PIL.Image.Image:
    """Read the header, and no pixels."""
    head = stream.read(32)
    if not head:
        raise InputError(f"{path}: is empty; get a whole copy of the file")
    PIL.Image.init()
    formats = [name for name in _FORMATS if name in PIL.Image.OPEN]
    try:
        return PIL.Image.open(stream, formats=formats)
    except PIL.Image.DecompressionBombError as error:
        pixels = _PIXELS.search(str(error))
        raise _too_large(path, pixels[0] if pixels else "more", max_pixels) from error
    except PIL.UnidentifiedImageError as error:
        raise _no_picture(path, head) from error
    except _PICTURE_FAULTS as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: is damaged or cut short ({error}); get a whole copy of the file")


def _no_picture(path: Path, head: bytes) -> InputError:
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS:
        return InputError(f"{path}: is HEIC, which this Pillow cannot read; convert it to JPEG first")
    return InputError(f"{path}: is no picture that can be read, or its header is damaged; {READABLE} can be read")


def _too_large(path: Path, pixels: str, max_pixels: int) -> PictureTooLargeError:
    return PictureTooLargeError(
        f"{path}: is too large to be decoded ({pixels} pixels; the limit is {max_pixels}); "
        "raise --max-pixels if you trust the file"
    )


def _require_size(path: Path, source: PIL.Image.Image, max_pixels: int) -> None:
    if source.width * source.height > max_pixels:
        raise _too_large(path, str(source.width * source.height), max_pixels)


def _require_still(path: Path, source: PIL.Image.Image) -> None:
    if source.format in _ANIMATED_FORMATS and getattr(source, "is_animated", False):
        raise InputError(f"{path}: is animated; animations of this kind are not read; give it as MP4, GIF or WebP")
    if source.format == "TIFF" and _count_pages(source) > 1:
        raise InputError(f"{path}: has several pages, and only one would be kept; split it into single pages")


def _count_pages(source: PIL.Image.Image) -> int:
    count = 0
    for index in range(getattr(source, "n_frames", 1)):
        source.seek(index)
        count += not _tiff_tags(source).get(Base.NewSubfileType, 0) & _REDUCED_PAGE
    source.seek(0)
    return count


def _tiff_tags(source: PIL.Image.Image) -> dict[int, Any]:
    return dict(getattr(source, "tag_v2", {}))


def _to_picture(path: Path, source: PIL.Image.Image, *, is_lossless: bool) -> Picture:
    upright = _turn_upright(source)
    colours, icc_profile = _to_display_colours(path, upright, source.info.get("icc_profile") or b"")
    return Picture(
        image=np.array(colours.convert("RGB")),
        alpha=np.array(colours.convert("RGBA").getchannel("A")) if colours.has_transparency_data else None,
        encoding=_read_encoding(source, is_lossless=is_lossless),
        icc_profile=icc_profile,
        exif=_read_exif(source),
        source=path,
    )


def _turn_upright(source: PIL.Image.Image) -> PIL.Image.Image:
    """Undo the orientation; a damaged EXIF block says nothing. TIFF is turned by Pillow when it loads."""
    orientation = 1
    with contextlib.suppress(*EXIF_FAULTS):
        orientation = source.getexif().get(Base.Orientation, 1)
    turn = _UPRIGHT.get(orientation)
    return source if turn is None else source.transpose(turn)


def _to_display_colours(path: Path, source: PIL.Image.Image, icc_profile: bytes) -> tuple[PIL.Image.Image, bytes]:
    """Return a picture that `convert` turns into 8-bit RGB rightly, and the profile of its colours."""
    if source.mode == "F":
        raise InputError(f"{path}: holds floating-point pixels without a known range; export it with 8 or 16 bits")
    if source.mode.startswith("I"):
        return _to_eight_bits(path, source), icc_profile
    if source.mode == "CMYK" and icc_profile:
        return _to_srgb(source, icc_profile)
    if source.mode == "LAB":
        raise InputError(f"{path}: holds L*a*b* colours; export it as RGB")
    return source, icc_profile


def _to_eight_bits(path: Path, source: PIL.Image.Image) -> PIL.Image.Image:
    values = np.asarray(source).astype(np.int64)
    if values.min() < 0 or values.max() > np.iinfo(np.uint16).max:
        raise InputError(f"{path}: holds 32-bit pixels without a known range; export it with 8 or 16 bits")
    eight: npt.NDArray[np.uint8] = ((values * 255 + 32767) // 65535).astype(np.uint8)
    return PIL.Image.fromarray(eight)


def _to_srgb(source: PIL.Image.Image, icc_profile: bytes) -> tuple[PIL.Image.Image, bytes]:
    """Convert by the profile; one that is damaged is passed over, as viewers do."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    try:
        converted = ImageCms.profileToProfile(source, io.BytesIO(icc_profile), srgb, outputMode="RGB")
    except ImageCms.PyCMSError:
        return source, b""
    return converted or source, srgb.tobytes()


def _read_encoding(source: PIL.Image.Image, *, is_lossless: bool) -> Encoding:
    return Encoding(
        is_grey=source.mode in _GREY_MODES or source.mode.startswith("I;16"),
        is_lossless=is_lossless,
        jpeg_tables=_jpeg_tables(source),
        jpeg_subsampling=max(0, JpegImagePlugin.get_sampling(source)),
        tiff_compression=_tiff_compression(source),
    )


def _jpeg_tables(source: PIL.Image.Image) -> tuple[tuple[int, ...], ...]:
    if not isinstance(source, JpegImagePlugin.JpegImageFile):
        return ()
    return tuple(tuple(table) for _, table in sorted(source.quantization.items()))


def _tiff_compression(source: PIL.Image.Image) -> str:
    return str(source.info.get("compression", "")) if source.format == "TIFF" else ""


def _is_lossless(source: PIL.Image.Image, stream: IO[bytes]) -> bool:
    if source.format == "WEBP":
        return _is_lossless_webp(stream)
    return source.format in _LOSSLESS_FORMATS or _tiff_compression(source) not in _LOSSY_TIFF


def _is_lossless_webp(stream: IO[bytes]) -> bool:
    """Look for a VP8L chunk (RFC 9649): a name of 4 bytes, a size of 4, the data padded to even."""
    stream.seek(12)
    while len(head := stream.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name in {b"VP8L", b"VP8 "}:
            return bool(name == b"VP8L")
        stream.seek(size + size % 2, io.SEEK_CUR)
    return False


def _read_exif(source: PIL.Image.Image) -> bytes:
    """Return the block as it stands; TIFF has none of its own, so its tags are packed into one."""
    if source.format != "TIFF":
        return source.info.get("exif") or b""
    with contextlib.suppress(*EXIF_FAULTS):
        return repack(source.getexif(), Metadata.ALL)
    return b""
