"""Convert face-api's recogniser (dlib's ResNet) and expression classifier to ONNX.

Both topologies are code, not data, in the package: `src/faceRecognitionNet/FaceRecognitionNet.ts` and
`src/faceFeatureExtractor/denseBlock.ts`. Their weights are 8-bit and stay so in the file.
Run `python tools/convert_face_api.py`; it needs npm and the network.
"""

import json
import tempfile
from pathlib import Path

import numpy as np
from catalogue import WEIGHTS, register
from npm_package import NpmPackage, StoredWeight, read_weights
from onnx_builder import GraphBuilder, same_pads

PACKAGE = NpmPackage(
    "@vladmandic/face-api", "1.7.15", "0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031"
)
MEAN_RGB = np.array([122.782, 117.001, 104.298], np.float32)  # src/faceRecognitionNet/FaceRecognitionNet.ts
RECOGNITION_SIZE_PX = 150
EXPRESSION_SIZE_PX = 112
RESIDUALS = (
    *("conv32_1", "conv32_2", "conv32_3"),
    *("conv64_down", "conv64_1", "conv64_2", "conv64_3"),
    *("conv128_down", "conv128_1", "conv128_2"),
    *("conv256_down", "conv256_1", "conv256_2", "conv256_down_out"),
)
RECOGNITION_POOLED_PX = 35  # 150 px after the first convolution (7x7, stride 2) and pooling (3x3, stride 2)
EXPRESSIONS = ("neutral", "happiness", "sadness", "anger", "fear", "disgust", "surprise")

Weights = dict[str, StoredWeight]


def main() -> None:
    """Write and register both networks."""
    with tempfile.TemporaryDirectory() as folder:
        models = PACKAGE.fetch(Path(folder)) / "model"
        convert_recognition(load(models, "face_recognition_model"))
        convert_expression(load(models, "face_expression_model"))


def load(models: Path, name: str) -> Weights:
    """Read one network's weights."""
    return read_weights(json.loads((models / f"{name}-weights_manifest.json").read_text()), models)


def convert_recognition(weights: Weights) -> None:
    """Write `face_recognition.onnx`."""
    graph = GraphBuilder()
    out = scaled_convolution(graph, normalised(graph), weights, prefix="conv32_down", stride=2, pad=0)
    out = graph.node("Relu", [out])
    out = graph.node("MaxPool", [out], {"kernel_shape": [3, 3], "strides": [2, 2]})
    size_px, channels = RECOGNITION_POOLED_PX, 32
    for prefix in RESIDUALS:
        down = "_down" in prefix
        out = (
            residual_down(graph, out, weights, prefix=prefix, size_px=size_px, channels=channels)
            if down
            else (residual(graph, out, weights, prefix=prefix))
        )
        size_px = size_px // 2 if down else size_px
        channels = weights[f"{prefix}/conv2/conv/filters"].values.shape[3]
    pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [out])])
    graph.output(graph.node("MatMul", [pooled, stored(graph, weights["fc"])]), "embedding")
    graph.save(WEIGHTS / "face_recognition.onnx", size_px=RECOGNITION_SIZE_PX, outputs={"embedding": [128]})
    register(
        "face_recognition.onnx",
        licence="MIT",
        origin=f"npm {PACKAGE.pin}, model/face_recognition_model, by tools/convert_face_api.py; dlib's network",
        input_spec="image float32 (N, 3, 150, 150), RGB, 0..255",
        output_spec="embedding float32 (N, 128), compared by Euclidean distance",
    )


def residual(graph: GraphBuilder, source: str, weights: Weights, *, prefix: str) -> str:
    """Two convolutions around which the input is carried."""
    out = graph.node("Relu", [scaled_convolution(graph, source, weights, prefix=f"{prefix}/conv1", stride=1, pad=1)])
    out = scaled_convolution(graph, out, weights, prefix=f"{prefix}/conv2", stride=1, pad=1)
    return graph.node("Relu", [graph.node("Add", [out, source])])


def residual_down(
    graph: GraphBuilder, source: str, weights: Weights, *, prefix: str, size_px: int, channels: int
) -> str:
    """Two convolutions that halve the size; the input is carried pooled, missing rows and channels are zeros."""
    out = graph.node("Relu", [scaled_convolution(graph, source, weights, prefix=f"{prefix}/conv1", stride=2, pad=0)])
    out = scaled_convolution(graph, out, weights, prefix=f"{prefix}/conv2", stride=1, pad=1)
    missing_px = size_px // 2 - (size_px - 3) // 2 - 1
    if missing_px:
        out = zeros_after(graph, out, [0, 0, missing_px, missing_px])
    pooled = graph.node("AveragePool", [source], {"kernel_shape": [2, 2], "strides": [2, 2]})
    if weights[f"{prefix}/conv2/conv/filters"].values.shape[3] != channels:
        pooled = zeros_after(graph, pooled, [0, channels, 0, 0])
    return graph.node("Relu", [graph.node("Add", [pooled, out])])


def zeros_after(graph: GraphBuilder, source: str, counts: list[int]) -> str:
    """Append zeros at the end of each axis."""
    return graph.node("Pad", [source, graph.constant(np.array([0, 0, 0, 0, *counts], np.int64))])


