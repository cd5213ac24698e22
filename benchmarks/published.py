"""A network of the size of the published generator: GANonymization's pix2pix U-Net, here with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

DOWN: Final = (64, 128, 256, 512, 512, 512, 512, 512)
UP: Final = (512, 512, 512, 512, 256, 128, 64)


class _Graph:
    """Collects nodes and weights; each call returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(0)

    def weight(self, *shape: int) -> str:
        values = self._random.normal(0, 0.02, shape).astype(np.float32)
        name = f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def normalised(self, x: str, channels: int) -> str:
        return self.node("InstanceNormalization", x, self.weight(channels), self.weight(channels))


def write_published_unet(path: Path, *, size_px: int) -> int:
    """Write the network for pictures of size_px, a multiple of 256, and return how many parameters it has."""
    graph = _Graph()
    x, channels, skips = "image", 3, []
    for index, width in enumerate(DOWN):
        x = graph.node("Conv", x, graph.weight(width, channels, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
        x = graph.normalised(x, width) if 0 < index < len(DOWN) - 1 else x
        x = graph.node("LeakyRelu", x, alpha=0.2)
        skips.append((x, width))
        channels = width
    skips.pop()
    for width in UP:
        x = graph.node("ConvTranspose", x, graph.weight(channels, width, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
        x = graph.node("Relu", graph.normalised(x, width))
        skip, skip_width = skips.pop()
        x, channels = graph.node("Concat", x, skip, axis=1), width + skip_width
    x = graph.node("ConvTranspose", x, graph.weight(channels, 3, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
    graph.nodes.append(helper.make_node("Tanh", [x], ["output"]))
    shape = [1, 3, size_px, size_px]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("image", "output")]
    body = helper.make_graph(graph.nodes, "published", ends[:1], ends[1:], graph.weights)
    onnx.save(helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return sum(int(np.prod(weight.dims)) for weight in graph.weights)
