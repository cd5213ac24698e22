"""Train a generator from a folder of face pictures: `python -m ganonymization.training prepare | train | export`."""

from __future__ import annotations

import dataclasses
import logging
from pathlib import Path
from typing import Annotated

import torch
import typer

from ganonymization.detect import CenterFace
from ganonymization.landmark import FaceMesh
from ganonymization.segment import Segment
from ganonymization.shape import ShapeModel
from ganonymization.training.config import TrainingConfig
from ganonymization.training.export import export_run
from ganonymization.training.loop import Role, Schedule, train
from ganonymization.training.pictures import read_faces
from ganonymization.training.prepare import FaceSet, prepare_faces

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def prepare(
    folder: Annotated[Path, typer.Argument(help="Folder of face pictures, one face each.")],
    out: Annotated[Path, typer.Argument(help="Array file to write (.npz).")],
    size: Annotated[int, typer.Option(help="Side of the synthesis crop in pixels.")] = 128,
) -> None:
    """Detect, align, segment and measure every face of a folder."""
    pictures = read_faces(folder, detect=CenterFace.load(), landmark=FaceMesh.load())
    faces = prepare_faces(pictures, shape_model=ShapeModel.load(), segment=Segment.load(), size_px=size)
    out.parent.mkdir(parents=True, exist_ok=True)
    faces.save(out)
    typer.echo(f"{len(faces.names)} faces in {out}")


@app.command("train")
def train_command(
    faces: Annotated[Path, typer.Argument(help="Array file made by `prepare`.")],
    run: Annotated[Path, typer.Argument(help="Folder of checkpoint, log and contact sheets; an existing run goes on.")],
    config: Annotated[Path | None, typer.Option(help="TOML file; the shipped generator's values otherwise.")] = None,
    device: Annotated[str, typer.Option(help="torch device.")] = "cpu",
    minutes: Annotated[float | None, typer.Option(help="Stop with a checkpoint after so long.")] = None,
    grow_from: Annotated[Path | None, typer.Option(help="Folder of a smaller run to begin with.")] = None,
    role: Annotated[
        Role, typer.Option(help="One of two processes that train a run together on different cores.")
    ] = Role.ALONE,
) -> None:
    """Train a generator, going on where an earlier run stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    settings = TrainingConfig.load(config) if config else TrainingConfig()
    schedule = dataclasses.replace(Schedule(), limit_seconds=None if minutes is None else 60 * minutes)
    train(
        settings,
        FaceSet.load(faces),
        run,
        device=torch.device(device),
        schedule=schedule,
        smaller_run=grow_from,
        role=role,
    )


@app.command()
def export(
    faces: Annotated[Path, typer.Argument(help="Array file that the run was trained on.")],
    run: Annotated[Path, typer.Argument(help="Folder of a run.")],
    out: Annotated[Path, typer.Argument(help="Network file to write (.onnx).")],
) -> None:
    """Write the averaged generator of a run as ONNX; refuses when it does not compute the same."""
    exported = export_run(run, out, FaceSet.load(faces))
    size_mb = out.stat().st_size / 1e6
    typer.echo(f"{out}: {size_mb:.1f} MB, {exported.samples} samples, differs from torch by {exported.difference:.1e}")


if __name__ == "__main__":
    app()
