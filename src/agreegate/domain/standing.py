"""Standing: the states of a customer and of its confirmations, decided here only (decision 0026).

Agreegate stores facts. These functions derive states from the facts, the programme and an instant, for the gate, pages,
lists, counts, exports, the as-of page and the simulation. SQL only preselects (`storage/customers/state.py`); a property test
compares the two.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from math import inf
from operator import attrgetter

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.accepted_text import accepted_by
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.confirmation import Confirmation, Ending, EndReason
from agreegate.domain.orders.transaction import STOPPED_BY_NO_LONGER_AGREES, Transaction
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Code, Reason

Rank = tuple[datetime, float]
"""The order of a template's texts: the instant of effect, then the order of publishing."""


class State(StrEnum):
    """The state of a customer with one partner, or of one agreement type of the customer."""

    CONFIRMED = "current"
    """Confirmed: a confirmation opens the gate, and no newer major text binds the customer."""
    OUTDATED = "outdated"
    """A newer major text must be confirmed before the next renewal or new order (R34, R37)."""
    OVERDUE = "overdue"
    """Outdated, and a renewal has run since. The gate decides as for an outdated confirmation."""
    NOT_CONFIRMED = "missing"
    """Not confirmed."""
    NO_LONGER_AGREES = "ended"
    """The customer no longer agrees (R47)."""


BEST_FIRST = (State.CONFIRMED, State.OUTDATED, State.OVERDUE)
"""The states of confirmations, best first. A customer has the best state of its confirmations that open the gate."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """A reason in a customer's standing against a transaction."""

    reason: Reason
    denies: bool
    """The reason denies the transaction now."""
    advisories: tuple[Reason, ...] = ()
    """Advisories for the partner, whether or not the reason denies."""


class Mark(StrEnum):
    """What became of a confirmation."""

    COUNTS = "counts"
    REPLACED = "replaced"
    """A later confirmation of the same agreement counts or counted (R27)."""
    VOIDED = "voided"
    """It was recorded in error (R17)."""
    NO_LONGER_AGREED = "refused"
    """The customer no longer agreed (R47)."""
    EARLIER = "earlier"
    """It belongs to a relationship period that has ended."""
    NOT_YET = "not_yet"
    """On an as-of page: it was in effect only after the day."""


@dataclass(frozen=True, slots=True)
class Current:
    """The confirmation of an agreement type that counts now (R27), without personal data."""

    agreement_type: AgreementType
    template_id: TemplateId
    date_agreed: datetime
    recorded_at: datetime
    sequence: int
    """The customer's order of recording. *Newest* means the highest sequence, never the latest instant."""
    outdated_since: datetime | None = None
    """Since when a newer major text has been in force (R34); None: not outdated."""
    renew_by: datetime | None = None
    """The instant before which an outdated confirmation must be renewed: the next end of a commitment (R34). None: the customer
    has no subscription, so before the next new order (R37)."""
    overdue: bool = False
    """A renewal ran while the confirmation was outdated."""

    @property
    def state(self) -> State:
        """The state of the agreement type with this confirmation."""
        if self.outdated_since is None:
            return State.CONFIRMED
        return State.OVERDUE if self.overdue else State.OUTDATED


@dataclass(frozen=True, slots=True)
class Standing:
    """The facts about a customer that the gate reads."""

    related: bool
    """The customer exists and has an open relationship with the partner."""
    current: tuple[Current, ...] = ()
    """At most one per agreement type: of the present relationship period, recorded after the customer last no longer agreed."""
    no_longer_agrees_at: datetime | None = None
    """When the partner last recorded that the customer no longer agrees (R47), also if a later confirmation answers it."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The standing cannot be read. The gate denies with this reason, never with *not confirmed* (decision 0015)."""

    clock_behind: bool = False
    """The clock is behind the partner's newest record."""


NO_RELATIONSHIP = Standing(related=False)


class Endings:
    """Finds what ended each of a customer's confirmations."""

    def __init__(self, endings: Iterable[Ending]) -> None:
        oldest_first = sorted(endings, key=attrgetter("sequence"))
        self._voided = {one.confirmation_id: one for one in oldest_first if one.confirmation_id is not None}
        self._no_longer_agrees = [one for one in oldest_first if one.reason is EndReason.NO_LONGER_AGREES]

    def first_of(self, confirmation: Confirmation) -> Ending | None:
        """Return what ended a confirmation first: voiding it, or that the customer no longer agreed after it (R17, R47)."""
        found = [self._voided[confirmation.id]] if confirmation.id in self._voided else []
        later = bisect_right(self._no_longer_agrees, confirmation.sequence, key=attrgetter("sequence"))
        return min([*found, *self._no_longer_agrees[later : later + 1]], key=attrgetter("sequence"), default=None)


