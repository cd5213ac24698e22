"""Where the identity codes of training faces lie, so that invented people are drawn from there.

The encoder is asked to spread its codes like standard normal noise, but uses few of the directions. A generator given
plain noise is therefore asked for people it has never met, and draws them with glowing contours. Drawn from a normal
with the mean and the covariance of the codes, they look like those it has met (the same idea as fitting the latents of
an autoencoder after training; Ghosh et al., "From variational to deterministic autoencoders", 2020).
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import torch
from torch import Tensor, nn

from ganonymization.palette import PALETTE_SIZE
from ganonymization.synthesize.pix2pix import NOISE_SIZE
from ganonymization.training.data import FaceViews

if TYPE_CHECKING:
    from ganonymization.training.config import TrainingConfig
    from ganonymization.training.networks import Generator, IdentityEncoder
    from ganonymization.training.prepare import FaceSet

_LEAST_VARIANCE = 1e-6

_KEPT: Final = 0.99
"""Share of the running moments that a step keeps: about a hundred batches count."""


@dataclass(frozen=True, slots=True, eq=False)
class CodeDistribution:
    """A normal distribution of identity codes: `mean + factor @ noise` with standard normal noise.

    Attributes:
        mean: (32,).
        factor: (32, 32) lower triangular root of the covariance.
    """

    mean: Tensor
    factor: Tensor

    def widened(self, share: float) -> CodeDistribution:
        """Return the distribution with deviations that are so many times as large."""
        return CodeDistribution(self.mean, share * self.factor)


class RunningCodes(nn.Module):
    """The moments of the codes that the encoder gave lately; begun anew those of standard normal noise.

    Random identities are drawn from them in training, so that a generator is taught where it will be used.
    """

    mean: Tensor
    covariance: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(NOISE_SIZE))
        self.register_buffer("covariance", torch.eye(NOISE_SIZE))

    @torch.no_grad()
    def see(self, codes: Tensor) -> None:
        """Count (B, NOISE_SIZE) codes in; those that are no numbers are for the losses to find."""
        codes = codes.float()
        if not torch.isfinite(codes).all():
            return
        self.mean.lerp_(codes.mean(dim=0), 1 - _KEPT)
        offset = codes - self.mean
        with torch.autocast(codes.device.type, enabled=False):
            self.covariance.lerp_(offset.T @ offset / len(codes), 1 - _KEPT)

    def deviation(self) -> Tensor:
        """Return the standard deviation of the codes, over all directions."""
        return self.covariance.diagonal().mean().clamp_min(_LEAST_VARIANCE).sqrt()

    @torch.no_grad()
    def place(self, noise: Tensor) -> Tensor:
        """Return (B, NOISE_SIZE) codes of standard normal noise."""
        with torch.autocast(noise.device.type, enabled=False):
            # not by Cholesky: rounding may leave directions that codes hardly use with less than no variance
            variances, directions = torch.linalg.eigh(self.covariance)
            root = (directions * variances.clamp_min(_LEAST_VARIANCE).sqrt()) @ directions.T
            placed: Tensor = self.mean + noise @ root
        return placed


@torch.no_grad()
def measure_codes(
    encoder: IdentityEncoder, faces: FaceSet, config: TrainingConfig, *, count: int = 2048
) -> CodeDistribution:
    """Return the distribution of the codes that the encoder gives to training faces in place.

    Args:
        encoder: in evaluation mode, on the CPU.
        faces: prepared faces; faces of people who do not exist if the generator is to be published.
        config: of the run.
        count: views to look at, at least; more than there are numbers in a code.
    """
    in_place = dataclasses.replace(config, isolated_share=0.0, seed=config.seed + 100)
    views = iter(FaceViews(faces, in_place))
    batches = (next(views).to(torch.device("cpu")) for _ in range(-(-count // config.batch_size)))
    codes = torch.cat([encoder(batch.image * (1 - batch.known))[0] for batch in batches])
    covariance = torch.cov(codes.T) + _LEAST_VARIANCE * torch.eye(codes.shape[1])
    return CodeDistribution(codes.mean(dim=0), torch.linalg.cholesky(covariance))


@torch.no_grad()
def accept_noise(generator: Generator, codes: CodeDistribution) -> None:
    """Change a generator that takes codes into one that takes standard normal noise and draws the same people.

    The map from noise to code is linear and so is the first layer that sees the code: they become one.
    """
    first = cast(nn.Linear, generator.style[0])
    for_code = first.weight[:, PALETTE_SIZE:].clone()
    first.bias.add_(for_code @ codes.mean)
    first.weight[:, PALETTE_SIZE:] = for_code @ codes.factor
