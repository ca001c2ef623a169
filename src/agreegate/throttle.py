"""Rate limits by the machine's clock, in windows of one minute (contract 3.8). A leaf for the edges.

A server has two: the contract's, per partner tenant, off unless it is set; and one per user or application, for requests
that read much. Only callers that are known are counted.
"""

from collections.abc import Callable

from agreegate.domain.errors import TooManyRequests

WINDOW = 60.0
"""Seconds."""
MOST_COUNTED = 10_000
"""Callers counted within one window. Beyond it the one counted first is forgotten, and may begin again."""


class Throttle:
    """Counts requests, refused ones too."""

    def __init__(self, limit: int, machine_time: Callable[[], float]) -> None:
        """Let each caller pass `limit` times a window.

        Args:
            machine_time: seconds since 1970.
        """
        self._limit = limit
        self._machine_time = machine_time
        self._window = 0.0
        self._counts: dict[str, int] = {}

    def count(self, caller: str) -> None:
        """Count one request of a caller.

        Raises:
            TooManyRequests: the limit is passed; `seconds` says when the next window begins.
        """
        now = self._machine_time()
        window = now // WINDOW
        if window != self._window:
            self._window = window
            self._counts.clear()
        count = self._counts.get(caller, 0) + 1
        if count == 1 and len(self._counts) >= MOST_COUNTED:
            del self._counts[next(iter(self._counts))]
        self._counts[caller] = count
        if count > self._limit:
            raise TooManyRequests(seconds=max(1, int((window + 1) * WINDOW - now) + 1))
