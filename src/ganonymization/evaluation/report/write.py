"""Write the report into a folder."""

from __future__ import annotations

from pathlib import Path

from ganonymization.errors import OutputError
from ganonymization.evaluation.evaluator import Evaluation
from ganonymization.evaluation.report.page import render
from ganonymization.evaluation.results import cell, findings_of, write_results
from ganonymization.evaluation.verdict import Verdict, overall
from ganonymization.files.atomic import write_atomically


def write_report(evaluation: Evaluation, folder: Path, *, contact_sheets: bool = False) -> Path:
    """Write `index.html`, `results.json` and `table.md` and return the path of the page.

    Args:
        evaluation: what was found.
        folder: made if missing; files of these names in it are replaced.
        contact_sheets: put the worst photos into the page, before and after. Without it no picture is in it.

    Raises:
        OutputError: the folder is a file, or cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file; give the name of a folder")
    write_results(evaluation, folder)
    path = folder / "index.html"
    write_atomically(path, render(evaluation, with_pictures=contact_sheets).encode(), overwrite=True)
    return path


def summary(evaluation: Evaluation) -> list[str]:
    """Return a line for each method: its verdict and the limits that it breaks."""
    lines = []
    for result in evaluation.methods:
        if result.reason:
            lines.append(f"{result.name}: not measured, {result.reason}")
            continue
        findings = findings_of(result, evaluation)
        broken = [one for one in findings if one.verdict is Verdict.FAILS]
        told = ", ".join(f"{one.metric} {cell(result.figures[one.metric])}" for one in broken)
        lines.append(f"{result.name}: {overall(findings).value}{f' ({told})' if told else ''}")
    return lines
