"""The clock and the record: a clock behind a partner's newest record cannot date anything (decision 0015)."""

from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=5)
"""How far the clock may be behind a partner's newest record."""


def trusted_from(newest: datetime) -> datetime:
    """Return the earliest instant at which the clock is not behind.

    Args:
        newest: the newest instant of the partner's confirmations, endings and decisions.
    """
    return newest - TOLERANCE
