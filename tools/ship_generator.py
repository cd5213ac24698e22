"""Export the generator of a training run into the weights folder and enter it into the catalogue.

Usage: `GANONYMIZATION_DATA=<folder> python tools/ship_generator.py FACES.npz runs/NAME`. The side that light comes from
is taken out of the noise (see `steady_light.py`), and its habits are written into the file (see `measure_habits.py`).
The discriminator goes beside it, for the next run.
Weights stay in the history for ever: ship them only when the benchmarks say that they are better than the last.
"""

import sys
from pathlib import Path

from catalogue import WEIGHTS, register
from measure_habits import fit_photos
from measure_habits import note as note_habits
from measure_traits import note
from steady_light import describe, steady

from ganonymization.training.course import CHECKPOINT_NAME
from ganonymization.training.export import export_run
from ganonymization.training.prepare import FaceSet
from ganonymization.training.quantize import MAX_LEVELS
from ganonymization.training.thaw import discriminator_beside


def main() -> None:
    """Export and register."""
    faces, run = (Path(word) for word in sys.argv[1:]) if len(sys.argv) == 3 else sys.exit(__doc__)
    if not (run / CHECKPOINT_NAME).is_file():
        sys.exit(f"{run / CHECKPOINT_NAME}: not found; name the folder of a training run")
    generator = WEIGHTS / "generator.onnx"
    exported = export_run(run, generator, FaceSet.load(faces))
    print(
        f"{exported.samples} samples, largest difference from torch {exported.difference:.1e}, "
        f"in 8 bits {exported.levels:.2f} of 255 levels; allowed are {MAX_LEVELS}"
    )
    before, after = steady(generator, generator)
    print(describe(before, after))
    male, years = note(generator)
    print(f"along lines of the noise, correlation on other faces: man {male:.2f}, age {years:.2f}")
    missed, left = note_habits(fit_photos(), generator)
    print(f"missed of what is asked for, mean over motions: {(left / missed).mean():.2f} of before, habits anticipated")
    register(
        "generator.onnx",
        licence="MIT",
        origin="trained on faces-open (synthetic faces: MIT, CC0) by ganonymize train",
        input_spec="maps (N, 7, S, S) 0..1; surround (N, 3, S, S) RGB -1..1, 0 where unknown; "
        "known (N, 1, S, S) 0 or 1; "
        "palette (N, 16) -1..1; noise (N, 32) standard normal",
        output_spec="image (N, 3, S, S) RGB -1..1",
    )
    register(
        discriminator_beside(generator).name,
        licence="MIT",
        origin="trained on faces-open (synthetic faces: MIT, CC0) beside generator.onnx; only training reads it",
        input_spec="state of training.networks.Discriminator",
        output_spec="float16, vectors float32",
    )


if __name__ == "__main__":
    main()
