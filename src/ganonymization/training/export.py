"""Write a trained generator as an ONNX file, and refuse if it does not compute the same."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import numpy as np
import onnx
import torch
from onnx import helper
from torch import Tensor, nn

from ganonymization.condition import MAP_COUNT
from ganonymization.errors import GanonymizationError
from ganonymization.onnx import Network
from ganonymization.palette import PALETTE_SIZE
from ganonymization.synthesize.pix2pix import NOISE_SIZE
from ganonymization.training.config import PaperConfig, TrainingConfig, parse_config
from ganonymization.training.course import load_checkpoint
from ganonymization.training.data import FaceViews
from ganonymization.training.graph import pack_weights, restored, stored_as
from ganonymization.training.identity import IdentityReader
from ganonymization.training.loop import build_generator
from ganonymization.training.networks import Generator
from ganonymization.training.paper import DotsInUnitRange, UNet
from ganonymization.training.prepare import FaceSet
from ganonymization.training.quantize import Inputs, quantize
from ganonymization.training.retouching import as_shown
from ganonymization.training.thaw import AXES, SAMPLES, VARIETY, discriminator_beside, freeze_discriminator

INPUTS: Final = ("maps", "surround", "known", "palette", "noise")
OPSET: Final = 17
MAX_DIFFERENCE: Final = 1e-3
"""Largest difference of any output value, on a scale of -1..1, between torch and ONNX Runtime with the same weights."""

EXAMPLES: Final = 48
"""Faces by which the generator is quantized."""

_EXAMPLE_SEED: Final = 200


class ParityError(GanonymizationError):
    """The exported network computes something else than the trained one."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What was exported.

    Attributes:
        samples: faces seen in training.
        difference: largest difference of any output value from torch, on a scale of -1..1, before it was quantized.
        levels: largest mean change of a face by quantizing it, in levels of 255; see `quantize`. 0 for the published
            one, which is not quantized.
    """

    samples: int
    difference: float
    levels: float = 0.0


def export_run(run: Path, path: Path, faces: FaceSet) -> Exported:
    """Write the averaged generator of a training run, or the published one; see `export_generator`, `export_paper`.

    Beside it the discriminator is written, from which training can go on (see `thaw`).

    Args:
        run: folder of the run.
        path: target.
        faces: what it was trained on; it is quantized by views of them.

    Raises:
        InputError: the folder holds no checkpoint.
        ParityError: the network computes something else than the trained one.
    """
    state = load_checkpoint(run, device=torch.device("cpu"))
    config, notes = parse_config(state["config"]), {SAMPLES: str(state["samples"])}
    if isinstance(config, PaperConfig):
        unet = UNet()
        unet.load_state_dict(state["generator"])
        return Exported(state["samples"], export_paper(unet, path, size_px=config.size_px, notes=notes))
    generator = build_generator(config)
    generator.load_state_dict(state["average"])
    reader = IdentityReader()
    reader.load_state_dict(state["reader"])
    notes |= {AXES: reader.note(), VARIETY: str(config.variety)}
    widen(generator, config.variety)
    difference = export_generator(generator, path, size_px=config.size_px, notes=notes)
    freeze_discriminator(state["discriminator"], discriminator_beside(path), samples=state["samples"])
    return Exported(state["samples"], difference, quantize(path, examples_of(faces, config)))


@torch.no_grad()
def widen(generator: Generator, share: float) -> None:
    """Change a generator so that it draws people who are so many times as far from the mean of all codes."""
    cast("nn.Linear", generator.style[0]).weight[:, PALETTE_SIZE:] *= share


def examples_of(faces: FaceSet, config: TrainingConfig, *, count: int = EXAMPLES) -> list[Inputs]:
    """Return what a generator is fed for random views of faces, as training shows these, drawn as new people."""
    seed = config.seed + _EXAMPLE_SEED
    some = np.random.default_rng(seed).choice(len(faces.names), min(count, len(faces.names)), replace=False)
    shown = as_shown(faces.take(some), config)
    batches = iter(FaceViews(shown, dataclasses.replace(config, batch_size=1, seed=seed)))
    random = torch.Generator().manual_seed(_EXAMPLE_SEED)
    examples = []
    for batch in itertools.islice(batches, count):
        view = batch.to(torch.device("cpu"))
        noise = torch.randn(1, NOISE_SIZE, generator=random)
        values = (view.maps, view.image * view.known, view.known, view.palette, noise)
        examples.append(dict(zip(INPUTS, (value.contiguous().numpy() for value in values), strict=True)))
    return examples


def export_generator(generator: Generator, path: Path, *, size_px: int, notes: dict[str, str]) -> float:
    """Write `path` with weights stored in 16 or 8 bits; returns the largest difference from torch.

    Args:
        generator: trained weights, in single precision; they are rounded by this call to the values that are stored.
        path: target; written only when parity holds.
        size_px: side of the crop.
        notes: key-value pairs stored in the file (samples seen, data, date).

    Raises:
        ParityError: an output value differs by more than `MAX_DIFFERENCE`.
    """
    generator = generator.float().cpu().eval()
    _round_weights(generator)
    return _export(generator, path, notes, example=functools.partial(_example, size_px), names=INPUTS)


def export_paper(network: UNet, path: Path, *, size_px: int, notes: dict[str, str]) -> float:
    """Write the published generator, which takes `maps` (N, 3, S, S) in 0..1; otherwise as `export_generator`.

    Raises:
        ParityError: an output value differs by more than `MAX_DIFFERENCE`.
    """
    exported = DotsInUnitRange(network).eval()  # the exporter brings back the mode of the whole
    _round_weights(exported)
    return _export(exported, path, notes, example=functools.partial(_dots, size_px), names=("maps",))


def _round_weights(network: nn.Module) -> None:
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.from_numpy(restored(*stored_as(parameter.numpy()))))


def _export(
    network: nn.Module,
    path: Path,
    notes: dict[str, str],
    *,
    example: Callable[[int], tuple[Tensor, ...]],
    names: tuple[str, ...],
) -> float:
    partial = path.with_name(path.name + ".partial")
    try:
        _write(network, partial, notes, example=example(2), names=names)
        difference = max(_difference(network, partial, example(batch), names) for batch in (1, 3))
        if not difference <= MAX_DIFFERENCE:
            raise ParityError(
                f"{path}: outputs are {difference:.2e} off those of torch, allowed is {MAX_DIFFERENCE:.0e}"
            )
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return difference


def _dots(size_px: int, batch: int) -> tuple[Tensor, ...]:
    random = torch.Generator().manual_seed(0)
    dots = (torch.rand(batch, 1, size_px, size_px, generator=random) > 0.97).float()
    return (dots.repeat(1, 3, 1, 1),)


def _example(size_px: int, batch: int) -> tuple[Tensor, ...]:
    random = torch.Generator().manual_seed(0)
    maps = torch.rand(batch, MAP_COUNT, size_px, size_px, generator=random)
    known = (torch.rand(batch, 1, size_px, size_px, generator=random) > 0.5).float()
    surround = (2 * torch.rand(batch, 3, size_px, size_px, generator=random) - 1) * known
    palette = 2 * torch.rand(batch, PALETTE_SIZE, generator=random) - 1
    return maps, surround, known, palette, torch.randn(batch, NOISE_SIZE, generator=random)


def _write(
    network: nn.Module, path: Path, notes: dict[str, str], *, example: tuple[Tensor, ...], names: tuple[str, ...]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package announces its successor
        torch.onnx.export(
            network,
            example,
            str(path),
            input_names=list(names),
            output_names=["image"],
            dynamic_axes={name: {0: "N"} for name in (*names, "image")},
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(str(path))
    pack_weights(model.graph)
    helper.set_model_props(model, notes)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _difference(network: nn.Module, path: Path, example: tuple[Tensor, ...], names: tuple[str, ...]) -> float:
    """Return the largest difference of an output value between torch and ONNX Runtime."""
    with torch.no_grad():
        wanted = network(*example).numpy()
    arrays = {name: value.numpy() for name, value in zip(names, example, strict=True)}
    (found,) = Network(path, inputs=names, outputs=["image"])(**arrays)
    return float(np.abs(found - wanted).max())
