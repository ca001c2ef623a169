"""The gate's reasons in the reader's words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.programme import Programme
from agreegate.domain.reason import Reason
from agreegate.i18n import date_text, text


@dataclass(frozen=True, slots=True)
class Worded:
    """One reason or advisory, as a page shows it."""

    rule: str
    """Such as `R9`."""
    text: str
    next_step: str
    """What to do about it."""


def worded(reasons: Iterable[Reason], programme: Programme, at: datetime, language: str) -> list[Worded]:
    """Return reasons in words.

    Args:
        at: when the gate was asked; the agreement named is the one to confirm on that day.
    """
    return [_worded(reason, programme.asks_for(at), language) for reason in reasons]


def _worded(reason: Reason, agreement: str, language: str) -> Worded:
    filled = {
        "agreement": agreement,
        "channel": "" if reason.channel is None else text(f"channel.{reason.channel}", language),
        "date": "" if reason.date is None else date_text(reason.date, language),
    }
    return Worded(reason.rule, text(reason.text_key, language, **filled), text(reason.next_key, language, **filled))
