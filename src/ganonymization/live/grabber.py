"""Take pictures from a source in a thread of its own, and come back to it when it breaks off."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import av

from ganonymization.errors import InputError
from ganonymization.live.mailbox import Mailbox

CAPACITY: Final = 1
"""Pictures that wait at most: where not all can be shown, the newest is."""


@dataclass(frozen=True, slots=True)
class Retry:
    """How a source that was there and broke off is sought again.

    Attributes:
        first_pause_s: seconds before the first try; each pause is twice as long as the one before.
        longest_pause_s: up to so many seconds.
        give_up_s: seconds without a picture after which it is lost for good; 0 gives up at once.
    """

    first_pause_s: float = 0.5
    longest_pause_s: float = 10.0
    give_up_s: float = 300.0


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A picture and when it came.

    Attributes:
        picture: as the decoder gave it.
        time_s: on the monotonic clock.
    """

    picture: av.VideoFrame
    time_s: float


class Grabber:
    """Fills a mailbox with pictures until the source ends.

    Args:
        read: opens the source and yields its pictures.
        retry: what is done when it breaks off; None takes its end for the end, as of a pipe.
    """

    def __init__(self, read: Callable[[], Iterator[av.VideoFrame]], *, retry: Retry | None) -> None:
        self._read, self._retry = read, retry
        self._stop = threading.Event()
        self._last_s: float | None = None
        self._pause_s = 0.0
        # a read of a pipe cannot be interrupted, and must not keep the program from ending
        self._thread = threading.Thread(target=self._run, name="grabber", daemon=True)
        self.mailbox: Mailbox[Arrival] = Mailbox(CAPACITY)
        self.reconnects = 0
        self.error: InputError | None = None
        """Why it ended; None while it runs, and after a good end."""

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Read no further picture."""
        self._stop.set()

    def _run(self) -> None:
        try:
            while self._grab() and self._pause():
                self.reconnects += 1
        finally:
            self.mailbox.close()

    def _grab(self) -> bool:
        """Read until the source breaks off; return whether to try again."""
        try:
            for picture in self._read():
                if self._stop.is_set():
                    return False
                self._last_s = time.monotonic()
                self._pause_s = self._retry.first_pause_s if self._retry else 0.0
                self.mailbox.put(Arrival(picture, self._last_s))
        except InputError as error:
            self.error = error
        return self._is_to_be_sought()

    def _is_to_be_sought(self) -> bool:
        """Return whether the source was there once, may come back, and has not been away for too long."""
        if self._last_s is None:
            self.error = self.error or InputError("the source ended before its first picture; check what it sends")
            return False
        if self._retry is None:
            self.error = None
            return False
        if time.monotonic() - self._last_s < self._retry.give_up_s:
            return True
        self.error = self.error or InputError("the source ended and did not come back")
        return False

    def _pause(self) -> bool:
        """Wait before the next try; return False when there is to be none."""
        pause_s = self._pause_s
        longest_s = self._retry.longest_pause_s if self._retry else 0.0
        self._pause_s = min(2 * pause_s, longest_s)
        self.error = None
        return not self._stop.wait(pause_s)
