"""Draw plots into text that a page can hold: SVG, the same bytes for the same figures."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Canvas

COLOURS: Final = ("#0b6e99", "#d1495b", "#66a182", "#edae49", "#8d5a97", "#222222", "#b07d62", "#5c6b73", "#2e4057")
"""One per method, in turn; told apart by people who confuse red and green, since lightness differs as well."""

FLOOR_COLOUR: Final = "#9a9a9a"

_SETTINGS: Final[Any] = {
    "svg.hashsalt": "ganonymization",
    "svg.fonttype": "none",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def draw(
    paint: Callable[[Sequence[Axes]], None], *, size_inches: tuple[float, float], grid: tuple[int, int] = (1, 1)
) -> str:
    """Return the SVG of a plot.

    Args:
        paint: draws into the axes, row by row.
        size_inches: width and height.
        grid: rows and columns of axes.
    """
    with mpl.rc_context(dict(_SETTINGS)):
        canvas = Canvas(figsize=size_inches, layout="constrained")
        FigureCanvasSVG(canvas)
        paint(list(canvas.subplots(*grid, squeeze=False).flat))
        stream = io.StringIO()
        canvas.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def colour_of(index: int) -> str:
    """Return the colour of a method."""
    return COLOURS[index % len(COLOURS)]
