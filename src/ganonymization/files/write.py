"""Write a picture in kind: its format, its quality, its colour profile, and nothing else unless asked."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final

import numpy as np
import PIL.Image

from ganonymization.errors import InputError, OutputError
from ganonymization.files import pillow
from ganonymization.files.atomic import write_atomically
from ganonymization.files.metadata import Metadata, keep
from ganonymization.files.picture import FORMAT_OF_SUFFIX, Encoding, Picture

JPEG_QUALITY: Final = 95
"""For sources that are no JPEG; a JPEG keeps its own tables."""

WEBP_QUALITY: Final = 90
AVIF_QUALITY: Final = 85

_ALPHA_FORMATS: Final = frozenset({"PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF"})
_LOSSLESS_TIFF: Final = frozenset({"raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"})


_TIFF_WITH_EXIF: Final = {"TIFF": {"compression": "raw"}}
"""Pillow writes the directories of an EXIF block into uncompressed TIFF only."""


def write_picture(
    picture: Picture, path: Path | str, *, metadata: Metadata = Metadata.NONE, overwrite: bool = False
) -> None:
    """Write a picture in the format that the suffix of `path` names; missing folders are made.

    What was a JPEG keeps its quantization tables and subsampling, a TIFF its compression if that is lossless; a WebP is
    lossless if its source was. Transparency lies on white where the format knows none. The colour profile is kept in
    every format that can hold one (BMP and GIF cannot).

    Args:
        picture: what to write; its source is never written to.
        path: the new file.
        metadata: what of the source's EXIF block is kept.
        overwrite: replace an existing file.

    Raises:
        OutputError: the file exists, is the source, has an unknown suffix, or cannot be written; nothing is left.
        InputError: metadata is to be kept and the source's is damaged.
    """
    path = Path(path)
    require_target(path, source=picture.source, overwrite=overwrite)
    with pillow.silenced():
        data = _encode(picture, path, metadata)
    write_atomically(path, data, overwrite=overwrite)


def require_target(path: Path, *, source: Path | None = None, overwrite: bool = False) -> None:
    """Make sure, before any work is done, that a picture may be written here.

    Raises:
        OutputError: the suffix names no format that can be written, the file exists, is a folder, or is the source.
    """
    _require_writable_format(path)
    if source is not None and _is_same_file(path, source):
        raise OutputError(f"{path}: is the input itself, which is never overwritten; take another name with -o")
    if path.is_dir():
        raise OutputError(f"{path}: cannot be written (it is a folder); give the name of a file")
    if not overwrite and (path.exists() or path.is_symlink()):
        raise OutputError(f"{path}: exists already; take another name with -o, or --overwrite")


def _require_writable_format(path: Path) -> None:
    format_name = FORMAT_OF_SUFFIX.get(path.suffix.lower())
    if format_name is None:
        raise OutputError(
            f"{path}: the suffix {path.suffix!r} names no picture format; "
            "give a name with -o that ends in .jpg, .png, .webp or .tif"
        )
    PIL.Image.init()
    if format_name not in PIL.Image.SAVE:
        raise OutputError(
            f"{path}: {format_name} cannot be written by this Pillow; give a name with -o that ends in .jpg"
        )


def _is_same_file(path: Path, source: Path) -> bool:
    try:
        return path.samefile(source)
    except OSError:
        return False


def _encode(picture: Picture, path: Path, metadata: Metadata) -> bytes:
    format_name = FORMAT_OF_SUFFIX[path.suffix.lower()]
    try:
        exif = keep(picture.exif, metadata)
    except InputError as error:
        raise InputError(f"{picture.source}: {error}") from error
    stream = io.BytesIO()
    options = _options(picture, format_name)
    if exif:
        options |= {"exif": exif} | _TIFF_WITH_EXIF.get(format_name, {})
    try:
        _to_pillow(picture, format_name).save(stream, format_name, **options)
    except (OSError, ValueError, RuntimeError) as error:
        raise OutputError(
            f"{path}: cannot be encoded as {format_name} ({error}); take another format, e.g. .png"
        ) from error
    return stream.getvalue()


def _to_pillow(picture: Picture, format_name: str) -> PIL.Image.Image:
    image = PIL.Image.fromarray(np.ascontiguousarray(picture.image))
    if picture.encoding.is_grey:
        image = image.convert("L")
    if picture.alpha is None:
        return image
    alpha = PIL.Image.fromarray(picture.alpha)
    if format_name in _ALPHA_FORMATS:
        image.putalpha(alpha)
        return image
    white = PIL.Image.new(image.mode, image.size, "white")
    return PIL.Image.composite(image, white, alpha)


def _options(picture: Picture, format_name: str) -> dict[str, Any]:
    colours = {"icc_profile": picture.icc_profile} if picture.icc_profile else {}
    return colours | _compression(picture.encoding, format_name)


def _compression(encoding: Encoding, format_name: str) -> dict[str, Any]:
    match format_name:
        case "JPEG" if encoding.jpeg_tables:
            return {"qtables": encoding.jpeg_tables, "subsampling": encoding.jpeg_subsampling}
        case "JPEG":
            return {"quality": JPEG_QUALITY, "subsampling": 0}
        case "WEBP" if encoding.is_lossless:
            return {"lossless": True}
        case "WEBP":
            return {"quality": WEBP_QUALITY}
        case "TIFF" if encoding.tiff_compression in _LOSSLESS_TIFF:
            return {"compression": encoding.tiff_compression}
        case "TIFF":
            return {"compression": "tiff_adobe_deflate"}
        case "AVIF":
            return {"quality": AVIF_QUALITY}
        case _:
            return {}
