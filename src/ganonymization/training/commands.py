"""Train whatever recipe a configuration is for, on the device that a word stands for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import torch

from ganonymization.errors import InputError
from ganonymization.training.config import PaperConfig, TrainingConfig
from ganonymization.training.loop import Role, train
from ganonymization.training.paper import train_paper
from ganonymization.training.prepare import FaceSet
from ganonymization.training.recorder import Schedule


def train_recipe(
    config: TrainingConfig | PaperConfig,
    faces: FaceSet,
    run: Path,
    *,
    device: str = "auto",
    limit_seconds: float | None = None,
    smaller_run: Path | None = None,
    role: str = "alone",
) -> int:
    """Train, going on from a checkpoint if there is one, and return how many faces the run has seen.

    Args:
        config: of the run; its kind decides the recipe.
        faces: prepared faces.
        run: folder of checkpoint, log and contact sheets.
        device: a torch device; `auto` takes a GPU if there is one.
        limit_seconds: stop, with a checkpoint, after so long.
        smaller_run: folder of a run, or file of a generator, to grow from.
        role: alone, leader or follower.

    Raises:
        InputError: the machine has no such device, there is nothing to grow from, or the published recipe was asked to
            grow or to be trained by two processes.
        DivergedError: training no longer leads anywhere.
    """
    chosen = find_device(device)
    schedule = dataclasses.replace(Schedule(), limit_seconds=limit_seconds)
    if isinstance(config, TrainingConfig):
        return train(
            config, faces, run, device=chosen, schedule=schedule, smaller_run=smaller_run, role=Role(role)
        ).samples
    if smaller_run is not None or role != Role.ALONE.value:
        raise InputError(
            "the published recipe neither grows nor runs in two processes; leave --grow-from and --role out"
        )
    return train_paper(config, faces, run, device=chosen, schedule=schedule).samples


def find_device(name: str) -> torch.device:
    """Return the torch device that a word stands for.

    Raises:
        InputError: there is no such device in this machine.
    """
    has_gpu = torch.cuda.is_available()
    try:
        device = torch.device(name) if name != "auto" else torch.device("cuda" if has_gpu else "cpu")
    except RuntimeError as error:
        raise InputError(f"--device is {name!r}; give auto, cpu or cuda") from error
    if device.type == "cuda" and not has_gpu:
        raise InputError(f"--device is {name!r}, but torch sees no GPU here; give cpu")
    return device
