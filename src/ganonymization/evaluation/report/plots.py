"""The plots of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ganonymization.evaluation.evaluator import Evaluation, MethodResult
from ganonymization.evaluation.figures import Figure
from ganonymization.evaluation.kept import labels
from ganonymization.evaluation.report.drawing import COLOURS, FLOOR_COLOUR, colour_of, draw
from ganonymization.evaluation.report.points import ATTACKERS, FLOOR_LABEL, Point
from ganonymization.evaluation.search import BINS, Pooled
from ganonymization.evaluation.sighting import CLASSIFIERS

_OWN_BIN: Final = 0.04
"""Width of the bins for distances to the own original, of which there is one per photo."""

Array = npt.NDArray[np.float64]


def plane(points: Sequence[Point]) -> str:
    """Return privacy against expression, with every method on it; the good corner is at the top left."""
    searched = any(point.searched for point in points)

    def paint(axes: Sequence[Axes]) -> None:
        shown = [point for point in points if point.searched is searched]
        colours = iter(COLOURS * len(shown))
        for point in shown:
            _point(axes[0], point, colour=FLOOR_COLOUR if point.label == FLOOR_LABEL else next(colours))
        axes[0].set(
            xlabel="people found by the strongest attacker (rank-1)"
            if searched
            else "outputs that pass for themselves",
            ylabel="expression kept (Cohen's kappa)",
            xlim=(-0.03, 1.03),
            ylim=(-0.08, 1.03),
        )
        axes[0].annotate("better", (0.0, 0.995), color="#666", ha="left", va="top")
        _legend(axes[0])

    return draw(paint, size_inches=(8.4, 4.4))


def _legend(axes: Axes) -> None:
    """Put the legend to the right, where it hides nothing; there is none of nothing."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))


def _point(axes: Axes, point: Point, *, colour: str) -> None:
    (x, x_error), (y, y_error) = _with_error(point.left), _with_error(point.kept)
    axes.errorbar(x, y, xerr=x_error, yerr=y_error, label=point.label, fmt="o", color=colour, ms=7, capsize=2, lw=1)


def _with_error(figure: Figure) -> tuple[float, Array]:
    """Return the value, and (2, 1) how far its interval reaches below and above."""
    value = figure.value or 0.0
    low = value if figure.low is None else figure.low
    high = value if figure.high is None else figure.high
    return value, np.maximum(np.array([[value - low], [high - value]]), 0)


def attackers(evaluation: Evaluation) -> str:
    """Return a bar for each attacker and method, the receipts' recogniser and the held-out one side by side."""
    measured = [result for result in evaluation.methods if result.figures]
    judges = evaluation.judges

    def paint(axes: Sequence[Axes]) -> None:
        for panel, judge in zip(axes, judges, strict=True):
            stems = [name for name in ATTACKERS if any(name in result.figures for result in measured)]
            names = [name if name == "landmark_rank1" else f"{name}{judge.suffix}" for name in stems]
            for index, result in enumerate(measured):
                _bars(panel, [result.figures.get(name) for name in names], index, len(measured), label=result.name)
            chance = evaluation.floor.figures.get(f"rank1_chance{judge.suffix}")
            if chance and chance.value is not None:
                panel.axhline(chance.value, color="#444", lw=1, ls=":", label="chance")
            panel.set_xticks(range(len(names)), [ATTACKERS[name] for name in stems], rotation=18, ha="right")
            panel.set(title=f"recogniser {judge.name}", ylabel="people found (rank-1)", ylim=(0, None))
        _legend(axes[len(judges) - 1])

    return draw(paint, size_inches=(5.2 * len(judges), 3.6), grid=(1, len(judges)))


def emotions(evaluation: Evaluation) -> str:
    """Return, for each emotion that originals show, how often it is still seen, and how its probability shifts."""
    spec = CLASSIFIERS[0]
    shown = labels(evaluation.originals.rows, spec)
    counts = {label: shown.count(label) for label in spec.labels}
    present = [label for label in spec.labels if counts[label]]
    rows = [evaluation.floor, *(result for result in evaluation.methods if result.figures)]

    def paint(axes: Sequence[Axes]) -> None:
        for panel, stem in zip(axes, ("recall", "shift"), strict=True):
            for index, result in enumerate(rows):
                figures = [result.figures.get(f"{stem}_{label}") for label in present]
                _bars(panel, figures, index, len(rows), label="noise floor" if index == 0 else result.name, offset=-1)
            panel.set_xticks(range(len(present)), [f"{label}\n({counts[label]})" for label in present])
        axes[0].set(ylabel="label is seen again", ylim=(0, 1.02))
        axes[1].set(ylabel="change of its probability")
        _legend(axes[1])

    return draw(paint, size_inches=(10.4, 3.6), grid=(1, 2))


def _bars(axes: Axes, figures: Sequence[Figure | None], index: int, count: int, *, label: str, offset: int = 0) -> None:
    """Draw one method's bars with their intervals; what was not measured has none."""
    width = 0.8 / count
    places = np.arange(len(figures)) - 0.4 + width * (index + 0.5)
    known = [(x, one) for x, one in zip(places, figures, strict=True) if one is not None and one.value is not None]
    colour = FLOOR_COLOUR if index + offset < 0 else colour_of(index + offset)
    values = np.array([one.value for _, one in known], np.float64)
    lows = np.array([one.value if one.low is None else one.low for _, one in known], np.float64)
    highs = np.array([one.value if one.high is None else one.high for _, one in known], np.float64)
    errors = np.maximum(np.stack([values - lows, highs - values]), 0) if known else None
    axes.bar([x for x, _ in known], values, width, color=colour, label=label, yerr=errors, ecolor="#555", capsize=1.5)


