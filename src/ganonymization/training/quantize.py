"""Let an exported generator compute in 8 bits, which takes two thirds of the time, where that does not show.

Convolutions get whole numbers: their weights, what flows in and what flows out, with one scale for each channel, from
the range that it has over examples (Jacob et al., "Quantization and training of neural networks for efficient
integer-arithmetic-only inference", 2018). Everything between them stays in floating point, and so do those that change
the face most, or draw the image itself. Processors without instructions for 8 bits add two products in 16, which must
not overflow: so weights use 7 of their bits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper

from ganonymization.onnx import Network
from ganonymization.training.folding import fold_merges, fold_unshuffles
from ganonymization.training.graph import (
    Floats,
    add_initial,
    drop_unused,
    initial,
    pack_weights,
    set_nodes,
    unpack_weights,
)

Inputs: TypeAlias = dict[str, Floats]
"""What a generator is fed for one face, by the names of its inputs."""

MAX_LEVELS: Final = 2.5
"""Mean change inside the face, in levels of 255, that no example may exceed; a good video encoder changes as much."""

MAX_OWN_LEVELS: Final = 0.6
"""Mean change that a single convolution may make; others stay in floating point.

The changes differ from frame to frame, so they are seen as flicker where nothing takes it out again (`track.steady`
does): with all but the last convolutions in 8 bits, the talking heads flickered 1.4 to 1.6 times as much as in
floating point.
"""

_FEW_EXAMPLES: Final = 8

_LARGEST_BIAS: Final = 2**30
_LARGEST_WEIGHT: Final = 63
_LARGEST_VALUE: Final = 255
_MIDDLE: Final = 128
_LEAST_STEP: Final = 1e-9
_OUTLIERS: Final = 1e-4
"""Share of a channel's values at either end of an example that may be cut off, for finer steps in between."""

_UNCHANGED: Final = 1e-6
"""Share of its largest value by which a weight that was stored in fewer bits before may change when it is again."""

_LAST_CHANNELS: Final = 16
"""Convolutions with fewer output channels draw the image itself, and stay as they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """The range of values of each channel; it holds 0.

    Attributes:
        low: (C,).
        high: (C,).
    """

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The values that a tensor is rounded to: whole numbers from `-zero` to `255 - zero`, times `steps`.

    Zero is the same in all channels: a convolution pads with one value.

    Attributes:
        steps: (C,).
        zero: which of the numbers 0..255 stands for 0.
    """

    steps: Floats
    zero: int


def quantize(path: Path, examples: Sequence[Inputs]) -> float:
    """Rewrite a generator's file with as many convolutions in 8 bits as change no face too much.

    Args:
        path: of the file. While a face changes by more than `MAX_LEVELS`, the convolution that changes faces most goes
            back to floating point.
        examples: one face each, batch size 1.

    Returns:
        The largest mean change inside the face over all examples, in levels of 255.

    Raises:
        ValueError: there are no examples.
    """
    if not examples:
        raise ValueError("a generator cannot be quantized without examples")
    partial = path.with_name(path.name + ".partial")
    try:
        model = onnx.load(str(path))
        unpack_weights(model.graph)
        fold_unshuffles(model.graph)
        fold_merges(model.graph)
        spans = _measure(model, examples, partial)
        candidates = [node.name for node in model.graph.node if _may_be_rounded(model.graph, node)]
        few = examples[:_FEW_EXAMPLES]
        own = {
            name: float(np.mean(_changes(path, _save_rounded(model, {name}, spans, partial), few)))
            for name in candidates
        }
        chosen = sorted((name for name in candidates if own[name] <= MAX_OWN_LEVELS), key=own.__getitem__)
        levels = max(_changes(path, _save_rounded(model, chosen, spans, partial), examples))
        while levels > MAX_LEVELS and chosen:
            chosen.pop()
            levels = max(_changes(path, _save_rounded(model, chosen, spans, partial), examples))
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return levels


def _save_rounded(model: ModelProto, names: Collection[str], spans: dict[str, Span], path: Path) -> Path:
    """Write the network with these convolutions in 8 bits, and return the path."""
    rounded = ModelProto()
    rounded.CopyFrom(model)
    _round(rounded.graph, names, spans)
    drop_unused(rounded.graph)
    pack_weights(rounded.graph, most=_UNCHANGED)
    onnx.checker.check_model(rounded)
    onnx.save(rounded, str(path))
    return path


