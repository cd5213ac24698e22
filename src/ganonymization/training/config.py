"""Everything that decides a training run, read from a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """A training run; the defaults are those of the shipped generator.

    Attributes:
        size_px: side of the synthesis crop; a power of two.
        channels: generator widths per level.
        encoder_blocks: residual blocks per level on the way down.
        decoder_blocks: residual blocks per level on the way up.
        unshuffle: folding factor of the generator's input and output.
        detail_channels: width of a last level that doubles the resolution; 0 for none.
        discriminator_channels: widths of the discriminator's layers.
        batch_size: faces per step.
        samples: faces to see in all.
        generator_rate: Adam step of generator and encoder.
        discriminator_rate: Adam step of the discriminator.
        final_rate_share: the steps fall linearly to this share over the last third of what is left after the start.
        ramp_samples: the generator's steps rise over so many samples after networks were begun anew or have grown.
        ema_half_life: samples after which the averaged weights have forgotten half.
        l1_weight: weight of the absolute difference to the training face.
        feature_weight: weight of discriminator feature matching.
        coarse_weight: weight of the absolute difference of blurred pictures where the identity is random.
        kl_weight: weight of the divergence of the identity code from a standard normal.
        landmark_weight: weight of the landmark consistency loss; 0 leaves the mesh out.
        landmark_stride: every how many-th face of a batch the mesh looks at.
        prior_share: share of the batch whose noise is drawn at random instead of encoded.
        prior_likeness: how much, as a share, a face with random noise must be like the training face; the
            discriminator alone lets glowing contours pass.
        isolated_share: share of faces trained without a surround, on black.
        grey_share: share of faces turned grey.
        seed: of weights, augmentation and order.
        threads: torch threads; 0 takes every core.
        workers: processes that prepare batches.
    """

    size_px: int = 128
    channels: tuple[int, ...] = (64, 128, 192, 256)
    encoder_blocks: tuple[int, ...] = (0, 0, 1, 2)
    decoder_blocks: tuple[int, ...] = (1, 1, 2)
    unshuffle: int = 2
    detail_channels: int = 0
    discriminator_channels: tuple[int, ...] = (48, 96, 192, 256)
    batch_size: int = 16
    samples: int = 300_000
    generator_rate: float = 3e-4
    discriminator_rate: float = 4e-4
    final_rate_share: float = 0.1
    ramp_samples: int = 0
    ema_half_life: int = 10_000
    l1_weight: float = 8.0
    feature_weight: float = 4.0
    coarse_weight: float = 3.0
    kl_weight: float = 0.008
    landmark_weight: float = 0.0
    landmark_stride: int = 4
    prior_share: float = 0.375
    prior_likeness: float = 0.3
    isolated_share: float = 0.3
    grey_share: float = 0.06
    seed: int = 1
    threads: int = 0
    workers: int = 1

    @classmethod
    def load(cls, path: Path) -> TrainingConfig:
        """Read a TOML file; unknown keys are an error.

        Raises:
            ValueError: the file names a key that does not exist.
        """
        try:
            return cls.from_table(tomllib.loads(path.read_text()))
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> TrainingConfig:
        """Return the configuration that a table of plain values describes; its lists become tuples.

        Raises:
            ValueError: it names a key that does not exist.
        """
        unknown = set(table) - set(cls.__slots__)
        if unknown:
            raise ValueError(f"unknown keys {sorted(unknown)}; known are {sorted(cls.__slots__)}")
        values: dict[str, Any] = {key: tuple(row) if isinstance(row, list) else row for key, row in table.items()}
        return cls(**values)
