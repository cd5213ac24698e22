"""Train the shipped generator, both stages, in one call on a machine with a GPU that nothing can be installed on.

    python tools/train_on_gpu.py pack FACES.npz faces.pack          here: at most 60 MiB
    python tools/train_on_gpu.py train faces.pack OUT --minutes 25  there: trains, measures, exports
    python tools/train_on_gpu.py join OUT                           here again: puts large files together

FACES.npz comes from `ganonymize prepare --size 256`. OUT gets generator.onnx, report.json and, for each stage,
checkpoint, log and contact sheets; files above 15 MiB are cut into pieces. A call that was killed goes on from the last
checkpoint. The machine that trains needs Python, torch, onnx and this repository (`PYTHONPATH=src`).
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import logging
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from ganonymization.errors import GanonymizationError
from ganonymization.training.config import TrainingConfig, load_config
from ganonymization.training.packing import pack_faces, shrink_faces, unpack_faces
from ganonymization.training.prepare import FaceSet

STAGES: Final = ("default-128", "default-256")
SHARES: Final = (0.45, 0.55)
"""Of the time, for each stage."""

PROBE: Final = 0.15
"""Share of a stage's time after which its speed is taken, to plan how many faces it is going to see."""

HELD_OUT: Final = 0.03
"""Share of the faces that are not trained on, to measure on."""

PIECE_BYTES: Final = 15 * 2**20
BATCH_SIZE: Final = 32
"""On a GPU; it is hardly faster with more, and learns less from each face."""

TINY: Final = {
    "channels": (16, 32),
    "encoder_blocks": (0, 1),
    "decoder_blocks": (1,),
    "discriminator_channels": (8, 16, 16),
    "landmark_weight": 0.0,
    "expression_weight": 0.0,
    "identity_weight": 0.0,
    "batch_size": 2,
    "workers": 0,
    "threads": 1,
}
"""What `--tiny` changes, to try the script in seconds."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of a run: its folder, configuration and time."""

    folder: Path
    config: TrainingConfig
    seconds: float


def plan(arguments: argparse.Namespace) -> list[Stage]:
    """Return the stages with the values of the presets, changed by those that were given."""
    stages = []
    for number, (name, share) in enumerate(zip(STAGES, SHARES, strict=True)):
        config = load_config(name, arguments.config)
        if not isinstance(config, TrainingConfig):
            sys.exit("--config: must not change the recipe")
        if arguments.tiny:
            config = dataclasses.replace(config, **TINY, size_px=64 * 2**number)
        elif arguments.config is None:
            config = dataclasses.replace(config, batch_size=BATCH_SIZE, workers=max(1, (os.cpu_count() or 2) - 2))
        stages.append(Stage(arguments.out / name, config, 60 * arguments.minutes * share))
    return stages


def train_stages(stages: list[Stage], faces: FaceSet, *, device: str) -> None:
    """Train one stage after the other, each grown from the one before."""
    smaller = None
    for stage in stages:
        train_stage(stage, shrink_faces(faces, size_px=stage.config.size_px), smaller=smaller, device=device)
        smaller = stage.folder


def train_stage(stage: Stage, faces: FaceSet, *, smaller: Path | None, device: str) -> None:
    """Train for the stage's time: see how fast it goes, then plan the lowering of the steps for what is left."""
    from ganonymization.training.commands import train_recipe

    done = stage.folder / "plan.json"
    endless = dataclasses.replace(stage.config, samples=10**9)
    begun = time.monotonic()
    if not done.exists():
        first = max(samples_of(stage.folder), samples_of(smaller))
        limit = PROBE * stage.seconds
        seen = train_recipe(endless, faces, stage.folder, device=device, limit_seconds=limit, smaller_run=smaller)
        spent = time.monotonic() - begun
        goal = seen + int((seen - first) / spent * max(0.0, stage.seconds - spent))
        done.write_text(json.dumps({"samples": max(goal, seen)}))
    config = dataclasses.replace(stage.config, samples=json.loads(done.read_text())["samples"])
    left = max(0.0, stage.seconds - (time.monotonic() - begun))
    train_recipe(config, faces, stage.folder, device=device, limit_seconds=left)


