"""From when on the clock is trusted, in memory: what keeps the gate from reading the newest instant at every question."""

from datetime import datetime
from threading import Lock

from agreegate.domain.partner import PartnerId

MOST = 10_000
"""Maximum partners remembered."""


class TrustedInstants:
    """From when on the clock is trusted, partner by partner.

    Never earlier than the record says, while one process writes it. It may be later, after a commit that failed or a clock
    that was accepted. So a clock that has reached the instant is right, and any other clock must be compared with the
    record.
    """

    def __init__(self) -> None:
        self._known: dict[PartnerId, datetime] = {}
        self._lock = Lock()
        self.of = self._known.get
        """The instant of a partner, or None while it is not known. A method of the dict, for the gate's sake."""

    def advance(self, partner: PartnerId, instant: datetime) -> None:
        """Let it be this instant, unless it is later already. It is known before: see `note_recorded`."""
        with self._lock:
            known = self._known.get(partner)
            if known is None or known < instant:
                self._keep(partner, instant)

    def learn(self, partner: PartnerId, instant: datetime, instead_of: datetime | None) -> None:
        """Let it be what the record says, unless something was recorded while the record was read.

        Args:
            instead_of: what was known before the record was read.
        """
        with self._lock:
            if self._known.get(partner) == instead_of:
                self._keep(partner, instant)

    def _keep(self, partner: PartnerId, instant: datetime) -> None:
        if len(self._known) >= MOST and partner not in self._known:
            self._known.clear()  # each is read again by one statement
        self._known[partner] = instant
