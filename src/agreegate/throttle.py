"""Keeps one caller from stopping the others: rate limits (contract 3.8), and locks. A leaf for the edges.

Rate limits count in windows of one minute of the machine's clock.

A server has two: the contract's, per partner tenant, off unless it is set; and one per user or application, for requests
that read much. Only callers that are known are counted.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from agreegate.domain.error import Rejected

WINDOW = 60.0
"""Seconds."""
MOST_COUNTED = 10_000
"""Maximum callers counted within one window. Beyond it the first caller's count is dropped."""


class Throttle:
    """Counts requests, refused ones too."""

    def __init__(self, limit: int, machine_time: Callable[[], float]) -> None:
        """Allow each caller `limit` requests in a window.

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
            `request.throttled`: the limit is passed; `seconds` says when the next window begins.
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
            raise Rejected("request.throttled", seconds=max(1, int((window + 1) * WINDOW - now) + 1))


class PartnerLocks:
    """Lets each partner do one thing at a time; other partners do not wait for it."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._waiting: dict[str, int] = {}

    @asynccontextmanager
    async def of(self, partner: str) -> AsyncIterator[None]:
        """Wait for the partner's earlier requests, then hold its lock."""
        lock = self._locks.setdefault(partner, asyncio.Lock())
        self._waiting[partner] = self._waiting.get(partner, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._waiting[partner] -= 1
            if not self._waiting[partner]:
                del self._waiting[partner], self._locks[partner]
