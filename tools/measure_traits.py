"""Measure which way of the noise makes a man's face, and an older one: `python tools/measure_traits.py generator.onnx`.

Faces with random noise are drawn without a surround, a network tells the sex that each is taken for and how old it
looks, and a straight line is fitted to the logit and one to the years. Constants and slopes are written into the file,
from where `casting` takes them.
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
from ganonymization.synthesize.pix2pix import INPUTS, NOISE_SIZE, TRAITS_KEY
from ganonymization.types import Landmarks

DRAWS = 512
SURE = 0.99
RIDGE = 4.0


def measure(path: Path) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the (2, 33) constants and slopes of logit and years, and their correlations with the lines elsewhere."""
    network = Network(path, inputs=INPUTS, outputs=["image"])
    size_px = int(network.input_shape("maps")[-1] or 0)
    noise = np.random.default_rng(2).standard_normal((DRAWS, NOISE_SIZE)).astype(np.float32)
    images, points = draw_faces(network, noise, size_px=size_px)
    portray = PortraitNetwork.load()
    pictures = np.round((images.transpose(0, 2, 3, 1) + 1) * 127.5).clip(0, 255).astype(np.uint8)
    seen = [portray(picture, Landmarks(points)) for picture in pictures]
    male = np.array([portrait.male for portrait in seen]).clip(1 - SURE, SURE)
    traits = np.log(male / (1 - male)), np.array([portrait.age_years for portrait in seen])
    rows = np.hstack([np.ones((DRAWS, 1)), noise]).astype(np.float64)
    half = DRAWS // 2
    found = [np.corrcoef(rows[half:] @ fit(rows[:half], trait[:half]), trait[half:])[0, 1] for trait in traits]
    return np.array([fit(rows, trait) for trait in traits]), np.array(found)


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


def note(path: Path) -> NDArray[np.float64]:
    """Write the lines into a generator's file; returns (2,) their correlations with logit and years on other faces."""
    lines, correlations = measure(path)
    write_entry(path, TRAITS_KEY, lines)
    return correlations


def main() -> None:
    """Treat the file of the command line."""
    path = Path(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
    male, years = note(path)
    print(f"{path}: along lines of the noise, correlation on other faces: man {male:.2f}, age {years:.2f}")


if __name__ == "__main__":
    main()
