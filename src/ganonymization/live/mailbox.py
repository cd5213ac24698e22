"""A queue for live pictures: when it is full, the oldest one goes, so that what is shown is never late."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    """Hands items from one thread to another.

    Args:
        capacity: items that wait at most.

    Raises:
        ValueError: that is less than one.
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity is {capacity}; it must be 1 or more")
        self._items: deque[Item] = deque()
        self._capacity = capacity
        self._change = threading.Condition()
        self._is_closed = False
        self.dropped = 0

    def put(self, item: Item) -> None:
        """Add an item; if the box is full, the oldest one is dropped."""
        with self._change:
            if len(self._items) == self._capacity:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self._change.notify()

    def get(self, timeout_s: float) -> Item | None:
        """Return the oldest item, waiting for it if need be; None if none came in time, or none will."""
        with self._change:
            self._change.wait_for(lambda: self._items or self._is_closed, timeout_s)
            return self._items.popleft() if self._items else None

    def close(self) -> None:
        """Say that nothing will follow."""
        with self._change:
            self._is_closed = True
            self._change.notify()

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left and nothing will follow."""
        with self._change:
            return self._is_closed and not self._items
