"""Measure a live stream: pictures per second, and how late they are shown."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

WINDOW_S: Final = 5.0
"""Rates and latencies are those of the latest seconds."""


@dataclass(frozen=True, slots=True)
class Status:
    """How a live stream is going.

    Attributes:
        seconds: since the first picture.
        shown: anonymized pictures that were shown.
        covered: pictures that were shown covered as a whole.
        dropped: pictures that came and were not shown, because newer ones were there.
        reconnects: how often the source was sought again.
        faces: in the latest picture.
        fps: pictures per second, anonymized, over the latest seconds.
        latency_ms: median time from the arrival of a picture to when it was handed on, over the latest seconds; 0 when
            there was none.
        latency_p95_ms: 95 % of them took no longer.
    """

    seconds: float
    shown: int
    covered: int
    dropped: int
    reconnects: int
    faces: int
    fps: float
    latency_ms: float
    latency_p95_ms: float


class Meter:
    """Counts what is shown.

    Args:
        now_s: time at the start, on a clock that only goes on.
    """

    def __init__(self, now_s: float) -> None:
        self._start_s = now_s
        self._latest: deque[tuple[float, float]] = deque()
        self._faces = 0
        self.shown = 0
        self.covered = 0

    def note_shown(self, *, arrived_s: float, now_s: float, faces: int) -> None:
        """Count a picture that was handed on."""
        self.shown += 1
        self._faces = faces
        self._latest.append((now_s, now_s - arrived_s))

    def note_covered(self) -> None:
        """Count a picture that was covered as a whole."""
        self.covered += 1

    def status(self, now_s: float, *, dropped: int, reconnects: int) -> Status:
        """Return how it is going."""
        while self._latest and self._latest[0][0] <= now_s - WINDOW_S:
            self._latest.popleft()
        latencies_ms = [1000 * latency_s for _, latency_s in self._latest] or [0.0]
        span_s = min(WINDOW_S, max(now_s - self._start_s, 1e-3))
        return Status(
            seconds=now_s - self._start_s,
            shown=self.shown,
            covered=self.covered,
            dropped=dropped,
            reconnects=reconnects,
            faces=self._faces,
            fps=len(self._latest) / span_s,
            latency_ms=float(np.median(latencies_ms)),
            latency_p95_ms=float(np.percentile(latencies_ms, 95)),
        )