def scaled_convolution(
    graph: GraphBuilder, source: str, weights: Weights, *, prefix: str, stride: int, pad: int
) -> str:
    """`(convolution + bias) * weight + shift`, the last two folded into the first."""
    filters = weights[f"{prefix}/conv/filters"]
    gain = weights[f"{prefix}/scale/weights"].decoded()
    shift = weights[f"{prefix}/conv/bias"].decoded() * gain + weights[f"{prefix}/scale/biases"].decoded()
    kernel = graph.affine(
        filters.values.transpose(3, 2, 0, 1),
        scale=filters.scale * gain[:, None, None, None],
        offset=filters.offset * gain[:, None, None, None],
    )
    attributes = {"strides": [stride, stride], "pads": [pad] * 4, "kernel_shape": filters.values.shape[:2]}
    return graph.node("Conv", [source, kernel, graph.constant(shift)], attributes)


def convert_expression(weights: Weights) -> None:
    """Write `face_expression.onnx`."""
    graph = GraphBuilder()
    out, size_px = normalised(graph), EXPRESSION_SIZE_PX
    for block in range(4):
        out = dense_block(graph, out, weights, prefix=f"dense{block}", size_px=size_px)
        size_px //= 2
    pooled = graph.node("Flatten", [graph.node("GlobalAveragePool", [out])])
    scores = graph.node("MatMul", [pooled, stored(graph, weights["fc/weights"])])
    scores = graph.node("Add", [scores, stored(graph, weights["fc/bias"])])
    graph.output(graph.node("Softmax", [scores], {"axis": 1}), "probabilities")
    graph.save(WEIGHTS / "face_expression.onnx", size_px=EXPRESSION_SIZE_PX, outputs={"probabilities": [7]})
    register(
        "face_expression.onnx",
        licence="MIT",
        origin=f"npm {PACKAGE.pin}, model/face_expression_model, by tools/convert_face_api.py",
        input_spec="image float32 (N, 3, 112, 112), RGB, 0..255",
        output_spec=f"probabilities float32 (N, 7): {', '.join(EXPRESSIONS)}",
    )


def dense_block(graph: GraphBuilder, source: str, weights: Weights, *, prefix: str, size_px: int) -> str:
    """Four convolutions, the first of stride 2; each later one sees the sum of all before it."""
    first = f"{prefix}/conv0"
    plain = f"{first}/filters" in weights
    convolve = plain_convolution if plain else separable_convolution
    total = graph.node("Relu", [convolve(graph, source, weights, prefix=first, size_px=size_px, stride=2)])
    seen = total
    for index in (1, 2, 3):
        out = separable_convolution(
            graph, seen, weights, prefix=f"{prefix}/conv{index}", size_px=size_px // 2, stride=1
        )
        total = graph.node("Add", [total, out])
        seen = graph.node("Relu", [total])
    return seen


def plain_convolution(
    graph: GraphBuilder, source: str, weights: Weights, *, prefix: str, size_px: int, stride: int
) -> str:
    """Convolution with bias, padded as SAME."""
    kernel = stored(graph, weights[f"{prefix}/filters"], axes=(3, 2, 0, 1))
    bias = stored(graph, weights[f"{prefix}/bias"])
    return graph.node("Conv", [source, kernel, bias], _same(size_px, stride=stride))


def separable_convolution(
    graph: GraphBuilder, source: str, weights: Weights, *, prefix: str, size_px: int, stride: int
) -> str:
    """Depthwise 3x3 padded as SAME, then pointwise with bias."""
    depthwise = weights[f"{prefix}/depthwise_filter"]
    attributes = _same(size_px, stride=stride) | {"group": depthwise.values.shape[2]}
    out = graph.node("Conv", [source, stored(graph, depthwise, axes=(2, 3, 0, 1))], attributes)
    pointwise = stored(graph, weights[f"{prefix}/pointwise_filter"], axes=(3, 2, 0, 1))
    return graph.node("Conv", [out, pointwise, stored(graph, weights[f"{prefix}/bias"])], {"kernel_shape": [1, 1]})


def _same(size_px: int, *, stride: int) -> dict[str, object]:
    before, after = same_pads(size_px, kernel=3, stride=stride)
    return {"kernel_shape": [3, 3], "strides": [stride, stride], "pads": [before, before, after, after]}


def normalised(graph: GraphBuilder) -> str:
    """The input less its mean colour, over 255."""
    centred = graph.node("Sub", ["image", graph.constant(MEAN_RGB[:, None, None])])
    return graph.node("Div", [centred, graph.constant(np.float32(255).reshape(1))])


def stored(graph: GraphBuilder, weight: StoredWeight, *, axes: tuple[int, ...] | None = None) -> str:
    """Add a weight in the precision it came in, its axes put in ONNX order."""
    values = weight.values if axes is None else weight.values.transpose(axes)
    if weight.values.dtype != np.uint8:
        return graph.constant(values)
    return graph.affine(values, scale=np.array([weight.scale]), offset=np.array([weight.offset]))


if __name__ == "__main__":
    main()
