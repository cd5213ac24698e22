"""Read a TensorFlow Lite file and translate its graph to ONNX, one operator at a time.

Image tensors are (1, H, W, C) in TensorFlow Lite and (N, C, H, W) in ONNX; tensors of fewer axes keep their order.
Weights stored as float16 stay float16 in the file and are cast when the network is loaded.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import tflite
from flatbuffers import flexbuffers
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
IR_VERSION = 8
NUMPY_OF_TFLITE = {
    tflite.TensorType.FLOAT32: np.float32,
    tflite.TensorType.FLOAT16: np.float16,
    tflite.TensorType.INT32: np.int32,
}
KIND_OF_CODE = {code: kind for kind, code in vars(tflite.BuiltinOperator).items() if isinstance(code, int)}


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of a TensorFlow Lite graph; `kind` is the custom name for custom operators."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    table: tflite.Operator

    def options(self, reader: type[Any]) -> Any:  # noqa: ANN401 (the schema package is untyped)
        """Built-in options, read with the schema's class for them."""
        options, table = reader(), self.table.BuiltinOptions()
        options.Init(table.Bytes, table.Pos)
        return options

    def custom_options(self) -> dict[str, Any]:
        """Options of a custom operator, which are a flexbuffer map."""
        return flexbuffers.Loads(self.table.CustomOptionsAsNumpy().tobytes())


class TfliteFile:
    """A TensorFlow Lite file of one subgraph."""

    def __init__(self, content: bytes) -> None:
        self._model = tflite.Model.GetRootAs(content, 0)
        self._graph = self._model.Subgraphs(0)

    @property
    def inputs(self) -> tuple[int, ...]:
        """Tensor numbers of the inputs."""
        return tuple(self._graph.InputsAsNumpy().tolist())

    @property
    def outputs(self) -> tuple[int, ...]:
        """Tensor numbers of the outputs."""
        return tuple(self._graph.OutputsAsNumpy().tolist())

    def shape(self, tensor: int) -> tuple[int, ...]:
        """Shape of a tensor as the file says it, with batch size 1."""
        return tuple(self._graph.Tensors(tensor).ShapeAsNumpy().tolist())

    def constant(self, tensor: int) -> np.ndarray:
        """Values of a tensor that lies in the file."""
        table = self._graph.Tensors(tensor)
        content = self._model.Buffers(table.Buffer()).DataAsNumpy().tobytes()
        return np.frombuffer(content, NUMPY_OF_TFLITE[table.Type()]).reshape(self.shape(tensor))

    def operators(self) -> Iterator[Operator]:
        """All operators in the order of execution."""
        for number in range(self._graph.OperatorsLength()):
            table = self._graph.Operators(number)
            inputs, outputs = table.InputsAsNumpy().tolist(), table.OutputsAsNumpy().tolist()
            yield Operator(self._kind(table.OpcodeIndex()), tuple(inputs), tuple(outputs), table)

    def _kind(self, opcode: int) -> str:
        code = self._model.OperatorCodes(opcode)
        # Files older than 2020 keep the number in the deprecated field; the other one is then 0.
        kind = KIND_OF_CODE[max(code.BuiltinCode(), code.DeprecatedBuiltinCode())]
        return code.CustomCode().decode() if kind == "CUSTOM" else kind


class OnnxGraph:
    """An ONNX graph under construction; tensors are handed around by name."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._initializers: list[onnx.TensorProto] = []

    def node(self, kind: str, *inputs: str, **attributes: object) -> str:
        """Add a node of one output and return the output's name."""
        output = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def constant(self, values: np.ndarray) -> str:
        """Add a constant; float16 values are stored as such and used as float32."""
        name = f"constant_{len(self._initializers)}"
        self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return self.node("Cast", name, to=TensorProto.FLOAT) if values.dtype == np.float16 else name

    def floats(self, *values: float) -> str:
        """Add a vector of float32."""
        return self.constant(np.array(values, np.float32))

    def integers(self, *values: int) -> str:
        """Add a vector of int64, as shapes and axes want it."""
        return self.constant(np.array(values, np.int64))

    def name_output(self, tensor: str, name: str) -> None:
        """Give a tensor the name under which it leaves the graph."""
        self._nodes.append(helper.make_node("Identity", [tensor], [name]))

    def model(
        self, name: str, *, inputs: Mapping[str, tuple[int | str, ...]], outputs: Mapping[str, tuple[int | str, ...]]
    ) -> onnx.ModelProto:
        """Finish: a checked model of float32 inputs and outputs with the given shapes."""
        graph = helper.make_graph(self._nodes, name, _declare(inputs), _declare(outputs), self._initializers)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="ganonymization"
        )
        onnx.checker.check_model(model, full_check=True)
        return model


