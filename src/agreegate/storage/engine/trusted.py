"""The instants from which the clock is trusted, in memory: without them the gate reads the newest instant each time."""

import time
from collections.abc import Callable
from datetime import datetime
from threading import Lock

from agreegate.domain.partner import PartnerId

FRESH_SECONDS = 1.0
"""How long an instant stays known where other processes record, too: the gate reads it again then."""
MOST = 10_000
"""Maximum partners remembered."""


class TrustedInstants:
    """The instant from which the clock is trusted, of each partner.

    The instant is never earlier than the record's, while one process writes the record. After a failed commit or an accepted
    clock it may be later. So a clock that has reached the instant is right; any other clock is compared with the record.
    """

    def __init__(self, *, alone: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing yet.

        Args:
            alone: whether this process alone writes the record. If not, all instants are forgotten after `FRESH_SECONDS`.
            clock: counts seconds.
        """
        self._known: dict[PartnerId, datetime] = {}
        self._lock = Lock()
        self._clock = clock
        self._forget_at = clock() + FRESH_SECONDS
        self.of: Callable[[PartnerId], datetime | None] = self._known.get if alone else self._fresh
        """Return the instant of a partner; None: it is unknown. The dict's own method, because the gate calls it each time."""

    def _fresh(self, partner: PartnerId) -> datetime | None:
        if (now := self._clock()) >= self._forget_at:
            self._forget_at = now + FRESH_SECONDS
            self._known.clear()
        return self._known.get(partner)

    def advance(self, partner: PartnerId, instant: datetime) -> None:
        """Set the instant of a partner, unless the known instant is later; `note_recorded` makes sure that one is known."""
        with self._lock:
            known = self._known.get(partner)
            if known is None or known < instant:
                self._keep(partner, instant)

    def learn(self, partner: PartnerId, instant: datetime, instead_of: datetime | None) -> None:
        """Set the instant that the record has, unless the instant changed while the record was read.

        Args:
            instead_of: the known instant before the record was read.
        """
        with self._lock:
            if self._known.get(partner) == instead_of:
                self._keep(partner, instant)

    def _keep(self, partner: PartnerId, instant: datetime) -> None:
        if len(self._known) >= MOST and partner not in self._known:
            self._known.clear()  # one statement reads each again
        self._known[partner] = instant
