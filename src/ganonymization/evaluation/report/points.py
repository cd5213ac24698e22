"""Where each method stands between privacy and expression, read off the written results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ganonymization.evaluation.figures import Figure

ATTACKERS: Final = {
    "rank1": "compare with known photos",
    "parrot_rank1": "parrot",
    "reconstruction_rank1": "reconstruction",
    "landmark_rank1": "landmarks",
    "linkage_rank1": "pooled outputs",
    "drawing_rank1": "drawn originals",
}
"""Rank-1 of each attacker, and what it is called."""

ALONE: Final = "tar_far1_own_original"
"""What tells of identity where nobody has two photos, so that no attacker can search."""

KEPT: Final = "emotion_kappa"

FLOOR_LABEL: Final = "noise floor (not anonymized)"


@dataclass(frozen=True, slots=True)
class Point:
    """One method.

    Attributes:
        label: its name.
        left: identity left, 0..1.
        kept: expression kept.
        searched: whether `left` is the share that the strongest attacker names; otherwise that which passes for itself.
    """

    label: str
    left: Figure
    kept: Figure
    searched: bool


def points_of_results(values: Mapping[str, Any]) -> list[Point]:
    """Return the noise floor and then every method that was measured.

    Args:
        values: of `results.json`.

    Raises:
        KeyError: they are no results.
    """
    methods: Mapping[str, Mapping[str, Mapping[str, float | None]]] = values["methods"]
    floors = [{name: Figure(row["floor"]) for name, row in rows.items()} for rows in methods.values() if rows]
    measured = {name: {key: _figure(row) for key, row in rows.items()} for name, rows in methods.items()}
    named = [(FLOOR_LABEL, floors[0])] if floors else []
    points = [_point(label, figures) for label, figures in (*named, *measured.items())]
    return [point for point in points if point is not None]


def _figure(row: Mapping[str, float | None]) -> Figure:
    return Figure(row["value"], row["low"], row["high"])


def _point(label: str, figures: Mapping[str, Figure]) -> Point | None:
    kept = figures.get(KEPT, Figure(None))
    worst = max(_found(figures), key=lambda figure: figure.value or 0.0, default=None)
    left = worst or figures.get(ALONE, Figure(None))
    if left.value is None or kept.value is None:
        return None
    return Point(label, left, kept, searched=worst is not None)


def _found(figures: Mapping[str, Figure]) -> Sequence[Figure]:
    """Return what each attacker finds, by any recogniser: `rank1`, `rank1_faceres`, but not `rank1_chance`."""
    return [
        figure
        for name, figure in figures.items()
        if name.startswith(tuple(ATTACKERS)) and "_chance" not in name and figure.value is not None
    ]
