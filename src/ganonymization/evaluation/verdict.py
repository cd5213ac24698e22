"""Say what a figure means: whether a method is good enough to be called an anonymizer, and whether that is shown."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ganonymization.evaluation.figures import Figure, Figures


class Verdict(enum.Enum):
    """What a figure says about a limit."""

    PASSES = "passes"
    UNCERTAIN = "uncertain"
    FAILS = "fails"
    UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure must keep to.

    Attributes:
        metric: name of the figure, without the end that names a recogniser.
        bound: the limit itself.
        at_least: whether the figure must be at least as large; otherwise at most.
        meaning: what it is about, in words for a reader who knows no metrics.
    """

    metric: str
    bound: float
    at_least: bool
    meaning: str

    def judge(self, figure: Figure, *, people: int, chance: float = 0.0) -> Verdict:
        """Return whether a figure keeps to the limit with all, some or none of its 95 % interval.

        Drawing people anew cannot show more than was seen: where nobody, or everybody, was found, the interval has no
        width. There the end is what so many people could hide, see `hidden_share`.

        Args:
            figure: the figure, a share.
            people: that it was measured on.
            chance: what a guess would reach; a limit is never stricter than twice that.
        """
        if figure.value is None:
            return Verdict.UNKNOWN
        low = figure.value if figure.low is None else figure.low
        high = figure.value if figure.high is None else figure.high
        low, high = min(low, max(1 - hidden_share(people), 0.0)), max(high, hidden_share(people))
        if self.at_least:
            return _three_ways(good=low >= self.bound, bad=high < self.bound)
        bound = max(self.bound, 2 * chance)
        return _three_ways(good=high <= bound, bad=low > bound)


def hidden_share(people: int) -> float:
    """Return the largest share of people that, drawn at random, shows in none of so many with a probability of 5 %."""
    return float(1 - 0.05 ** (1 / max(people, 1)))


LIMITS: Final = (
    Limit("coverage", 0.95, at_least=True, meaning="faces that were replaced at all; every other one is a leak"),
    Limit("tar_far1_own_original", 0.05, at_least=False, meaning="outputs that still pass for their own original"),
    Limit("tar_far1_other_photo", 0.05, at_least=False, meaning="outputs that pass for another photo of the person"),
    Limit("rank1", 0.05, at_least=False, meaning="people named by comparing outputs with known photos"),
    Limit("parrot_rank1", 0.10, at_least=False, meaning="people found by an attacker who learnt to compare outputs"),
    Limit("reconstruction_rank1", 0.10, at_least=False, meaning="people found by an attacker who learnt to undo it"),
    Limit("landmark_rank1", 0.10, at_least=False, meaning="people found by the shape of the new face alone"),
    Limit("linkage_rank1", 0.10, at_least=False, meaning="people found when all of a person's outputs are pooled"),
)
"""Where a method stops being an anonymizer. They are this report's own: a few per cent above what guessing reaches."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A limit and what one figure says of it.

    Attributes:
        metric: full name of the figure.
        limit: the limit.
        verdict: what the figure says.
    """

    metric: str
    limit: Limit
    verdict: Verdict


def judge_method(figures: Figures, suffixes: Sequence[str], *, people: int) -> list[Finding]:
    """Return what the figures of a method say of each limit, once for each recogniser that a limit is about."""
    findings = []
    for limit in LIMITS:
        for metric in dict.fromkeys(f"{limit.metric}{suffix}" for suffix in suffixes):
            if metric in figures:
                chance = _chance_of(limit.metric, metric, figures)
                findings.append(Finding(metric, limit, limit.judge(figures[metric], people=people, chance=chance)))
    return findings


def overall(findings: Sequence[Finding]) -> Verdict:
    """Return the worst of several verdicts; what was not measured is no pass."""
    found = {finding.verdict for finding in findings}
    for verdict in (Verdict.FAILS, Verdict.UNCERTAIN, Verdict.UNKNOWN, Verdict.PASSES):
        if verdict in found:
            return verdict
    return Verdict.UNKNOWN


def _chance_of(stem: str, metric: str, figures: Mapping[str, Figure]) -> float:
    chance = figures.get(f"{stem}_chance{metric.removeprefix(stem)}")
    return (chance.value or 0.0) if chance else 0.0


def _three_ways(*, good: bool, bad: bool) -> Verdict:
    if good:
        return Verdict.PASSES
    return Verdict.FAILS if bad else Verdict.UNCERTAIN
