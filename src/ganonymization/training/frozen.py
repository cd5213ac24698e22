"""Run a shipped ONNX network in torch, so that losses can flow back through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import Tensor, nn

Attributes: TypeAlias = dict[str, Any]
Operator: TypeAlias = Callable[[list[Any], Attributes], Any]


class FrozenNetwork(nn.Module):
    """An ONNX graph as a torch module with constant weights; differentiable with respect to its inputs.

    Args:
        path: the .onnx file.
        output: the output to compute; nodes that it does not need are left out.

    Raises:
        ValueError: the graph holds an operator that is not supported here.
    """

    def __init__(self, path: Path, output: str) -> None:
        super().__init__()
        graph = onnx.load(str(path)).graph
        self._input = graph.input[0].name
        self._output = output
        self._nodes = _needed(graph, output)
        unknown = {node.op_type for node in self._nodes} - set(_OPERATORS)
        if unknown:
            raise ValueError(f"{path}: operators {sorted(unknown)} are not supported")
        self._attributes = [_attributes(node) for node in self._nodes]
        self._names: dict[str, str] = {}
        for index, initializer in enumerate(graph.initializer):
            self._names[initializer.name] = f"constant_{index}"
            value = torch.from_numpy(numpy_helper.to_array(initializer).copy())
            value = value.float() if value.is_floating_point() else value
            self.register_buffer(f"constant_{index}", value, persistent=False)

    def forward(self, image: Tensor) -> Tensor:
        """Return the output for an input batch."""
        return self.layers(image, [self._output])[0]

    def layers(self, image: Tensor, names: Sequence[str]) -> list[Tensor]:
        """Return values inside the network, by the names that its file gives them, on the way to the output."""
        values: dict[str, Any] = {name: getattr(self, buffer) for name, buffer in self._names.items()}
        values[self._input] = image
        for node, attributes in zip(self._nodes, self._attributes, strict=True):
            if values.keys() >= set(names):
                break
            arguments = [values[name] if name else None for name in node.input]
            values[node.output[0]] = _OPERATORS[node.op_type](arguments, attributes)
        return [values[name] for name in names]


def _needed(graph: onnx.GraphProto, output: str) -> list[onnx.NodeProto]:
    wanted, nodes = {output}, []
    for node in reversed(graph.node):
        if wanted & set(node.output):
            nodes.append(node)
            wanted.update(node.input)
    return nodes[::-1]


def _attributes(node: onnx.NodeProto) -> Attributes:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def _symmetric(x: Tensor, attributes: Attributes, value: float) -> tuple[Tensor, tuple[int, int]]:
    """Return the input, padded by hand where the padding differs between the sides, and the padding left to do."""
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    if (top, left) == (bottom, right):
        return x, (top, left)
    return F.pad(x, (left, right, top, bottom), value=value), (0, 0)


def _convolve(arguments: list[Any], attributes: Attributes) -> Tensor:
    x, padding = _symmetric(arguments[0], attributes, 0.0)
    bias = arguments[2] if len(arguments) > 2 else None
    stride = tuple(attributes.get("strides", [1, 1]))
    return F.conv2d(x, arguments[1], bias, stride=stride, padding=padding, groups=attributes.get("group", 1))


def _max_pool(arguments: list[Any], attributes: Attributes) -> Tensor:
    x, padding = _symmetric(arguments[0], attributes, float("-inf"))
    return F.max_pool2d(x, tuple(attributes["kernel_shape"]), tuple(attributes["strides"]), padding)


def _average_pool(arguments: list[Any], attributes: Attributes) -> Tensor:
    return F.avg_pool2d(arguments[0], tuple(attributes["kernel_shape"]), tuple(attributes["strides"]))


def _pad(arguments: list[Any], _: Attributes) -> Tensor:
    pads = arguments[1].tolist()
    half = len(pads) // 2
    pairs = [side for axis in reversed(range(half)) for side in (pads[axis], pads[axis + half])]
    return F.pad(arguments[0], pairs)


def _slice(arguments: list[Any], _: Attributes) -> Tensor:
    x: Tensor = arguments[0]
    for start, end, axis in zip(*(part.tolist() for part in arguments[1:4]), strict=True):
        x = x.narrow(axis, start, min(end, x.shape[axis]) - start)
    return x


def _reshape(arguments: list[Any], _: Attributes) -> Tensor:
    x: Tensor = arguments[0]
    wanted = arguments[1].tolist()
    shape = [kept if size == 0 else size for kept, size in zip(x.shape, wanted, strict=False)]
    return x.reshape(shape + wanted[len(shape) :])


def _gather(arguments: list[Any], attributes: Attributes) -> Tensor:
    x: Tensor = arguments[0]
    axis, index = attributes.get("axis", 0), arguments[1]
    chosen = x.index_select(axis, index.reshape(-1))
    return chosen if index.ndim else chosen.squeeze(axis)


def _grid_sample(arguments: list[Any], attributes: Attributes) -> Tensor:
    return F.grid_sample(
        arguments[0], arguments[1], padding_mode="zeros", align_corners=bool(attributes.get("align_corners", 0))
    )


def _keep(attributes: Attributes) -> bool:
    return bool(attributes.get("keepdims", 1))


_OPERATORS: Final[dict[str, Operator]] = {
    "Abs": lambda a, _: a[0].abs(),
    "Add": lambda a, _: a[0] + a[1],
    "AveragePool": _average_pool,
    "Cast": lambda a, _: a[0],
    "Clip": lambda a, _: a[0].clamp(*a[1:]),
    "Concat": lambda a, k: torch.cat(a, dim=k["axis"]),
    "Conv": _convolve,
    "Div": lambda a, _: a[0] / a[1],
    "Flatten": lambda a, _: a[0].flatten(1),
    "Gather": _gather,
    "GlobalAveragePool": lambda a, _: a[0].mean(dim=(2, 3), keepdim=True),
    "Greater": lambda a, _: a[0] > a[1],
    "GridSample": _grid_sample,
    "Identity": lambda a, _: a[0],
    "LpNormalization": lambda a, k: F.normalize(a[0], p=float(k["p"]), dim=k["axis"]),
    "MatMul": lambda a, _: a[0] @ a[1],
    "Max": lambda a, _: torch.maximum(a[0], a[1]),
    "MaxPool": _max_pool,
    "Mul": lambda a, _: a[0] * a[1],
    "Pad": _pad,
    "ReduceL2": lambda a, k: a[0].square().sum(dim=tuple(k["axes"]), keepdim=_keep(k)).clamp_min(1e-12).sqrt(),
    "ReduceMax": lambda a, k: a[0].amax(dim=tuple(k["axes"]), keepdim=_keep(k)),
    "ReduceMean": lambda a, k: a[0].mean(dim=tuple(k["axes"]), keepdim=_keep(k)),
    "ReduceMin": lambda a, k: a[0].amin(dim=tuple(k["axes"]), keepdim=_keep(k)),
    "Relu": lambda a, _: F.relu(a[0]),
    "Reshape": _reshape,
    "Sigmoid": lambda a, _: a[0].sigmoid(),
    "Slice": _slice,
    "Softmax": lambda a, k: a[0].softmax(dim=k.get("axis", -1)),
    "Sub": lambda a, _: a[0] - a[1],
    "Transpose": lambda a, k: a[0].permute(*k["perm"]),
    "Where": lambda a, _: torch.where(a[0], a[1], a[2]),
}