def _changes(path: Path, other: Path, examples: Sequence[Inputs]) -> list[float]:
    """Return the mean difference of what two files draw inside each face, in levels of 255."""
    networks = [Network(file, inputs=list(examples[0]), outputs=["image"]) for file in (path, other)]
    pairs = ([network(**example)[0] for network in networks] for example in examples)
    return [_change(*pair, maps=example["maps"]) for pair, example in zip(pairs, examples, strict=True)]


def _change(image: Floats, other: Floats, *, maps: Floats) -> float:
    difference = np.abs(image - other).mean(axis=1)
    return float(difference[maps[:, 0] > 0].mean() * _LARGEST_VALUE / 2)


def _measure(model: ModelProto, examples: Sequence[Inputs], scratch: Path) -> dict[str, Span]:
    """Return the range of values, over examples, of what flows in and out of each convolution that is to be rounded."""
    rounded = [node for node in model.graph.node if _may_be_rounded(model.graph, node)]
    names = sorted({name for node in rounded for name in (node.input[0], node.output[0])})
    open_model = ModelProto()
    open_model.CopyFrom(model)
    open_model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    onnx.save(open_model, str(scratch))
    network = Network(scratch, inputs=list(examples[0]), outputs=names)
    seen = [[_span(values) for values in network(**example)] for example in examples]
    return {name: _union(spans) for name, spans in zip(names, zip(*seen, strict=True), strict=True)}


def _span(values: Floats) -> Span:
    low, high = np.quantile(values, [_OUTLIERS, 1 - _OUTLIERS], axis=(0, 2, 3))
    return Span(low, high)


def _union(spans: Iterable[Span]) -> Span:
    lows, highs = zip(*((span.low, span.high) for span in spans), strict=True)
    return Span(np.minimum(np.min(lows, axis=0), 0.0), np.maximum(np.max(highs, axis=0), 0.0))


def _may_be_rounded(graph: GraphProto, node: NodeProto) -> bool:
    return node.op_type == "Conv" and len(initial(graph, node.input[1])) >= _LAST_CHANNELS


def _round(graph: GraphProto, names: Collection[str], spans: dict[str, Span]) -> None:
    """Put what ONNX Runtime takes for a convolution in 8 bits in the place of the convolutions with these names."""
    nodes: list[NodeProto] = []
    grids: dict[str, Grid] = {}
    for node in graph.node:
        if node.name not in names:
            nodes.append(node)
            continue
        source, output = node.input[0], node.output[0]
        if source not in grids:
            grids[source] = _finest_grid(spans[source])
            if not _count_early(graph, source, grids[source], nodes):
                nodes.extend(_into_convolution(graph, source, grids[source]))
        grid = _grid(spans[output], _MIDDLE)
        parts = [f"{source}/even", *_store_weights(graph, node, grids[source], grid, nodes)]
        nodes.append(helper.make_node("Conv", parts, [f"{output}/summed"], node.name))
        nodes[-1].attribute.extend(node.attribute)
        nodes.extend(_out_of_convolution(graph, output, grid))
    set_nodes(graph, nodes)


def _finest_grid(span: Span) -> Grid:
    """Return the grid with the smallest steps."""
    grids = [_grid(span, zero) for zero in range(1, _LARGEST_VALUE)]
    return min(grids, key=lambda grid: float((grid.steps**2).sum()))


def _grid(span: Span, zero: int) -> Grid:
    steps = np.maximum(span.high / (_LARGEST_VALUE - zero), -span.low / zero)
    return Grid(_positive(steps), zero)


def _positive(steps: npt.NDArray[np.floating]) -> Floats:
    return np.maximum(steps, _LEAST_STEP).astype(np.float32)


