"""Contact sheets: the same training faces again and again while the generator learns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import torch
from torch import Tensor

if TYPE_CHECKING:
    from ganonymization.training.data import Batch
    from ganonymization.training.loop import Trainer


SHIFTS: Final = (3, 7, 11)
"""How far away in the batch lie the three faces whose codes a face is also drawn with."""


@torch.no_grad()
def save_sheet(trainer: Trainer, batch: Batch, path: Path) -> None:
    """Write rows of: training face, surround, maps, its own code, three other faces' codes pasted into the surround."""
    surround = batch.image * batch.known
    code = trainer.reader.code(trainer.reader(batch.image, batch.own_landmarks))
    columns = [batch.image, surround, batch.maps[:, [1, 4, 6]] * 2 - 1]
    for shift in (0, *SHIFTS):
        image = trainer.average(batch.maps, surround, batch.known, batch.palette, code.roll(shift, dims=0))
        columns.append(torch.where(batch.known > 0, batch.image, image))
    write_sheet(columns, path)


def write_sheet(columns: Sequence[Tensor], path: Path) -> None:
    """Write (B, 3, S, S) pictures in -1..1 as columns, one face a row, the second half beside the first."""
    rows = torch.cat([column.float().cpu() for column in columns], dim=3)
    halves = [_stack(rows[: len(rows) // 2]), _stack(rows[len(rows) // 2 :])]
    sheet = torch.cat(halves, dim=2)
    pixels = ((sheet.clamp(-1, 1) + 1) * 127.5).round().byte().permute(1, 2, 0).numpy()
    cv2.imwrite(str(path), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))


def _stack(rows: Tensor) -> Tensor:
    return torch.cat(list(rows), dim=1)
