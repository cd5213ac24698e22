"""`ganonymize evaluate`: its arguments and its manual. The work is in `evaluate_set`, imported when it is needed."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

HELP = """Measure anonymizers on labelled faces, attack them, and write a report.

DATA is a folder with one sub-folder per person, a folder with `index.csv`, or READER:PATH for a set in the layout of
its publisher: lfw, celeba, wider, affectnet, ck+, faces, london, people, table. It may also be the name of one of the
published experiments, see below.

Needs the extra `evaluate`: pip install 'ganonymization[evaluate]'.
"""

EPILOG = """\b
Methods (--method, several times):
  default                  the anonymizer of this package (--generator)
  copied                   the same with copied landmarks
  paper                    GANonymization as published (--paper-weights)
  suppression mosaic blur noise k-same swap
                           the classic families
  folder:PATH              outputs made elsewhere, called like their photos
  python:MODULE:FUNCTION   takes and returns an (H, W, 3) uint8 RGB array

\b
Attacks (--attack, several times; all by default, `none` for none):
  parrot          learns to compare outputs with outputs
  reconstruction  learns to undo the method
  landmark        looks at the shape of the new face alone
  linkage         pools all outputs of a person
  unet            trains a network from outputs to originals (extra `train`; slow,
                  only when asked for)

\b
Experiments in place of DATA:
  wider-quality  emotion-shift  train-on-anonymized  traits
  They run on the published set if GANONYMIZATION_DATA holds it, else on what
  it does hold.

\b
Examples:
  ganonymize evaluate lfw:data/lfw --method default --method blur --out report
  ganonymize evaluate people/ --method folder:deface-out --out report --limit 200
  ganonymize evaluate traits --out report

\b
What is written into REPORT: index.html, results.json, table.md. No picture of
a real person, unless --contact-sheets asks for them. What was seen on each
photo, embeddings among it, is kept in --cache, so that a run that was stopped
goes on where it was.

\b
Exit status:
  0    the report was written, whatever it says
  1    it could not be made (one line on stderr says why)
  2    wrong usage
  130  interrupted; the same command goes on
"""


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What was asked for, still as words and numbers; see the options of `evaluate`."""

    data: str
    out: Path
    methods: tuple[str, ...]
    attacks: tuple[str, ...]
    limit: int | None
    seed: int
    recogniser: Path | None
    paper_weights: Path | None
    generator: Path | None
    contact_sheets: bool
    cache: Path | None
    workers: int
    quiet: bool


def evaluate(
    data: Annotated[str, typer.Argument(metavar="DATA", show_default=False, help="Labelled faces, see above.")],
    *,
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="REPORT", show_default=False, help="Folder for the report.")
    ],
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            "-m",
            metavar="NAME",
            show_default=False,
            help="What is measured; default and five classic ones.",
        ),
    ] = None,
    attack: Annotated[
        list[str] | None,
        typer.Option("--attack", metavar="NAME", show_default=False, help="How it is attacked; see below."),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=4, metavar="N", show_default=False, help="Photos at most; two of each person come first, then a third."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all that is drawn; the same seed gives the same figures.")] = 0,
    recogniser: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.onnx",
            show_default=False,
            help="A third recogniser: (N, 3, 112, 112) RGB in -1..1, aligned as for ArcFace.",
        ),
    ] = None,
    paper_weights: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.onnx",
            show_default=False,
            envvar="GANONYMIZATION_PAPER_WEIGHTS",
            help="Network of the method `paper`: maps (N, 1 or 3, S, S) in 0..1 to image (N, 3, S, S) in -1..1.",
        ),
    ] = None,
    generator: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.onnx", show_default=False, help="Another generator for the methods `default` and `copied`."
        ),
    ] = None,
    contact_sheets: Annotated[
        bool,
        typer.Option("--contact-sheets", help="Put the worst photos, before and after, into the report: real faces."),
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", show_default=False, help="Where to keep what was seen; in the user's cache by default."
        ),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, help="Photos at the same time; 0 takes one for each core.")] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")] = False,
) -> None:
    """Hand the words over and exit with the status."""
    options = EvaluateOptions(
        data=data,
        out=out,
        methods=tuple(method or ()),
        attacks=tuple(attack or ()),
        limit=limit,
        seed=seed,
        recogniser=recogniser,
        paper_weights=paper_weights,
        generator=generator,
        contact_sheets=contact_sheets,
        cache=cache,
        workers=workers,
        quiet=quiet,
    )
    from ganonymization.cli import evaluate_set

    raise typer.Exit(evaluate_set.execute(options))
