"""Take the weights of a generator back out of its file, so that training can go on where no checkpoint is left.

A file holds less than a checkpoint: weights in 16 or 8 bits, some of them folded into each other for speed, and no
steps. What is read here computes what the file computes, but for the rounding of what flows between the layers. The
discriminator lies beside it, in a file of its own that only training needs: one that begins anew takes longer to tell
drawn faces from photos than many a run lasts, and has nothing to say to a generator that has come far.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import GraphProto, NodeProto, numpy_helper
from torch import Tensor

from ganonymization.errors import InputError
from ganonymization.files.atomic import write_atomically
from ganonymization.palette import PALETTE_SIZE
from ganonymization.training.folding import narrowed
from ganonymization.training.graph import Floats, restored

SAMPLES: Final = "samples"
"""Under which name a file notes how many faces its training saw."""

AXES: Final = "identity_axes"
"""Under which name a file notes what its identity codes mean; see `identity.IdentityReader`."""

VARIETY: Final = "variety"
"""Under which name a file notes how far from the mean its identities are drawn, over how far codes lie in training."""

_STYLE: Final = "style.0.weight"


class Thawed(NamedTuple):
    """What a file says.

    Attributes:
        weights: of the generator, by the names of its state.
        samples: faces seen in training.
        axes: what its identity codes mean, as `identity.IdentityReader` writes it; None where the file does not tell.
        discriminator: its weights, by the names of its state; None where there is no file of it.
    """

    weights: dict[str, Tensor]
    samples: int
    axes: str | None = None
    discriminator: dict[str, Tensor] | None = None


def discriminator_beside(path: Path) -> Path:
    """Return where the discriminator of a generator's file lies: `mine_discriminator.npz` beside `mine.onnx`."""
    return path.with_name(f"{path.stem}_discriminator.npz")


def freeze_discriminator(state: Mapping[str, Tensor], path: Path, *, samples: int) -> None:
    """Write a discriminator's state; what has more than one dimension in half precision.

    Args:
        state: its weights.
        path: of the file.
        samples: faces that it and its generator have seen in training.

    Raises:
        OutputError: the file cannot be written; one that was there stays.
    """
    arrays: dict[str, Any] = {
        name: value.float().cpu().numpy().astype(np.float16 if value.ndim > 1 else np.float32)
        for name, value in state.items()
    }
    content = io.BytesIO()
    np.savez_compressed(content, allow_pickle=False, **arrays, **{SAMPLES: np.int64(samples)})
    write_atomically(path, content.getvalue(), overwrite=True)


def thaw(path: Path) -> Thawed:
    """Read the file of a generator that `ganonymize export` wrote, and that of its discriminator if it is there.

    Raises:
        InputError: there is no such file, one of the two holds something else, or the discriminator is another
            generator's.
    """
    if not path.is_file():
        raise InputError(f"{path}: not found; name the file of a generator, as `ganonymize export` writes it")
    try:
        model = onnx.load(str(path))
        notes = {note.key: note.value for note in model.metadata_props}
        weights = _Reader(model.graph).weights()
        weights[_STYLE][:, PALETTE_SIZE:] /= float(notes.get(VARIETY, 1))
        tensors = {name: torch.from_numpy(value) for name, value in weights.items()}
        samples, axes = int(notes[SAMPLES]), notes.get(AXES)
    except (DecodeError, KeyError, ValueError, IndexError) as error:
        raise InputError(f"{path}: is no generator that `ganonymize export` wrote, or it is damaged") from error
    return Thawed(tensors, samples, axes, _thaw_discriminator(discriminator_beside(path), samples))


def _thaw_discriminator(path: Path, samples: int) -> dict[str, Tensor] | None:
    """Return the weights of the discriminator of a generator that has seen so many faces; None without a file."""
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        seen = int(arrays.pop(SAMPLES, samples))
    except (OSError, EOFError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise InputError(f"{path}: is no discriminator that `ganonymize export` wrote, or it is damaged") from error
    if seen != samples:
        raise InputError(
            f"{path}: has seen {seen} faces and the generator beside it {samples}; put the one that `ganonymize "
            "export` wrote with that generator in its place, or move it away, and a discriminator begins anew"
        )
    return {name: torch.from_numpy(value.astype(np.float32)) for name, value in arrays.items()}


class _Reader:
    """The values of a graph by name, and how they are put together again."""

    def __init__(self, graph: GraphProto) -> None:
        self.graph = graph
        self.values = {tensor.name: np.asarray(numpy_helper.to_array(tensor)) for tensor in graph.initializer}
        for name in [name for name in self.values if "/" in name and name.endswith("_stored")]:  # of steps, too
            self.values[name.removesuffix("_stored")] = self._plain(name)

    def weights(self) -> dict[str, Floats]:
        """Return all weights by the names of the generator's state."""
        found = {name.removesuffix("_stored"): self._plain(name) for name in self.values if self._is_plain(name)}
        for node in self.graph.node:
            if node.op_type == "Conv":
                self._take_convolution(node, found)
        steady = self.values.get("steady_light")
        if steady is not None:
            found[_STYLE][:, PALETTE_SIZE:] = found[_STYLE][:, PALETTE_SIZE:] @ steady.T
        return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}

    @staticmethod
    def _is_plain(name: str) -> bool:
        return "/" not in name and name.removesuffix("_stored").endswith((".weight", ".bias"))

    def _plain(self, name: str) -> Floats:
        return restored(self.values[name], self.values.get(name.removesuffix("_stored") + "_scales"))

    def _take_convolution(self, node: NodeProto, found: dict[str, Floats]) -> None:
        layer, _, part = node.name.removeprefix("/").partition("/Conv")
        name = layer.replace("/", ".")
        weight, bias = self._convolution(node)
        if part == "/wide":
            weight = narrowed(weight)
        if part and f"{name}.weight" in found:  # two parts of one layer; features come first
            weights = (found[f"{name}.weight"], weight)
            weight = np.concatenate(weights if part == "/wide" else weights[::-1], axis=1)
            bias = bias + found[f"{name}.bias"]
        if name.endswith(".merge") and weight.shape[1] == len(weight):  # the first half was folded into the widening
            weight = np.concatenate([np.eye(len(weight), dtype=np.float32)[:, :, None, None], weight], axis=1)
        found[f"{name}.weight"], found[f"{name}.bias"] = weight, bias

    def _convolution(self, node: NodeProto) -> tuple[Floats, Floats]:
        """Return weight and bias in floating point, whatever they are stored in."""
        weight = self._named(node.input[1])
        bias = self._named(node.input[2]) if len(node.input) > 2 else np.zeros(len(weight), np.float32)
        counts = self.values.get(node.input[0].removesuffix("/even") + "/counts")
        steps = self.values.get(node.output[0].removesuffix("/summed") + "/steps")
        if counts is None or steps is None or not node.input[0].endswith("/even"):
            return weight, bias
        return weight * counts * steps[..., None], bias * steps[:, 0, 0]

    def _named(self, name: str) -> Floats:
        if f"{name}/whole" in self.values:
            whole = self.values[f"{name}/whole"].astype(np.float32)
            steps = self.values[f"{name}/steps"]
            return whole * steps.reshape(-1, *[1] * (whole.ndim - 1))
        if f"{name}_stored" in self.values:
            return self._plain(f"{name}_stored")
        return self.values[name].astype(np.float32)
