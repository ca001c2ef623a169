"""Totals of a partner's customers by state: counted at once where they are few, else in the background and kept a minute.

A page shows kept totals with the instant of their count. Without totals, the page says that they are being counted. Lists
always show the present.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.error import StoreUnavailable
from agreegate.domain.partner import PartnerId, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.standing import denies_orders
from agreegate.storage.customers.totals import (
    Totals,
    count_texts,
    count_totals,
    has_more_customers,
    newest_change,
    newest_change_by,
)
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class TotalsLimits:
    """When totals are counted in the background, and how long pages use them."""

    counted_at_once: int = 20_000
    """Maximum customers counted while a page waits."""
    renewed_after: timedelta = timedelta(seconds=30)
    """Age from which a page starts a new count."""
    used_for: timedelta = timedelta(minutes=1)
    """Maximum age of totals that a page shows."""
    partners: int = 1_000
    """Maximum partners with kept totals; the least recently used are dropped."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A number that may be counted only up to a limit."""

    number: int
    more: bool = False
    """There are more, or there may be."""

    @classmethod
    def up_to(cls, most: int, counted: int) -> "Counted":
        """Return the number, limited to `most`."""
        return cls(min(counted, most), counted > most)

    def __bool__(self) -> bool:
        return self.number > 0 or self.more


@dataclass(frozen=True, slots=True)
class Upcoming:
    """An enforcement date in the future."""

    channel: Channel
    date: datetime
    customers: int
    """Customers whose orders the gate would deny on that date if nothing changed."""


@dataclass(frozen=True, slots=True)
class ShownTotals:
    """A partner's totals for a page."""

    totals: Totals | None
    """None: the first count is still running."""
    as_of: datetime | None = None
    """When they were counted; None: now."""
    unseen_change: datetime | None = None
    """The reader's newest change that is not yet in the totals."""
    is_due: bool = False
    """A count in the background must start: see `KeptTotals.refresh`."""


@dataclass(frozen=True, slots=True)
class CountedTotals:
    """Totals, and the facts that decide how long they are valid."""

    totals: Totals
    counted_at: datetime
    """By the machine's clock."""
    clock_ahead: timedelta
    """How far Agreegate's clock was ahead of the machine's; another difference means that the demo's clock was moved."""
    texts: int
    """Number of published texts; a higher number means a newer publication."""
    seen_until: datetime | None
    """The newest change in the totals."""


@dataclass(slots=True)
class KeptTotals:
    """The totals of partners with many customers, in the memory of one process; counts one partner at a time."""

    limits: TotalsLimits = field(default_factory=TotalsLimits)
    _kept: OrderedDict[PartnerId | None, CountedTotals] = field(default_factory=OrderedDict, repr=False)
    _counting: dict[PartnerId | None, asyncio.Task[None]] = field(default_factory=dict, repr=False)
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def refresh(self, store: Store, programme: Programme, actor: Actor, shown: ShownTotals | None) -> None:
        """Start a count of a partner's totals if a page showed totals that are due. Called on the event loop."""
        whose = _whose(actor)
        if shown is None or not shown.is_due or whose in self._counting:
            return
        self._counting[whose] = asyncio.create_task(self._count(store, programme, whose))

    async def settle(self) -> None:
        """Wait until every started count has ended."""
        await asyncio.gather(*self._counting.values())

    async def _count(self, store: Store, programme: Programme, whose: PartnerId | None) -> None:
        try:
            async with self._one_at_a_time:
                kept = await store.read_slow(lambda uow: _counted(uow, programme, whose))
            with self._lock:
                self._kept[whose] = kept
                self._kept.move_to_end(whose)
                while len(self._kept) > self.limits.partners:
                    self._kept.popitem(last=False)
        except StoreUnavailable:  # the next page that asks tries again
            pass
        finally:
            del self._counting[whose]

    def find(self, whose: PartnerId | None, uow: UnitOfWork, texts: int) -> CountedTotals | None:
        """Return the kept totals, unless they are too old, a text was published, or the demo's clock was moved."""
        with self._lock:
            kept = self._kept.get(whose)
            if kept is None:
                return None
            moved = abs(uow.now - uow.machine_now - kept.clock_ahead) > self.limits.used_for
            fresh = timedelta() <= uow.machine_now - kept.counted_at <= self.limits.used_for
            if moved or not fresh or texts != kept.texts:
                del self._kept[whose]
                return None
            self._kept.move_to_end(whose)
            return kept


async def totals_of(uow: UnitOfWork, actor: Actor, programme: Programme, kept: KeptTotals) -> ShownTotals | None:
    """Return the totals of the actor's customers; for the operator, of all partners whose cloud is supported.

    The caller hands the answer to `kept.refresh` once the unit of work has ended.

    Returns:
        None: customers have no state, because confirmations do not exist now or in the partner's cloud (R1, R31).
    """
    operator = actor.partner.kind is PartnerKind.OPERATOR
    if not programme.exists(uow.now, None if operator else actor.partner.cloud):
        return None
    whose = _whose(actor)
    found = kept.find(whose, uow, await count_texts(uow))
    if found is None:
        if await has_more_customers(uow, programme, whose, kept.limits.counted_at_once):
            return ShownTotals(None, is_due=True)
        return ShownTotals(await count_totals(uow, programme, whose, _dates_ahead(programme, uow.now)))
    unseen = None
    if whose is not None and actor.user_id is not None:
        unseen = await newest_change_by(uow, whose, actor.user_id, found.seen_until)
    is_due = uow.machine_now - found.counted_at >= kept.limits.renewed_after
    return ShownTotals(found.totals, found.totals.as_of, unseen, is_due)


def upcoming(totals: Totals, programme: Programme, now: datetime) -> tuple[Upcoming, ...]:
    """Return the future enforcement dates, each with the customers whose orders the gate would deny then."""
    return tuple(
        Upcoming(
            channel,
            date,
            sum(customers for state, customers in states.items() if denies_orders(state, programme, channel, date)),
        )
        for channel in Channel
        if (date := programme.enforce_from.get(channel)) is not None and now < date
        if (states := totals.states_then.get(date)) is not None
    )


async def _counted(uow: UnitOfWork, programme: Programme, whose: PartnerId | None) -> CountedTotals:
    return CountedTotals(
        await count_totals(uow, programme, whose, _dates_ahead(programme, uow.now)),
        uow.machine_now,
        uow.now - uow.machine_now,
        await count_texts(uow),
        None if whose is None else await newest_change(uow, whose),
    )


def _dates_ahead(programme: Programme, now: datetime) -> tuple[datetime, ...]:
    dates: Collection[datetime | None] = programme.enforce_from.values()
    return tuple(sorted({date for date in dates if date is not None and now < date}))


def _whose(actor: Actor) -> PartnerId | None:
    """Return whose customers an actor's totals count; None: everybody's."""
    return None if actor.partner.kind is PartnerKind.OPERATOR else actor.partner.id
