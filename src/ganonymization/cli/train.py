"""`ganonymize prepare | train | export`: arguments and manuals. The work is in `train_run`, imported when needed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

PREPARE_HELP = """Make training data from a folder of face pictures.

Every picture under FOLDER should show one face. It is found, turned upright, measured and cut out; pictures that a
generator cannot learn from are left out, and counted by reason. What is done is kept beside FACES, so that a run that
was stopped, or a folder that has grown, goes on from there.
"""

TRAIN_HELP = """Train a generator; going on where an earlier run stopped.

FACES is what `ganonymize prepare` wrote. RUN is a folder for checkpoint, log and contact sheets.

Needs the extra `train`: pip install 'ganonymization[train]'.
"""

TRAIN_EPILOG = """\b
Presets (--preset):
  default-128  the shipped generator, first stage
  default-256  its second stage; begin it with --grow-from RUN of the first
  paper-256    GANonymization as published, at 256 pixels
  paper-512    the same at 512 pixels
A TOML file (--config) changes single values; docs/training.md tells which.

\b
To go on from a generator of which only the file is left, such as that of the
package, name the file: --grow-from generator.onnx. Its discriminator lies
beside it; where it is missing, give a new one time (settle_samples;
docs/training.md).

\b
Two processes on a CPU train one run faster than two threads:
  ganonymize train FACES RUN --role leader
  ganonymize train FACES RUN --role follower

\b
Exit status:
  0    trained to the end, or until --minutes were over
  1    it could not be done, or led nowhere (one line on stderr says why)
  2    wrong usage
  130  interrupted; the same command goes on from the last checkpoint
"""

EXPORT_HELP = """Write the generator of a training run as a network file (ONNX).

Weights are stored in 16 or 8 bits. The file is not written if it computes something else than the trained network.
The discriminator goes into FILE_discriminator.npz; only `ganonymize train --grow-from FILE.onnx` reads it.

Needs the extra `train`: pip install 'ganonymization[train]'.
"""


@dataclass(frozen=True, slots=True)
class TrainOptions:
    """What was asked for, still as words and numbers; see the options of `train`."""

    faces: Path
    run: Path
    preset: str
    config: Path | None
    device: str
    minutes: float | None
    grow_from: Path | None
    role: str


def prepare(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", show_default=False, help="Pictures, one face each.")],
    out: Annotated[Path, typer.Argument(metavar="FACES", show_default=False, help="The file to be made (.npz).")],
    *,
    size: Annotated[
        int, typer.Option(min=64, metavar="PIXELS", help="Side of the crop; that of the largest preset to be trained.")
    ] = 256,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Hand the words over and exit with the status."""
    from ganonymization.cli import train_run

    raise typer.Exit(train_run.prepare(folder, out, size_px=size, is_quiet=quiet))


def train(
    faces: Annotated[Path, typer.Argument(metavar="FACES", show_default=False, help="Made by `ganonymize prepare`.")],
    run: Annotated[Path, typer.Argument(metavar="RUN", show_default=False, help="Folder of the run.")],
    *,
    preset: Annotated[str, typer.Option(metavar="NAME", help="What is trained; see below.")] = "default-128",
    config: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", show_default=False, help="Changes values of the preset.")
    ] = None,
    device: Annotated[str, typer.Option(help="torch device; auto takes a GPU if there is one.")] = "auto",
    minutes: Annotated[
        float | None, typer.Option(min=0.0, show_default=False, help="Stop with a checkpoint after so long.")
    ] = None,
    grow_from: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN|FILE.onnx", show_default=False, help="Begin with what another run, or a generator, has learnt."
        ),
    ] = None,
    role: Annotated[
        Literal["alone", "leader", "follower"], typer.Option(help="One of two processes of a run; see below.")
    ] = "alone",
) -> None:
    """Hand the words over and exit with the status."""
    options = TrainOptions(
        faces=faces,
        run=run,
        preset=preset,
        config=config,
        device=device,
        minutes=minutes,
        grow_from=grow_from,
        role=role,
    )
    from ganonymization.cli import train_run

    raise typer.Exit(train_run.train(options))


def export(
    faces: Annotated[Path, typer.Argument(metavar="FACES", show_default=False, help="What the run was trained on.")],
    run: Annotated[Path, typer.Argument(metavar="RUN", show_default=False, help="Folder of a training run.")],
    out: Annotated[Path, typer.Argument(metavar="FILE.onnx", show_default=False, help="The file to be written.")],
) -> None:
    """Hand the words over and exit with the status."""
    from ganonymization.cli import train_run

    raise typer.Exit(train_run.export(faces, run, out))
