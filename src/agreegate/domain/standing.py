"""Standing: everything known about one partner and customer when the gate is asked, or that it is unknown (D15).

Facts are stored, states are derived: nothing here is a status column.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from operator import attrgetter

from agreegate.domain.agreement import AgreementType, TemplateId
from agreegate.domain.confirmation import Confirmation, Ending, EndReason


class State(StrEnum):
    """The state of one agreement type for one partner and customer."""

    CURRENT = "current"
    OUTDATED = "outdated"
    """A newer major text binds the customer: it must be confirmed before the next renewal or new order (R34, R37)."""
    OVERDUE = "overdue"
    """Likewise, and a renewal has run without it. The gate answers as before."""
    MISSING = "missing"
    ENDED = "ended"


class Mark(StrEnum):
    """What became of a confirmation."""

    COUNTS = "counts"
    REPLACED = "replaced"
    """A later one of the same agreement counts, or counted, in its place (R27)."""
    TAKEN_BACK = "taken_back"
    """It was recorded in error (R17)."""
    REFUSED = "refused"
    """The customer no longer agreed (R47)."""
    EARLIER = "earlier"
    """The relationship in which it was recorded has ended."""
    NOT_YET = "not_yet"
    """It was in effect only after the day that is looked back at."""


@dataclass(frozen=True, slots=True)
class Current:
    """The one confirmation of an agreement type that counts now (R27): without personal data."""

    agreement_type: AgreementType
    template_id: TemplateId
    date_agreed: datetime
    recorded_at: datetime
    sequence: int
    """Order of recording for this customer; *newest* is by sequence, never by instant."""
    outdated_since: datetime | None = None
    """A newer major text has been in force since then (R34); None: the accepted text is the current one."""
    renew_by: datetime | None = None
    """Before when an outdated confirmation must be renewed: the next end of a commitment (R34). None where the customer
    has no subscription: before the next new order (R37)."""
    overdue: bool = False
    """A renewal ran although the confirmation was outdated."""

    @property
    def state(self) -> State:
        """How an agreement type with this confirmation stands."""
        if self.outdated_since is None:
            return State.CURRENT
        return State.OVERDUE if self.overdue else State.OUTDATED


@dataclass(frozen=True, slots=True)
class Standing:
    """What the gate reads. Confirmations are those of the present relationship period, recorded after any refusal."""

    related: bool
    """Whether the customer exists and has an open relationship with the partner."""
    current: tuple[Current, ...] = ()
    """At most one per agreement type."""
    refused_at: datetime | None = None
    """When the partner last recorded that the customer no longer agrees (R47). It is never forgotten, only
    answered by a later confirmation."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The standing cannot be read. Never the same as *not confirmed*: it denies, and says why (D15)."""

    clock_behind: bool = False
    """The clock is behind what the partner has recorded, so nobody can say what counts now."""


NO_RELATIONSHIP = Standing(related=False)


class Endings:
    """Finds what ended each of a customer's confirmations, with one look for each."""

    def __init__(self, endings: Iterable[Ending]) -> None:
        oldest_first = sorted(endings, key=attrgetter("sequence"))
        self._taken_back = {
            one.confirmation_id: one for one in reversed(oldest_first) if one.confirmation_id is not None
        }
        self._refusals = [one for one in oldest_first if one.reason is EndReason.NO_LONGER_AGREES]

    def first_of(self, confirmation: Confirmation) -> Ending | None:
        """What ended a confirmation first: having been taken back, or a refusal recorded after it (R17, R47)."""
        found = [self._taken_back[confirmation.id]] if confirmation.id in self._taken_back else []
        later = bisect_right(self._refusals, confirmation.sequence, key=attrgetter("sequence"))
        return min([*found, *self._refusals[later : later + 1]], key=attrgetter("sequence"), default=None)


def unconfirmed(*, refused: bool, answered: bool, ended: bool) -> State:
    """The state of an agreement type of which no confirmation counts (R47).

    Args:
        refused: the customer was recorded as no longer agreeing.
        answered: a confirmation counts that opens the gate, or once did: the refusal is answered.
        ended: a refusal ended a confirmation of this very type.
    """
    return State.ENDED if refused and (not answered or ended) else State.MISSING
