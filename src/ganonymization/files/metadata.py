"""What of a picture's EXIF block goes into its result: named tags of the standard, never what is merely there."""

from __future__ import annotations

import enum
import itertools
import struct
from collections.abc import Mapping
from typing import Any, Final

import PIL.Image
from PIL.ExifTags import GPS, IFD, Base

from ganonymization.errors import InputError


class Metadata(enum.Enum):
    """What is kept beside the pixels; the value is the name on the command line.

    The colour profile is always kept. Never kept, whatever is chosen: previews and MakerNotes (they show the faces),
    XMP, IPTC and comments (they name persons and mark faces), and the orientation, since results are upright.
    """

    NONE = "none"
    ALL_BUT_LOCATION = "all-but-location"
    LOCATION_ONLY = "location-only"
    ALL = "all"

    @property
    def keeps_description(self) -> bool:
        """Whether camera, exposure, date, author and captions are kept."""
        return self in {Metadata.ALL, Metadata.ALL_BUT_LOCATION}

    @property
    def keeps_location(self) -> bool:
        """Whether the GPS tags are kept."""
        return self in {Metadata.ALL, Metadata.LOCATION_ONLY}


EXIF_FAULTS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    struct.error,
)
"""What Pillow lets through when an EXIF block is damaged or holds values of the wrong type."""

IMAGE_TAGS: Final = (
    Base.ImageDescription,
    Base.Make,
    Base.Model,
    Base.XResolution,
    Base.YResolution,
    Base.ResolutionUnit,
    Base.Software,
    Base.DateTime,
    Base.Artist,
    Base.HostComputer,
    Base.Rating,
    Base.RatingPercent,
    Base.Copyright,
    Base.XPTitle,
    Base.XPComment,
    Base.XPAuthor,
    Base.XPKeywords,
    Base.XPSubject,
)
"""Tags of the first directory that do not describe how the pixels are stored."""

_SUBJECT_AREA: Final = 0x9214

_MISPLACED_TAGS: Final = frozenset(
    {
        Base.MakerNote,
        _SUBJECT_AREA,
        Base.SubjectLocation,
        Base.ExifImageWidth,
        Base.ExifImageHeight,
        Base.ExifInteroperabilityOffset,
    }
)
"""Private data, and pixel coordinates of the picture before it was turned upright."""

_NAMED_TAGS: Final = frozenset(Base)

CAPTURE_TAGS: Final = tuple(
    tag
    for tag in itertools.chain([Base.ExposureTime, Base.FNumber], range(0x8822, 0x8836), range(0x9000, 0xA600))
    if tag in _NAMED_TAGS and tag not in _MISPLACED_TAGS
)
"""Tags of the capture directory that the standard names."""

LOCATION_TAGS: Final = tuple(GPS)


def keep(exif: bytes, metadata: Metadata) -> bytes:
    """Return an EXIF block with nothing but what a policy keeps; empty when that is nothing.

    Of a damaged block, what can be read is kept.

    Raises:
        InputError: nothing can be read, or what was read cannot be written.
    """
    if not exif or metadata is Metadata.NONE:
        return b""
    try:
        block = PIL.Image.Exif()
        block.load(exif)
        return repack(block, metadata)
    except EXIF_FAULTS as error:
        raise InputError(f"the EXIF block is damaged ({error}); take --metadata none, which drops it") from error


def repack(block: PIL.Image.Exif, metadata: Metadata) -> bytes:
    """Return the bytes of a new block with the tags that a policy keeps; empty when it has none of them."""
    kept = PIL.Image.Exif()
    if metadata.keeps_description:
        kept.update(_pick(block, IMAGE_TAGS))
        _put(kept, IFD.Exif, _pick(block.get_ifd(IFD.Exif), CAPTURE_TAGS))
    if metadata.keeps_location:
        _put(kept, IFD.GPSInfo, _pick(block.get_ifd(IFD.GPSInfo), LOCATION_TAGS))
    return kept.tobytes() if len(kept) else b""


def _pick(directory: Mapping[int, Any], tags: tuple[int, ...]) -> dict[int, Any]:
    return {tag: directory[tag] for tag in tags if tag in directory}


def _put(block: PIL.Image.Exif, tag: int, directory: dict[int, Any]) -> None:
    if directory:
        block[tag] = directory
