"""Let the generator in the weights folder compute in 8 bits, and enter it into the catalogue.

Usage: `python tools/quantize_generator.py FACES.npz`, with faces from `ganonymize prepare`. Exporting does the
same; this is for a file that was exported before it did.
"""

import sys
import tomllib
from pathlib import Path

from catalogue import CATALOGUE, WEIGHTS, register

from ganonymization.training.config import load_config
from ganonymization.training.export import examples_of
from ganonymization.training.prepare import FaceSet
from ganonymization.training.quantize import MAX_LEVELS, quantize


def main() -> None:
    """Quantize and register."""
    faces = Path(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
    levels = quantize(WEIGHTS / "generator.onnx", examples_of(FaceSet.load(faces), load_config("default-256")))
    print(f"faces change by {levels:.2f} levels at most; allowed are {MAX_LEVELS}")
    entry = tomllib.loads(CATALOGUE.read_text())["generator"]
    register(
        entry["file"],
        licence=entry["licence"],
        origin=entry["origin"],
        input_spec=entry["input"],
        output_spec=entry["output"],
    )


if __name__ == "__main__":
    main()
