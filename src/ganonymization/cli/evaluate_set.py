"""`ganonymize evaluate`, the work: words become values, the evaluation runs, the outcome is shown."""

from __future__ import annotations

import dataclasses
import functools
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer

from ganonymization.cli import console
from ganonymization.cli.evaluate import EvaluateOptions
from ganonymization.errors import GanonymizationError

if TYPE_CHECKING:
    from pathlib import Path

    from ganonymization.evaluation.evaluator import Set, Settings

FAILED: Final = 1
INTERRUPTED: Final = 130

PLAIN_METHODS: Final = ("default", "suppression", "mosaic", "blur", "k-same", "swap")
"""What is measured when no method is named: ours, and one of each classic family that runs in no time."""


def execute(options: EvaluateOptions) -> int:
    """Evaluate what was asked for and return the exit status.

    Raises:
        typer.BadParameter: a word that means nothing.
    """
    try:
        importlib.import_module("ganonymization.evaluation.report")
    except ModuleNotFoundError as error:
        console.print_error(f"{error.name} is not installed; run: pip install 'ganonymization[evaluate]'")
        return FAILED
    settings = make_settings(options)
    try:
        for samples, out, specific in _plan(options, settings):
            _evaluate(samples, out, specific, options)
    except GanonymizationError as error:
        console.print_error(str(error))
        return FAILED
    except KeyboardInterrupt:
        console.print_note("interrupted; the same command goes on from here")
        return INTERRUPTED
    return 0


def _plan(options: EvaluateOptions, settings: Settings) -> list[tuple[Set, Path, Settings]]:
    """Return what is evaluated, and where its report goes: one set, or those of an experiment.

    Raises:
        InputError: there is no such set.
    """
    from ganonymization.evaluation.experiments import EXPERIMENTS, PHOTO_LIMIT, find_sets
    from ganonymization.evaluation.readers import open_dataset

    experiment = EXPERIMENTS.get(options.data)
    if experiment is None:
        return [(open_dataset(options.data), options.out, settings)]
    methods = options.methods or experiment.methods
    limit = options.limit or PHOTO_LIMIT
    asked = dataclasses.replace(settings, experiment=experiment, methods=methods, attacks=(), limit=limit)
    sets = find_sets(experiment)
    return [(one, options.out if len(sets) == 1 else options.out / one.name, asked) for one in sets]


def _evaluate(samples: Set, out: Path, settings: Settings, options: EvaluateOptions) -> None:
    from ganonymization.evaluation import report
    from ganonymization.evaluation.evaluator import Evaluator

    progress = functools.partial(_progress, hidden=options.quiet)
    evaluation = Evaluator(samples, settings, progress=progress)()
    path = report.write_report(evaluation, out, contact_sheets=options.contact_sheets)
    if not options.quiet:
        for line in (*report.summary(evaluation), f"written to {path}"):
            console.print_note(line)


def make_settings(options: EvaluateOptions) -> Settings:
    """Return what the words mean.

    Raises:
        typer.BadParameter: an attack that there is none, or a method given twice.
    """
    from ganonymization.evaluation.cache import default_folder
    from ganonymization.evaluation.evaluator import Settings
    from ganonymization.evaluation.study import usable_cores

    methods = options.methods or PLAIN_METHODS
    if len(set(methods)) < len(methods):
        raise typer.BadParameter(f"--method: {', '.join(methods)}; give each method once")
    return Settings(
        methods=methods,
        attacks=choose_attacks(options.attacks),
        limit=options.limit,
        seed=options.seed,
        recogniser=options.recogniser,
        paper_weights=options.paper_weights,
        generator=options.generator,
        cache=options.cache or default_folder(),
        workers=options.workers or usable_cores(),
    )


def choose_attacks(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the attacks that words stand for.

    Raises:
        typer.BadParameter: there is no such attack.
    """
    from ganonymization.evaluation.evaluator import ATTACKS, UNET

    if not words:
        return ATTACKS
    if words == ("none",):
        return ()
    known = (*ATTACKS, UNET)
    unknown = [word for word in words if word not in known]
    if unknown:
        raise typer.BadParameter(f"--attack is {', '.join(unknown)}; there are {', '.join(known)}, and none")
    return tuple(dict.fromkeys(words))


@contextmanager
def _progress(title: str, total: int, /, *, hidden: bool) -> Iterator[Callable[[], None]]:
    with console.progress_bar(total, hidden=hidden, title=title) as board:
        yield board.advance
