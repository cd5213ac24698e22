"""Measure which way of the noise makes a face that of a man: `python tools/measure_traits.py generator.onnx`.

Faces with random noise are drawn without a surround, a network tells the sex that each is taken for, and a straight
line is fitted to the logit. Its constant and slope are written into the file, from where `casting` takes them.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from steady_light import draw_faces

from ganonymization.evaluation.recognisers import PortraitNetwork
from ganonymization.onnx import Network
from ganonymization.synthesize.pix2pix import INPUTS, MALE_KEY, NOISE_SIZE
from ganonymization.types import Landmarks

DRAWS = 512
SURE = 0.99
RIDGE = 4.0


def measure(path: Path) -> tuple[NDArray[np.float64], float]:
    """Return the (33,) constant and slope of the logit, and its correlation with the line on other faces."""
    network = Network(path, inputs=INPUTS, outputs=["image"])
    size_px = int(network.input_shape("maps")[-1] or 0)
    noise = np.random.default_rng(2).standard_normal((DRAWS, NOISE_SIZE)).astype(np.float32)
    images, points = draw_faces(network, noise, size_px=size_px)
    portray = PortraitNetwork.load()
    pictures = np.round((images.transpose(0, 2, 3, 1) + 1) * 127.5).clip(0, 255).astype(np.uint8)
    male = np.array([portray(picture, Landmarks(points)).male for picture in pictures]).clip(1 - SURE, SURE)
    rows = np.hstack([np.ones((DRAWS, 1)), noise]).astype(np.float64)
    logit = np.log(male / (1 - male))
    half = DRAWS // 2
    found = np.corrcoef(rows[half:] @ fit(rows[:half], logit[:half]), logit[half:])[0, 1]
    return fit(rows, logit), float(found)


def fit(rows: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coefficients of a ridge regression that leaves the constant free."""
    penalty = RIDGE * np.eye(rows.shape[1])
    penalty[0, 0] = 0
    return np.asarray(np.linalg.solve(rows.T @ rows + penalty, rows.T @ values))


def write_entry(path: Path, key: str, numbers: NDArray[np.float64]) -> None:
    """Write numbers into an entry of a generator's file, in place of what the entry held."""
    model = onnx.load(str(path))
    kept = [entry for entry in model.metadata_props if entry.key != key]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)
    model.metadata_props.add(key=key, value=json.dumps(np.round(numbers, 4).tolist()))
    onnx.save(model, str(path))


def note(path: Path) -> float:
    """Write the line into a generator's file; returns its correlation with the logit on other faces."""
    line, correlation = measure(path)
    write_entry(path, MALE_KEY, line)
    return correlation


def main() -> None:
    """Treat the file of the command line."""
    path = Path(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
    print(f"{path}: taken for a man along one line of the noise, correlation {note(path):.2f} on other faces")


if __name__ == "__main__":
    main()
