"""Let a generator's convolutions do what the layers before them do: the same sums in fewer steps."""

from __future__ import annotations

from typing import Final

import numpy as np
from onnx import GraphProto, NodeProto, helper

from ganonymization.condition import MAP_COUNT
from ganonymization.training.graph import Floats, add_initial, drop_unused, initial, set_nodes

_CONDITIONS: Final = MAP_COUNT + 4
"""Channels that the generator is told: maps, surround, and where the surround is known."""

_UNSHUFFLE: Final = [0, 1, 3, 5, 2, 4]
"""How `pixel_unshuffle` transposes (N, C, H, 2, W, 2)."""


def fold_unshuffles(graph: GraphProto) -> None:
    """Let convolutions read what `pixel_unshuffle` would have laid out for them, in larger steps: the same sums."""
    maker = {name: node for node in graph.node for name in node.output}
    nodes: list[NodeProto] = []
    for node in graph.node:
        source = maker.get(node.input[0]) if node.op_type == "Conv" else None
        if source is None:
            nodes.append(node)
        elif source.op_type == "Concat":
            nodes.extend(_split(graph, node, source.input[0], _unshuffled(source.input[-1], maker)))
        else:
            nodes.extend(_split(graph, node, "", _unshuffled(node.input[0], maker)))
    set_nodes(graph, nodes)


def _unshuffled(name: str, maker: dict[str, NodeProto]) -> str:
    """Return the name of the tensor of which another is a `pixel_unshuffle`; empty when it is none."""
    chain = []
    for kind in ("Reshape", "Transpose", "Reshape"):
        node = maker.get(name)
        if node is None or node.op_type != kind:
            return ""
        chain.append(node)
        name = node.input[0]
    return name if list(chain[1].attribute[0].ints) == _UNSHUFFLE else ""


def _split(graph: GraphProto, node: NodeProto, features: str, conditions: str) -> list[NodeProto]:
    """Return nodes that add up a 3x3 convolution of features, if any, and of the `pixel_unshuffle` of conditions."""
    weight = initial(graph, node.input[1]) if conditions else np.empty((0, 0), np.float32)
    count = weight.shape[1] - _CONDITIONS * 4
    if not conditions or (count > 0) != bool(features) or count < 0:
        return [node]
    wide = add_initial(graph, f"{node.name}/wide_weight", widened(weight[:, count:]))
    output = f"{node.name}/wide" if features else node.output[0]
    bias = [] if features else [node.input[2]]
    nodes = [
        helper.make_node("Conv", [conditions, wide, *bias], [output], f"{node.name}/wide", strides=[2, 2], pads=[2] * 4)
    ]
    if not features:
        return nodes
    near = add_initial(graph, f"{node.name}/near_weight", np.ascontiguousarray(weight[:, :count]))
    name = f"{node.name}/near"
    nodes.append(helper.make_node("Conv", [features, near, node.input[2]], [name], name, pads=[1] * 4))
    return [*nodes, helper.make_node("Add", [name, output], [node.output[0]])]


def widened(weight: Floats) -> Floats:
    """Return (O, C, 6, 6) weights that do in steps of 2 what (O, 4 C, 3, 3) do on the unshuffled picture."""
    count, folded = weight.shape[:2]
    blocks = weight.reshape(count, folded // 4, 2, 2, 3, 3)
    return np.ascontiguousarray(blocks.transpose(0, 1, 4, 2, 5, 3).reshape(count, folded // 4, 6, 6))


def fold_merges(graph: GraphProto) -> None:
    """Let convolutions that widen also do what merging does to their result: at a quarter of the places, the same sums.

    What is merged was widened by a 1x1 convolution, unfolded and smoothed, then joined with other features and merged
    by another 1x1 convolution. All that is linear, so its part of the merging may come first.
    """
    maker = {name: node for node in graph.node for name in node.output}
    nodes: list[NodeProto] = []
    for node in graph.node:
        source = maker.get(node.input[0]) if node.op_type == "Conv" else None
        widen = _widening(source.input[0], maker) if source is not None and source.op_type == "Concat" else None
        nodes.extend([node] if source is None or widen is None else _merged(graph, node, source, widen))
    set_nodes(graph, nodes)
    drop_unused(graph)


def _widening(name: str, maker: dict[str, NodeProto]) -> NodeProto | None:
    """Return the convolution of whose result a tensor is the smoothed pixel shuffle; None when it is none."""
    for kind in ("AveragePool", "AveragePool", "Pad", "DepthToSpace"):
        node = maker.get(name)
        if node is None or node.op_type != kind:
            return None
        name = node.input[0]
    node = maker.get(name)
    return node if node is not None and node.op_type == "Conv" else None


def _merged(graph: GraphProto, node: NodeProto, source: NodeProto, widen: NodeProto) -> list[NodeProto]:
    """Change the weights of a widening convolution, and return nodes that add the rest of the merging."""
    weight, bias = initial(graph, node.input[1])[..., 0, 0], initial(graph, widen.input[2])
    wide = initial(graph, widen.input[1])[..., 0, 0]
    count = len(wide) // 4
    merging, rest = weight[:, :count], weight[:, count:]
    widen.input[1] = add_initial(graph, f"{widen.name}/merged_weight", _through(merging, wide)[..., None, None])
    widen.input[2] = add_initial(graph, f"{widen.name}/merged_bias", _through(merging, bias[:, None])[:, 0])
    beside = add_initial(graph, f"{node.name}/rest_weight", np.ascontiguousarray(rest)[..., None, None])
    name = f"{node.name}/rest"
    return [
        helper.make_node("Conv", [source.input[1], beside, node.input[2]], [name], node.name),
        helper.make_node("Add", [source.input[0], name], [node.output[0]]),
    ]


def _through(merging: Floats, wide: Floats) -> Floats:
    """Return (4 O, I) weights that do what (4 C, I), a pixel shuffle and (O, C) do; sub-pixels are the inner index."""
    blocks = np.einsum("oc,csi->osi", merging, wide.reshape(merging.shape[1], 4, -1))
    return np.ascontiguousarray(blocks.reshape(-1, wide.shape[1]), np.float32)


def narrowed(weight: Floats) -> Floats:
    """Return the (O, 4 C, 3, 3) weights of which `widened` made (O, C, 6, 6)."""
    count, channels = weight.shape[:2]
    blocks = weight.reshape(count, channels, 3, 2, 3, 2)
    return np.ascontiguousarray(blocks.transpose(0, 1, 3, 5, 2, 4).reshape(count, 4 * channels, 3, 3))
