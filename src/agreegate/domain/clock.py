"""The clock against the record: a clock that fell behind what a partner has recorded cannot date anything (D15)."""

from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=5)
"""How far the clock may be behind the partner's newest recorded instant."""


def trusted_from(newest: datetime) -> datetime:
    """The earliest instant at which the clock is not behind.

    Args:
        newest: the newest instant of the partner's confirmations, endings and decisions.
    """
    return newest - TOLERANCE
