"""How a customer stands: the only place that decides it (D19).

Facts are stored; states are derived here, from the facts, the programme and an instant. The gate, the pages, the lists, the
counts, the exports, the as-of page and the simulation call these functions. SQL only preselects (`storage/state.py`), and a
property test holds the two together.
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
from agreegate.domain.orders.transaction import STOPPED_BY_REFUSAL, Transaction
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Code, Reason

Rank = tuple[datetime, float]
"""The place of a text among the texts of its template: the instant it takes effect, then the order of publishing."""


class State(StrEnum):
    """The state of a customer with one partner, or of one agreement type of the customer."""

    CURRENT = "current"
    """Confirmed: a confirmation opens the gate, and no newer major text binds the customer."""
    OUTDATED = "outdated"
    """A newer major text binds the customer: it must be confirmed before the next renewal or new order (R34, R37)."""
    OVERDUE = "overdue"
    """Outdated, and a renewal has run since. The gate answers as for an outdated confirmation."""
    MISSING = "missing"
    """Not confirmed."""
    ENDED = "ended"
    """The customer no longer agrees (R47)."""


BEST_FIRST = (State.CURRENT, State.OUTDATED, State.OVERDUE)
"""The states of confirmations, best first: a customer has the best state of its confirmations that open the gate."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """One thing in a customer's standing that speaks against a transaction."""

    reason: Reason
    denies: bool
    """The reason stops the transaction now."""
    advisories: tuple[Reason, ...] = ()
    """What the partner is advised about, whether or not the reason stops the transaction."""


class Mark(StrEnum):
    """What became of a confirmation."""

    COUNTS = "counts"
    REPLACED = "replaced"
    """A later one of the same agreement counts, or counted, in its place (R27)."""
    VOIDED = "voided"
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
    no_longer_agrees_at: datetime | None = None
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


def judged(
    confirmed: Current,
    text: Rank | None,
    majors: Iterable[Rank],
    renewed_at: Sequence[datetime],
    commitment_ends_at: datetime | None,
    now: datetime,
) -> Current:
    """Judge a confirmation at `now`: whether it is outdated, since when, by when to renew it, and whether it is overdue.

    Args:
        confirmed: the confirmation, not judged yet.
        text: the rank of the accepted text; None where it is not known. Then a major text is newer when it took effect after
            the latest instant at which the customer can have accepted.
        majors: the major texts of the template for the customer's country; texts that take effect after `now` are ignored.
        renewed_at: when renewals of the customer's subscriptions ran; renewals after `now` are ignored.
        commitment_ends_at: the next end of a commitment of the customer's living subscriptions (R34); None: it has none (R37).
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
    """Return the confirmation by which the gate opens at `now` (R26, R27): the best one; of equal ones, the newest.

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
    """Return whether the customer no longer agrees: nothing recorded after that opens the gate, or has opened it (R47)."""
    return standing.no_longer_agrees_at is not None and not any(
        programme.has_opened(current.template_id, now) for current in standing.current
    )


def state_of(standing: Standing, programme: Programme, cloud: Cloud, now: datetime) -> State | None:
    """Return the one state of a customer at `now`, over all agreement types.

    None: the customer has no state. The programme has not started, it does not exist in the partner's cloud (R31), or there
    is no relationship.
    """
    if not standing.related or not programme.exists(now, cloud):
        return None
    if no_longer_agrees(standing, programme, now):
        return State.ENDED
    found = opening(standing, programme, now)
    return State.MISSING if found is None else found.state


def state_of_type(
    standing: Standing, programme: Programme, template: AgreementTemplate, now: datetime, *, ended: bool
) -> State:
    """Return the state of one agreement type at `now`.

    Args:
        ended: a statement that the customer no longer agrees ended a confirmation of this type.
    """
    for current in standing.current:
        if current.agreement_type == template.agreement_type:
            return current.state
    if standing.no_longer_agrees_at is None:
        return State.MISSING
    return State.ENDED if ended or no_longer_agrees(standing, programme, now) else State.MISSING


def obstacles(standing: Standing, asked: Transaction, programme: Programme, now: datetime) -> tuple[Obstacle, ...]:
    """Return everything in the customer's standing that speaks against a transaction at `now`, in the order of contract 4.14.

    The caller has made sure that the relationship exists and that the partner's cloud is gated. A channel without a date
    only watches: there every reason is an advisory.

    Args:
        asked: the action, and the channel it comes by.
    """
    if asked.action not in STOPPED_BY_REFUSAL:
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
        # A reason has no date: what is in time for a renewal is not in time for this order.
        outdated = Reason(Code.CONFIRMATION_OUTDATED, "R34", date=None if denies else opens.renew_by)
        overdue = (Reason(Code.RENEWAL_OVERDUE, "R34"),) if opens.overdue else ()
        found.append(Obstacle(outdated, denies, overdue if denies else (outdated, *overdue)))
    return tuple(found)


def denies_orders(state: State, programme: Programme, channel: Channel, now: datetime) -> bool:
    """Return whether the gate refuses new orders of a customer in this state at `now`: `obstacles`, for counts by state."""
    enforced_from = programme.enforce_from.get(channel)
    if enforced_from is None or state is State.CURRENT:
        return False
    if state is State.ENDED:
        return True
    return now >= enforced_from and (state is State.MISSING or programme.denies_outdated(now))


def _is_better(one: Current, other: Current) -> bool:
    places = BEST_FIRST.index(one.state), BEST_FIRST.index(other.state)
    return places[0] < places[1] or (places[0] == places[1] and one.sequence > other.sequence)
