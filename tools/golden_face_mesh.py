"""Make the golden landmarks of the face mesh with the original runtime.

Run in an environment of its own that holds `mediapipe==0.10.21` (and opencv, which it brings):
`python tools/golden_face_mesh.py --faces $GANONYMIZATION_DATA/faces-open`

The pictures are synthetic people (faker-js portraits: CC0; SFHQ, SFHQ-T2I, visual_taste_approximator: MIT). They are
stored losslessly at the network's own size, so that the comparison holds the network alone against the original and no
resizing or decoding.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import mediapipe
import numpy as np
from mediapipe.framework.formats.rect_pb2 import NormalizedRect
from mediapipe.python import packet_creator, packet_getter
from mediapipe.python._framework_bindings import resource_util

OUTPUT = Path(__file__).resolve().parent.parent / "tests" / "golden" / "face_mesh.npz"
SIDE_PX = 192
# MediaPipe enlarges the box around the landmarks of a face by this much before it looks again.
MARGIN = 1.5
LOSSLESS = 101

GRAPH = """
input_stream: "image"
input_stream: "crop"
input_side_packet: "with_attention"
output_stream: "landmarks"
output_stream: "presence"
node {
  calculator: "FaceLandmarksModelLoader"
  input_side_packet: "WITH_ATTENTION:with_attention"
  output_side_packet: "MODEL:network"
}
node {
  calculator: "TfLiteCustomOpResolverCalculator"
  output_side_packet: "OP_RESOLVER:operators"
}
node {
  calculator: "ImageToTensorCalculator"
  input_stream: "IMAGE:image"
  input_stream: "NORM_RECT:crop"
  output_stream: "TENSORS:input"
  options { [mediapipe.ImageToTensorCalculatorOptions.ext] {
    output_tensor_width: 192 output_tensor_height: 192 output_tensor_float_range { min: 0 max: 1 }
  } }
}
node {
  calculator: "InferenceCalculator"
  input_stream: "TENSORS:input"
  input_side_packet: "MODEL:network"
  input_side_packet: "OP_RESOLVER:operators"
  output_stream: "TENSORS:outputs"
  options { [mediapipe.InferenceCalculatorOptions.ext] { delegate { xnnpack {} } } }
}
node {
  calculator: "SplitTensorVectorCalculator"
  input_stream: "outputs"
  output_stream: "points"
  output_stream: "flag"
  options { [mediapipe.SplitVectorCalculatorOptions.ext] { ranges { begin: 0 end: 6 } ranges { begin: 6 end: 7 } } }
}
node {
  calculator: "TensorsToFaceLandmarksWithAttention"
  input_stream: "TENSORS:points"
  output_stream: "LANDMARKS:landmarks"
}
node {
  calculator: "TensorsToFloatsCalculator"
  input_stream: "TENSORS:flag"
  output_stream: "FLOAT:presence"
  options { [mediapipe.TensorsToFloatsCalculatorOptions.ext] { activation: SIGMOID } }
}
"""


@dataclass(frozen=True, slots=True)
class Picture:
    """A face to crop: turned about its centre, and moved by shares of the crop's side."""

    name: str
    file: str
    turn_deg: float = 0
    shift_xy: tuple[float, float] = (0, 0)


# "Eye at the border" looks beyond the feature map, where the original cuts off instead of fading out.
PICTURES = (
    Picture("frontal", "faker-portraits-00170.webp"),
    Picture("frontal, dark skin", "sfhq-00299.webp"),
    Picture("yaw -40", "sfhq-t2i-00643.webp"),
    Picture("yaw +40", "sfhq-t2i-01441.webp"),
    Picture("open mouth", "sfhq-t2i-01043.webp"),
    Picture("closed eyes", "sfhq-t2i-01174.webp"),
    Picture("glasses", "sfhq-t2i-01339.webp"),
    Picture("glasses, closed eyes", "sfhq-t2i-01171.webp"),
    Picture("turned by 40 degrees", "sfhq-00299.webp", turn_deg=40),
    Picture("eye at the border", "visual-taste-00332.webp", shift_xy=(0.22, 0)),
    Picture("chin at the border", "sfhq-t2i-01293.webp", shift_xy=(0, -0.16)),
    Picture("no face", "sfhq-t2i-01293.webp", shift_xy=(3, 0)),
)

