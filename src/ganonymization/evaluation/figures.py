"""A figure of the report: a value, how far it may be off, and why there is none where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from ganonymization.errors import NotMeasurableError
from ganonymization.evaluation.bootstrap import Interval


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one method.

    Attributes:
        value: None where it cannot be measured.
        low: lower end of the 95 % interval over people; None where there is no interval.
        high: upper end.
        reason: why there is no value; empty when there is one.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""


Figures: TypeAlias = Mapping[str, Figure]
"""Name to figure."""


def measured(compute: Callable[[], Interval | float]) -> Figure:
    """Return what a computation gives, or why it cannot; a figure is never NaN."""
    try:
        found = compute()
    except NotMeasurableError as error:
        return Figure(None, reason=str(error))
    if isinstance(found, Interval):
        return Figure(_finite(found.value), _finite(found.low), _finite(found.high), _doubt(found.value))
    return Figure(_finite(found), reason=_doubt(found))


def unmeasured(reason: str) -> Figure:
    """Return the figure of what cannot be measured."""
    return Figure(None, reason=reason)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _doubt(value: float) -> str:
    return "" if math.isfinite(value) else "the figure is undefined on these photos"
