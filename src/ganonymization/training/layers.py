"""Landmark maps by name."""

from __future__ import annotations

import torch
from torch import Tensor

from ganonymization.condition import FEATURE_NAMES, MAP_NAMES


def named_layers(maps: Tensor) -> dict[str, Tensor]:
    """Return the (B, 1, S, S) layer of each name in `MAP_NAMES`, of (B, M, S, S) landmark maps."""
    return dict(zip(MAP_NAMES, maps[:, :, None].unbind(dim=1), strict=True))


def features_of(layers: dict[str, Tensor]) -> Tensor:
    """Return (B, 1, S, S) where a face has brows, eyes or a mouth instead of bare skin, 0..1."""
    return torch.stack([layers[name] for name in FEATURE_NAMES]).amax(dim=0)
