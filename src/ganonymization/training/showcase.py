"""The same sixteen training faces again and again: contact sheets and figures of what a generator has learned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from ganonymization.training.consistency import LandmarkConsistency
from ganonymization.training.losses import patch_mean
from ganonymization.training.sheets import save_sheet

if TYPE_CHECKING:
    from ganonymization.training.data import Batch
    from ganonymization.training.loop import Trainer


class FaceShowcase:
    """Fits `recorder.Showcase`.

    Args:
        trainer: whose averaged generator is shown.
        batch: the faces, not yet on the device.
    """

    def __init__(self, trainer: Trainer, batch: Batch) -> None:
        self._trainer = trainer
        self._batch = batch.to(trainer.device)
        self._consistency = trainer.consistency or LandmarkConsistency().to(trainer.device)

    def save_sheet(self, path: Path) -> None:
        """Write a contact sheet; see `sheets.save_sheet`."""
        save_sheet(self._trainer, self._batch, path)

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Return figures of faces with the identity of their neighbour in the batch, drawn by the averaged generator.

        `landmark_error` is a distance in percent of the face's extent, `told_apart` the share of patches that the
        discriminator judges right, `sharpness` and `spread` are ratios to the training faces.
        """
        batch = self._batch
        reader = self._trainer.reader
        code = reader.code(reader(batch.image, batch.own_landmarks))
        surround = batch.image * batch.known
        drawn = self._trainer.average(batch.maps, surround, batch.known, batch.palette, code.roll(1, dims=0))
        image = torch.where(batch.known > 0, batch.image, drawn.float())
        unknown = batch.unknown
        return {
            "landmark_error": self._consistency(image, batch.landmarks).item(),
            "told_apart": self._told_apart(image),
            "sharpness": ratio(sharpness(image, unknown), sharpness(batch.image, unknown)),
            "spread": ratio(spread(image, unknown), spread(batch.image, unknown)),
        }

    def _told_apart(self, image: Tensor) -> float:
        batch = self._batch
        unknown = batch.unknown
        discriminator = self._trainer.discriminator.eval()  # in training mode a look alone would change it
        shares = [
            patch_mean((sign * logits > 0).float(), unknown)
            for sign, faces in ((1, batch.image), (-1, image))
            for logits, _ in discriminator(faces * batch.valid, batch.maps)
        ]
        discriminator.train()
        return torch.stack(shares).mean().item()


def ratio(of: float, to: float) -> float:
    """Return a quotient, 0 where there is nothing to compare with."""
    return of / to if to > 0 else 0.0


def sharpness(image: Tensor, pixel_weight: Tensor) -> float:
    """Return the weighted mean absolute difference of (B, 3, S, S) pictures from their neighbourhoods."""
    grey = image.mean(dim=1, keepdim=True)
    around = F.avg_pool2d(F.pad(grey, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
    return _weighted_mean((grey - around).abs(), pixel_weight)


def spread(image: Tensor, pixel_weight: Tensor) -> float:
    """Return the weighted mean deviation of (B, 3, S, S) pictures from what all of them have in common."""
    common = (image * pixel_weight).sum(dim=0, keepdim=True) / pixel_weight.sum(dim=0, keepdim=True).clamp_min(1e-6)
    return _weighted_mean((image - common).abs().mean(dim=1, keepdim=True), pixel_weight)


def _weighted_mean(values: Tensor, weight: Tensor) -> float:
    return ((values * weight).sum() / weight.sum().clamp_min(1e-6)).item()
