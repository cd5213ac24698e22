"""Two processes train one generator on different cores and average their weights every minute.

Threads inside one process wait for each other thousands of times per step, so whatever else runs on one core stalls
both. Processes that only meet once a minute do not (local SGD; Stich, "Local SGD converges fast and communicates
little", 2019), and a slow partner merely counts less.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import torch

if TYPE_CHECKING:
    from ganonymization.training.loop import Trainer

NETWORKS: Final = ("generator", "discriminator")


class Exchange:
    """Average the weights of a trainer with those of its partner, through two files in the folder of the run.

    Args:
        folder: of the run.
        own: name of this process.
        partner: name of the other one.
        interval_s: seconds between two exchanges.
    """

    def __init__(self, folder: Path, *, own: str, partner: str, interval_s: float = 45) -> None:
        self._own = folder / f"{own}.exchange"
        self._partner = folder / f"{partner}.exchange"
        self._interval_s = interval_s
        self._due = time.monotonic() + interval_s
        self._trained = self._mixed = self._partner_trained = 0
        self._own.unlink(missing_ok=True)

    def __call__(self, trainer: Trainer, trained: int) -> None:
        """Count samples that this process has trained on; when it is time, offer the weights and take the partner's."""
        self._trained += trained
        if time.monotonic() < self._due:
            return
        self._due = time.monotonic() + self._interval_s
        self._offer(trainer)
        if self._partner.exists():
            self._take(trainer, torch.load(self._partner, map_location=trainer.device, weights_only=True))

    def _offer(self, trainer: Trainer) -> None:
        weights = {name: dict(getattr(trainer, name).named_parameters()) for name in NETWORKS}
        partial = self._own.with_suffix(".partial")
        torch.save({"weights": weights, "trained": self._trained}, partial)
        partial.replace(self._own)

    def _take(self, trainer: Trainer, offered: dict[str, Any]) -> None:
        theirs, ours = offered["trained"] - self._partner_trained, self._trained - self._mixed
        if theirs <= 0:
            return
        self._partner_trained, self._mixed = offered["trained"], self._trained
        trainer.samples += theirs
        with torch.no_grad():
            for name in NETWORKS:
                for key, parameter in getattr(trainer, name).named_parameters():
                    parameter.lerp_(offered["weights"][name][key].to(parameter), theirs / (theirs + ours))
        trainer.average_weights(theirs)