Measure = Callable[[np.ndarray], tuple[np.ndarray, float]]


def original() -> Measure:
    """MediaPipe's own inference over a whole image: (478, 3) landmarks in shares of the image, presence 0..1."""
    resource_util.set_resource_dir(str(Path(mediapipe.__file__).parent.parent))
    graph, latest = mediapipe.CalculatorGraph(graph_config=GRAPH), {}
    graph.observe_output_stream("landmarks", lambda _, packet: latest.update(landmarks=packet_getter.get_proto(packet)))
    graph.observe_output_stream("presence", lambda _, packet: latest.update(presence=packet_getter.get_float(packet)))
    graph.start_run({"with_attention": packet_creator.create_bool(True)})  # noqa: FBT003 (MediaPipe's interface)
    whole = NormalizedRect(x_center=0.5, y_center=0.5, width=1, height=1)
    times = iter(range(1, 1000))

    def measure(image: np.ndarray) -> tuple[np.ndarray, float]:
        frame, time = mediapipe.ImageFrame(mediapipe.ImageFormat.SRGB, np.ascontiguousarray(image)), next(times)
        graph.add_packet_to_input_stream("image", packet_creator.create_image_frame(frame).at(time))
        graph.add_packet_to_input_stream("crop", packet_creator.create_proto(whole).at(time))
        graph.wait_until_idle()
        points = [(point.x, point.y, point.z) for point in latest["landmarks"].landmark]
        return np.array(points, np.float32), latest["presence"]

    return measure


def crop(image: np.ndarray, landmarks: np.ndarray, *, picture: Picture) -> np.ndarray:
    """Cut a (192, 192, 3) crop around the landmarks (N, 2) in pixels of the image."""
    low, high = landmarks.min(axis=0), landmarks.max(axis=0)
    scale = SIDE_PX / (MARGIN * (high - low).max())
    centre = (low + high) / 2
    crop_from_image = cv2.getRotationMatrix2D(centre.tolist(), picture.turn_deg, float(scale))
    crop_from_image[:, 2] += SIDE_PX / 2 - centre - SIDE_PX * np.array(picture.shift_xy)
    # Smoothing to the crop's resolution first keeps the crop free of aliasing.
    smooth = cv2.GaussianBlur(image, (0, 0), max(0.5 / scale, 0.3))
    return cv2.warpAffine(smooth, crop_from_image, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_REPLICATE)


def read_crop(picture: Picture, faces: Path, *, measure: Measure) -> np.ndarray:
    """Read a picture and cut its face out."""
    image = cv2.cvtColor(cv2.imread(str(faces / picture.file)), cv2.COLOR_BGR2RGB)
    landmarks, _ = measure(image)
    return crop(image, landmarks[:, :2] * image.shape[1::-1], picture=picture)


def encode(image: np.ndarray) -> np.ndarray:
    """Lossless WebP bytes of an RGB image."""
    return cv2.imencode(".webp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, LOSSLESS])[
        1
    ].ravel()


def main() -> None:
    """Write the golden file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder of the synthetic faces (faces-open)")
    faces, measure = parser.parse_args().faces, original()
    crops = [read_crop(picture, faces, measure=measure) for picture in PICTURES]
    results = [measure(image) for image in crops]
    golden = {f"webp_{index}": encode(image) for index, image in enumerate(crops)}
    golden["name"] = np.array([picture.name for picture in PICTURES])
    golden["landmarks"] = np.stack([landmarks for landmarks, _ in results]) * SIDE_PX
    golden["presence"] = np.array([presence for _, presence in results], np.float32)
    np.savez_compressed(OUTPUT, **golden)
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes, presence {golden['presence'].round(3).tolist()}")


if __name__ == "__main__":
    main()
