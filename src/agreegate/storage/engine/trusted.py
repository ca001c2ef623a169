"""The instants from which the clock is trusted, in memory: without them the gate reads the newest instant each time."""

from datetime import datetime
from threading import Lock

from agreegate.domain.partner import PartnerId

MOST = 10_000
"""Maximum partners remembered."""


class TrustedInstants:
    """The instant from which the clock is trusted, of each partner.

    The instant is never earlier than the record's, while one process writes the record. After a failed commit or an accepted
    clock it may be later. So a clock that has reached the instant is right; any other clock is compared with the record.
    """

    def __init__(self) -> None:
        self._known: dict[PartnerId, datetime] = {}
        self._lock = Lock()
        self.of = self._known.get
        """Return the instant of a partner; None: it is unknown. The dict's own method, because the gate calls it each time."""

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
