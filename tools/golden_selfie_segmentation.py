"""Make the golden masks of the selfie segmentation with the original runtime.

Run in an environment of its own that holds `mediapipe==0.10.21` (and opencv, which it brings):
`python tools/golden_selfie_segmentation.py --faces $GANONYMIZATION_DATA/faces-open`

The pictures are synthetic people (faker-js portraits: CC0; SFHQ, SFHQ-T2I, visual_taste_approximator: MIT), stored
as JPEG at the network's own size, so that the comparison holds the network alone against the original and no resizing.
"""

import argparse
from pathlib import Path

import cv2
import mediapipe
import numpy as np

OUTPUT = Path(__file__).resolve().parent.parent / "tests" / "golden" / "selfie_segmentation.npz"
SIDE_PX = 256
GENERAL = 0
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
    """Read a picture and return it as JPEG bytes of a 256x256 image."""
    image = cv2.resize(cv2.imread(str(path)), (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].ravel()


def reference_mask(jpeg: np.ndarray) -> np.ndarray:
    """Person mask (256, 256) of the original runtime, as uint8 of 255ths."""
    image = cv2.cvtColor(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    with mediapipe.solutions.selfie_segmentation.SelfieSegmentation(model_selection=GENERAL) as segmentation:
        mask = segmentation.process(image).segmentation_mask
    return np.round(mask * 255).astype(np.uint8)


def main() -> None:
    """Write the golden file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faces", type=Path, required=True, help="folder of the synthetic faces (faces-open)")
    faces = parser.parse_args().faces
    jpegs = {name: encode(faces / name) for name in PICTURES}
    golden = {f"jpeg_{index}": jpeg for index, jpeg in enumerate(jpegs.values())}
    golden["mask"] = np.stack([reference_mask(jpeg) for jpeg in jpegs.values()])
    golden["name"] = np.array(PICTURES)
    np.savez_compressed(OUTPUT, **golden)
    print(f"{OUTPUT.name}: {len(PICTURES)} pictures, person share {golden['mask'].mean() / 255:.2f}")


if __name__ == "__main__":
    main()
