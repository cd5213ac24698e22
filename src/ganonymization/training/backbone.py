"""What a network sees in whole pictures of people, for a discriminator that judges it.

The face detector has seen hundreds of thousands of faces in photos of all kinds, with hair, ears, necks and what lies
behind them. Told real crops from drawn ones by a straight line over the means of one layer (384 crops, other ones to
learn from), its layers reach an area under the curve of .82 to .88, the recogniser's, which looks at the inner face
alone, .75 to .78.
"""

from __future__ import annotations

import math
from typing import Final

import torch.nn.functional as F
from torch import Tensor, nn

from ganonymization import weights
from ganonymization.training.frozen import FrozenNetwork

LAYERS: Final = {"413": 32, "474": 96, "500": 160}
"""The last layers of the detector at an eighth, a sixteenth and a thirty-second of the picture, and their widths."""


class Backbone(nn.Module):
    """The shared layers of the face detector.

    Raises:
        WeightsError: the detector is missing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.network = FrozenNetwork(weights.locate("centerface"), list(LAYERS)[-1])

    def forward(self, image: Tensor) -> list[Tensor]:
        """Return (B, C, H, W) of each of the `LAYERS`, of mean square 1 wherever one of them is not 0.

        Args:
            image: (B, 3, S, S) in -1..1; S a multiple of 32.
        """
        layers = self.network.layers(127.5 * (image + 1), list(LAYERS))
        return [math.sqrt(x.shape[1]) * F.normalize(x.float(), dim=1) for x in layers]
