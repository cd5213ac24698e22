"""Live pictures: from a camera, a network stream or a pipe to a file, a stream, a virtual camera or a pipe.

A frame is shown anonymized, covered, or not at all. Needs the extra `[video]`.
"""

from ganonymization.video.support import require_pyav

require_pyav()

from ganonymization.live.address import Sink, SinkKind, Source, SourceKind, parse_sink, parse_source  # noqa: E402
from ganonymization.live.grabber import Grabber, Retry  # noqa: E402
from ganonymization.live.meter import Status  # noqa: E402
from ganonymization.live.relay import LiveReport, RelayOptions, relay  # noqa: E402
from ganonymization.live.sinks import open_sink  # noqa: E402
from ganonymization.live.sources import read_pictures  # noqa: E402

__all__ = [
    "Grabber",
    "LiveReport",
    "RelayOptions",
    "Retry",
    "Sink",
    "SinkKind",
    "Source",
    "SourceKind",
    "Status",
    "open_sink",
    "parse_sink",
    "parse_source",
    "read_pictures",
    "relay",
]
