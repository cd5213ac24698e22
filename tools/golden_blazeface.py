"""Make the golden detections of BlazeFace with the original runtimes.

Run in an environment of its own that holds `mediapipe==0.10.21` (and opencv, which it brings) and `ai-edge-litert`, the
interpreter of TensorFlow Lite, for what the network says before MediaPipe decodes it:
`python tools/golden_blazeface.py --faces $GANONYMIZATION_DATA/faces-open`

The pictures are synthetic people (faker-js portraits: CC0; SFHQ, SFHQ-T2I, visual_taste_approximator: MIT), stored
as JPEG at the network's own size, so that the comparison holds the network alone against the original and no resizing.
"""

import argparse
from pathlib import Path

import cv2
import mediapipe
import numpy as np
from ai_edge_litert.interpreter import Interpreter

OUTPUT = Path(__file__).resolve().parent.parent / "tests" / "golden" / "blazeface.npz"
NETWORK = Path(mediapipe.__file__).parent / "modules" / "face_detection" / "face_detection_short_range.tflite"
SIDE_PX = 128
SHORT_RANGE = 0
STRONGEST = 32
PICTURES = (
    "faker-portraits-00000.webp",
    "faker-portraits-00075.webp",
    "sfhq-00128.webp",
    "sfhq-t2i-00250.webp",
    "sfhq-t2i-00706.webp",
    "sfhq-t2i-01159.webp",
    "visual-taste-00000.webp",
    "visual-taste-00384.webp",
)


def encode(path: Path) -> np.ndarray:
    """Read a picture and return it as JPEG bytes of a 128x128 image."""
    image = cv2.resize(cv2.imread(str(path)), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].ravel()


def decode(jpeg: np.ndarray) -> np.ndarray:
    """The picture (128, 128, 3) RGB behind JPEG bytes."""
    return cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def network_values(interpreter: Interpreter, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the network says: values (896, 16) of the anchors and their logits (896,)."""
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image[None].astype(np.float32) / 127.5 - 1)
    interpreter.invoke()
    found = {detail["shape"][2]: interpreter.get_tensor(detail["index"]) for detail in interpreter.get_output_details()}
    return found[16][0], found[1][0, :, 0]


def detected_face(image: np.ndarray) -> np.ndarray:
    """The best face that MediaPipe finds: left, top, right, bottom in pixels, and the score."""
    with mediapipe.solutions.face_detection.FaceDetection(model_selection=SHORT_RANGE) as detection:
        found = detection.process(image).detections
    best = max(found, key=lambda one: one.score[0])
    box = best.location_data.relative_bounding_box
    sides = np.array([box.xmin, box.ymin, box.xmin + box.width, box.ymin + box.height]) * SIDE_PX
    return np.array([*sides, best.score[0]], np.float32)


def main() -> None:
    """Write the golden file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder of the synthetic faces (faces-open)")
    faces = parser.parse_args().faces
    interpreter = Interpreter(model_path=str(NETWORK))
    interpreter.allocate_tensors()
    jpegs = [encode(faces / name) for name in PICTURES]
    values, logits = zip(*(network_values(interpreter, decode(jpeg)) for jpeg in jpegs), strict=True)
    strongest = [np.argsort(-one)[:STRONGEST] for one in logits]
    golden = {f"jpeg_{index}": jpeg for index, jpeg in enumerate(jpegs)}
    golden["anchor"] = np.stack(strongest)
    golden["boxes"] = np.stack([value[index] for value, index in zip(values, strongest, strict=True)])
    golden["scores"] = np.stack(logits)
    golden["face"] = np.stack([detected_face(decode(jpeg)) for jpeg in jpegs])
    golden["name"] = np.array(PICTURES)
    np.savez_compressed(OUTPUT, **golden)
    print(f"{OUTPUT.name}: {len(PICTURES)} pictures, scores {golden['face'][:, 4].round(2)}")


if __name__ == "__main__":
    main()