def judged(
    confirmed: Current,
    text: Rank | None,
    majors: Iterable[Rank],
    renewed_at: Sequence[datetime],
    commitment_ends_at: datetime | None,
    now: datetime,
) -> Current:
    """Return a confirmation with its facts at `now`: since when it is outdated, by when to renew it, and if it is overdue.

    Args:
        confirmed: the confirmation as recorded.
        text: the rank of the accepted text; None: not known. Then every major text is newer that took effect after the latest
            instant at which the customer can have accepted.
        majors: the template's major texts for the customer's country; those that take effect after `now` are ignored.
        renewed_at: when renewals of the customer's subscriptions ran; those after `now` are ignored.
        commitment_ends_at: the next end of a commitment of the customer's living subscriptions (R34); None: none lives (R37).
    """
    accepted = (accepted_by(confirmed.date_agreed, confirmed.recorded_at), inf) if text is None else text
    since = min((major[0] for major in majors if major > accepted and major[0] <= now), default=None)
    if since is None:
        return confirmed
    settled = max(since, confirmed.date_agreed)
    overdue = any(settled < ran_at <= now for ran_at in renewed_at)
    return replace(confirmed, outdated_since=since, renew_by=commitment_ends_at, overdue=overdue)


def opening(
    standing: Standing, programme: Programme, now: datetime, agreement_type: AgreementType | None = None
) -> Current | None:
    """Return the confirmation that opens the gate at `now` (R26, R27): the one in the best state; of equal ones, the newest.

    Args:
        agreement_type: only a confirmation of this type counts; None: of any type.
    """
    best: Current | None = None
    for current in standing.current:
        if agreement_type is not None and current.agreement_type != agreement_type:
            continue
        if programme.opens_gate(current.template_id, now) and (best is None or _is_better(current, best)):
            best = current
    return best


def no_longer_agrees(standing: Standing, programme: Programme, now: datetime) -> bool:
    """Return whether the customer no longer agrees, and no later confirmation opens the gate or has opened it (R47)."""
    return standing.no_longer_agrees_at is not None and not any(
        programme.has_opened(current.template_id, now) for current in standing.current
    )


def state_of(standing: Standing, programme: Programme, cloud: Cloud, now: datetime) -> State | None:
    """Return the one state of a customer at `now`, over all agreement types.

    None: there is no relationship, the programme has not started, or confirmations do not exist in the cloud (R31).
    """
    if not standing.related or not programme.exists(now, cloud):
        return None
    if no_longer_agrees(standing, programme, now):
        return State.NO_LONGER_AGREES
    found = opening(standing, programme, now)
    return State.NOT_CONFIRMED if found is None else found.state


def state_of_type(
    standing: Standing, programme: Programme, template: AgreementTemplate, now: datetime, *, ended: bool
) -> State:
    """Return the state of one agreement type at `now`.

    Args:
        ended: a confirmation of this type ended because the customer no longer agreed.
    """
    for current in standing.current:
        if current.agreement_type == template.agreement_type:
            return current.state
    if standing.no_longer_agrees_at is None:
        return State.NOT_CONFIRMED
    return State.NO_LONGER_AGREES if ended or no_longer_agrees(standing, programme, now) else State.NOT_CONFIRMED


def obstacles(standing: Standing, asked: Transaction, programme: Programme, now: datetime) -> tuple[Obstacle, ...]:
    """Return every reason in a standing against a transaction at `now`, in the order of contract 4.14.

    The caller checks that the relationship exists and that the partner's cloud is gated. On a channel without a date, every
    reason is only an advisory.
    """
    if asked.action not in STOPPED_BY_NO_LONGER_AGREES:
        return ()
    found = []
    enforced_from = programme.enforce_from.get(asked.channel)
    if no_longer_agrees(standing, programme, now):
        ended = Reason(Code.CONFIRMATION_ENDED, "R47", date=standing.no_longer_agrees_at)
        found.append(Obstacle(ended, True) if enforced_from is not None else Obstacle(ended, False, (ended,)))
    if not asked.action.needs_confirmation:
        return tuple(found)
    enforced = enforced_from is not None and now >= enforced_from
    opens = opening(standing, programme, now, asked.agreement_type)
    if opens is None:
        missing = Reason(Code.CONFIRMATION_MISSING, asked.action.rule, asked.channel)
        ahead = Reason(Code.ENFORCEMENT_UPCOMING, "R2", asked.channel, enforced_from) if enforced_from else missing
        found.append(Obstacle(missing, enforced, () if enforced else (ahead,)))
    elif opens.outdated_since is not None:
        denies = enforced and programme.denies_outdated(now)
        # A reason that denies has no date: the renewal's date does not help this order.
        outdated = Reason(Code.CONFIRMATION_OUTDATED, "R34", date=None if denies else opens.renew_by)
        overdue = (Reason(Code.RENEWAL_OVERDUE, "R34"),) if opens.overdue else ()
        found.append(Obstacle(outdated, denies, overdue if denies else (outdated, *overdue)))
    return tuple(found)


def denies_orders(state: State, programme: Programme, channel: Channel, now: datetime) -> bool:
    """Return whether the gate denies new orders of customers in this state at `now`: `obstacles`, for counts by state."""
    enforced_from = programme.enforce_from.get(channel)
    if enforced_from is None or state is State.CONFIRMED:
        return False
    if state is State.NO_LONGER_AGREES:
        return True
    return now >= enforced_from and (state is State.NOT_CONFIRMED or programme.denies_outdated(now))


def _is_better(one: Current, other: Current) -> bool:
    places = BEST_FIRST.index(one.state), BEST_FIRST.index(other.state)
    return places[0] < places[1] or (places[0] == places[1] and one.sequence > other.sequence)
