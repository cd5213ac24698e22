"""`ganonymize prepare | train | export`, the work: words become values, and what happened is told."""

from __future__ import annotations

import functools
import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ganonymization.cli import console
from ganonymization.cli.train import TrainOptions
from ganonymization.errors import GanonymizationError

FAILED: Final = 1
INTERRUPTED: Final = 130


def prepare(folder: Path, out: Path, *, size_px: int, is_quiet: bool) -> int:
    """Make training data and return the exit status."""
    return _tell_failure(lambda: _prepare(folder, out, size_px=size_px, is_quiet=is_quiet))


def _prepare(folder: Path, out: Path, *, size_px: int, is_quiet: bool) -> int:
    from ganonymization.training.preparation import Stages, cache_folder, describe, prepare_folder
    from ganonymization.training.prepare import FaceSet

    progress = functools.partial(_progress, is_quiet=is_quiet)
    left_out = prepare_folder(folder, out, stages=Stages.load(), size_px=size_px, progress=progress)
    if not is_quiet:
        if left_out:
            console.print_note(f"left out: {describe(left_out)}")
        count = len(FaceSet.load(out).names)
        console.print_note(f"{count} faces in {out}; {cache_folder(out)} can be deleted when no pictures are added")
    return 0


@contextmanager
def _progress(total: int, /, *, is_quiet: bool) -> Iterator[Callable[[], None]]:
    with console.progress_bar(total, hidden=is_quiet, title="preparing") as board:
        yield board.advance


def train(options: TrainOptions) -> int:
    """Train what was asked for and return the exit status."""
    return _tell_failure(lambda: _train(options), needs=("torch", "onnx"))


def _train(options: TrainOptions) -> int:
    from ganonymization.training import commands
    from ganonymization.training.config import load_config
    from ganonymization.training.prepare import FaceSet

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = load_config(options.preset, options.config)
    faces = FaceSet.load(options.faces)
    samples = commands.train_recipe(
        config,
        faces,
        options.run,
        device=options.device,
        limit_seconds=None if options.minutes is None else 60 * options.minutes,
        smaller_run=options.grow_from,
        role=options.role,
    )
    console.print_note(f"{options.run}: {samples} of {config.samples} faces seen")
    return 0


def export(faces: Path, run: Path, out: Path) -> int:
    """Write the generator of a run and return the exit status."""
    return _tell_failure(lambda: _export(faces, run, out), needs=("torch", "onnx"))


def _export(faces: Path, run: Path, out: Path) -> int:
    from ganonymization.training.export import export_run
    from ganonymization.training.prepare import FaceSet
    from ganonymization.training.quantize import MAX_LEVELS

    out.parent.mkdir(parents=True, exist_ok=True)
    exported = export_run(run, out, FaceSet.load(faces))
    size_mb = out.stat().st_size / 1e6
    console.print_note(
        f"{out}: {size_mb:.1f} MB, {exported.samples} faces seen, differs from torch by {exported.difference:.1e}, "
        f"faces change by {exported.levels:.1f} of 255 levels in 8 bits (allowed: {MAX_LEVELS})"
    )
    return 0


def _tell_failure(work: Callable[[], int], *, needs: tuple[str, ...] = ()) -> int:
    """Do the work, if its packages are there, and return the exit status."""
    try:
        for name in needs:
            importlib.import_module(name)
    except ModuleNotFoundError as error:
        console.print_error(f"{error.name} is not installed; run: pip install 'ganonymization[train]'")
        return FAILED
    try:
        return work()
    except (GanonymizationError, OSError) as error:
        console.print_error(str(error))
        return FAILED
    except KeyboardInterrupt:
        console.print_note("interrupted; the same command goes on from here")
        return INTERRUPTED
