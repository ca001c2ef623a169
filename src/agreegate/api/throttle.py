"""The rate limit of the contract (3.8), off unless it is set: per partner tenant and minute of the machine's clock."""

from collections.abc import Callable

WINDOW = 60.0


class Throttle:
    """Counts requests, refused ones too, in windows of one minute."""

    def __init__(self, limit: int, machine_time: Callable[[], float]) -> None:
        self._limit = limit
        self._machine_time = machine_time
        self._window = 0.0
        self._counts: dict[str, int] = {}

    def wait(self, partner: str) -> int:
        """Count one request of a partner: 0 when it may pass, else the seconds until the next window."""
        now = self._machine_time()
        window = now // WINDOW
        if window != self._window:
            self._window = window
            self._counts.clear()
        count = self._counts.get(partner, 0) + 1
        self._counts[partner] = count
        return 0 if count <= self._limit else max(1, int((window + 1) * WINDOW - now) + 1)
