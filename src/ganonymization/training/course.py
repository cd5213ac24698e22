"""The course of a run, whatever is trained: begin, resume, step after step, stop, leave a checkpoint."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, TypeVar, cast

import torch
from torch.utils.data import DataLoader, IterableDataset

from ganonymization.errors import InputError

logger = logging.getLogger(__name__)

CHECKPOINT_NAME: Final = "checkpoint.pt"

Follower: TypeAlias = Callable[[int, dict[str, float]], None]
"""Called after every step with the samples seen before it and the losses by name."""


class Movable(Protocol):
    """A batch."""

    def to(self, device: torch.device, /) -> Any:  # noqa: ANN401 - each recipe has batches of its own
        """Return the batch on a device."""
        ...


AnyBatch = TypeVar("AnyBatch", bound=Movable)


class Learner(Protocol):
    """Networks that learn from one batch at a time."""

    device: torch.device
    samples: int

    def step(self, batch: Any, /) -> dict[str, float]:  # noqa: ANN401 - each recipe has batches of its own
        """Learn from one batch and return the losses by name."""
        ...

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs."""
        ...

    def restore(self, state: dict[str, Any], /) -> None:
        """Take up the state of an earlier run."""
        ...


def prepare_run(folder: Path, *, threads: int) -> None:
    """Make the folder of a run and limit torch to so many threads; 0 takes every core."""
    torch.set_num_threads(threads or torch.get_num_threads())
    folder.mkdir(parents=True, exist_ok=True)


def resume(learner: Learner, folder: Path, *, device: torch.device) -> bool:
    """Take up the checkpoint in a folder and return whether there was one.

    Raises:
        InputError: it is that of other networks.
    """
    if not (folder / CHECKPOINT_NAME).exists():
        return False
    state = load_checkpoint(folder, device=device)
    try:
        learner.restore(state)
    except (KeyError, RuntimeError) as error:
        raise InputError(
            f"{folder}: holds a run of another preset, or of other widths; take the configuration that it was begun "
            "with, or another folder"
        ) from error
    logger.info("resumed after %d samples", learner.samples)
    return True


def learn(
    learner: Learner,
    batches: Iterator[Movable],
    *,
    goal: int,
    limit_seconds: float | None,
    followers: Sequence[Follower],
) -> None:
    """Step until the learner has seen `goal` samples or so many seconds have passed."""
    started = time.monotonic()
    while learner.samples < goal:
        before = learner.samples
        report = learner.step(next(batches).to(learner.device))
        for follow in followers:
            follow(before, report)
        if limit_seconds is not None and time.monotonic() - started > limit_seconds:
            return


def load_batches(views: IterableDataset[AnyBatch], *, workers: int, device: torch.device) -> Iterator[AnyBatch]:
    """Return an endless stream of batches that worker processes prepare."""
    options: dict[str, Any] = {"generator": torch.Generator()}  # else it would draw from the numbers of dropout
    if workers:
        options |= {"prefetch_factor": 4, "persistent_workers": True}
    if device.type == "cuda":
        options["pin_memory"] = True
    return iter(cast("DataLoader[AnyBatch]", DataLoader(views, batch_size=None, num_workers=workers, **options)))


def load_checkpoint(run: Path, *, device: torch.device) -> dict[str, Any]:
    """Return the state in the folder of a run.

    Raises:
        InputError: the folder holds no checkpoint.
    """
    path = run / CHECKPOINT_NAME
    if not path.is_file():
        raise InputError(f"{path}: not found; name the folder of a training run")
    state: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
    return state


def save_checkpoint(learner: Learner, path: Path) -> None:
    """Write a checkpoint such that a kill at any moment leaves the old or the new one."""
    partial = path.with_suffix(".partial")
    torch.save(learner.state(), partial)
    partial.replace(path)
