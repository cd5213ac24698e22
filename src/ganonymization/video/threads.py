"""Let the steps of a job overlap: each runs ahead of the next one by a few items, and a fault in one ends them all."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

_POLL_S: Final = 0.1
"""So often a step that waits looks whether it should stop."""


class _End:
    """Comes after the last item."""


@contextlib.contextmanager
def in_background(items: Iterable[Item], *, ahead: int) -> Iterator[Iterator[Item]]:
    """Make items in a thread of their own while the last ones are being used.

    Args:
        items: what is made; its errors come out where the items are used.
        ahead: how many may wait; with so many, the thread waits as well.
    """
    waiting: queue.Queue[Item | _End] = queue.Queue(ahead)
    stopping = threading.Event()

    def put(item: Item | _End) -> bool:
        while not stopping.is_set():
            with contextlib.suppress(queue.Full):
                waiting.put(item, timeout=_POLL_S)
                return True
        return False

    def make() -> None:
        try:
            for item in items:
                if not put(item):
                    return
        finally:
            put(_End())

    with ThreadPoolExecutor(1) as executor:
        maker = executor.submit(make)
        try:
            yield _taken(waiting, maker)
        finally:
            stopping.set()


def _taken(waiting: queue.Queue[Item | _End], maker: Future[None]) -> Iterator[Item]:
    while not isinstance(item := _get(waiting), _End):
        yield item
    maker.result()


def _get(waiting: queue.Queue[Item | _End]) -> Item | _End:
    """Wait for an item in a way that Ctrl-C can interrupt on every system."""
    while True:
        with contextlib.suppress(queue.Empty):
            return waiting.get(timeout=_POLL_S)


def in_order(executor: Executor, make: Callable[[Item], Made], items: Iterable[Item], *, ahead: int) -> Iterator[Made]:
    """Yield what is made of items, in their order, while the next ones are made by the executor's threads.

    Args:
        executor: whose threads do the work.
        make: called once for each item.
        items: in order.
        ahead: how many are in work or done and not yet used.
    """
    pending: deque[Future[Made]] = deque()
    try:
        for item in items:
            pending.append(executor.submit(make, item))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
