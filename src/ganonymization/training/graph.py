"""Read and change the graph of a network's file: its nodes, and its weights, which are stored in fewer bits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

Floats: TypeAlias = npt.NDArray[np.float32]

_SMALL: Final = 512
"""Tensors up to this many values stay in single precision."""

_LARGE: Final = 400_000
"""Convolutions from this many weights on are stored as 8-bit integers with one scale per output channel."""


def stored_as(values: Floats) -> tuple[npt.NDArray[np.generic], Floats | None]:
    """Return values in the type that they are stored in, and the scales to multiply them by if there are any."""
    if values.size <= _SMALL:
        return values, None
    if values.size < _LARGE:
        return values.astype(np.float16), None
    axes = tuple(range(1, values.ndim))
    scales = (np.abs(values).max(axis=axes, keepdims=True) / 127).astype(np.float32) + np.float32(1e-12)
    return np.round(values / scales).astype(np.int8), scales


def restored(stored: npt.NDArray[np.generic], scales: Floats | None) -> Floats:
    """Return what `stored_as` stored."""
    values = stored.astype(np.float32)
    return values if scales is None else values * scales


def pack_weights(graph: GraphProto, *, most: float = 1.0) -> None:
    """Store large weights in fewer bits; ONNX Runtime unpacks them once, when it loads the file.

    Args:
        graph: of a network.
        most: by how much, as a share of its largest value, a weight may change; whichever would by more stays.
    """
    unpack, extra = [], []
    for initializer in graph.initializer:
        if initializer.data_type != TensorProto.FLOAT:
            continue
        name = initializer.name
        values = numpy_helper.to_array(initializer)
        stored, scales = stored_as(values)
        if stored.dtype == np.float32 or np.abs(restored(stored, scales) - values).max() > most * np.abs(values).max():
            continue
        initializer.CopyFrom(numpy_helper.from_array(stored, f"{name}_stored"))
        whole = name if scales is None else f"{name}_unscaled"
        unpack.append(helper.make_node("Cast", [f"{name}_stored"], [whole], to=TensorProto.FLOAT))
        if scales is not None:
            extra.append(numpy_helper.from_array(scales, f"{name}_scales"))
            unpack.append(helper.make_node("Mul", [whole, f"{name}_scales"], [name]))
    graph.initializer.extend(extra)
    set_nodes(graph, [*unpack, *graph.node])


def unpack_weights(graph: GraphProto) -> None:
    """Turn weights that are stored in fewer bits, and unpacked by the graph, into plain ones."""
    values = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in values:
            values[node.output[0]] = values[node.input[0]].astype(np.float32)
        elif node.op_type == "Mul" and all(name in values for name in node.input):
            values[node.output[0]] = values[node.input[0]] * values[node.input[1]]
    made = {name for node in graph.node for name in node.output if name in values}
    weights = {name for node in graph.node if node.op_type == "Conv" for name in node.input[1:]}
    kept = [node for node in graph.node if node.output[0] not in weights]
    graph.initializer.extend(numpy_helper.from_array(values[name], name) for name in sorted(weights & made))
    set_nodes(graph, kept)


def initial(graph: GraphProto, name: str) -> Floats:
    """Return a weight by its name."""
    tensor = next(tensor for tensor in graph.initializer if tensor.name == name)
    return np.asarray(numpy_helper.to_array(tensor))


def add_initial(graph: GraphProto, name: str, values: npt.NDArray[np.generic]) -> str:
    """Add a weight, and return its name."""
    graph.initializer.append(numpy_helper.from_array(values, name))
    return name


def drop_unused(graph: GraphProto) -> None:
    """Remove nodes and weights that nothing reads any more."""
    while len(kept := [node for node in graph.node if set(node.output) & _read(graph)]) < len(graph.node):
        set_nodes(graph, kept)
    used = _read(graph)
    weights = [tensor for tensor in graph.initializer if tensor.name in used]
    del graph.initializer[:]
    graph.initializer.extend(weights)


def _read(graph: GraphProto) -> set[str]:
    return {name for node in graph.node for name in node.input} | {value.name for value in graph.output}


def set_nodes(graph: GraphProto, nodes: Iterable[NodeProto]) -> None:
    """Put these nodes in the place of all."""
    kept = list(nodes)
    del graph.node[:]
    graph.node.extend(kept)
