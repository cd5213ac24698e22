"""Prefer invented people who are drawn well, and who are as unlike the original as a stranger is.

That a recogniser calls two faces different people is not enough: hair, age and expression, which stay, make a new face
a little more like the original than a stranger would be, and among many known people that points to one. So several
people are tried on, until one is no more like the original than half of all strangers. A second recogniser, which has
no part in the choice, finds less as well (docs/privacy.md has the figures).
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

Candidate = TypeVar("Candidate")

CLEAR: Final = 0.07
"""Skin that is less flawed (see `complexion`) is clear, as that of photos is. On 20 portraits of London 1.7 people are
drawn until one has such skin, and 1.8 on 30 photos of `fit` of LFW."""

EASING: Final = 1.03
"""Each drawing raises what counts as clear to so many times as much: where the light etches everybody, drawing on helps
little."""


def clearest_first(
    drawn: Iterable[Candidate], *, flaws: Callable[[Candidate], float], clear: float
) -> Iterator[Candidate]:
    """Yield who has clear skin, as soon as drawn; after these all others, the clearest first.

    The more people have been drawn, the less is asked for, and who was drawn before may do then.

    Args:
        drawn: taken one by one, only as far as needed.
        flaws: tells how flawed the skin of somebody is.
        clear: from how much on somebody clearer is looked for; nobody is looked at where it is infinite.
    """
    if math.isinf(clear):
        yield from drawn
        return
    waiting = list[tuple[float, int, Candidate]]()
    for place, candidate in enumerate(drawn):
        heapq.heappush(waiting, (flaws(candidate), place, candidate))
        while waiting and waiting[0][0] < clear * EASING**place:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def best_first(tried: Iterable[tuple[float, Candidate]], *, enough: float) -> Iterator[Candidate]:
    """Yield who is far enough from the original, as soon as tried; after all others, the farthest of these.

    Args:
        tried: distance from the original, and who it is; taken one by one, only as far as needed.
        enough: distance from which on nobody farther is looked for.
    """
    farthest: tuple[float, Candidate] | None = None
    for distance, candidate in tried:
        if distance >= enough:
            yield candidate
        elif farthest is None or distance > farthest[0]:
            farthest = distance, candidate
    if farthest is not None:
        yield farthest[1]
