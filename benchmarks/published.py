"""A network of the size of the published generator: GANonymization's pix2pix U-Net, here with random weights."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from benchmarks.graph import Graph

DOWN: Final = (64, 128, 256, 512, 512, 512, 512, 512)
UP: Final = (512, 512, 512, 512, 256, 128, 64)


def write_published_unet(path: Path, *, size_px: int) -> int:
    """Write the network for pictures of size_px, a multiple of 256, and return how many parameters it has."""
    graph = Graph()
    x, channels, skips = "image", 3, []
    for index, width in enumerate(DOWN):
        x = graph.node("Conv", x, graph.weight(width, channels, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
        x = _normalised(graph, x, width) if 0 < index < len(DOWN) - 1 else x
        x = graph.node("LeakyRelu", x, alpha=0.2)
        skips.append((x, width))
        channels = width
    skips.pop()
    for width in UP:
        x = graph.node("ConvTranspose", x, graph.weight(channels, width, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
        x = graph.node("Relu", _normalised(graph, x, width))
        skip, skip_width = skips.pop()
        x, channels = graph.node("Concat", x, skip, axis=1), width + skip_width
    x = graph.node("ConvTranspose", x, graph.weight(channels, 3, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
    shape = (1, 3, size_px, size_px)
    return graph.save(path, graph.node("Tanh", x), inputs={"image": shape}, output_shape=shape)


def _normalised(graph: Graph, x: str, channels: int) -> str:
    return graph.node("InstanceNormalization", x, graph.weight(channels), graph.weight(channels))
