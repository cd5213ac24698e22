"""Build networks with random weights, to time architectures whose weights do not matter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class Graph:
    """Collects nodes and weights; each call returns the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []
        self._random = np.random.default_rng(0)

    def weight(self, *shape: int) -> str:
        """Add a weight with small random values."""
        return self._keep(self._random.normal(0, 0.02, shape).astype(np.float32))

    def integers(self, *values: int) -> str:
        """Add a list of whole numbers, which is no parameter."""
        return self._keep(np.array(values, np.int64))

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        """Add an operator with one output."""
        name = f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def save(self, path: Path, output: str, *, inputs: Mapping[str, Sequence[int]], output_shape: Sequence[int]) -> int:
        """Write the network, whose output is called `output`, and return how many parameters it has."""
        self._nodes.append(helper.make_node("Identity", [output], ["output"]))
        given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
        made = [helper.make_tensor_value_info("output", TensorProto.FLOAT, output_shape)]
        body = helper.make_graph(self._nodes, path.stem, given, made, self._weights)
        onnx.save(helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
        learnt = [weight for weight in self._weights if weight.data_type == TensorProto.FLOAT]
        return sum(int(np.prod(weight.dims)) for weight in learnt)

    def _keep(self, values: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(values, name))
        return name
