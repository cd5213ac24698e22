"""Convert MediaPipe's selfie segmentation (general, 256x256) from TFLite to ONNX.

Run: `pip install -r tools/requirements.txt`, then `python tools/convert_selfie_segmentation.py`

The original stores its weights as float16 and so does the result: nothing is lost. The network takes 0..1, as
MediaPipe's graph `selfie_segmentation_cpu` feeds it. `Convolution2DTransposeBias` is MediaPipe's own operator, a
transposed convolution with bias; its meaning is that of mediapipe/util/tflite/operations/transpose_conv_bias.cc.
"""

import struct

import onnx
import tflite
from catalogue import WEIGHTS, register
from pinned import read_from_wheel
from tflite_to_onnx import OnnxGraph, Operator, TfliteFile, Translate, Translator

PACKAGE = "mediapipe==0.10.21"
MEMBER = "mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite"
SHA256 = "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c"
FILE = "selfie_segmentation.onnx"
INPUT_SIZE = 256


def main() -> None:
    """Fetch, convert, save, register."""
    file = TfliteFile(read_from_wheel(PACKAGE, MEMBER, sha256=SHA256))
    onnx.save(convert(file), WEIGHTS / FILE)
    register(
        FILE,
        licence="Apache-2.0",
        origin=f"PyPI {PACKAGE}, {MEMBER}, converted by tools/convert_selfie_segmentation.py",
        input_spec="image float32 (N, 3, 256, 256), RGB in 0..1, a whole picture resized without keeping its aspect",
        output_spec="mask float32 (N, 256, 256), probability 0..1 that the pixel shows a person",
    )
    print(f"{WEIGHTS / FILE}: {(WEIGHTS / FILE).stat().st_size} bytes")


def convert(file: TfliteFile) -> onnx.ModelProto:
    """The whole network: image in, mask out."""
    graph = OnnxGraph()
    translator = Translator(file, graph, custom=TRANSLATIONS)
    translator.feed(file.inputs[0], "image")
    translator.run()
    graph.name_output(graph.node("Squeeze", translator.name(file.outputs[0]), graph.integers(1)), "mask")
    return graph.model(
        "selfie_segmentation",
        inputs={"image": ("N", 3, INPUT_SIZE, INPUT_SIZE)},
        outputs={"mask": ("N", INPUT_SIZE, INPUT_SIZE)},
    )


def translate_transposed_convolution(translator: Translator, operator: Operator) -> str:
    """Convolution2DTransposeBias; its options are three int32: padding, stride width, stride height."""
    _, stride_width, stride_height = struct.unpack("<3i", operator.table.CustomOptionsAsNumpy().tobytes())
    weights = translator.weights(operator.inputs[1]).transpose(3, 0, 1, 2)  # (out, height, width, in) to (in, out, ...)
    strides = (stride_height, stride_width)
    expect(weights.shape[2:] == strides, what="kernels that do not overlap, so that padding plays no part")
    source, bias = translator.name(operator.inputs[0]), translator.name(operator.inputs[2])
    kernel = translator.graph.constant(weights)
    return translator.graph.node("ConvTranspose", source, kernel, bias, kernel_shape=strides, strides=strides)


def translate_average_pool(translator: Translator, operator: Operator) -> str:
    """AVERAGE_POOL_2D over the whole map."""
    options = operator.options(tflite.Pool2DOptions)
    size_hw = translator.file.shape(operator.inputs[0])[1:3]
    expect((options.FilterHeight(), options.FilterWidth()) == size_hw, what="a pool over the whole map")
    return translator.graph.node("GlobalAveragePool", translator.name(operator.inputs[0]))


def translate_resize(translator: Translator, operator: Operator) -> str:
    """RESIZE_BILINEAR with half-pixel centres."""
    options = operator.options(tflite.ResizeBilinearOptions)
    expect(options.HalfPixelCenters() and not options.AlignCorners(), what="half-pixel centres")
    before, after = (translator.file.shape(tensor)[1:3] for tensor in (operator.inputs[0], operator.outputs[0]))
    scales = translator.graph.floats(1, 1, after[0] / before[0], after[1] / before[1])
    source = translator.name(operator.inputs[0])
    return translator.graph.node(
        "Resize", source, "", scales, mode="linear", coordinate_transformation_mode="half_pixel"
    )


def elementwise(kind: str) -> Translate:
    """Translation of an operator that ONNX has with the same meaning."""
    return lambda translator, operator: translator.graph.node(kind, *map(translator.name, operator.inputs))


def expect(holds: object, *, what: str) -> None:
    """Refuse a file that uses more than this conversion knows."""
    if not holds:
        raise NotImplementedError(f"The conversion expects {what}.")


TRANSLATIONS: dict[str, Translate] = {
    "AVERAGE_POOL_2D": translate_average_pool,
    "Convolution2DTransposeBias": translate_transposed_convolution,
    "HARD_SWISH": elementwise("HardSwish"),
    "LOGISTIC": elementwise("Sigmoid"),
    "MUL": elementwise("Mul"),  # channel gates (N, C, 1, 1) times maps: the same broadcast in both layouts
    "RESIZE_BILINEAR": translate_resize,
}


if __name__ == "__main__":
    main()
