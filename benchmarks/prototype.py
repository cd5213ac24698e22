"""A network of the size of the prototype that this project began with, here with random weights.

9.85 million parameters: convolutions that halve the picture four times, a residual block modulated by palette and
identity at every size, the full one included, pixel shuffle on the way up, skip connections.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Final

from benchmarks.graph import Graph
from ganonymization.condition import MAP_COUNT
from ganonymization.palette import PALETTE_SIZE

WIDTHS: Final = (16, 64, 128, 256, 366)
"""Channels from the full size down to a sixteenth: 9.85 million parameters, and 1.6 times the time of the published
network at 256 px, as was measured of the prototype (1.65)."""

NOISE_SIZE: Final = 8
_SEEN: Final = MAP_COUNT + 4
_CODE: Final = PALETTE_SIZE + NOISE_SIZE


def write_prototype(path: Path, *, size_px: int) -> int:
    """Write the network for crops of size_px, a multiple of 16, and return how many parameters it has.

    Inputs: `seen` (1, 11, S, S), maps, surround and what is known; `code` (1, 24), palette and noise.
    """
    graph = Graph()
    x = _block(graph, _convolved(graph, "seen", _SEEN, WIDTHS[0]), WIDTHS[0])
    skips = []
    for narrow, wide in itertools.pairwise(WIDTHS):
        skips.append(x)
        halved = graph.node("Conv", x, graph.weight(wide, narrow, 4, 4), strides=[2, 2], pads=[1, 1, 1, 1])
        x = _block(graph, halved, wide)
    for narrow, wide in reversed(list(itertools.pairwise(WIDTHS))):
        spread = graph.node("Conv", x, graph.weight(4 * narrow, wide, 1, 1))
        doubled = graph.node("DepthToSpace", spread, blocksize=2)
        joined = graph.node("Concat", doubled, skips.pop(), axis=1)
        x = _block(graph, _convolved(graph, joined, 2 * narrow, narrow), narrow)
    drawn = graph.node("Tanh", _convolved(graph, x, WIDTHS[0], 3))
    inputs = {"seen": (1, _SEEN, size_px, size_px), "code": (1, _CODE)}
    return graph.save(path, drawn, inputs=inputs, output_shape=(1, 3, size_px, size_px))


def _convolved(graph: Graph, x: str, channels: int, width: int) -> str:
    return graph.node("Conv", x, graph.weight(width, channels, 3, 3), pads=[1, 1, 1, 1])


def _block(graph: Graph, x: str, width: int) -> str:
    """Two convolutions; the first one's output is scaled and shifted by the code."""
    normed = graph.node("InstanceNormalization", x, graph.weight(width), graph.weight(width))
    inner = _convolved(graph, graph.node("Relu", normed), width, width)
    scale, shift = (_spot(graph, width) for _ in range(2))
    modulated = graph.node("Add", graph.node("Mul", inner, scale), shift)
    return graph.node("Add", x, _convolved(graph, graph.node("Relu", modulated), width, width))


def _spot(graph: Graph, width: int) -> str:
    numbers = graph.node("Gemm", "code", graph.weight(_CODE, width), graph.weight(width))
    return graph.node("Reshape", numbers, graph.integers(1, width, 1, 1))
