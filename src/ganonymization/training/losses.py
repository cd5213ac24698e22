"""Losses of the generator and the discriminator; every one is a mean over the batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor

Judgement = list[tuple[Tensor, list[Tensor]]]
"""What the discriminator says at each scale: logits and features."""

MOST_PULL: Final = 0.06
"""Norm, over all values of a picture, that the gradient of one face's loss by a network that does not learn may have.

That of the divergence between two answers of a classifier had a median of .8 and a maximum of 15 over 64 faces, so that
the second moments of Adam, and with them every other loss, followed a few faces. An absolute difference pulls with .01,
the discriminator with .04, and the same way each time, which what frozen networks say does not: with a bound ten times
as large they drowned it, and faces kept etched lines and glowing rims that any discriminator sees."""


def real_hinge(real: Judgement, pixel_weight: Tensor) -> Tensor:
    """Return the discriminator's hinge loss on training faces, averaged over scales.

    Args:
        real: judgement of the training faces.
        pixel_weight: (B, 1, S, S), 1 where something is generated; patches in which both show the surround teach
            nothing.
    """
    return torch.stack([patch_mean(F.relu(1 - logits.float()), pixel_weight) for logits, _ in real]).mean()


def fake_hinge(fake: Judgement, pixel_weight: Tensor) -> Tensor:
    """Return the discriminator's hinge loss on generated faces; arguments as in `real_hinge`."""
    return torch.stack([patch_mean(F.relu(1 + logits.float()), pixel_weight) for logits, _ in fake]).mean()


def generator_hinge(fake: Judgement, pixel_weight: Tensor) -> Tensor:
    """Return the hinge loss of the generator, averaged over scales; arguments as in `real_hinge`."""
    return torch.stack([patch_mean(-logits.float(), pixel_weight) for logits, _ in fake]).mean()


def patch_mean(values: Tensor, pixel_weight: Tensor) -> Tensor:
    """Return the mean of (B, 1, H, W) values, weighted by the (B, 1, S, S) pixels that they stand for."""
    weight = F.adaptive_avg_pool2d(pixel_weight, (values.shape[-2], values.shape[-1]))
    return (values * weight).sum() / weight.sum().clamp_min(1)


def feature_matching(real: Judgement, fake: Judgement, weight: Tensor) -> Tensor:
    """Return the mean absolute difference of discriminator features.

    Args:
        real: judgement of the training faces; taken as constant.
        fake: judgement of the generated faces.
        weight: (B,) weight of each sample.
    """
    terms = [
        ((a.detach() - b).abs().float().mean(dim=(1, 2, 3)) * weight).sum() / weight.sum().clamp_min(1)
        for (_, real_features), (_, fake_features) in zip(real, fake, strict=True)
        for a, b in zip(real_features, fake_features, strict=True)
    ]
    return torch.stack(terms).mean()


def masked_l1(image: Tensor, target: Tensor, pixel_weight: Tensor, weight: Tensor) -> Tensor:
    """Return the weighted mean absolute difference.

    Args:
        image: (B, 3, S, S).
        target: (B, 3, S, S).
        pixel_weight: (B, 1, S, S).
        weight: (B,) weight of each sample.
    """
    total = ((image - target).abs() * pixel_weight).mean(dim=1, keepdim=True).sum(dim=(1, 2, 3))
    mean = total / pixel_weight.sum(dim=(1, 2, 3)).clamp_min(1)
    return (mean * weight).sum() / weight.sum().clamp_min(1)


def coarse_l1(image: Tensor, target: Tensor, pixel_weight: Tensor, weight: Tensor) -> Tensor:
    """Return `masked_l1` of pictures averaged over 8 x 8 pixels: light and colour must agree, detail is free."""
    known = F.avg_pool2d(pixel_weight, 8)
    blurred = [F.avg_pool2d(x * pixel_weight, 8) / known.clamp_min(0.05) for x in (image, target)]
    return masked_l1(blurred[0], blurred[1], known, weight)


def landmark_distance(found: Tensor, wanted: Tensor, point_weights: Tensor, present: Tensor) -> Tensor:
    """Return the weighted mean distance of landmarks found on generated faces from those asked for.

    Args:
        found: (B, 478, 2) in shares of the crop's side.
        wanted: (B, 478, 2) likewise.
        point_weights: (478,) that sum to 1.
        present: (B,) weight of each sample.
    """
    distance = (found - wanted).abs().sum(dim=2) @ point_weights
    return (distance * present).sum() / present.sum().clamp_min(1)


class _Tempered(torch.autograd.Function):
    """The identity whose gradient is bounded; see `tempered`."""

    @staticmethod
    def forward(context: Any, image: Tensor, most: float) -> Tensor:  # noqa: ANN401 - torch gives it no type
        context.most = most
        return image.view_as(image)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ANN401 - torch gives it no type
        (gradient,) = gradients
        norms = gradient.float().flatten(1).norm(dim=1).clamp_min(1e-12)
        share = (context.most / norms).clamp_max(1).to(gradient)
        return gradient * share[:, None, None, None], None


def tempered(image: Tensor, *, weight: float) -> Tensor:
    """Return (B, 3, S, S) pictures as they are; what flows back through each of them is bounded by `MOST_PULL`.

    Args:
        image: generated faces, on their way into a network that does not learn.
        weight: of the loss that is made of them, a mean over the batch.
    """
    tempered_image: Tensor = cast(Any, _Tempered).apply(image, MOST_PULL * weight / max(1, len(image)))
    return tempered_image


def total(terms: Sequence[tuple[float, Tensor]]) -> Tensor:
    """Return the weighted sum of losses."""
    return torch.stack([weight * loss for weight, loss in terms]).sum()
