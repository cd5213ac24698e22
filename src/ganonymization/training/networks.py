"""The generator, and the two-scale PatchGAN discriminator that exists in training only.

Shapes, with S the side of the crop, B the batch, everything float: maps (B, 7, S, S) in 0..1, surround (B, 3, S, S) in
-1..1 and zero where unknown, known (B, 1, S, S) in {0, 1}, palette (B, 16) in -1..1, noise (B, 32) standard normal; the
image is (B, 3, S, S) in -1..1.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from ganonymization.condition import MAP_COUNT
from ganonymization.palette import PALETTE_SIZE
from ganonymization.synthesize.pix2pix import NOISE_SIZE

STYLE_SIZE = 128

SMALLEST_JUDGED_PX = 64
"""Side of the smallest picture that the discriminator judges."""

FEATURES_JUDGED: Final = 64
"""Width at which a discriminator works that judges the layers of another network."""


class FilmBlock(nn.Module):
    """Residual block whose normalised activations are scaled and shifted by the style."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.GroupNorm(channels // 16, channels, affine=False) for _ in range(2))
        self.convolutions = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        self.films = nn.ModuleList(nn.Linear(STYLE_SIZE, 2 * channels) for _ in range(2))
        nn.init.zeros_(cast(nn.Conv2d, self.convolutions[1]).weight)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """Return (B, C, H, W) from (B, C, H, W) and (B, STYLE_SIZE)."""
        y = x
        for norm, convolution, film in zip(self.norms, self.convolutions, self.films, strict=True):
            # split by a number and not in halves, so that the exported network need not work the number out
            scale, shift = film(style)[:, :, None, None].split(x.shape[1], dim=1)
            y = convolution(F.leaky_relu(norm(y) * (1 + scale) + shift, 0.2))
        return x + y


