"""The overview: how a partner's customers stand, whose transactions would fail next, and what failed lately."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.customer_search import LISTED, state_of
from agreegate.domain.partner import PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State
from agreegate.services.reconfirmation import count_outdated
from agreegate.storage.customer_search import Tally, tally
from agreegate.storage.overview import (
    Denied,
    Subscribed,
    count_denied,
    count_subscribed,
    denied,
    open_carts,
    refused_lately,
    subscribed_next,
    tally_of_all,
)
from agreegate.storage.unit_of_work import UnitOfWork

SHOWN = 10
LATELY = timedelta(days=30)
MOST = 1_000
"""More than so many are not counted."""


class Cause(StrEnum):
    """Why a customer is near to a transaction."""

    REFUSED = "refused"
    CART = "cart"
    RENEWAL = "renewal"
    """The partner renews it, or lets it end."""
    AUTO_RENEWAL = "auto-renewal"
    """It renews by itself, and the gate is not asked (R11)."""


@dataclass(frozen=True, slots=True)
class Pressing:
    """A customer without a valid confirmation, and what makes it urgent."""

    customer_id: str
    company_name: str
    causes: tuple[tuple[Cause, datetime], ...]
    """The nearest first."""


@dataclass(frozen=True, slots=True)
class Upcoming:
    """An enforcement date that is still ahead."""

    channel: Channel
    date: datetime
    customers: int
    """So many would be refused on that date, if nothing changed until then."""


@dataclass(frozen=True, slots=True)
class Capped:
    """A number that is counted up to `MOST`."""

    number: int
    more: bool

    @classmethod
    def of(cls, counted: int) -> "Capped":
        """The number, when at most one more than `MOST` was counted."""
        return cls(min(counted, MOST), counted > MOST)


@dataclass(frozen=True, slots=True)
class Standings:
    """How many customers stand how; and what the dates ahead would do to them."""

    states: Mapping[State, int]
    """Outdated ones are told apart from current ones, where there are any."""
    upcoming: tuple[Upcoming, ...]

    @property
    def total(self) -> int:
        """All customers."""
        return sum(self.states.values())


@dataclass(frozen=True, slots=True)
class Refusals:
    """What the gate refused in the last 30 days."""

    latest: tuple[tuple[Denied, State | None], ...]
    """Each with how the customer stands today; None: the partner does not serve it."""
    count: Capped


@dataclass(frozen=True, slots=True)
class Urgent:
    """Customers that need somebody soon."""

    next: tuple[Pressing, ...]
    unwilling: tuple[Subscribed, ...]
    """No longer agree, but are still subscribed (R39, R40)."""
    unwilling_count: Capped


async def show_standings(uow: UnitOfWork, actor: Actor, programme: Programme) -> Standings:
    """How many of the partner's customers stand how; for the operator, of all partners together."""
    operator = actor.partner.kind is PartnerKind.OPERATOR
    rows = await (tally_of_all(uow) if operator else tally(uow, actor.partner.id))
    states = _states(rows, programme, uow.now)
    if outdated := await count_outdated(uow, None if operator else actor.partner.id, programme):
        states += Counter({State.OUTDATED: outdated})
        states[State.CURRENT] -= outdated
    upcoming = tuple(
        Upcoming(channel, date, sum(states_then.values()) - states_then[State.CURRENT])
        for channel in Channel
        if (date := programme.enforce_from.get(channel)) is not None and uow.now < date
        for states_then in [_states(rows, programme, date)]
    )
    return Standings(states, upcoming)


async def show_urgent(uow: UnitOfWork, actor: Actor, programme: Programme) -> Urgent:
    """Customers without a valid confirmation that are nearest to a transaction, and those that no longer agree."""
    partner = actor.partner.id
    rows = await tally(uow, partner)
    by_state: dict[State, set[str]] = {state: set() for state in LISTED}
    for row in rows:
        by_state[state_of(row.coverage, programme, uow.now)].add(row.coverage)
    ended = by_state[State.ENDED]
    without = by_state[State.MISSING] | ended
    causes: dict[str, list[tuple[Cause, datetime]]] = {}
    names: dict[str, str] = {}
    for one in await subscribed_next(uow, partner, without, SHOWN):
        names[one.customer_id] = one.company_name
        cause = Cause.AUTO_RENEWAL if one.renews_at == one.ends_at else Cause.RENEWAL
        causes.setdefault(one.customer_id, []).append((cause, one.ends_at))
    for cause, tried in (
        (Cause.CART, await open_carts(uow, partner, without, SHOWN)),
        (Cause.REFUSED, await refused_lately(uow, partner, without, uow.now - LATELY, SHOWN)),
    ):
        for other in tried:
            names[other.customer_id] = other.company_name
            causes.setdefault(other.customer_id, []).append((cause, other.at))
    pressing = [
        Pressing(id_, names[id_], tuple(sorted(of_it, key=lambda one: abs(one[1] - uow.now))))
        for id_, of_it in causes.items()
    ]
    pressing.sort(key=lambda one: (abs(one.causes[0][1] - uow.now), one.customer_id))
    unwilling = await subscribed_next(uow, partner, ended, SHOWN)
    unwilling.sort(key=lambda one: (one.renews_at or one.ends_at, one.customer_id))
    return Urgent(
        tuple(pressing[:SHOWN]),
        tuple(unwilling),
        Capped.of(await count_subscribed(uow, partner, ended, MOST + 1)),
    )


async def show_refusals(uow: UnitOfWork, actor: Actor, programme: Programme) -> Refusals:
    """What the gate refused in the last 30 days, the latest first."""
    since = uow.now - LATELY
    latest = await denied(uow, actor.partner.id, since, SHOWN)
    return Refusals(
        tuple((one, None if one.coverage is None else state_of(one.coverage, programme, uow.now)) for one in latest),
        Capped.of(await count_denied(uow, actor.partner.id, since, MOST + 1)),
    )


def _states(rows: Iterable[Tally], programme: Programme, at: datetime) -> Counter[State]:
    states: Counter[State] = Counter(dict.fromkeys(LISTED, 0))
    for row in rows:
        states[state_of(row.coverage, programme, at)] += row.customers
    return states
