"""GANonymization as published, for comparison: copied landmarks as dots on black, and a plain pix2pix.

Hellmann et al., ACM TOMM 2024, arXiv 2305.02143, with pix2pix of Isola et al., 2017, in the variant that its published
program uses: instance norm, least squares, no flips. Nothing of this runs in the anonymizer.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import IterableDataset, get_worker_info

from ganonymization.condition import draw_dots
from ganonymization.training.config import PaperConfig
from ganonymization.training.course import (
    CHECKPOINT_NAME,
    learn,
    load_batches,
    prepare_run,
    resume,
    save_checkpoint,
)
from ganonymization.training.divergence import DivergedError, DivergenceWatch
from ganonymization.training.precision import working_precision
from ganonymization.training.prepare import MARGIN, FaceSet
from ganonymization.training.recorder import Recorder, Schedule
from ganonymization.training.sheets import write_sheet
from ganonymization.training.showcase import ratio, sharpness, spread

DOWN_CHANNELS: Final = (64, 128, 256, 512, 512, 512, 512, 512)
UP_CHANNELS: Final = (512, 512, 512, 512, 256, 128, 64)
BETAS: Final = (0.5, 0.999)
DROPOUT: Final = 0.5
INPUT_CHANNELS: Final = 3
"""Dots are a grey picture in three equal channels."""

SMALLEST_LOSS: Final = 1e-4
"""A least-squares discriminator of batches of one comes far closer to 0 than ours before learning ends."""


class UNet(nn.Module):
    """The generator: 54.4 million weights, eight halvings at any resolution; (B, 3, S, S) dots to (B, 3, S, S).

    Args:
        dropout: share of features dropped in the middle, also a source of variety as published.
    """

    def __init__(self, dropout: float = DROPOUT) -> None:
        super().__init__()
        downs = itertools.pairwise((INPUT_CHANNELS, *DOWN_CHANNELS))
        last = len(DOWN_CHANNELS) - 1
        self.downs = nn.ModuleList(
            _down(source, target, is_normed=level not in (0, last), dropout=dropout if level >= 3 else 0.0)
            for level, (source, target) in enumerate(downs)
        )
        skips = DOWN_CHANNELS[-2::-1]
        sources = (DOWN_CHANNELS[-1], *(a + b for a, b in zip(UP_CHANNELS[:-1], skips[:-1], strict=True)))
        self.ups = nn.ModuleList(
            _up(source, target, dropout=dropout if level < 4 else 0.0)
            for level, (source, target) in enumerate(zip(sources, UP_CHANNELS, strict=True))
        )
        self.final = nn.Sequential(
            nn.Upsample(scale_factor=2),
            nn.ZeroPad2d((1, 0, 1, 0)),
            nn.Conv2d(UP_CHANNELS[-1] + skips[-1], 3, 4, padding=1),
            nn.Tanh(),
        )
        self.apply(_begin_small)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the image in -1..1 from dots in -1..1."""
        skips = [maps]
        for down in self.downs:
            skips.append(down(skips[-1]))
        x = skips.pop()
        for up in self.ups:
            x = torch.cat([up(x), skips.pop()], dim=1)
        image: Tensor = self.final(x)
        return image


