"""Compare faces by what a network that knows faces sees in them, instead of pixel by pixel.

Absolute differences of pixels ask for the mean of all that could be, and a discriminator of patches only for detail
that is sharp somewhere; between the two lies how the parts of a face hang together. The layers of a network that was
trained on faces hold that (Zhang et al., "The unreasonable effectiveness of deep features as a perceptual metric",
2018). The network is the receipts' recogniser; the one that only the evaluation uses stays out of training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganonymization.recognise import FACE_RECOGNITION
from ganonymization.training.frozen import FrozenNetwork
from ganonymization.training.regions import cut_aligned, place_squares, shaken

LAYERS: Final = ("relu_6", "relu_40", "relu_86", "relu_121")
"""The last layers at a half, a quarter, an eighth and a sixteenth of the recogniser's 150 px."""

JITTER: Final = 0.02
"""How far, in shares of its side, the square that the network sees is moved, turned and scaled."""


class Perception(nn.Module):
    """Compare generated faces with the training faces that they are to be like.

    Args:
        network: the receipts' recogniser.
    """

    def __init__(self, network: FrozenNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, fake: Tensor, real: Tensor, landmarks: Tensor, *, random: torch.Generator) -> Tensor:
        """Return the mean squared distance of unit features, summed over channels; 0 for an empty batch.

        Args:
            fake: (B, 3, S, S) in -1..1.
            real: (B, 3, S, S) in -1..1, the same faces.
            landmarks: of both, (B, 478, 3) in shares of the crop's side.
            random: moves the squares that the network sees.
        """
        if not len(fake):
            return fake.new_zeros(())
        squares = shaken(place_squares(landmarks, FACE_RECOGNITION.framing), random, amount=JITTER)
        with torch.no_grad():
            wanted = self._see(real, squares, LAYERS)
        found = self._see(fake, squares, LAYERS)
        return torch.stack([_apart(*pair) for pair in zip(found, wanted, strict=True)]).mean()

    def _see(self, image: Tensor, squares: Tensor, layers: Sequence[str]) -> list[Tensor]:
        """Return unit features."""
        with torch.autocast(image.device.type, enabled=False):
            square = cut_aligned(image.float(), squares, size_px=FACE_RECOGNITION.size_px)
            return [F.normalize(x, dim=1) for x in self.network.layers(127.5 * (square + 1), layers)]


def _apart(first: Tensor, second: Tensor) -> Tensor:
    return (first - second).square().sum(dim=1).mean()
