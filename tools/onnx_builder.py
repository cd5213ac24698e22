"""Build ONNX graphs node by node; large weights are stored small and expanded by constants that fold at load time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8  # opset 17 came with it; onnxruntime 1.18, the oldest we allow, reads up to 10


class GraphBuilder:
    """Collects nodes and initializers; every method returns the name of the tensor it made."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []

    def node(self, operator: str, inputs: Sequence[str], attributes: Mapping[str, object] | None = None) -> str:
        """Append a node with one output."""
        name = f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [name], name=name, **(attributes or {})))
        return name

    def constant(self, values: NDArray[np.generic]) -> str:
        """Add an initializer, stored as it comes."""
        name = f"constant_{len(self._initializers)}"
        self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def half(self, values: NDArray[np.generic]) -> str:
        """Add an initializer stored as float16 and cast to float32."""
        stored = self.constant(values.astype(np.float16))
        return self.node("Cast", [stored], {"to": TensorProto.FLOAT})

    def affine(self, values: NDArray[np.uint8], *, scale: NDArray[np.generic], offset: NDArray[np.generic]) -> str:
        """Add a float32 tensor stored as uint8: `values * scale + offset`; scale and offset broadcast."""
        cast = self.node("Cast", [self.constant(values)], {"to": TensorProto.FLOAT})
        scaled = self.node("Mul", [cast, self.constant(scale.astype(np.float32))])
        return self.node("Add", [scaled, self.constant(offset.astype(np.float32))])

    def output(self, tensor: str, name: str) -> str:
        """Give a tensor its public name."""
        self._nodes.append(helper.make_node("Identity", [tensor], [name], name=name))
        return name

    def save(self, path: Path, *, size_px: int, outputs: Mapping[str, Sequence[int]]) -> None:
        """Write a checked model with the input `image` (N, 3, size, size).

        Args:
            path: file to write.
            size_px: height and width of the input.
            outputs: shape of each output without the batch axis.
        """
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, size_px, size_px])
        named = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["N", *shape]) for n, shape in outputs.items()]
        graph = helper.make_graph(self._nodes, path.stem, [image], named, self._initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        onnx.checker.check_model(model, full_check=True)
        path.write_bytes(model.SerializeToString(deterministic=True))


def same_pads(size_px: int, *, kernel: int, stride: int) -> tuple[int, int]:
    """Padding before and after one axis as TensorFlow's SAME defines it; the odd pixel goes after."""
    total = max((-(-size_px // stride) - 1) * stride + kernel - size_px, 0)
    return total // 2, total - total // 2
