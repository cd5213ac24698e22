"""Keep account of tracks while frames pass; what is kept does not grow with their number."""

from __future__ import annotations

import heapq
import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ganonymization.track.cast import Proof, Role
from ganonymization.track.receipt import Risk, TrackReceipt
from ganonymization.types import Outcome

MOST_RISKS: Final = 8
"""Frames that are named for each track."""

_ALIKE_SEVERITY: Final = 0.9
_SAFE_MARGIN: Final = 0.5
"""A result this far above the threshold, in thresholds, is no risk; at the threshold it is the greatest."""

_GUESSED_SEVERITY: Final = 0.6
_OBSCURED_SEVERITY: Final = 0.3


@dataclass(slots=True, eq=False)
class _Account:
    """What is known of one track by now."""

    role: Role
    first: tuple[int, float]
    last: tuple[int, float]
    counts: Counter[Outcome] = field(default_factory=Counter)
    bridged: int = 0
    checks: int = 0
    distance: float | None = None
    change_sums: dict[str, float] = field(default_factory=dict)
    redetected: int = 0
    risks: list[tuple[float, int, float, str]] = field(default_factory=list)


class Ledger:
    """Counts what became of tracks; safe to be used from several threads.

    Args:
        threshold: distance at FAR 1 %.
    """

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._accounts: dict[int, _Account] = {}
        self._lock = threading.Lock()

    def note_role(self, track: int, role: Role, *, frame_index: int, time_s: float) -> None:
        """Note what a track is from a frame on, and the proofs that came with it."""
        with self._lock:
            account = self._accounts.setdefault(
                track, _Account(role, first=(frame_index, time_s), last=(frame_index, time_s))
            )
            account.role = role
            for proof in role.proofs:
                self._note_proof(account, proof)

    def note_face(self, track: int, *, frame_index: int, time_s: float, outcome: Outcome, bridged: bool) -> None:
        """Note how a face of a track ended in one frame.

        Args:
            track: its number, which has a role.
            frame_index: of the frame.
            time_s: of the frame.
            outcome: how it ended.
            bridged: it was not seen in the frame itself.
        """
        with self._lock:
            account = self._accounts[track]
            account.first = min(account.first, (frame_index, time_s))
            account.last = max(account.last, (frame_index, time_s))
            account.counts[outcome] += 1
            account.bridged += bridged and outcome is not Outcome.KEPT
            if outcome is Outcome.KEPT:
                return
            if bridged:
                self._note_risk(account, _GUESSED_SEVERITY, frame_index, time_s, "the face was not seen in this frame")
            elif outcome is Outcome.OBSCURED:
                self._note_risk(account, _OBSCURED_SEVERITY, frame_index, time_s, "the face was obscured")

    def receipts(self) -> tuple[TrackReceipt, ...]:
        """Return a receipt for each track, in the order of appearance."""
        with self._lock:
            return tuple(self._receipt(track, account) for track, account in sorted(self._accounts.items()))

    def _note_proof(self, account: _Account, proof: Proof) -> None:
        account.checks += 1
        account.distance = proof.distance if account.distance is None else min(account.distance, proof.distance)
        account.redetected += bool(proof.expression.get("redetected"))
        for name, value in proof.expression.items():
            if name.endswith("_change"):
                account.change_sums[name] = account.change_sums.get(name, 0.0) + abs(float(value))
        margin = max(0.0, 1 - (proof.distance - self._threshold) / (_SAFE_MARGIN * self._threshold))
        reason = f"distance to the original {proof.distance:.3f}"
        self._note_risk(account, _ALIKE_SEVERITY * min(margin, 1.0), proof.frame_index, proof.time_s, reason)

    def _note_risk(self, account: _Account, severity: float, frame_index: int, time_s: float, reason: str) -> None:
        risk = (round(min(severity, 1.0), 3), -frame_index, time_s, reason)
        if len(account.risks) < MOST_RISKS:
            heapq.heappush(account.risks, risk)
        else:
            heapq.heappushpop(account.risks, risk)

    def _receipt(self, track: int, account: _Account) -> TrackReceipt:
        role, checks = account.role, max(1, account.checks)
        expression = {name: round(total / checks, 4) for name, total in account.change_sums.items()}
        if account.checks:
            expression = {"redetected": round(account.redetected / checks, 4)} | expression
        return TrackReceipt(
            track=track,
            person=role.person,
            treatment=role.decision.treatment,
            reason=role.reason or role.decision.reason,
            identity=role.identity,
            first_frame=account.first[0],
            last_frame=account.last[0],
            first_s=account.first[1],
            last_s=account.last[1],
            synthesized=account.counts[Outcome.SYNTHESIZED],
            obscured=account.counts[Outcome.OBSCURED],
            kept=account.counts[Outcome.KEPT],
            bridged=account.bridged,
            attempts=role.attempts,
            checks=account.checks,
            identity_distance=account.distance,
            identity_threshold=self._threshold if account.checks else None,
            expression=expression,
            risks=_sorted(account.risks),
        )


def _sorted(risks: Iterable[tuple[float, int, float, str]]) -> tuple[Risk, ...]:
    worst_first = sorted(risks, reverse=True)
    return tuple(Risk(-index, round(time_s, 3), reason, severity) for severity, index, time_s, reason in worst_first)
