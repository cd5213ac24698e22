"""Label the training faces and average their palettes into the bank that ships.

Run `python tools/build_palette_bank.py FACES` with the faces that `training.prepare` wrote. Labels are kept beside that
file in `<its stem>.labels.npz`, since finding them takes minutes. `seen_beards.csv` holds, for some of the faces, the
answer to "is there a beard or a moustache?", found by looking.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from catalogue import WEIGHTS, register

from ganonymization.onnx import Runtime
from ganonymization.training.bank import build_bank
from ganonymization.training.labels import FaceLabels, label_faces
from ganonymization.training.prepare import FaceSet

FILE = "palette_bank.npz"
SEEN_BEARDS = Path(__file__).with_name("seen_beards.csv")


def main() -> None:
    """Build, write and register the bank."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faces", type=Path)
    path = parser.parse_args().faces
    faces = FaceSet.load(path)
    bank = build_bank(faces.palettes, read_labels(path, faces))
    bank.save(WEIGHTS / FILE)
    register(
        FILE,
        licence="MIT",
        origin="means over faces of people who do not exist (faces-open: MIT, CC0); tools/build_palette_bank.py",
        input_spec="none",
        output_spec="palettes (M, 16), -1..1; counts (M,) faces behind each; male (M,), age (M, 3), beard (M,): shares",
    )
    averaged, smallest = int(bank.counts.sum()), int(bank.counts.min())
    print(f"{len(bank.counts)} entries over {averaged} of {len(faces.names)} faces, at least {smallest} each")
    traits = np.stack([bank.male > 0.5, bank.age.argmax(axis=1), bank.beard > 0.5])
    cells, sizes = np.unique(traits, axis=1, return_counts=True)
    for (man, band, beard), size in zip(cells.T, sizes, strict=True):
        print(f"  man {man}, age band {band}, beard {beard}: {size} entries")


def read_labels(path: Path, faces: FaceSet) -> FaceLabels:
    """Return the labels kept beside a face set; find them first if there are none."""
    kept = path.with_suffix(".labels.npz")
    if not kept.exists():
        label_faces(faces, read_seen_beards(), runtime=Runtime(threads=1)).save(kept)
    return FaceLabels.load(kept)


def read_seen_beards() -> dict[str, bool]:
    """Return file name to whether a beard or moustache was seen."""
    with SEEN_BEARDS.open(newline="") as table:
        return {row["file"]: row["beard"] == "1" for row in csv.DictReader(table)}


if __name__ == "__main__":
    main()
