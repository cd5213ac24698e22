"""`ganonymize evaluate`, the work: words become values, the evaluation runs, the outcome is shown."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Final

import typer

from ganonymization.cli import console
from ganonymization.cli.evaluate import EvaluateOptions
from ganonymization.errors import GanonymizationError

if TYPE_CHECKING:
    from ganonymization.evaluation.evaluator import Settings

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
        from ganonymization.evaluation import report
        from ganonymization.evaluation.evaluator import Evaluator
        from ganonymization.evaluation.readers import open_dataset
    except ModuleNotFoundError as error:
        console.print_error(f"{error.name} is not installed; run: pip install 'ganonymization[evaluate]'")
        return FAILED
    try:
        settings = make_settings(options)
        progress = functools.partial(_progress, hidden=options.quiet)
        evaluation = Evaluator(open_dataset(options.data), settings, progress=progress)()
        path = report.write_report(evaluation, options.out, contact_sheets=options.contact_sheets)
    except GanonymizationError as error:
        console.print_error(str(error))
        return FAILED
    except KeyboardInterrupt:
        console.print_note("interrupted; the same command goes on from here")
        return INTERRUPTED
    if not options.quiet:
        for line in (*report.summary(evaluation), f"written to {path}"):
            console.print_note(line)
    return 0


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


def _progress(title: str, total: int, /, *, hidden: bool) -> AbstractContextManager[Callable[[], None]]:
    return console.progress_bar(total, hidden=hidden, title=title)