def _count_early(graph: GraphProto, name: str, grid: Grid, nodes: list[NodeProto]) -> bool:
    """Count in steps what a style scales and shifts by, where a tensor is nothing but that with its negatives damped.

    A factor for each face and channel then takes the place of one for each pixel. Returns whether it was possible.
    """
    maker = {output: node for node in nodes for output in node.output}
    damped = maker.get(name)
    shifted = maker.get(damped.input[0]) if damped is not None and damped.op_type == "LeakyRelu" else None
    scaled = maker.get(shifted.input[0]) if shifted is not None and shifted.op_type == "Add" else None
    if damped is None or shifted is None or scaled is None or scaled.op_type != "Mul":
        return False
    chain = {name, damped.input[0], shifted.input[0]}
    styles = [scaled.input[1], shifted.input[1]]
    kinds = [maker[style].op_type if style in maker else "" for style in styles]
    if kinds != ["Add", "Split"] or sum(bool(chain & set(node.input)) for node in graph.node) > len(chain):
        return False
    counts = add_initial(graph, f"{name}/counts", 1 / grid.steps[:, None, None])
    for node, style in zip((scaled, shifted), styles, strict=True):
        place = nodes.index(node)
        nodes.insert(place, helper.make_node("Mul", [style, counts], [f"{style}/counted"]))
        node.input[1] = f"{style}/counted"
    nodes.extend(_rounded(graph, name, f"{name}/even", grid.zero))
    return True


def _into_convolution(graph: GraphProto, name: str, grid: Grid) -> list[NodeProto]:
    """Return nodes that count a tensor in steps, round it, and hand it on as `name/even`."""
    counts = add_initial(graph, f"{name}/counts", 1 / grid.steps[:, None, None])
    return [
        helper.make_node("Mul", [name, counts], [f"{name}/counted"]),
        *_rounded(graph, f"{name}/counted", f"{name}/even", grid.zero),
    ]


def _out_of_convolution(graph: GraphProto, name: str, grid: Grid) -> list[NodeProto]:
    """Return nodes that round a result, `name/summed`, which is counted in steps, and give it its size again."""
    steps = add_initial(graph, f"{name}/steps", grid.steps[:, None, None])
    return [
        *_rounded(graph, f"{name}/summed", f"{name}/rounded", grid.zero),
        helper.make_node("Mul", [f"{name}/rounded", steps], [name]),
    ]


def _rounded(graph: GraphProto, source: str, target: str, zero: int) -> list[NodeProto]:
    """Return nodes that round to whole numbers from `-zero` to `255 - zero`.

    ONNX rounds by a single step at full speed only, so the steps of single channels are multiplied elsewhere.
    """
    one = add_initial(graph, f"{target}/one", np.asarray(1, np.float32))
    offset = add_initial(graph, f"{target}/zero", np.asarray(zero, np.uint8))
    return [
        helper.make_node("QuantizeLinear", [source, one, offset], [f"{target}/whole"]),
        helper.make_node("DequantizeLinear", [f"{target}/whole", one, offset], [target]),
    ]


def _store_weights(graph: GraphProto, node: NodeProto, source: Grid, output: Grid, nodes: list[NodeProto]) -> list[str]:
    """Store weights and bias as whole numbers, append nodes that unpack them, and return the names of the results."""
    weight = initial(graph, node.input[1]) * source.steps[:, None, None] / output.steps[:, None, None, None]
    bias = initial(graph, node.input[2]) if len(node.input) > 2 else np.zeros(len(weight), np.float32)
    # where weights are next to nothing beside a bias, as in a layer that has hardly learnt, the bias has to fit
    least = np.abs(bias / output.steps) / _LARGEST_BIAS
    steps = _positive(np.maximum(np.abs(weight).max(axis=(1, 2, 3)) / _LARGEST_WEIGHT, least))
    names = []
    for kind, values, dtype in (
        ("weight", weight / steps[:, None, None, None], np.int8),
        ("bias", bias / output.steps / steps, np.int32),
    ):
        name = f"{node.name}/{kind}"
        stored = [add_initial(graph, f"{name}/whole", np.round(values).astype(dtype))]
        stored.append(add_initial(graph, f"{name}/steps", steps))
        stored.append(add_initial(graph, f"{name}/zeros", np.zeros(len(steps), dtype)))
        nodes.append(helper.make_node("DequantizeLinear", stored, [name], axis=0))
        names.append(name)
    return names
