"""The overview: customers not ready for their next order, and recent denials. Totals: `services/totals.py`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from agreegate.domain.actor import Actor
from agreegate.domain.partner import Partner
from agreegate.domain.programme import Programme
from agreegate.domain.standing import State, state_of
from agreegate.services.totals import Counted
from agreegate.storage.customers.standing import standings_of
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.overview import (
    Committed,
    Denied,
    Tried,
    count_denied,
    denied,
    denied_lately,
    ending_first,
    many_no_longer_agree,
    no_longer_agreeing,
    open_carts,
)

Listed = TypeVar("Listed", Committed, Tried)

SHOWN = 10
LATELY = timedelta(days=30)
MOST = 1_000
"""Maximum denials counted exactly."""
UNCONFIRMED = (State.NOT_CONFIRMED, State.NO_LONGER_AGREES)
"""The states in which the gate denies orders, or will from the channel's date."""


class Cause(StrEnum):
    """The transaction that makes a customer urgent."""

    REFUSED = "refused"
    CART = "cart"
    RENEWAL = "renewal"
    """A renewal by the partner, or the end of a term."""
    AUTO_RENEWAL = "auto-renewal"
    """An auto-renewal, about which the gate is not asked (R11)."""


@dataclass(frozen=True, slots=True)
class UrgentCustomer:
    """A customer without a valid confirmation, and its nearest transactions."""

    customer_id: str
    company_name: str
    causes: tuple[tuple[Cause, datetime], ...]
    """The nearest first."""


@dataclass(frozen=True, slots=True)
class Denials:
    """The denials of the last 30 days."""

    latest: tuple[tuple[Denied, State | None], ...]
    """Each with the customer's state today; None: the partner does not serve it."""
    count: Counted
    """Up to `MOST`."""


@dataclass(frozen=True, slots=True)
class Urgent:
    """Customers that need attention soon."""

    next: tuple[UrgentCustomer, ...]
    next_until: datetime | None
    """Commitments that end later were not read; None: all were, or the list is full."""
    no_longer_agree: tuple[Committed, ...]
    """Customers that no longer agree and have subscriptions (R39, R40)."""
    no_longer_agree_count: int | None
    """None: too many to count here."""


async def show_urgent(uow: UnitOfWork, actor: Actor, programme: Programme) -> Urgent:
    """Return the customers without a valid confirmation nearest to a transaction, and those that no longer agree."""
    partner = actor.partner
    ending, until = await ending_first(uow, partner.id, programme, UNCONFIRMED, SHOWN)
    carts = await open_carts(uow, partner.id)
    denied = await denied_lately(uow, partner.id, uow.now - LATELY)
    if await many_no_longer_agree(uow, partner.id):
        (no_longer_agree, _), number = (
            await ending_first(uow, partner.id, programme, (State.NO_LONGER_AGREES,), SHOWN),
            None,
        )
    else:
        no_longer_agree, number = await no_longer_agreeing(uow, partner.id, programme, SHOWN)
    listed = [one.customer_id for found in (ending, carts, denied, no_longer_agree) for one in found]
    states = await _states_of(uow, partner, programme, listed)
    near: list[tuple[Committed | Tried, Cause, datetime]] = [
        (one, Cause.AUTO_RENEWAL if one.renews_at == one.ends_at else Cause.RENEWAL, one.ends_at)
        for one in _in_state(ending, states, UNCONFIRMED)
    ]
    for cause, tried in ((Cause.CART, carts), (Cause.REFUSED, denied)):
        near += [(other, cause, other.at) for other in _in_state(tried, states, UNCONFIRMED)[:SHOWN]]
    causes: dict[str, list[tuple[Cause, datetime]]] = defaultdict(list)
    for customer, cause, at in sorted(near, key=lambda each: abs(each[2] - uow.now)):
        causes[customer.customer_id].append((cause, at))
    names = {customer.customer_id: customer.company_name for customer, _, _ in near}
    urgent = [UrgentCustomer(id_, names[id_], tuple(of_it)) for id_, of_it in causes.items()]
    urgent.sort(key=lambda one: (abs(one.causes[0][1] - uow.now), one.customer_id))
    no_longer_agree = _in_state(no_longer_agree, states, (State.NO_LONGER_AGREES,))
    no_longer_agree.sort(key=lambda one: (one.renews_at or one.ends_at, one.customer_id))
    return Urgent(tuple(urgent[:SHOWN]), None if len(ending) == SHOWN else until, tuple(no_longer_agree), number)


async def show_denials(uow: UnitOfWork, actor: Actor, programme: Programme) -> Denials:
    """Return the denials of the last 30 days, latest first."""
    since = uow.now - LATELY
    latest = await denied(uow, actor.partner.id, since, SHOWN)
    states = await _states_of(uow, actor.partner, programme, [one.customer_id for one in latest])
    count = Counted.up_to(MOST, await count_denied(uow, actor.partner.id, since, MOST + 1))
    return Denials(tuple((one, states[one.customer_id]) for one in latest), count)


async def _states_of(
    uow: UnitOfWork, partner: Partner, programme: Programme, customers: Iterable[str]
) -> dict[str, State | None]:
    standings = await standings_of(uow, partner.id, list(dict.fromkeys(customers)))
    return {id_: state_of(standing, programme, partner.cloud, uow.now) for id_, standing in standings.items()}


def _in_state(found: Iterable[Listed], states: Mapping[str, State | None], among: Collection[State]) -> list[Listed]:
    return [one for one in found if states[one.customer_id] in among]
