"""Everything that decides a training run, read from TOML: a preset of the package, and a file that changes it."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

from ganonymization.errors import InputError

AnyConfig = TypeVar("AnyConfig", "TrainingConfig", "PaperConfig")

_PRESETS: Final = resources.files("ganonymization.training") / "presets"


class ConfigError(InputError, ValueError):
    """A configuration names a key or a preset that does not exist, or gives a value of another kind."""


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
        generator_rate: Adam step of the generator.
        discriminator_rate: Adam step of the discriminator.
        final_rate_share: the steps fall linearly to this share over the last third of what is left after the start.
        ramp_samples: the generator's steps rise over so many samples after networks were begun anew or have grown.
        settle_samples: from so many samples at the start only the discriminator learns; where it begins anew beside a
            generator that has learnt before, what it says at first would spoil it.
        ema_half_life: samples after which the averaged weights have forgotten half.
        adversarial_weight: weight of what the discriminator of pixels says.
        l1_weight: weight of the absolute difference to the training face.
        feature_weight: weight of discriminator feature matching.
        coarse_weight: weight of the absolute difference of blurred pictures where the identity is random.
        tint_weight: weight of the difference between the mean colours of the parts of a face with a random identity and
            those that were asked for.
        blemish_weight: weight of what stands out on the skin of a face with a random identity more than on that of the
            training face.
        line_weight: weight of how much more lined the skin of a face with a random identity is than that of photos.
        retouch_limit: by how much, on the scale of the image, -1..1, bare skin of the training faces may differ from
            what is around it, about (see `training.retouching`); 0 leaves them as they are.
        exposure_exponent: to which power the levels of the training faces, from 0 to 1, are raised: below 1 they get
            brighter, as photos are, and their shadows softer.
        landmark_weight: weight of the landmark consistency loss; 0 leaves the mesh out.
        landmark_stride: every how many-th face of a batch the mesh looks at.
        expression_weight: weight of the expression consistency loss; 0 leaves the classifier out.
        identity_weight: weight of the identity terms: faces with random codes are to be read as their codes, and to be
            strangers of those whom they replace; 0 leaves them out.
        perceptual_weight: weight of the difference that the recogniser's layers see between a training face and what
            is drawn with its code; 0 leaves it out.
        critic_weight: weight of what a discriminator says that judges the detector's layers instead of pixels, on
            invented people; 0 leaves it out.
        prior_share: share of the batch whose noise is drawn at random instead of encoded.
        prior_likeness: how much, as a share, a face with random noise must be like the training face; the
            discriminator alone lets glowing contours pass.
        variety: how far from the mean invented people are drawn when the generator is used, over how far the codes of
            training faces lie; it changes nothing in training.
        rarity: how much more often faces with a rare look (expression, apparent sex, age band) are seen: 0 for every
            face alike, 1 for every look alike.
        reshaped_share: share of faces drawn from the landmarks of an invented person, as when the generator is used;
            there is no picture that they must be like.
        lowered_share: share of faces whose region ends somewhere on the forehead, however far it reaches elsewhere.
            Few training faces are bald; told regions that end in hair whenever they are large, a generator draws a
            fringe on every bald head.
        isolated_share: share of faces trained without a surround, on black.
        wall_share: share of the other faces that are put before a plain wall, as on portraits; of the training faces
            few are.
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
    settle_samples: int = 0
    ema_half_life: int = 10_000
    adversarial_weight: float = 1.0
    l1_weight: float = 8.0
    feature_weight: float = 4.0
    coarse_weight: float = 3.0
    tint_weight: float = 3.0
    blemish_weight: float = 0.0
    line_weight: float = 0.0
    retouch_limit: float = 0.0
    exposure_exponent: float = 1.0
    landmark_weight: float = 0.0
    landmark_stride: int = 4
    expression_weight: float = 0.0
    identity_weight: float = 0.0
    perceptual_weight: float = 0.0
    critic_weight: float = 0.0
    prior_share: float = 0.375
    prior_likeness: float = 0.3
    variety: float = 1.0
    rarity: float = 0.0
    reshaped_share: float = 0.0
    lowered_share: float = 0.0
    isolated_share: float = 0.3
    wall_share: float = 0.0
    grey_share: float = 0.06
    seed: int = 1
    threads: int = 0
    workers: int = 1

    def __post_init__(self) -> None:
        """Refuse what could not be undone.

        Raises:
            ConfigError: identities are to be drawn at no distance from the mean.
        """
        if not self.variety > 0:
            raise ConfigError(f"variety is {self.variety}, must be above 0; at 0 everybody would be the same person")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> TrainingConfig:
        """Return the configuration that a table of plain values describes; its lists become tuples.

        Raises:
            ConfigError: it names a key that does not exist, or gives a value of another kind or out of range.
        """
        return _from_table(cls, table)


@dataclass(frozen=True, slots=True)
class PaperConfig:
    """A run of the published method; the defaults are those of its program.

    Attributes:
        recipe: tells this configuration from `TrainingConfig`.
        size_px: side of the crop; a multiple of 256.
        batch_size: faces per step.
        samples: faces to see in all.
        rate: Adam step of both networks.
        l1_weight: weight of the absolute difference to the training face.
        seed: of weights, dropout and order.
        threads: torch threads; 0 takes every core.
        workers: processes that prepare batches.
    """

    recipe: str = "paper"
    size_px: int = 512
    batch_size: int = 1
    samples: int = 300_000
    rate: float = 2e-4
    l1_weight: float = 100.0
    seed: int = 1
    threads: int = 0
    workers: int = 1

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> PaperConfig:
        """Return the configuration that a table of plain values describes.

        Raises:
            ConfigError: it names a key that does not exist, or gives a value of another kind.
        """
        return _from_table(cls, table)


def preset_names() -> list[str]:
    """Return the names of the presets that the package holds."""
    return sorted(Path(entry.name).stem for entry in _PRESETS.iterdir() if entry.name.endswith(".toml"))


def load_config(preset: str, changes: Path | None = None) -> TrainingConfig | PaperConfig:
    """Return a preset of the package, changed by the values in a TOML file.

    Raises:
        ConfigError: there is no such preset, or the file is no TOML, names a key that does not exist, or gives a value
            of another kind.
        OSError: the file cannot be read.
    """
    if preset not in preset_names():
        raise ConfigError(f"{preset!r} is no preset; there are {', '.join(preset_names())}")
    table = tomllib.loads((_PRESETS / f"{preset}.toml").read_text())
    if changes is None:
        return parse_config(table)
    try:
        return parse_config(table | tomllib.loads(changes.read_text()))
    except ValueError as error:
        raise ConfigError(f"{changes}: {error}") from error


def parse_config(table: Mapping[str, Any]) -> TrainingConfig | PaperConfig:
    """Return the configuration that a table of plain values, such as that of a checkpoint, describes.

    Raises:
        ConfigError: it names a key that does not exist, or gives a value of another kind.
    """
    if table.get("recipe") == PaperConfig().recipe:
        return PaperConfig.from_table(table)
    return TrainingConfig.from_table(table)


def _from_table(kind: type[AnyConfig], table: Mapping[str, Any]) -> AnyConfig:
    defaults = dataclasses.asdict(kind())
    unknown = set(table) - set(defaults)
    if unknown:
        raise ConfigError(f"unknown keys {sorted(unknown)}; known are {sorted(defaults)}")
    values: dict[str, Any] = {key: tuple(row) if isinstance(row, list) else row for key, row in table.items()}
    for key, value in values.items():
        wanted = type(defaults[key])
        if type(value) is not wanted and not (wanted is float and type(value) is int):
            raise ConfigError(f"{key} is {value!r}; expected is a value like {defaults[key]!r}")
    return kind(**values)
