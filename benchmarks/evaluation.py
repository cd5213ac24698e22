"""The part `test` of LFW, evaluated as `ganonymize evaluate` does it, for the terminal and for `results/`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress

from benchmarks.report import Report, Rows
from benchmarks.settings import Settings, data_folder
from ganonymization.evaluation import evaluator
from ganonymization.evaluation.evaluator import Evaluation, Evaluator
from ganonymization.evaluation.readers import open_dataset
from ganonymization.evaluation.results import cell, to_json


def run_evaluation(
    settings: Settings, methods: Sequence[str], *, attacks: Sequence[str], tables: Mapping[str, Sequence[str]]
) -> Report:
    """Evaluate methods and return every figure, with some of them as tables.

    Args:
        settings: of the benchmark; its limit counts photos.
        methods: as `ganonymize evaluate --method` takes them.
        attacks: as `--attack`.
        tables: title to the names of the figures in it.
    """
    asked = evaluator.Settings(
        methods=tuple(methods),
        attacks=tuple(attacks),
        limit=settings.limit,
        seed=settings.identity,
        generator=settings.generator,
        cache=settings.cache / "evaluation",
    )
    evaluation = Evaluator(open_dataset(f"lfw:{data_folder('lfw')}"), asked, progress=show)()
    return Report(to_json(evaluation), [table(evaluation, title, names) for title, names in tables.items()])


def table(evaluation: Evaluation, title: str, names: Sequence[str]) -> Rows:
    """Return figures of each method, of the noise floor and of the untouched photos."""
    results = [evaluation.original, evaluation.floor, *evaluation.methods]
    body = [[one.name, *(cell(one.figures.get(name)) for name in names)] for one in results]
    count = f"{len(evaluation.originals.people)} photos of {len(set(evaluation.originals.people))} people"
    return Rows(title, ["method", *names], body, [f"{count}; ± half of the 95 % interval over people"])


@contextmanager
def show(title: str, total: int, /) -> Iterator[Callable[[], None]]:
    """Show how far a pass over the photos is; fits `study.Progress`."""
    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)
