"""The attacker who learns to draw the original from the anonymized face: a small U-Net on aligned pictures.

For evaluation only: it is trained on pictures of some people, before and after a method, and what it draws of others is
recognised.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganonymization.errors import NotMeasurableError

Pictures: TypeAlias = npt.NDArray[np.uint8]
"""(N, S, S, 3) RGB, S a multiple of 8, faces aligned."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much the attacker spends.

    Attributes:
        passes: over the pictures; 8 over 1,400 pictures of 64 px are a few minutes on one core.
        batch_size: pictures in a step.
        rate: of Adam, falling to zero.
        seed: of weights, order and flips.
    """

    passes: int = 8
    batch_size: int = 16
    rate: float = 2e-3
    seed: int = 0


class Block(nn.Module):
    """Two convolutions."""

    def __init__(self, source: int, target: int) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(width, target, 3, padding=1, padding_mode="replicate") for width in (source, target)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, target) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, target, H, W)."""
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.silu(norm(convolution(x)))
        return x


class ReconstructionNetwork(nn.Module):
    """A U-Net of 0.8 M parameters that adds what it has learnt to what it is given (Ronneberger et al., 2015).

    Args:
        channels: width at each level, each half as large as the one before.
    """

    def __init__(self, channels: tuple[int, ...] = (24, 48, 96, 128)) -> None:
        super().__init__()
        self.stem = Block(3, channels[0])
        self.downs = nn.ModuleList(Block(a, b) for a, b in pairwise(channels))
        self.ups = nn.ModuleList(Block(a + b, a) for a, b in pairwise(channels))
        self.head = nn.Conv2d(channels[0], 3, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(cast(Tensor, self.head.bias))

    def forward(self, picture: Tensor) -> Tensor:
        """Return the (B, 3, S, S) guess of the original, -1..1 as the input."""
        levels = [self.stem(picture)]
        for down in self.downs:
            levels.append(down(F.avg_pool2d(levels[-1], 2)))
        x = levels[-1]
        for up, level in zip(reversed(self.ups), reversed(levels[:-1]), strict=True):
            x = up(torch.cat([level, F.interpolate(x, scale_factor=2.0, mode="nearest")], dim=1))
        guess: Tensor = picture + self.head(x)
        return guess


class PictureReconstruction:
    """Draws originals.

    Args:
        network: trained.
        device: that it lies on.
    """

    def __init__(self, network: ReconstructionNetwork, device: torch.device) -> None:
        self._network = network
        self._device = device

    def __call__(self, changed: Pictures, /) -> Pictures:
        """Return the (N, S, S, 3) guesses for (N, S, S, 3) anonymized faces."""
        parts = [self._draw(changed[start : start + 64]) for start in range(0, len(changed), 64)]
        return np.concatenate(parts) if parts else changed.copy()

    @torch.no_grad()
    def _draw(self, changed: Pictures) -> Pictures:
        guess = self._network(_to_tensor(changed, self._device)).clamp(-1, 1)
        levels = ((guess + 1) * 127.5).round().permute(0, 2, 3, 1)
        return cast(Pictures, levels.to(torch.uint8).cpu().numpy())


def learn_reconstruction(
    changed: Pictures,
    original: Pictures,
    *,
    budget: Budget = Budget(),  # noqa: B008 - frozen
    device: torch.device = torch.device("cpu"),  # noqa: B008 - frozen
) -> PictureReconstruction:
    """Train on pairs of pictures of people other than those attacked; the same pairs and budget give the same network.

    Args:
        changed: (N, S, S, 3) anonymized faces.
        original: (N, S, S, 3) the same faces before.
        budget: what is spent.
        device: to train on.

    Raises:
        NotMeasurableError: there are fewer than two pictures.
        ValueError: the pictures differ in number or size, or cannot be halved three times.
    """
    _require_pairs(changed, original)
    order = np.random.default_rng(budget.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(budget.seed)
        network = ReconstructionNetwork().to(device)
    optimizer = torch.optim.Adam(network.parameters(), lr=budget.rate)
    steps = budget.passes * -(-len(changed) // budget.batch_size)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for turn in range(budget.passes):
        losses = [
            _step(network, optimizer, fall, _pair(changed, original, chosen, order, device))
            for chosen in _batches(order.permutation(len(changed)), budget.batch_size)
        ]
        logger.info("reconstruction: pass %d, mean absolute error %.3f", turn + 1, np.mean(losses))
    return PictureReconstruction(network.eval(), device)


def _step(network: nn.Module, optimizer: torch.optim.Optimizer, fall: Any, pair: tuple[Tensor, Tensor]) -> float:  # noqa: ANN401 - a scheduler
    """Learn from one batch."""
    changed, original = pair
    loss = F.l1_loss(network(changed), original)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    fall.step()
    return loss.item()


def _pair(
    changed: Pictures,
    original: Pictures,
    chosen: npt.NDArray[np.intp],
    random: np.random.Generator,
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """Return a batch, half of it mirrored."""
    mirrored = torch.from_numpy(random.random(len(chosen)) < 0.5).to(device)[:, None, None, None]
    first, second = (_to_tensor(pictures[chosen], device) for pictures in (changed, original))
    return torch.where(mirrored, first.flip(3), first), torch.where(mirrored, second.flip(3), second)


def _batches(order: npt.NDArray[np.intp], size: int) -> list[npt.NDArray[np.intp]]:
    return [order[start : start + size] for start in range(0, len(order), size)]


def _to_tensor(pictures: Pictures, device: torch.device) -> Tensor:
    return torch.from_numpy(pictures).to(device).permute(0, 3, 1, 2).float() / 127.5 - 1


def _require_pairs(changed: Pictures, original: Pictures) -> None:
    if changed.shape != original.shape:
        raise ValueError(f"pictures are {changed.shape} before and {original.shape} after; need equal shapes")
    if len(changed) < 2:
        raise NotMeasurableError(f"{len(changed)} pictures to learn from; two or more are needed")
    if changed.shape[1] % 8 or changed.shape[2] % 8:
        raise ValueError(f"pictures are {changed.shape[1:3]} pixels; sides must be multiples of 8")