class Translator:
    """Translates the operators of one file, in order, by one function per kind of operator."""

    def __init__(self, file: TfliteFile, graph: OnnxGraph, *, custom: Mapping[str, "Translate"]) -> None:
        self.file = file
        self.graph = graph
        self._translate = {**BUILTIN, **custom}
        self._name_of: dict[int, str] = {}
        self._weights: dict[int, np.ndarray] = {}

    def feed(self, tensor: int, name: str) -> None:
        """Say which ONNX tensor stands for a TensorFlow Lite tensor."""
        self._name_of[tensor] = name

    def name(self, tensor: int) -> str:
        """The ONNX tensor that stands for a tensor; constants enter the graph here."""
        if tensor not in self._name_of:
            self._name_of[tensor] = self.graph.constant(self.weights(tensor))
        return self._name_of[tensor]

    def weights(self, tensor: int) -> np.ndarray:
        """Values of a constant, looking through its dequantization from float16."""
        return self._weights[tensor] if tensor in self._weights else self.file.constant(tensor)

    def run(self) -> None:
        """Translate everything."""
        for operator in self.file.operators():
            if operator.kind == "DEQUANTIZE":
                self._weights[operator.outputs[0]] = self.file.constant(operator.inputs[0])
            else:
                self.feed(operator.outputs[0], self._translate[operator.kind](self, operator))


Translate = Callable[[Translator, Operator], str]


def _declare(shapes: Mapping[str, tuple[int | str, ...]]) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]


def _convolution(translator: Translator, operator: Operator) -> str:
    weights = translator.weights(operator.inputs[1]).transpose(0, 3, 1, 2)
    return _convolve(translator, operator, weights=weights, options=operator.options(tflite.Conv2DOptions), group=1)


def _depthwise_convolution(translator: Translator, operator: Operator) -> str:
    weights = translator.weights(operator.inputs[1]).transpose(3, 0, 1, 2)
    options = operator.options(tflite.DepthwiseConv2DOptions)
    _expect(options.DepthMultiplier() == 1, "depth multiplier 1")
    return _convolve(translator, operator, weights=weights, options=options, group=weights.shape[0])


def _convolve(
    translator: Translator,
    operator: Operator,
    *,
    weights: np.ndarray,
    options: tflite.Conv2DOptions | tflite.DepthwiseConv2DOptions,
    group: int,
) -> str:
    _expect_no_activation(options)
    _expect(options.DilationHFactor() == options.DilationWFactor() == 1, "no dilation")
    graph, kernel_hw = translator.graph, weights.shape[2:]
    return graph.node(
        "Conv",
        translator.name(operator.inputs[0]),
        graph.constant(weights),
        translator.name(operator.inputs[2]),
        kernel_shape=kernel_hw,
        strides=(options.StrideH(), options.StrideW()),
        pads=_pads(translator.file.shape(operator.inputs[0]), kernel_hw, options),
        group=group,
    )


def _max_pool(translator: Translator, operator: Operator) -> str:
    options = operator.options(tflite.Pool2DOptions)
    _expect_no_activation(options)
    kernel_hw = options.FilterHeight(), options.FilterWidth()
    return translator.graph.node(
        "MaxPool",
        translator.name(operator.inputs[0]),
        kernel_shape=kernel_hw,
        strides=(options.StrideH(), options.StrideW()),
        pads=_pads(translator.file.shape(operator.inputs[0]), kernel_hw, options),
    )


