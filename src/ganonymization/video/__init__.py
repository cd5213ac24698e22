"""Moving pictures on disk: read upright with their exact times, written with the sound they came with, never half.

Needs the extra `[video]`, which brings PyAV and, inside its wheels, FFmpeg. Nothing outside this package imports it.
"""

from ganonymization.video.support import VideoSupportMissingError as VideoSupportMissingError
from ganonymization.video.support import require_pyav

require_pyav()

from ganonymization.video.clip import Clip, Colours, Frame, SideStream, StreamKind, Turn  # noqa: E402 - needs PyAV
from ganonymization.video.encoders import Codec, default_suffix  # noqa: E402
from ganonymization.video.probe import open_clip  # noqa: E402
from ganonymization.video.read import read_frames  # noqa: E402
from ganonymization.video.write import ClipOptions, ClipWriter, write_clip  # noqa: E402

__all__ = [
    "Clip",
    "ClipOptions",
    "ClipWriter",
    "Codec",
    "Colours",
    "Frame",
    "SideStream",
    "StreamKind",
    "Turn",
    "VideoSupportMissingError",
    "default_suffix",
    "open_clip",
    "read_frames",
    "write_clip",
]
