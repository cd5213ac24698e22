"""Train and ship the reader of the surround's appearance.

Run `python tools/train_appearance.py FACES` with the faces that `training.prepare` wrote; labels are read from beside
that file, or made (see `build_palette_bank.py`). Writes `appearance.onnx` and prints figures on people held out.
"""

import argparse
import dataclasses
import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from build_palette_bank import read_labels
from catalogue import WEIGHTS, register

from ganonymization.appearance import READER_OUTPUTS
from ganonymization.onnx import Network, Runtime
from ganonymization.palette import SKIN
from ganonymization.training.appearance import (
    VIEW,
    ReaderSet,
    draw_views,
    export_reader,
    train_reader,
    with_other_backgrounds,
)
from ganonymization.training.labels import FaceLabels
from ganonymization.training.prepare import GROWTHS, FaceSet

HELD_OUT_SHARE = 0.15
FILE = "appearance.onnx"
Indices = npt.NDArray[np.intp]


def main() -> None:
    """Draw views, train, export, report."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("faces", type=Path)
    parser.add_argument("--views", type=int, default=8, help="views of each face, with and without its background")
    parser.add_argument("--epochs", type=int, default=30)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    faces, rng = FaceSet.load(arguments.faces), np.random.default_rng(5)
    labels = read_labels(arguments.faces, faces)
    order = rng.permutation(len(faces.names))
    held_out = order[: int(HELD_OUT_SHARE * len(order))]
    views = training_views(faces, np.repeat(order[len(held_out) :], arguments.views), rng)
    export_reader(train_reader(views, labels, epochs=arguments.epochs), WEIGHTS / FILE)
    enter()
    report(faces, labels, held_out, mean_skin=views.palettes[:, SKIN].mean(axis=0))


def training_views(faces: FaceSet, chosen: Indices, rng: np.random.Generator) -> ReaderSet:
    """Return views before their own and before other backgrounds."""
    parts = [draw_views(shown, chosen, rng) for shown in (faces, with_other_backgrounds(faces, rng))]
    return ReaderSet(*(np.concatenate([getattr(part, name) for part in parts]) for name in ReaderSet.__slots__))


def enter() -> None:
    """Enter the network into the catalogue."""
    register(
        FILE,
        licence="MIT",
        origin="trained on faces of people who do not exist (faces-open: MIT, CC0) by tools/train_appearance.py",
        input_spec="surround float32 (N, 4, 32, 32): mean RGB of known pixels, -1..1, 0 where none is; share known",
        output_spec="skin (N, 3) RGB -1..1; spread (N,); probabilities male (N,), age (N, 3), beard (N,)",
    )


def report(faces: FaceSet, labels: FaceLabels, held_out: Indices, *, mean_skin: npt.NDArray[np.float32]) -> None:
    """Print figures for one view of every held-out person at each region."""
    network = Network(WEIGHTS / FILE, inputs=["surround"], outputs=READER_OUTPUTS, runtime=Runtime(threads=1))
    for name, growth in (("inner", 0), ("face", 1), ("head", 2)):
        outlines = np.repeat(faces.outlines[:, growth : growth + 1], len(GROWTHS), axis=1)
        views = draw_views(dataclasses.replace(faces, outlines=outlines), held_out, np.random.default_rng(9))
        skin, _, male, age, beard = network(surround=views.surrounds)
        truth = views.palettes[:, SKIN]
        print(f"{name}: {len(held_out)} people, region {VIEW.size_px} px")
        print(f"  skin: {error(skin, truth):.1f} of 255; always the mean: {error(mean_skin, truth):.1f}")
        describe("man", male, labels.male[held_out] > 0.5)
        describe("beard", beard, labels.beard[held_out])
        print(f"  age band: {(age.argmax(axis=1) == labels.age[held_out]).mean():.3f}")
        for band in range(age.shape[1]):
            describe(f"band {band}", age[:, band], labels.age[held_out] == band)


def error(found: npt.NDArray[np.float32], truth: npt.NDArray[np.float32]) -> float:
    """Return the mean absolute error in levels of 255."""
    return float(np.abs(found - truth).mean() * 127.5)


def describe(name: str, probability: npt.NDArray[np.float32], truth: npt.NDArray[np.bool_]) -> None:
    """Print how often a trait is read rightly, and what the threshold of unlikely traits does."""
    right = ((probability > 0.5) == truth).mean()
    guess = max(truth.mean(), 1 - truth.mean())
    unlikely, certain = probability < 0.15, probability > 0.85
    wrong = (unlikely & truth).sum() + (certain & ~truth).sum()
    sure = unlikely.sum() + certain.sum()
    print(f"  {name}: {right:.3f} (commonest answer {guess:.3f})", end="; ")
    print(f"sure in {sure / len(truth):.2f}, then wrong in {wrong / max(sure, 1):.3f}")


if __name__ == "__main__":
    main()
