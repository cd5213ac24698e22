"""The training loop: one readable step, checkpoints, contact sheets, exact stop and resume."""

from __future__ import annotations

import copy
import dataclasses
import enum
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from ganonymization.synthesize.pix2pix import NOISE_SIZE
from ganonymization.training import losses
from ganonymization.training.augment import augment
from ganonymization.training.config import TrainingConfig
from ganonymization.training.consistency import LandmarkConsistency
from ganonymization.training.data import Batch, FaceViews
from ganonymization.training.exchange import Exchange
from ganonymization.training.networks import Discriminator, Generator, IdentityEncoder
from ganonymization.training.prepare import FaceSet
from ganonymization.training.sheets import save_sheet

logger = logging.getLogger(__name__)

AnyNetwork = TypeVar("AnyNetwork", bound=nn.Module)

CHECKPOINT_NAME = "checkpoint.pt"
OUTSIDE_WEIGHT = 0.3
"""Weight of pixels outside the hull in the absolute difference: only the feathered seam shows them."""


class Trainer:
    """Networks, optimizers and the state of a run.

    Args:
        config: the run.
        device: torch device; on the CPU the networks run in bfloat16 under autocast like on a GPU.
    """

    def __init__(self, config: TrainingConfig, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.device = device
        self.samples = self.begun_at = 0
        self.generator = _placed(build_generator(config), device)
        self.encoder = _placed(IdentityEncoder(), device)
        self.discriminator = _placed(Discriminator(config.size_px, config.discriminator_channels), device)
        self.average = copy.deepcopy(self.generator).requires_grad_(requires_grad=False)
        learned = [*self.generator.parameters(), *self.encoder.parameters()]
        self.generator_step = torch.optim.Adam(learned, lr=config.generator_rate, betas=(0.0, 0.99), fused=True)
        self.discriminator_step = torch.optim.Adam(
            self.discriminator.parameters(), lr=config.discriminator_rate, betas=(0.0, 0.99), fused=True
        )
        self.random = torch.Generator().manual_seed(config.seed)
        self.consistency = LandmarkConsistency().to(device) if config.landmark_weight else None

    def step(self, batch: Batch) -> dict[str, float]:
        """Learn from one batch and return the losses by name."""
        self._set_rates()
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            image, encoded, moments = self._generate(batch)
            composite = torch.where(batch.known > 0, batch.image, image)
            # the discriminator computes in half precision anyway; converting once here halves the traffic of memory
            real, fake = ((image * batch.valid).bfloat16() for image in (batch.image, composite))
            discriminator_loss = self._judge_both(real, fake.detach(), batch)
        self._descend(self.discriminator_step, discriminator_loss, self.discriminator)
        self.discriminator.requires_grad_(requires_grad=False)
        with torch.autocast(self.device.type, dtype=torch.bfloat16):
            terms = self._generator_terms(batch, image, fake, real, encoded, moments)
        self._descend(self.generator_step, losses.total(list(terms.values())), self.generator)
        self.discriminator.requires_grad_(requires_grad=True)
        self._average_weights()
        self.samples += len(batch.image)
        return {"discriminator": discriminator_loss.item()} | {name: loss.item() for name, (_, loss) in terms.items()}

    def _generate(self, batch: Batch) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Return images, which samples were given an encoded identity, and the moments of the codes."""
        count = len(batch.image)
        mean, log_variance = self.encoder(batch.image * (1 - batch.known))
        mean, log_variance = mean.float(), log_variance.float()
        random = torch.randn(count, NOISE_SIZE, generator=self.random).to(self.device)
        encoded = (torch.arange(count) >= round(self.config.prior_share * count)).float().to(self.device)
        noise = torch.where(encoded[:, None] > 0, mean + random * (0.5 * log_variance).exp(), random)
        surround = batch.image * batch.known
        jitter = 0.06 * torch.randn(batch.palette.shape, generator=self.random).to(self.device)
        palette = batch.palette + jitter * (1 - encoded[:, None])
        return self.generator(batch.maps, surround, batch.known, palette, noise), encoded, (mean, log_variance)

    def _judge_both(self, real: Tensor, fake: Tensor, batch: Batch) -> Tensor:
        layers = torch.cat([batch.maps, batch.valid * (1 - batch.known)], dim=1)
        image, layers = augment(torch.cat([real, fake]), torch.cat([layers, layers]), self.random)
        judged = self.discriminator(image, layers[:, :-1])
        count = len(real)
        # real and generated faces are changed differently, each has patches of its own
        real_part, fake_part = layers[:count, -1:], layers[count:, -1:]
        return 0.5 * (
            losses.real_hinge([(logits[:count], []) for logits, _ in judged], real_part)
            + losses.fake_hinge([(logits[count:], []) for logits, _ in judged], fake_part)
        )

    def _generator_terms(
        self,
        batch: Batch,
        image: Tensor,
        fake: Tensor,
        real: Tensor,
        encoded: Tensor,
        moments: tuple[Tensor, Tensor],
    ) -> dict[str, tuple[float, Tensor]]:
        config = self.config
        state = self.random.get_state()
        unknown = batch.valid * (1 - batch.known)
        layers = torch.cat([batch.maps, unknown], dim=1)
        seen, layers_seen = augment(fake, layers, self.random)
        fake_judged = self.discriminator(seen, layers_seen[:, :-1])
        self.random.set_state(state)  # the same changes for both, so that features can be compared
        with torch.no_grad():
            real_judged = self.discriminator(augment(real, layers, self.random)[0], layers_seen[:, :-1])
        pixel_weight = batch.valid * (1 - (1 - OUTSIDE_WEIGHT) * batch.known)
        likeness = encoded + config.prior_likeness * (1 - encoded)
        terms = {
            "adversarial": (1.0, losses.generator_hinge(fake_judged, layers_seen[:, -1:])),
            "features": (config.feature_weight, losses.feature_matching(real_judged, fake_judged, likeness)),
            "l1": (config.l1_weight, losses.masked_l1(image.float(), batch.image, pixel_weight, likeness)),
            "coarse": (config.coarse_weight, losses.coarse_l1(image.float(), batch.image, unknown, 1 - encoded)),
            "divergence": (config.kl_weight, losses.normal_divergence(*moments)),
        }
        if self.consistency is not None:
            part = slice(None, None, config.landmark_stride)
            loss = self.consistency(fake[part], batch.landmarks[part])
            terms["landmarks"] = (config.landmark_weight, loss)
        return terms

    def _descend(self, optimizer: torch.optim.Optimizer, loss: Tensor, network: nn.Module) -> None:
        if not torch.isfinite(loss):
            name = type(network).__name__
            raise FloatingPointError(f"the loss of {name} is {loss.item()} after {self.samples} samples")
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def _set_rates(self) -> None:
        progress = (self.samples - self.begun_at) / max(1, self.config.samples - self.begun_at)
        share = 1 - (1 - self.config.final_rate_share) * max(0.0, min(1.0, (progress - 2 / 3) * 3))
        ramp = min(1.0, (self.samples - self.begun_at + 1) / max(1, self.config.ramp_samples))
        self.generator_step.param_groups[0]["lr"] = ramp * share * self.config.generator_rate
        self.discriminator_step.param_groups[0]["lr"] = share * self.config.discriminator_rate

    @torch.no_grad()
    def _average_weights(self) -> None:
        half_life = min(self.config.ema_half_life, 1 + self.samples / 4)
        keep = 0.5 ** (self.config.batch_size / half_life)
        for averaged, current in zip(self.average.parameters(), self.generator.parameters(), strict=True):
            averaged.lerp_(current, 1 - keep)

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs."""
        names = ("generator", "encoder", "discriminator", "average", "generator_step", "discriminator_step")
        parts = {name: getattr(self, name).state_dict() for name in names}
        return parts | {
            "samples": self.samples,
            "begun_at": self.begun_at,
            "random": self.random.get_state(),
            "config": dataclasses.asdict(self.config),
        }

    def grow_from(self, state: dict[str, Any]) -> None:
        """Take up what a smaller run has learned; levels that it did not have begin anew.

        Raises:
            ValueError: the other run has levels that this one lacks, or of another width.
        """
        for name in ("generator", "encoder", "discriminator", "average"):
            network: nn.Module = getattr(self, name)
            own = network.state_dict()
            strange = [key for key, value in state[name].items() if key not in own or own[key].shape != value.shape]
            if strange:
                raise ValueError(f"cannot grow from that run: {name} has no {strange[0]} of its shape")
            network.load_state_dict(own | state[name])
        self.samples = self.begun_at = state["samples"]

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the state of an earlier run."""
        for name in ("generator", "encoder", "discriminator", "average", "generator_step", "discriminator_step"):
            getattr(self, name).load_state_dict(state[name])
        self.samples, self.begun_at = state["samples"], state["begun_at"]
        self.random.set_state(state["random"])


def _placed(network: AnyNetwork, device: torch.device) -> AnyNetwork:
    return cast("AnyNetwork", cast("Any", network).to(device, memory_format=torch.channels_last))


def build_generator(config: TrainingConfig) -> Generator:
    """Return a generator with fresh weights."""
    return Generator(
        config.channels,
        encoder_blocks=config.encoder_blocks,
        decoder_blocks=config.decoder_blocks,
        unshuffle=config.unshuffle,
        detail_channels=config.detail_channels,
    )


@dataclass(frozen=True, slots=True)
class Schedule:
    """How often a run writes.

    Attributes:
        checkpoint_seconds: between checkpoints.
        sheet_samples: between contact sheets.
        log_samples: between lines of the log.
        limit_seconds: stop, with a checkpoint, after so long; None runs to the end.
    """

    checkpoint_seconds: float = 240
    sheet_samples: int = 8_000
    log_samples: int = 800
    limit_seconds: float | None = None


class Role(enum.Enum):
    """What a process is to a run; only the follower of two writes nothing but its weights."""

    ALONE = "alone"
    LEADER = "leader"
    FOLLOWER = "follower"


def train(
    config: TrainingConfig,
    faces: FaceSet,
    folder: Path,
    *,
    device: torch.device,
    schedule: Schedule = Schedule(),  # noqa: B008 - frozen
    smaller_run: Path | None = None,
    role: Role = Role.ALONE,
) -> Trainer:
    """Train until `config.samples`, going on from a checkpoint in `folder` if there is one.

    Args:
        config: the run.
        faces: prepared faces.
        folder: of checkpoint, log and contact sheets.
        device: torch device.
        schedule: how often to write, and when to stop.
        smaller_run: folder of a run to grow from where `folder` holds no checkpoint yet.
        role: alone, or one of two processes that train the same run together.
    """
    torch.set_num_threads(config.threads or torch.get_num_threads())
    folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(config, device)
    checkpoint = folder / CHECKPOINT_NAME
    if checkpoint.exists():
        trainer.restore(torch.load(checkpoint, map_location=device, weights_only=True))
        logger.info("resumed after %d samples", trainer.samples)
    elif smaller_run is not None:
        trainer.grow_from(torch.load(smaller_run / CHECKPOINT_NAME, map_location=device, weights_only=True))
        logger.info("grown from %s after %d samples", smaller_run, trainer.samples)
    batches = _batches(faces, config, trainer.samples, role)
    exchange = _exchange(folder, role)
    recorder = None if role is Role.FOLLOWER else _Recorder(folder, schedule, _fixed_batch(faces, config).to(device))
    started = time.monotonic()
    while trainer.samples < config.samples:
        before = trainer.samples
        report = trainer.step(next(batches).to(device))
        if exchange is not None:
            exchange(trainer, config.batch_size)
        if recorder is not None:
            recorder(trainer, before, report)
        if schedule.limit_seconds is not None and time.monotonic() - started > schedule.limit_seconds:
            break
    if recorder is not None:
        save_checkpoint(trainer, checkpoint)
    return trainer


class _Recorder:
    """Write log, contact sheets and checkpoints of a run when they are due."""

    def __init__(self, folder: Path, schedule: Schedule, fixed: Batch) -> None:
        self._folder = folder
        self._schedule = schedule
        self._fixed = fixed
        self._started = self._saved = time.monotonic()

    def __call__(self, trainer: Trainer, before: int, report: dict[str, float]) -> None:
        """Record a step that took the run from `before` samples to those it has now."""
        now, samples = time.monotonic(), trainer.samples
        if samples // self._schedule.log_samples != before // self._schedule.log_samples:
            _log(self._folder / "log.jsonl", samples, now - self._started, report)
        if samples // self._schedule.sheet_samples != before // self._schedule.sheet_samples:
            save_sheet(trainer, self._fixed, self._folder / f"sheet-{samples:07d}.png")
        if now - self._saved > self._schedule.checkpoint_seconds:
            save_checkpoint(trainer, self._folder / CHECKPOINT_NAME)
            self._saved = now


def _exchange(folder: Path, role: Role) -> Exchange | None:
    partners = {Role.LEADER: Role.FOLLOWER, Role.FOLLOWER: Role.LEADER}
    return Exchange(folder, own=role.value, partner=partners[role].value) if role in partners else None


def save_checkpoint(trainer: Trainer, path: Path) -> None:
    """Write a checkpoint such that a kill at any moment leaves the old or the new one."""
    partial = path.with_suffix(".partial")
    torch.save(trainer.state(), partial)
    partial.replace(path)


def _batches(faces: FaceSet, config: TrainingConfig, start: int, role: Role) -> Iterator[Batch]:
    if role is Role.FOLLOWER:
        config = dataclasses.replace(config, seed=config.seed + 1)
    views = FaceViews(faces, config, start=start)
    options: dict[str, Any] = {"prefetch_factor": 4, "persistent_workers": True} if config.workers else {}
    return iter(cast("DataLoader[Batch]", DataLoader(views, batch_size=None, num_workers=config.workers, **options)))


def _fixed_batch(faces: FaceSet, config: TrainingConfig) -> Batch:
    return next(iter(FaceViews(faces, dataclasses.replace(config, seed=7, batch_size=16))))


def _log(path: Path, samples: int, seconds: float, report: dict[str, float]) -> None:
    row = {"samples": samples, "seconds": round(seconds, 1)} | {name: round(value, 4) for name, value in report.items()}
    with path.open("a") as lines:
        lines.write(json.dumps(row) + "\n")
    logger.info("%s", row)