def histograms(evaluation: Evaluation, judge: str) -> str:
    """Return, for each method, the distances of outputs to the own original and to other photos of the person."""
    measured = [evaluation.floor, *(result for result in evaluation.methods if result.figures)]
    real = evaluation.original.searched[judge]
    fixed = evaluation.fixed[judge].value
    columns = min(3, len(measured))
    rows = -(-len(measured) // columns)

    def paint(axes: Sequence[Axes]) -> None:
        for panel, result in zip(axes, measured, strict=False):
            _histogram(panel, result, result.searched[judge], real)
            for threshold, style in zip(fixed.values(), ("--", ":"), strict=True):
                if threshold is not None:
                    panel.axvline(threshold, color="#444", lw=1, ls=style)
        for panel in axes[len(measured) :]:
            panel.set_axis_off()
        _legend(axes[columns - 1])

    return draw(paint, size_inches=(3.2 * columns + 1.8, 2.4 * rows), grid=(rows, columns))


def _histogram(axes: Axes, result: MethodResult, found: Pooled, real: Pooled) -> None:
    _outline(axes, real.impostor, real.edges, "real, different people", "#b8b8b8")
    _outline(axes, real.genuine, real.edges, "real, same person", "#7fb2d0")
    _outline(axes, found.genuine, found.edges, "output to another photo", "#d1495b")
    bins = np.arange(min(0.0, float(found.own.min())), float(found.own.max()) + _OWN_BIN, _OWN_BIN)
    own, corners = np.histogram(found.own, bins=bins if len(bins) > 1 else 1)
    density = own / max(float(own.sum()) * float(corners[1] - corners[0]), 1e-12)
    axes.stairs(density, corners, color="#222", lw=1.2, label="output to its own original")
    axes.set(title=result.name, xlabel="distance", yticks=[])


def _outline(axes: Axes, counts: npt.NDArray[np.int64], edges: Array, label: str, colour: str) -> None:
    """Draw a density in bins eight times as wide as those that were counted in."""
    wide = counts.reshape(BINS // 8, 8).sum(axis=1)
    corners = edges[::8]
    density = wide / max(float(wide.sum()) * float(corners[1] - corners[0]), 1e-12)
    axes.stairs(density, corners, color=colour, fill=True, alpha=0.55, label=label)


def curves(evaluation: Evaluation, judge: str) -> str:
    """Return ROC and DET: how many outputs pass for another photo of the person, at each rate of real errors."""
    measured = [evaluation.original, evaluation.floor, *(result for result in evaluation.methods if result.figures)]
    impostor = evaluation.original.searched[judge]
    thresholds = impostor.edges[1:]
    far = np.cumsum(impostor.impostor) / max(impostor.impostor.sum(), 1)

    def paint(axes: Sequence[Axes]) -> None:
        for index, result in enumerate(measured):
            found = result.searched[judge]
            accepted = np.cumsum(found.genuine) / max(found.genuine.sum(), 1)
            tar = np.interp(thresholds, found.edges[1:], accepted, left=0.0, right=1.0)
            colour = ("#000000", FLOOR_COLOUR)[index] if index < 2 else colour_of(index - 2)
            axes[0].plot(far, tar, color=colour, lw=1.4)
            axes[1].plot(far, 1 - tar, color=colour, label=result.name, lw=1.4)
        guess = np.geomspace(1e-4, 1, 200)
        axes[0].plot(guess, guess, color="#888", lw=1, ls=":")
        axes[1].plot(guess, 1 - guess, color="#888", lw=1, ls=":", label="chance")
        axes[0].set(xscale="log", xlim=(1e-4, 1), ylim=(0, 1.02), title="ROC")
        axes[1].set(xscale="log", yscale="log", xlim=(1e-4, 1), ylim=(1e-3, 1.1), title="DET")
        for panel, name in zip(axes, ("accepted: passes for the person (TAR)", "rejected (1 - TAR)"), strict=True):
            panel.set(xlabel="real strangers accepted (FAR)", ylabel=name)
        _legend(axes[1])

    return draw(paint, size_inches=(10.4, 3.7), grid=(1, 2))


STRATA_MEASURES: Final = {
    "tar_far1_own_original": "passes for its own original",
    "emotion_agreement": "same emotion label",
}


def strata(evaluation: Evaluation) -> str:
    """Return, for each stratum, the identity left and the expression kept."""
    measured = [result for result in evaluation.methods if result.strata]
    parts = [(division, name) for division, strata_of in measured[0].strata.items() for name in strata_of]
    names = [f"{division}: {name} ({measured[0].strata[division][name].photos})" for division, name in parts]

    def paint(axes: Sequence[Axes]) -> None:
        for panel, (metric, title) in zip(axes, STRATA_MEASURES.items(), strict=True):
            for index, result in enumerate(measured):
                figures = [result.strata[division][name].figures[metric] for division, name in parts]
                known = [(place, one.value) for place, one in enumerate(figures) if one.value is not None]
                shift = 0.5 * (index / max(len(measured) - 1, 1) - 0.5)
                rows = [place + shift for place, _ in known]
                panel.plot([value for _, value in known], rows, "o", ms=5, color=colour_of(index), label=result.name)
            panel.set(title=title, xlim=(-0.02, 1.02), ylim=(len(parts) - 0.4, -0.6))
        axes[0].set_yticks(range(len(parts)), names)
        axes[1].set_yticks(range(len(parts)), [""] * len(parts))
        _legend(axes[1])

    return draw(paint, size_inches=(10.4, 1 + 0.36 * len(parts)), grid=(1, 2))
