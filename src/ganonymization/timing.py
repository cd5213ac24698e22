"""Time per stage, for receipts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Add up wall-clock time by name."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        """Count the time inside the with block towards a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._seconds[stage] = self._seconds.get(stage, 0.0) + time.perf_counter() - start

    def milliseconds(self) -> dict[str, float]:
        """Return stage to milliseconds, in order of first use."""
        return {stage: round(1000 * seconds, 2) for stage, seconds in self._seconds.items()}