class Down(nn.Module):
    """Halve the resolution with a 4x4 stride-2 convolution."""

    def __init__(self, source: int, target: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(source, target, 4, stride=2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return (B, target, H/2, W/2)."""
        halved: Tensor = self.convolution(F.leaky_relu(x, 0.2))
        return halved


def unfold_smoothly(x: Tensor, factor: int) -> Tensor:
    """Return the pixel shuffle of (B, C f^2, H, W), smoothed by the binomial filter (1, 2, 1) in both directions.

    Without the filter the sub-pixels, which come from different channels, drift apart and the picture looks dithered.
    """
    x = F.pad(F.pixel_shuffle(x, factor), (1, 1, 1, 1), mode="replicate")
    return F.avg_pool2d(F.avg_pool2d(x, 2, stride=1), 2, stride=1)


class Up(nn.Module):
    """Double the resolution with a 1x1 convolution and pixel shuffle, then merge the skip connection."""

    def __init__(self, source: int, target: int) -> None:
        super().__init__()
        self.widen = nn.Conv2d(source, 4 * target, 1)
        self.merge = nn.Conv2d(2 * target, target, 1)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """Return (B, target, 2H, 2W)."""
        up = unfold_smoothly(self.widen(F.leaky_relu(x, 0.2)), 2)
        merged: Tensor = self.merge(torch.cat([up, skip], dim=1))
        return merged


class Detail(nn.Module):
    """Double the resolution of a face: what the whole network drew, plus what only the finer level can show.

    Begun anew it adds nothing, so a generator that grows by it starts as good as it was (progressive growing; Karras et
    al., 2018).

    Args:
        source: channels of the coarser level's features.
        inputs: channels of the conditioning.
        channels: width.
    """

    def __init__(self, source: int, inputs: int, channels: int) -> None:
        super().__init__()
        self.merge = nn.Conv2d(source + 4 * inputs, channels, 3, padding=1)
        self.block = FilmBlock(channels)
        self.unfold = nn.Conv2d(channels, 4 * 3, 3, padding=1)
        nn.init.zeros_(self.unfold.weight)
        nn.init.zeros_(cast(Tensor, self.unfold.bias))

    def forward(self, features: Tensor, conditions: Tensor, style: Tensor) -> Tensor:
        """Return what to add, (B, 3, 2H, 2W), from (B, source, H, W), (B, inputs, 2H, 2W) and (B, STYLE_SIZE)."""
        x = self.merge(torch.cat([features, F.pixel_unshuffle(conditions, 2)], dim=1))
        return unfold_smoothly(self.unfold(F.leaky_relu(self.block(x, style), 0.2)), 2)


def halve(maps: Tensor, surround: Tensor, known: Tensor) -> Tensor:
    """Return the conditioning at half the resolution, (B, 11, S/2, S/2); a pixel is known where all four were."""
    coarse_known = -F.max_pool2d(-known, 2)
    return torch.cat([F.avg_pool2d(maps, 2), F.avg_pool2d(surround, 2) * coarse_known, coarse_known], dim=1)


class Generator(nn.Module):
    """Draw a face from landmark maps, surround, palette and noise; no input holds a pixel of the face.

    Args:
        channels: width at each level, the first at 1/unshuffle of the crop's resolution.
        encoder_blocks: residual blocks at each level on the way down; the last entry is the bottom.
        decoder_blocks: residual blocks at each level but the bottom, on the way up, in the order of `channels`.
        unshuffle: factor by which the input is folded into channels and the output unfolded.
        detail_channels: width of the last level, which doubles the resolution of everything before; 0 for none.
    """

    def __init__(
        self,
        channels: Sequence[int] = (64, 128, 192, 256),
        *,
        encoder_blocks: Sequence[int] = (0, 0, 1, 2),
        decoder_blocks: Sequence[int] = (1, 1, 2),
        unshuffle: int = 2,
        detail_channels: int = 0,
    ) -> None:
        super().__init__()
        self.unshuffle = unshuffle
        inputs = MAP_COUNT + 3 + 1
        self.style = nn.Sequential(
            nn.Linear(PALETTE_SIZE + NOISE_SIZE, STYLE_SIZE),
            nn.LeakyReLU(0.2),
            nn.Linear(STYLE_SIZE, STYLE_SIZE),
            nn.LeakyReLU(0.2),
        )
        self.stem = nn.Conv2d(inputs * unshuffle**2, channels[0], 3, padding=1)
        self.encoder = nn.ModuleList(
            nn.ModuleList(FilmBlock(width) for _ in range(count))
            for width, count in zip(channels, encoder_blocks, strict=True)
        )
        self.downs = nn.ModuleList(Down(a, b) for a, b in pairwise(channels))
        self.ups = nn.ModuleList(Up(b, a) for a, b in pairwise(channels))
        self.decoder = nn.ModuleList(
            nn.ModuleList(FilmBlock(width) for _ in range(count))
            for width, count in zip(channels[:-1], decoder_blocks, strict=True)
        )
        fine = max(16, channels[0] // unshuffle**2)
        self.unfold = nn.Conv2d(channels[0], fine * unshuffle**2, 3, padding=1)
        self.head = nn.Conv2d(fine, 3, 3, padding=1)
        self.detail = Detail(fine, inputs, detail_channels) if detail_channels else None

    def forward(self, maps: Tensor, surround: Tensor, known: Tensor, palette: Tensor, noise: Tensor) -> Tensor:
        """Return the (B, 3, S, S) image in -1..1."""
        style = self.style(torch.cat([palette, noise], dim=1))
        conditions = torch.cat([maps, surround, known], dim=1)
        if self.detail is None:
            return torch.tanh(self.head(self._features(conditions, style)))
        features = self._features(halve(maps, surround, known), style)
        coarse = F.interpolate(self.head(features), scale_factor=2, mode="bilinear", align_corners=False)
        return torch.tanh(coarse + self.detail(features, conditions, style))

    def _features(self, conditions: Tensor, style: Tensor) -> Tensor:
        """Return (B, C, S, S) features, ready for the head, from the (B, 11, S, S) conditioning."""
        x = self.stem(F.pixel_unshuffle(conditions, self.unshuffle))
        skips = []
        for level, blocks in enumerate(self.encoder):
            for block in cast(nn.ModuleList, blocks):
                x = block(x, style)
            if level < len(self.downs):
                skips.append(x)
                x = self.downs[level](x)
        for level in reversed(range(len(self.ups))):
            x = self.ups[level](x, skips[level])
            for block in cast(nn.ModuleList, self.decoder[level]):
                x = block(x, style)
        return F.leaky_relu(unfold_smoothly(self.unfold(F.leaky_relu(x, 0.2)), self.unshuffle), 0.2)


class PatchDiscriminator(nn.Module):
    """One scale of the PatchGAN: judges overlapping patches of an image together with its maps.

    Spectral norm alone lets the signal fade from layer to layer until the verdict is close to zero; instance norm
    brings it back, as in Park et al., "Semantic image synthesis with spatially-adaptive normalization", 2019.
    """

    def __init__(self, inputs: int, channels: Sequence[int], *, unshuffle: int) -> None:
        super().__init__()
        self.unshuffle = unshuffle
        kernel = 3 if unshuffle < 4 else 1  # pixels folded by 4 already overlook as much
        layers = [spectral_norm(nn.Conv2d(inputs * unshuffle**2, channels[0], kernel, padding=kernel // 2))]
        layers += [spectral_norm(nn.Conv2d(a, b, 4, stride=2, padding=1)) for a, b in pairwise(channels)]
        self.layers = nn.ModuleList(layers)
        self.norms = nn.ModuleList([nn.Identity(), *(nn.InstanceNorm2d(width) for width in channels[1:])])
        self.verdict = spectral_norm(nn.Conv2d(channels[-1], 1, 3, padding=1))

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return the (B, 1, H, W) logits and the features of each layer."""
        features = []
        x = F.pixel_unshuffle(x, self.unshuffle)
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = F.leaky_relu(norm(layer(x)), 0.2)
            features.append(x)
        return self.verdict(x), features


class FeatureDiscriminator(nn.Module):
    """Judge patches of one layer of a network that does not learn.

    A discriminator that begins anew knows nothing of faces, such a layer knows much (Kumari et al., "Ensembling
    off-the-shelf models for GAN training", 2022; Sauer et al., "Projected GANs converge faster", 2021).
    """

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            spectral_norm(nn.Conv2d(inputs, FEATURES_JUDGED, 1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(FEATURES_JUDGED, FEATURES_JUDGED, 3, padding=1)),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Conv2d(FEATURES_JUDGED, 1, 3, padding=1)),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return the (B, 1, H, W) logits of (B, C, H, W) features."""
        logits: Tensor = self.layers(features)
        return logits


class Discriminator(nn.Module):
    """Judge images with their maps at their own resolution and at every half of it down to 64 px.

    Args:
        size_px: side of the images; a power of two.
        channels: widths of the layers at 64 px; larger pictures are judged by all layers but the last.
        features: widths of layers of another network that are judged as well.
    """

    def __init__(
        self, size_px: int = 128, channels: Sequence[int] = (48, 96, 192, 256), *, features: Sequence[int] = ()
    ) -> None:
        super().__init__()
        sides = [size_px]
        while sides[-1] > SMALLEST_JUDGED_PX:
            sides.append(sides[-1] // 2)
        # named by resolution, so that a growing discriminator keeps what it knows
        self.scales = nn.ModuleDict({str(side): self._judge(side, channels) for side in sides})
        self.features = nn.ModuleList(FeatureDiscriminator(width) for width in features)

    @staticmethod
    def _judge(side_px: int, channels: Sequence[int]) -> PatchDiscriminator:
        layers = channels if side_px <= SMALLEST_JUDGED_PX else channels[:-1]
        return PatchDiscriminator(3 + MAP_COUNT, layers, unshuffle=max(2, side_px // SMALLEST_JUDGED_PX))

    def forward(self, image: Tensor, maps: Tensor) -> list[tuple[Tensor, list[Tensor]]]:
        """Return logits and features for each scale, the finest first."""
        x = torch.cat([image, maps], dim=1)
        judgements: list[tuple[Tensor, list[Tensor]]] = []
        for judge in self.scales.values():
            if judgements:
                x = F.avg_pool2d(x, 2)
            judgements.append(judge(x))
        return judgements

    def judge_features(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Return logits for each layer of the other network."""
        return [judge(layer) for judge, layer in zip(self.features, features, strict=True)]