class PatchGan(nn.Module):
    """The discriminator: judges overlapping patches of 70 pixels of a picture with its dots."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3 + INPUT_CHANNELS, 64, 128, 256, 512)
        blocks: list[nn.Module] = []
        for level, (source, target) in enumerate(itertools.pairwise(widths)):
            norm = [nn.InstanceNorm2d(target)] if level else []
            blocks += [nn.Conv2d(source, target, 4, stride=2, padding=1), *norm, nn.LeakyReLU(0.2)]
        verdict = nn.Conv2d(widths[-1], 1, 4, padding=1, bias=False)
        self.layers = nn.Sequential(*blocks, nn.ZeroPad2d((1, 0, 1, 0)), verdict)
        self.apply(_begin_small)

    def forward(self, image: Tensor, maps: Tensor) -> Tensor:
        """Return (B, 1, S/16, S/16) verdicts; 1 means a training face, 0 a generated one."""
        verdict: Tensor = self.layers(torch.cat([image, maps], dim=1))
        return verdict


def _down(source: int, target: int, *, is_normed: bool, dropout: float) -> nn.Sequential:
    norm = [nn.InstanceNorm2d(target)] if is_normed else []
    rest = [nn.Dropout(dropout)] if dropout else []
    return nn.Sequential(nn.Conv2d(source, target, 4, stride=2, padding=1, bias=False), *norm, nn.LeakyReLU(0.2), *rest)


def _up(source: int, target: int, *, dropout: float) -> nn.Sequential:
    rest = [nn.Dropout(dropout)] if dropout else []
    convolution = nn.ConvTranspose2d(source, target, 4, stride=2, padding=1, bias=False)
    return nn.Sequential(convolution, nn.InstanceNorm2d(target), nn.ReLU(), *rest)


def _begin_small(layer: nn.Module) -> None:
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)


class PaperBatch(NamedTuple):
    """B faces cut out on black, and their landmarks as dots; both (B, 3, S, S), uint8 until they reach the device."""

    image: Tensor
    maps: Tensor

    def to(self, device: torch.device) -> PaperBatch:
        """Return the batch on a device in -1..1."""
        return PaperBatch(*(part.to(device).float() / 127.5 - 1 for part in self))


class PaperViews(IterableDataset[PaperBatch]):
    """An endless stream of batches, each drawn from the seed and its place alone; faces are shown as they are.

    Args:
        faces: prepared faces.
        config: size, batch size and seed.
        start: samples already seen.
    """

    def __init__(self, faces: FaceSet, config: PaperConfig, *, start: int = 0) -> None:
        super().__init__()
        self._faces, self._config, self._start = faces, config, start

    def __iter__(self) -> Iterator[PaperBatch]:
        """Yield batches without end."""
        worker = get_worker_info()
        first, stride = (worker.id, worker.num_workers) if worker else (0, 1)
        for number in itertools.count(first, stride):
            rng = np.random.default_rng([self._config.seed, self._start + number * self._config.batch_size])
            yield self.of(rng.integers(len(self._faces.names), size=self._config.batch_size).tolist())

    def of(self, indices: list[int]) -> PaperBatch:
        """Return chosen faces as one batch."""
        rows = [self._view(index) for index in indices]
        return PaperBatch(*(torch.from_numpy(np.stack(column)) for column in zip(*rows, strict=True)))

    def _view(self, index: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        size_px, wide = self._config.size_px, self._faces.images[index]
        rim = round(len(wide) * (1 - 1 / MARGIN) / 2)
        inner = slice(rim, len(wide) - rim)
        person = self._faces.people[index, inner, inner, None] / np.float32(255)
        cutout = np.round(wide[inner, inner] * person).astype(np.uint8)
        image = cv2.resize(cutout, (size_px, size_px), interpolation=cv2.INTER_AREA)
        dots = draw_dots(self._faces.landmarks[index] * size_px, size_px=size_px)
        return image.transpose(2, 0, 1), np.repeat(dots[None], INPUT_CHANNELS, axis=0)


class PaperTrainer:
    """Networks, optimizers and the state of a run; a `course.Learner`.

    Args:
        config: the run.
        device: torch device.
    """

    def __init__(self, config: PaperConfig, device: torch.device) -> None:
        torch.manual_seed(config.seed)
        self.config, self.device, self.samples = config, device, 0
        self.generator, self.discriminator = UNet().to(device), PatchGan().to(device)
        self.generator_step = torch.optim.Adam(self.generator.parameters(), lr=config.rate, betas=BETAS)
        self.discriminator_step = torch.optim.Adam(self.discriminator.parameters(), lr=config.rate, betas=BETAS)

    def step(self, batch: PaperBatch) -> dict[str, float]:
        """Learn from one batch and return the losses by name."""
        with working_precision(self.device):
            drawn = self.generator(batch.maps)
            self.discriminator.requires_grad_(requires_grad=False)
            adversarial = _distance(self.discriminator(drawn, batch.maps), 1.0)
            difference = F.l1_loss(drawn.float(), batch.image)
        self._descend(self.generator_step, adversarial + self.config.l1_weight * difference)
        self.discriminator.requires_grad_(requires_grad=True)
        with working_precision(self.device):
            real = _distance(self.discriminator(batch.image, batch.maps), 1.0)
            told = 0.5 * (real + _distance(self.discriminator(drawn.detach(), batch.maps), 0.0))
        self._descend(self.discriminator_step, told)
        self.samples += len(batch.image)
        return {"discriminator": told.item(), "adversarial": adversarial.item(), "l1": difference.item()}

    def _descend(self, optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
        if not torch.isfinite(loss):
            raise DivergedError(
                f"a loss is {loss.item()} after {self.samples} samples; go on from the last checkpoint with a smaller "
                "`rate`"
            )
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    def state(self) -> dict[str, Any]:
        """Return everything that a resumed run needs."""
        names = ("generator", "discriminator", "generator_step", "discriminator_step")
        state = {name: getattr(self, name).state_dict() for name in names}
        return state | {
            "samples": self.samples,
            "random": torch.get_rng_state(),
            "config": dataclasses.asdict(self.config),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take up the state of an earlier run."""
        for name in ("generator", "discriminator", "generator_step", "discriminator_step"):
            getattr(self, name).load_state_dict(state[name])
        self.samples = state["samples"]
        torch.set_rng_state(state["random"].cpu())