def _pads(
    shape: tuple[int, ...],
    kernel_hw: tuple[int, int],
    options: tflite.Conv2DOptions | tflite.DepthwiseConv2DOptions | tflite.Pool2DOptions,
) -> list[int]:
    """ONNX pads (top, left, bottom, right); SAME puts the odd pixel at the bottom and at the right."""
    if options.Padding() == tflite.Padding.VALID:
        return [0, 0, 0, 0]
    strides = options.StrideH(), options.StrideW()
    total = [
        max((-(-size // stride) - 1) * stride + kernel - size, 0)
        for size, kernel, stride in zip(shape[1:3], kernel_hw, strides, strict=True)
    ]
    before = [pad // 2 for pad in total]
    return before + [pad - first for pad, first in zip(total, before, strict=True)]


def _prelu(translator: Translator, operator: Operator) -> str:
    """`slope * x + (1 - slope) * relu(x)`: ONNX Runtime's own PRelu takes half of the network's time on a CPU."""
    graph, values = translator.graph, translator.name(operator.inputs[0])
    slope = graph.constant(translator.weights(operator.inputs[1]).transpose(2, 0, 1))
    rest = graph.node("Sub", graph.floats(1), slope)
    positive = graph.node("Mul", graph.node("Relu", values), rest)
    return graph.node("Add", graph.node("Mul", values, slope), positive)


def _add(translator: Translator, operator: Operator) -> str:
    _expect_no_activation(operator.options(tflite.AddOptions))
    return translator.graph.node("Add", *map(translator.name, operator.inputs))


def _multiply(translator: Translator, operator: Operator) -> str:
    _expect(len(translator.file.shape(operator.inputs[0])) < 4, "multiplication of points or matrices")
    return translator.graph.node("Mul", *map(translator.name, operator.inputs))


def _pad(translator: Translator, operator: Operator) -> str:
    before, after = translator.weights(operator.inputs[1])[[0, 3, 1, 2]].T.tolist()
    return translator.graph.node("Pad", translator.name(operator.inputs[0]), translator.graph.integers(*before, *after))


def _reshape(translator: Translator, operator: Operator) -> str:
    """A map of pixels becomes a list in the order of TensorFlow Lite: row by row, and the channels of each pixel."""
    graph, values = translator.graph, translator.name(operator.inputs[0])
    source, target = (translator.file.shape(tensor) for tensor in (operator.inputs[0], operator.outputs[0]))
    _expect(len(target) < 4 or target[1:3] == (1, 1), "reshaping into a list, not into pixels")
    if len(source) == 4 and source[1:3] != (1, 1):
        values = graph.node("Transpose", values, perm=(0, 2, 3, 1))
    shape = (target[3], 1, 1) if len(target) == 4 else target[1:]
    return graph.node("Reshape", values, graph.integers(-1, *shape))


def _concatenate(translator: Translator, operator: Operator) -> str:
    options = operator.options(tflite.ConcatenationOptions)
    _expect_no_activation(options)
    _expect(len(translator.file.shape(operator.outputs[0])) < 4, "concatenation of lists, not of pixels")
    return translator.graph.node("Concat", *map(translator.name, operator.inputs), axis=options.Axis())


def _relu(translator: Translator, operator: Operator) -> str:
    return translator.graph.node("Relu", translator.name(operator.inputs[0]))


def _whole_slice(translator: Translator, operator: Operator) -> str:
    source, target = (translator.file.shape(tensor) for tensor in (operator.inputs[0], operator.outputs[0]))
    _expect(source == target, "a slice of everything")
    return translator.name(operator.inputs[0])


def _expect_no_activation(options: Any) -> None:  # noqa: ANN401 (any of the schema's option classes)
    _expect(options.FusedActivationFunction() == tflite.ActivationFunctionType.NONE, "no fused activation")


def _expect(holds: bool, what: str) -> None:  # noqa: FBT001 (an assertion)
    if not holds:
        raise NotImplementedError(f"The translation expects {what}; teach it the case that this file has.")


BUILTIN: dict[str, Translate] = {
    "ADD": _add,
    "CONCATENATION": _concatenate,
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise_convolution,
    "MAX_POOL_2D": _max_pool,
    "MUL": _multiply,
    "PAD": _pad,
    "PRELU": _prelu,
    "RELU": _relu,
    "RESHAPE": _reshape,
    "STRIDED_SLICE": _whole_slice,
}