def samples_of(run: Path | None) -> int:
    """Return how many faces a run has seen; 0 where there is none."""
    import torch

    from ganonymization.training.course import CHECKPOINT_NAME, load_checkpoint

    if run is None or not (run / CHECKPOINT_NAME).exists():
        return 0
    return int(load_checkpoint(run, device=torch.device("cpu"))["samples"])


def split(faces: FaceSet) -> tuple[FaceSet, FaceSet]:
    """Return the faces to train on and those to measure on; always the same."""
    order = np.random.default_rng(0).permutation(len(faces.names))
    count = max(1, round(HELD_OUT * len(order)))
    return faces.take(order[count:]), faces.take(order[:count])


def finish(stages: list[Stage], faces: FaceSet, held_out: FaceSet, *, out: Path) -> dict[str, float]:
    """Export the last stage, measure it on faces that it has not seen, and write both."""
    from ganonymization.training.export import export_run
    from ganonymization.training.loop import measure_run

    last = stages[-1]
    exported = export_run(last.folder, out / "generator.onnx", faces)
    figures = measure_run(last.folder, held_out)
    report = figures | {"samples": float(exported.samples), "difference_from_torch": exported.difference}
    (out / "report.json").write_text(json.dumps(report, indent=1) + "\n")
    return report


def cut_up(folder: Path, *, piece_bytes: int = PIECE_BYTES) -> list[Path]:
    """Cut files above a size into numbered pieces, which take their place; returns the files that were cut."""
    large = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.stat().st_size > piece_bytes]
    for path in large:
        data = path.read_bytes()
        for number, start in enumerate(range(0, len(data), piece_bytes)):
            path.with_name(f"{path.name}.part{number:03d}").write_bytes(data[start : start + piece_bytes])
        path.unlink()
    return large


def join(folder: Path) -> list[Path]:
    """Put files together that `cut_up` cut, remove their pieces, and return them."""
    wholes = sorted({path.with_suffix("") for path in folder.rglob("*.part[0-9][0-9][0-9]")})
    for whole in wholes:
        pieces = sorted(whole.parent.glob(f"{whole.name}.part[0-9][0-9][0-9]"))
        partial = whole.with_name(whole.name + ".partial")
        partial.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
        partial.replace(whole)
        for piece in pieces:
            piece.unlink()
    return wholes


def pack_command(arguments: argparse.Namespace) -> None:
    """Pack prepared faces."""
    packed = pack_faces(FaceSet.load(arguments.faces), arguments.out)
    print(f"{arguments.out}: {packed.size_bytes / 2**20:.1f} MiB, {packed.side_px} px, quality {packed.quality}")


def train_command(arguments: argparse.Namespace) -> None:
    """Train both stages, export, measure, cut up."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    arguments.out.mkdir(parents=True, exist_ok=True)
    join(arguments.out)
    (faces, held_out), stages = split(unpack_faces(arguments.faces)), plan(arguments)
    try:
        train_stages(stages, faces, device=arguments.device)
        print(json.dumps(finish(stages, faces, held_out, out=arguments.out)))
    finally:
        cut_up(arguments.out)


def join_command(arguments: argparse.Namespace) -> None:
    """Put files together."""
    for path in join(arguments.out):
        print(path)


def parse(words: list[str]) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    pack, train, joining = (commands.add_parser(name) for name in ("pack", "train", "join"))
    for command, work in ((pack, pack_command), (train, train_command), (joining, join_command)):
        command.set_defaults(work=work)
    for command in (pack, train):
        command.add_argument("faces", type=Path)
    for command in (pack, train, joining):
        command.add_argument("out", type=Path)
    train.add_argument("--minutes", type=float, required=True, help="for training; export takes one more")
    train.add_argument("--device", default="auto")
    train.add_argument("--config", type=Path, help="TOML that changes values of both stages")
    train.add_argument("--tiny", action="store_true", help="tiny networks, to try the script")
    return parser.parse_args(words)


def main() -> None:
    """Do what was asked for."""
    arguments = parse(sys.argv[1:])
    try:
        arguments.work(arguments)
    except GanonymizationError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
