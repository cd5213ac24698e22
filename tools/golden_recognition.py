"""Write `tests/golden/recognition.npz`: eight invented people and what the original networks say about them.

Run `GANONYMIZATION_DATA=<folder> python tools/golden_recognition.py`; it needs npm and node, and installs the original
runtime (TensorFlow.js with its wasm backend) under `.venvs/node`, which git ignores.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path

import cv2
import numpy as np
from convert_face_api import EXPRESSION_SIZE_PX, RECOGNITION_SIZE_PX
from convert_face_api import PACKAGE as FACE_API
from convert_human import AGE_CLASSES, DESCRIPTOR_SIZE_PX, EMOTION_SIZE_PX
from convert_human import PACKAGE as HUMAN
from numpy.typing import NDArray

from ganonymization.alignment import aligned_from_image
from ganonymization.crop import warp
from ganonymization.landmark import FaceMesh
from ganonymization.recognise import FACERES
from ganonymization.types import Box, Face, Image

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / ".venvs" / "node"
RUNTIME = ("@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0", FACE_API.pin, HUMAN.pin)
PEOPLE = (  # MIT; none of them exists; chosen for mixed expressions, so that no output is near 0 or 1 on all of them
    *("sfhq-00052.webp", "sfhq-00187.webp", "sfhq-00337.webp", "sfhq-00364.webp"),
    *("sfhq-t2i-00020.webp", "sfhq-t2i-00122.webp", "sfhq-t2i-00157.webp", "sfhq-t2i-01021.webp"),
)
SIZES_PX = (DESCRIPTOR_SIZE_PX, RECOGNITION_SIZE_PX, EXPRESSION_SIZE_PX, EMOTION_SIZE_PX)


def main() -> None:
    """Cut the faces, run the original networks, write the arrays."""
    install_runtime()
    folder = Path(os.environ["GANONYMIZATION_DATA"]) / "faces-open"
    pictures = np.stack([aligned(folder / name) for name in PEOPLE])
    reference = run_originals(pictures)
    years = np.arange(AGE_CLASSES, dtype=np.float32)
    reference["age"] = reference.pop("age_probabilities") @ years
    encoded = {f"picture_{index}": encoded_png(picture) for index, picture in enumerate(pictures)}
    np.savez_compressed(ROOT / "tests" / "golden" / "recognition.npz", **encoded, **reference)


def install_runtime() -> None:
    """Install the pinned packages into a private folder."""
    PACKAGES.mkdir(parents=True, exist_ok=True)
    (PACKAGES / "package.json").write_text('{"private": true}\n')
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", *RUNTIME], cwd=PACKAGES, check=True)


def aligned(path: Path) -> Image:
    """Return one face, framed as `faceres` wants it."""
    image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    height, width = image.shape[:2]
    box = Box(width * 0.2, height * 0.2, width * 0.8, height * 0.85)
    eyes = np.array([[width * 0.4, height * 0.45], [width * 0.6, height * 0.45]], np.float32)
    landmarks = FaceMesh.load()(image, Face(box, 1.0, eyes))
    return warp(
        image,
        aligned_from_image(landmarks, FACERES.framing, size_px=DESCRIPTOR_SIZE_PX),
        size_px=DESCRIPTOR_SIZE_PX,
    )


def encoded_png(picture: Image) -> NDArray[np.uint8]:
    """Return the bytes of a lossless file."""
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1]


def run_originals(pictures: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """Return the outputs of the original packages, name to array."""
    with tempfile.TemporaryDirectory() as folder:
        for size_px in SIZES_PX:
            resized(pictures, size_px).tofile(Path(folder) / f"faces_{size_px}.f32")
        script = ROOT / "tools" / "golden_recognition.mjs"
        done = subprocess.run(["node", script, PACKAGES, folder], check=True, capture_output=True, text=True)
    outputs = json.loads(done.stdout.splitlines()[-1])
    return {name: np.array(values, np.float32) for name, values in outputs.items()}


def resized(pictures: NDArray[np.uint8], size_px: int) -> NDArray[np.float32]:
    """Return (N, size, size, 3) in 0..255, unrounded; the test does the same."""
    size_wh = (size_px, size_px)
    return np.stack([cv2.resize(p.astype(np.float32), size_wh, interpolation=cv2.INTER_AREA) for p in pictures])


if __name__ == "__main__":
    main()
