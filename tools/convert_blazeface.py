"""Convert MediaPipe's short-range face detector (BlazeFace, 128x128) from TFLite to ONNX.

Run: `pip install -r tools/requirements.txt`, then `python tools/convert_blazeface.py`

The original stores its weights as float16 and so does the result: nothing is lost. The network takes -1..1, as
MediaPipe's graph `face_detection_short_range` feeds it.
"""

import onnx
from catalogue import WEIGHTS, register
from pinned import read_from_wheel
from tflite_to_onnx import OnnxGraph, TfliteFile, Translator

PACKAGE = "mediapipe==0.10.21"
MEMBER = "mediapipe/modules/face_detection/face_detection_short_range.tflite"
SHA256 = "bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8"
FILE = "blazeface.onnx"
INPUT_SIZE = 128
ANCHORS = 896
VALUES = 16


def main() -> None:
    """Fetch, convert, save, register."""
    file = TfliteFile(read_from_wheel(PACKAGE, MEMBER, sha256=SHA256))
    onnx.save(convert(file), WEIGHTS / FILE)
    register(
        FILE,
        licence="Apache-2.0",
        origin=f"PyPI {PACKAGE}, {MEMBER}, converted by tools/convert_blazeface.py",
        input_spec="image float32 (N, 3, 128, 128), RGB in -1..1",
        output_spec="boxes float32 (N, 896, 16): x and y of the centre from the anchor's, width, height, then x and y "
        "of right eye, left eye, nose tip, mouth, right ear, left ear from the anchor's centre, in pixels of the "
        "input; scores float32 (N, 896), logits",
    )
    print(f"{WEIGHTS / FILE}: {(WEIGHTS / FILE).stat().st_size} bytes")


def convert(file: TfliteFile) -> onnx.ModelProto:
    """The whole network: image in, a box and a score for each anchor out."""
    graph = OnnxGraph()
    translator = Translator(file, graph, custom={})
    translator.feed(file.inputs[0], "image")
    translator.run()
    boxes, scores = map(translator.name, file.outputs)
    graph.name_output(boxes, "boxes")
    graph.name_output(graph.node("Squeeze", scores, graph.integers(2)), "scores")
    return graph.model(
        "blazeface",
        inputs={"image": ("N", 3, INPUT_SIZE, INPUT_SIZE)},
        outputs={"boxes": ("N", ANCHORS, VALUES), "scores": ("N", ANCHORS)},
    )


if __name__ == "__main__":
    main()
