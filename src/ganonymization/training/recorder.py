"""What a run writes on its way: log, contact sheets, checkpoints; and the eye on whether it leads anywhere."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ganonymization.training.board import open_board
from ganonymization.training.course import CHECKPOINT_NAME, Learner, save_checkpoint
from ganonymization.training.divergence import DivergenceWatch

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a run writes.

    Attributes:
        checkpoint_seconds: between checkpoints.
        sheet_samples: between contact sheets.
        log_samples: between lines of the log.
        measure_samples: between measurements on the fixed faces, which are added to a line of the log.
        limit_seconds: stop, with a checkpoint, after so long; None runs to the end.
    """

    checkpoint_seconds: float = 240
    sheet_samples: int = 8_000
    log_samples: int = 800
    measure_samples: int = 4_000
    limit_seconds: float | None = None


class Showcase(Protocol):
    """The same training faces again and again while a generator learns."""

    def save_sheet(self, path: Path) -> None:
        """Write a contact sheet."""
        ...

    def measure(self) -> dict[str, float]:
        """Return figures of the generated faces; `spread` is among them, see `DivergenceWatch`."""
        ...


class Recorder:
    """Write log, contact sheets and checkpoints of a run when they are due; a `course.Follower`.

    Args:
        learner: what is trained.
        folder: of the run.
        schedule: how often to write.
        showcase: shows and measures what has been learned.
        watch: stops a run that leads nowhere.
    """

    def __init__(
        self,
        learner: Learner,
        folder: Path,
        schedule: Schedule,
        showcase: Showcase,
        watch: DivergenceWatch | None = None,
    ) -> None:
        self._learner = learner
        self._folder = folder
        self._schedule = schedule
        self._showcase = showcase
        self._watch = watch or DivergenceWatch()
        self._board = open_board(folder)
        self._started = self._saved = time.monotonic()

    def __call__(self, before: int, report: dict[str, float]) -> None:
        """Record a step that took the run from `before` samples to those it has now.

        Raises:
            DivergedError: training no longer leads anywhere; the last checkpoint stays as it was.
        """
        samples, schedule = self._learner.samples, self._schedule
        self._watch.see_losses(report, samples=samples, trained=samples - before)
        is_measured = _is_due(before, samples, schedule.measure_samples)
        figures = self._measure() if is_measured else {}
        if is_measured or _is_due(before, samples, schedule.log_samples):
            self._log(report | figures)
        if _is_due(before, samples, schedule.sheet_samples):
            self._showcase.save_sheet(self._folder / f"sheet-{samples:07d}.png")
        if time.monotonic() - self._saved > schedule.checkpoint_seconds:
            save_checkpoint(self._learner, self._folder / CHECKPOINT_NAME)
            self._saved = time.monotonic()

    def _measure(self) -> dict[str, float]:
        figures = self._showcase.measure()
        self._watch.see_faces(figures["spread"], samples=self._learner.samples)
        return figures

    def _log(self, report: dict[str, float]) -> None:
        samples = self._learner.samples
        row: dict[str, float] = {"samples": samples, "seconds": round(time.monotonic() - self._started, 1)}
        row |= {name: round(value, 4) for name, value in report.items()}
        with (self._folder / "log.jsonl").open("a") as lines:
            lines.write(json.dumps(row) + "\n")
        self._board(samples, report)
        logger.info("%s", row)


def _is_due(before: int, now: int, interval: int) -> bool:
    return now // interval != before // interval
