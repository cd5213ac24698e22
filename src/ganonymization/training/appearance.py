"""Train the small network that reads skin tone, apparent sex, age band and beard from a surround."""

from __future__ import annotations

import dataclasses
import itertools
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganonymization.appearance import AGE_BANDS, READER_OUTPUTS, READER_PX, reduce_surround
from ganonymization.palette import SKIN, SPREAD
from ganonymization.training.config import TrainingConfig
from ganonymization.training.data import FaceViews
from ganonymization.training.labels import FaceLabels
from ganonymization.training.prepare import FaceSet
from ganonymization.types import Surround

logger = logging.getLogger(__name__)

CHANNELS: Final = (4, 24, 32, 40)
HIDDEN: Final = 48
_HEADS: Final = (3, 3, 1, 1, 1, len(AGE_BANDS), 1)
VIEW: Final = TrainingConfig(size_px=64, isolated_share=0.03, grey_share=0.1)
"""Half the generator's resolution: the surround is reduced to 32 px anyway."""

EXPOSURES: Final = (0.35, 1.3)
"""Range of extra exposure, wide because photos are darker and brighter than training faces."""


class ReaderNetwork(nn.Module):
    """(B, 4, 32, 32) reduced surrounds to the outputs of `READER_OUTPUTS`; sex, age and beard as logits.

    Skin is mostly looked up rather than guessed: an attention map picks cells of neck, ears and hands, whose mean
    colour, a little brighter or darker, is mixed with a guess from the whole picture.
    """

    def __init__(self) -> None:
        super().__init__()
        layers = [
            nn.Sequential(nn.Conv2d(a, b, 4, stride=2, padding=1), nn.BatchNorm2d(b), nn.ReLU())
            for a, b in itertools.pairwise(CHANNELS)
        ]
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.3))
        self.hidden = nn.Sequential(nn.Linear(CHANNELS[-1] * 16, HIDDEN), nn.ReLU(), nn.Dropout(0.2))
        self.heads = nn.Linear(HIDDEN, sum(_HEADS))
        self.attention = nn.Sequential(nn.Conv2d(CHANNELS[0], 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 1))
        self.place = nn.Parameter(torch.zeros(1, 1, READER_PX, READER_PX))

    def forward(self, surround: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return skin (B, 3), spread (B,), male (B,), age (B, 3), beard (B,)."""
        heads = self.heads(self.hidden(self.features(surround)))
        guess, light, trust, spread, male, age, beard = torch.split(heads, list(_HEADS), dim=1)  # type: ignore[no-untyped-call]
        trust = trust.sigmoid()
        skin = trust * self._look_up(surround) * (0.5 * light.tanh()).exp() + (1 - trust) * 2 * guess.sigmoid()
        return skin - 1, spread[:, 0], male[:, 0], age, beard[:, 0]

    def _look_up(self, surround: Tensor) -> Tensor:
        """Return the (B, 3) mean colour, 0..2, of the cells that look like skin."""
        likeness = self.attention(surround) + self.place + (surround[:, 3:] + 1e-6).log()
        weight = likeness.flatten(1).softmax(dim=1)
        return ((surround[:, :3] + 1).flatten(2) * weight[:, None]).sum(dim=2)


class Probabilities(nn.Module):
    """The network as it is shipped: logits become probabilities."""

    def __init__(self, network: ReaderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, surround: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return skin, spread, male, age and beard as `appearance.Appearance` describes them."""
        skin, spread, male, age, beard = self.network(surround)
        return skin.clamp(-1, 1), spread.clamp(0, 1), male.sigmoid(), age.softmax(dim=1), beard.sigmoid()


@dataclass(frozen=True, slots=True, eq=False)
class ReaderSet:
    """M reduced surrounds and what to read from them.

    Attributes:
        surrounds: (M, 4, 32, 32) float32.
        palettes: (M, 16) float32 in the colours of the view.
        faces: (M,) place of the face in its set.
    """

    surrounds: npt.NDArray[np.float32]
    palettes: npt.NDArray[np.float32]
    faces: npt.NDArray[np.intp]


def draw_views(faces: FaceSet, chosen: npt.NDArray[np.intp], rng: np.random.Generator) -> ReaderSet:
    """Return one random view with a random region cut out for each chosen face."""
    views = FaceViews(faces, VIEW)
    samples = [views.sample(int(index), rng) for index in chosen]
    surrounds = [reduce_surround(_surround(sample)) for sample in samples]
    return ReaderSet(np.stack(surrounds), np.stack([s["palette"] for s in samples]).astype(np.float32), chosen)


def _surround(sample: dict[str, npt.NDArray[np.generic]]) -> Surround:
    known = (sample["known"][0].astype(np.float32) / 255).astype(np.float32)
    image = np.asarray(sample["image"], np.uint8).transpose(1, 2, 0) * (known > 0)[..., None]
    return Surround(image, known, known)


def with_other_backgrounds(faces: FaceSet, rng: np.random.Generator) -> FaceSet:
    """Return the faces, each before the enlarged upper corner of another picture, which says nothing of a person."""
    images = faces.images.copy()
    part = images.shape[1] // 4
    for image, person, other in zip(images, faces.people, rng.permutation(len(images)), strict=True):
        corner = faces.images[other, :part, :part] if rng.random() < 0.5 else faces.images[other, :part, -part:]
        background = corner.repeat(4, axis=0).repeat(4, axis=1)
        share = person[..., None] / np.float32(255)
        image[:] = (image * share + background * (1 - share)).astype(np.uint8)
    return dataclasses.replace(faces, images=images)


def train_reader(views: ReaderSet, labels: FaceLabels, *, epochs: int, seed: int = 1) -> ReaderNetwork:
    """Return a trained network in evaluation mode.

    Args:
        views: of the training people only.
        labels: of all faces.
        epochs: passes over the views.
        seed: of weights, order and exposure.
    """
    torch.manual_seed(seed)
    network, batch_size = ReaderNetwork(), 128
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=0.02)
    steps = epochs * (len(views.faces) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    random = torch.Generator().manual_seed(seed)
    for epoch in range(epochs):
        order = torch.randperm(len(views.faces), generator=random)
        losses = []
        for start in range(0, len(order) - batch_size + 1, batch_size):
            loss = _loss(network, views, labels, order[start : start + batch_size].numpy(), random)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        logger.info("epoch %d: loss %.4f", epoch + 1, float(np.mean(losses)))
    return network.eval()


def _loss(
    network: ReaderNetwork, views: ReaderSet, labels: FaceLabels, chosen: npt.NDArray[np.intp], random: torch.Generator
) -> Tensor:
    surround, skin, spread = _expose(
        torch.from_numpy(views.surrounds[chosen]), torch.from_numpy(views.palettes[chosen]), random
    )
    faces = views.faces[chosen]
    male, beard = torch.from_numpy(labels.male[faces]), torch.from_numpy(labels.beard[faces]).float()
    found = network(surround)
    return (
        6 * F.smooth_l1_loss(found[0], skin, beta=0.05)
        + 2 * F.l1_loss(found[1], spread)
        + F.binary_cross_entropy_with_logits(found[2], male)
        + F.cross_entropy(found[3], torch.from_numpy(labels.age[faces]))
        + F.binary_cross_entropy_with_logits(found[4], beard)
    )


def _expose(surround: Tensor, palette: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """Return surrounds, skin colours and spreads in other light, mirrored at random."""
    low, high = EXPOSURES
    strong = torch.rand(len(surround), 1, generator=random) < 0.5
    gain = torch.where(strong, low + (high - low) * torch.rand(len(surround), 1, generator=random), 1)
    gain = gain * (0.94 + 0.12 * torch.rand(len(surround), 3, generator=random))
    known = (surround[:, 3:] > 0).float()
    pixels = ((surround[:, :3] + 1) * gain[:, :, None, None] - 1).clamp(-1, 1) * known
    mirrored = torch.rand(len(surround), 1, 1, 1, generator=random) < 0.5
    x = torch.cat([pixels, surround[:, 3:]], dim=1)
    skin = ((palette[:, SKIN] + 1) * gain - 1).clamp(-1, 1)
    return torch.where(mirrored, x.flip(3), x), skin, palette[:, SPREAD] * gain.mean(dim=1)


def export_reader(network: ReaderNetwork, path: Path) -> None:
    """Write the network as ONNX with a free batch size."""
    example = torch.zeros(1, CHANNELS[0], READER_PX, READER_PX)
    torch.onnx.export(
        Probabilities(network).eval(),
        (example,),
        str(path),
        input_names=["surround"],
        output_names=list(READER_OUTPUTS),
        dynamic_axes={name: {0: "N"} for name in ("surround", *READER_OUTPUTS)},
        opset_version=17,
        dynamo=False,
    )
