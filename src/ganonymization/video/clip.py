"""Values of video: a clip, its frames, and how the pixels of a file are turned and coloured.

Times are exact: a `Fraction` of seconds, or whole ticks of a `time_base`, which is the length of a tick in seconds.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, TypeVar

import av
import numpy as np
import numpy.typing as npt

from ganonymization.types import Image

Plane = TypeVar("Plane", bound=np.generic)

MATRIX_UNSPECIFIED: Final = 2
MATRIX_BT709: Final = 1
MATRIX_BT601: Final = 5
RANGE_FULL: Final = 2
"""Numbers of ITU-T H.273 (matrix) and of FFmpeg (range: 1 is limited, 2 is full)."""

_HD_HEIGHT_PX: Final = 720
"""From this height on, players take a clip without a tag for BT.709, and below it for BT.601."""


class StreamKind(enum.Enum):
    """What a stream beside the pictures holds."""

    SOUND = "audio"
    SUBTITLES = "subtitle"


@dataclass(frozen=True, slots=True)
class SideStream:
    """A stream that is copied packet by packet.

    Attributes:
        index: number in the file.
        kind: sound or subtitles.
        codec: FFmpeg's name of it.
        time_base: length of a tick in seconds.
    """

    index: int
    kind: StreamKind
    codec: str
    time_base: Fraction


@dataclass(frozen=True, slots=True)
class Turn:
    """How a file's pixels become upright: transposed first, then flipped."""

    transposed: bool = False
    flipped_x: bool = False
    flipped_y: bool = False

    def apply(self, plane: npt.NDArray[Plane]) -> npt.NDArray[Plane]:
        """Return (H, W, ...) pixels of the file, upright."""
        upright = np.swapaxes(plane, 0, 1) if self.transposed else plane
        return self._flip(upright)

    def undo(self, plane: npt.NDArray[Plane]) -> npt.NDArray[Plane]:
        """Return upright (H, W, ...) pixels as they lie in the file."""
        flipped = self._flip(plane)
        return np.swapaxes(flipped, 0, 1) if self.transposed else flipped

    def _flip(self, plane: npt.NDArray[Plane]) -> npt.NDArray[Plane]:
        flipped = plane[:, ::-1] if self.flipped_x else plane
        return flipped[::-1] if self.flipped_y else flipped


@dataclass(frozen=True, slots=True)
class Colours:
    """What the file says of its colours, in the numbers of ITU-T H.273; they are written again as they were read.

    Attributes:
        matrix: from RGB to luma and chroma; 2 is unspecified.
        range: 0 is unspecified, 1 is limited (16 to 235), 2 is full.
        primaries: 2 is unspecified.
        transfer: 2 is unspecified.
    """

    matrix: int = MATRIX_UNSPECIFIED
    range: int = 0
    primaries: int = 2
    transfer: int = 2


@dataclass(frozen=True, slots=True)
class Clip:
    """What is known of a video before its frames are read.

    Attributes:
        path: the file; it is never written to.
        container: FFmpeg's name of the format.
        codec: FFmpeg's name of the picture codec.
        size_wh: width and height of the upright pictures, in pixels.
        fps: mean number of frames per second; single frames may keep other distances.
        time_base: length of a tick in seconds.
        start: time of the first picture in seconds.
        origin: time in seconds that players show as 0: not 0 only in broadcast formats, whose clocks run freely.
        duration: seconds, as the file has it; None when it does not say.
        frame_count: as the file has it; None when it does not say.
        turn: from the file's pixels to upright ones; frames have it applied.
        colours: tags of the file.
        pixel_format: FFmpeg's name of it.
        bit_depth: bits per sample.
        pixel_aspect: width by height of an upright pixel; 1 where the file does not say.
        bit_rate: bits per second of the pictures, about; 0 when unknown.
        side_streams: sound and subtitles, in the order of the file.
        is_cut_short: the file ends before its own headers say; only containers that state their sizes can tell.
    """

    path: Path
    container: str
    codec: str
    size_wh: tuple[int, int]
    fps: Fraction
    time_base: Fraction
    start: Fraction = Fraction(0)
    origin: Fraction = Fraction(0)
    duration: Fraction | None = None
    frame_count: int | None = None
    turn: Turn = Turn()
    colours: Colours = Colours()
    pixel_format: str = "rgb24"
    bit_depth: int = 8
    pixel_aspect: Fraction = Fraction(1)
    bit_rate: int = 0
    side_streams: tuple[SideStream, ...] = ()
    is_cut_short: bool = False

    @property
    def matrix(self) -> int:
        """The colour matrix, guessed as players do where the file does not say."""
        if self.colours.matrix in _MATRICES:
            return self.colours.matrix
        return MATRIX_BT709 if self.size_wh[1] >= _HD_HEIGHT_PX else MATRIX_BT601

    @property
    def is_full_range(self) -> bool:
        """Whether luma uses all values."""
        return self.colours.range == RANGE_FULL


_MATRICES: Final = frozenset({MATRIX_BT709, 4, MATRIX_BT601, 6, 7, 9})
"""Those that swscale converts: BT.709, FCC, BT.601 (twice), SMPTE 240M, BT.2020."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """What a decoder gave, kept beside a frame so that the pixels nobody changes lose nothing when they are written.

    Attributes:
        picture: the samples as they lie in the file.
        image: (H, W, 3) uint8 RGB, upright, read-only: the same in RGB.
    """

    picture: av.VideoFrame
    image: Image


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A picture of a clip.

    Attributes:
        image: (H, W, 3) uint8 RGB, upright, of the clip's size. More than 8 bits are rounded to 8. Read-only when it
            comes from a file.
        pts: when it is shown, in ticks.
        time_base: length of a tick in seconds.
        duration: how long it is shown, in ticks; 0 when unknown.
        corrupt: its data were damaged. The image is what could be decoded, or black when nothing could, and cannot be
            trusted to show what a detector needs to see: cover it.
        decoded: where the image comes from. The writer takes from it, at full depth and without a trip through RGB, the
            pixels of `image` that were not changed. None when there is nothing to take.
    """

    image: Image
    pts: int
    time_base: Fraction
    duration: int = 0
    corrupt: bool = False
    decoded: Decoded | None = field(default=None, repr=False)

    @property
    def time(self) -> Fraction:
        """When it is shown, in seconds."""
        return self.pts * self.time_base

    def with_image(self, image: Image) -> Frame:
        """Return the same frame with other pixels, (H, W, 3) uint8 of the same size.

        Raises:
            ValueError: the size differs.
        """
        if image.shape != self.image.shape:
            raise ValueError(f"image has the shape {image.shape}; it must be {self.image.shape} as in the frame")
        return dataclasses.replace(self, image=image)
