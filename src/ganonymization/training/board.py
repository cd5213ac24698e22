"""The run in TensorBoard, where that is installed."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

Board: TypeAlias = Callable[[int, dict[str, float]], None]
"""Takes samples seen and figures by name."""


def open_board(folder: Path) -> Board:
    """Return what writes figures for TensorBoard into a folder; nothing if the package `tensorboard` is missing."""
    if importlib.util.find_spec("tensorboard") is None:
        return _ignore
    writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter(str(folder / "tensorboard"))

    def write(samples: int, figures: dict[str, float]) -> None:
        for name, value in figures.items():
            writer.add_scalar(name, value, samples)
        writer.flush()

    return write


def _ignore(samples: int, figures: dict[str, float]) -> None:
    del samples, figures