def _distance(verdict: Tensor, wanted: float) -> Tensor:
    return F.mse_loss(verdict.float(), torch.full_like(verdict, wanted, dtype=torch.float32))


class PaperShowcase:
    """Fits `recorder.Showcase`.

    Args:
        trainer: whose generator is shown.
        batch: the faces, not yet on the device.
    """

    def __init__(self, trainer: PaperTrainer, batch: PaperBatch) -> None:
        self._trainer, self._batch = trainer, batch.to(trainer.device)

    def save_sheet(self, path: Path) -> None:
        """Write rows of: training face, dots, drawn face."""
        write_sheet([self._batch.image, self._batch.maps, self._draw()], path)

    def measure(self) -> dict[str, float]:
        """Return sharpness and spread as ratios to the training faces, over the whole cut-out."""
        drawn, real = self._draw(), self._batch.image
        everywhere = torch.ones_like(real[:, :1])
        return {
            name: ratio(measure(drawn, everywhere), measure(real, everywhere))
            for name, measure in (("sharpness", sharpness), ("spread", spread))
        }

    @torch.no_grad()
    def _draw(self) -> Tensor:
        network = self._trainer.generator.eval()
        drawn = torch.cat([network(row[None]) for row in self._batch.maps])
        network.train()
        return drawn.float()


def train_paper(
    config: PaperConfig,
    faces: FaceSet,
    folder: Path,
    *,
    device: torch.device,
    schedule: Schedule = Schedule(),  # noqa: B008 - frozen
) -> PaperTrainer:
    """Train until `config.samples`, going on from a checkpoint in `folder` if there is one; as `loop.train`.

    Raises:
        DivergedError: training no longer leads anywhere.
    """
    prepare_run(folder, threads=config.threads)
    trainer = PaperTrainer(config, device)
    resume(trainer, folder, device=device)
    shown = np.random.default_rng(7).integers(len(faces.names), size=8).tolist()
    watch = DivergenceWatch(smallest_loss=SMALLEST_LOSS)
    recorder = Recorder(
        trainer, folder, schedule, PaperShowcase(trainer, PaperViews(faces, config).of(shown)), watch=watch
    )
    batches: Iterator[PaperBatch] = load_batches(
        PaperViews(faces, config, start=trainer.samples), workers=config.workers, device=device
    )
    learn(trainer, batches, goal=config.samples, limit_seconds=schedule.limit_seconds, followers=[recorder])
    save_checkpoint(trainer, folder / CHECKPOINT_NAME)
    return trainer


class DotsInUnitRange(nn.Module):
    """The generator as it is exported: dots in 0..1 in place of -1..1, without dropout.

    Args:
        network: the trained generator.
    """

    def __init__(self, network: UNet) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).float().cpu().eval()

    def forward(self, maps: Tensor) -> Tensor:
        """Return the (B, 3, S, S) image in -1..1."""
        image: Tensor = self.network(2 * maps - 1)
        return image
