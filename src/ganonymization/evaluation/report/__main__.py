"""Draw the privacy-expression plane from a `results.json`: `python -m ganonymization.evaluation.report FROM TO.svg`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ganonymization.errors import GanonymizationError, InputError
from ganonymization.evaluation.report.plots import plane
from ganonymization.evaluation.report.points import points_of_results
from ganonymization.files.atomic import write_atomically


def main(arguments: list[str]) -> int:
    """Read, draw and write; return the exit status."""
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)  # noqa: T201 - a command
        return 2
    source, target = (Path(word) for word in arguments)
    try:
        draw_plane(source, target)
    except GanonymizationError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - a command
        return 1
    return 0


def draw_plane(source: Path, target: Path) -> None:
    """Draw the plane of a report's results into an SVG file.

    Raises:
        InputError: the results cannot be read.
        OutputError: the picture cannot be written.
    """
    try:
        values = json.loads(source.read_text(encoding="utf-8"))
        points = points_of_results(values)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{source}: not the results of an evaluation ({error!r})") from error
    write_atomically(target, plane(points).encode(), overwrite=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
