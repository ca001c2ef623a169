"""The offset of this process's clock to the database's: many workers on many machines compare instants (decision 0005)."""

import logging
import time
from collections.abc import Callable

from agreegate.storage.clock import measure_offset
from agreegate.storage.engine.unit_of_work import Clock, Store, machine_clock

logger = logging.getLogger("agreegate.clock")

WARN_SECONDS = 2.0
"""Offset from which diagnostics warn."""
NOT_READY_SECONDS = 30.0
"""Offset from which the process is not ready, so that a load balancer sends it no requests."""


class ClockOffset:
    """The offset as last measured."""

    def __init__(
        self, store: Store, clock: Clock = machine_clock, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Measure nothing yet.

        Args:
            clock: the clock that is compared with the database's.
            monotonic: counts the seconds of the round trip.
        """
        self._store = store
        self._clock = clock
        self._monotonic = monotonic
        self._certain = 0.0
        self.seconds: float | None = None
        """Seconds that the clock is ahead of the database's; negative: behind. None: not measured, or it is the same clock."""

    async def measure(self) -> None:
        """Measure the offset, and warn of a large one.

        Raises:
            StoreUnavailable: the record cannot be read now. The last offset stays.
        """
        measured = await measure_offset(self._store, self._clock, self._monotonic)
        if measured is None:
            return
        self.seconds, self._certain = measured.seconds, measured.certain
        if self._certain >= WARN_SECONDS:
            logger.warning(
                "the clock of this machine is %s: set up time synchronisation (NTP, such as chrony) on both machines%s",
                self._words(),
                "; this server is not ready (/readyz) until then" if self.not_ready() else "",
            )

    def not_ready(self) -> str | None:
        """Return why the process is not ready, in words; None: the offset is small enough, or not known."""
        return f"clock {self._words()}" if self._certain >= NOT_READY_SECONDS else None

    def _words(self) -> str:
        seconds = self.seconds or 0.0
        return f"{abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} the database's"
