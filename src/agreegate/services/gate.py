"""Ask the gate: about a possible transaction, or about one that is under way, whose decision is recorded."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeVar

from agreegate.domain.actor import Actor
from agreegate.domain.error import Rejected, StoreUnavailable
from agreegate.domain.fact import TransactionDecided
from agreegate.domain.gate import Decision, decide
from agreegate.domain.orders.transaction import GOES_ON, Action, Transaction
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Reason
from agreegate.domain.standing import Standing, Unknown
from agreegate.services.clock import is_behind, is_behind_here, require_clock
from agreegate.services.customers.relationship import require_relationship
from agreegate.services.idempotency import IdempotentCall
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.customers.standing import (
    CURRENT,
    RELATIONSHIP,
    confirmed_standing,
    may_be_outdated,
    standing_of,
    standings_of,
    unconfirmed_standing,
)
from agreegate.storage.decision import KeptDecision, decision_of, decisions_of, repeated_decision
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.record import record

Paused = TypeVar("Paused")


class Inquiry(NamedTuple):
    """A question to the gate about one customer."""

    customer: str
    asked: Transaction
    at: datetime | None = None
    """Compare the programme's dates with this instant; None: with now."""


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A decision and its id."""

    id: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Denial:
    """A denied transaction: none of its actions is done, and every decision is recorded (R7)."""

    denied: tuple[RecordedDecision, ...]
    """One for each denied action, in the order of the actions."""

    @property
    def id(self) -> str:
        """The id of the first decision."""
        return self.denied[0].id

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons of every denied action, each once."""
        return tuple(dict.fromkeys(reason for one in self.denied for reason in one.decision.reasons))

    @property
    def advisories(self) -> tuple[Reason, ...]:
        """The advisories of every denied action, each once."""
        return tuple(dict.fromkeys(advisory for one in self.denied for advisory in one.decision.advisories))


async def ask(
    store: Store,
    actor: Actor,
    programme: Programme,
    customer: str,
    asked: Transaction,
    at: datetime | None = None,
    now: datetime | None = None,
) -> Decision:
    """Return the gate's decision without recording it.

    A record that cannot be read denies, and so does a clock that is behind (decision 0015).

    Args:
        at: compare the programme's dates with this instant instead of now; the standing is today's.
        now: the store's clock, where the caller has read it.
    """
    now = now or store.clock()
    partner = actor.partner
    standing: Standing | Unknown
    try:
        # Memory is read here, because a coroutine would take longer than the decision.
        trusted = store.trusted.of(partner.id)
        if (
            (trusted is None or now < trusted)
            and asked.action not in GOES_ON
            and await is_behind(store, partner.id, now)
        ):
            standing = Unknown(clock_behind=True)
        elif current := await store.fetch_all(CURRENT, partner.id, customer):
            # Two statements would see two states: a confirmation that ends between them would seem up to date.
            if may_be_outdated(current):
                standing = await store.read(lambda uow: standing_of(uow, partner.id, customer))
            else:
                standing = confirmed_standing(current, (), now)
        else:
            standing = unconfirmed_standing(await store.fetch_all(RELATIONSHIP, partner.id, customer))
    except StoreUnavailable:
        standing = Unknown()
    return decide(asked, standing, programme, partner.cloud, at or now)


async def ask_together(
    store: Store, actor: Actor, programme: Programme, inquiries: Sequence[Inquiry]
) -> tuple[datetime, list[Decision]]:
    """Answer several questions like `ask`, from one state of the record. The clock's instant and the answers, in order."""
    partner = actor.partner

    async def known(uow: UnitOfWork) -> tuple[datetime, bool, dict[str, Standing]]:
        needs_clock = any(asked.action not in GOES_ON for _, asked, _ in inquiries)
        behind = needs_clock and await is_behind_here(uow, partner.id)
        customers = sorted({customer for customer, _, _ in inquiries})
        return uow.now, behind, await standings_of(uow, partner.id, customers)

    now, behind = store.clock(), False
    standings: dict[str, Standing] = {}
    with suppress(StoreUnavailable):
        now, behind, standings = await store.read(known)
    late, unread = Unknown(clock_behind=True), Unknown()
    return now, [
        decide(
            asked,
            late if behind and asked.action not in GOES_ON else standings.get(customer, unread),
            programme,
            partner.cloud,
            at or now,
        )
        for customer, asked, at in inquiries
    ]


async def foresee(uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, asked: Transaction) -> Decision:
    """Like `ask`, inside the caller's unit of work. Does not record the decision."""
    partner = actor.partner
    standing: Standing | Unknown
    if asked.action not in GOES_ON and await is_behind_here(uow, partner.id):
        standing = Unknown(clock_behind=True)
    else:
        standing = await standing_of(uow, partner.id, customer)
    return decide(asked, standing, programme, partner.cloud, uow.now)


async def check(
    uow: UnitOfWork, call: IdempotentCall, programme: Programme, customer: str, asked: Transaction
) -> RecordedDecision:
    """Ask the gate and record the decision.

    For a day, a repeated call with the same decision on the same standing adds no row, and returns the first one's id.

    Raises:
        `clock.behind`: the clock is behind the partner's records, and the action is not in `GOES_ON`.
    """
    await lock_customers(uow, call.actor.partner.id, customer)
    standing, [(_, decision)] = await _decided(uow, call.actor, programme, customer, [asked])
    return await _record(uow, call, customer, asked, standing, decision, None, once=call.repeatable)


def never(_: Decision) -> None:
    """Pause no transaction."""


async def denial_of(
    uow: UnitOfWork,
    call: IdempotentCall,
    programme: Programme,
    customer: str,
    actions: Iterable[Action],
    subject: str | None = None,
    pause: Callable[[Decision], Paused | None] = never,
) -> Denial | Paused | None:
    """Ask about every action of a transaction and record the decisions; return None if all actions are allowed.

    One denied action stops the whole transaction (R7). The caller returns the denial as a value and writes nothing else, so
    that the decisions are committed. For a day, a repeated call with the same denial adds no row. A repeat of a completed
    transaction gets its idempotent answer before this function is called.

    Args:
        subject: the id of the order, cart or subscription.
        pause: called with each decision once all actions are allowed. If it returns something, that is returned, and no
            decision is recorded.

    Raises:
        `clock.behind`: the clock is behind the partner's records, and an action is not in `GOES_ON`.
    """
    standing, decided = await _decided(
        uow, call.actor, programme, customer, [Transaction(action, call.actor.channel) for action in actions]
    )
    denies = any(not decision.allowed for _, decision in decided)
    if not denies:
        for _, decision in decided:
            if (paused := pause(decision)) is not None:
                return paused
    once = call.repeatable and denies
    recorded = [
        await _record(uow, call, customer, asked, standing, decision, subject, once=once) for asked, decision in decided
    ]
    denied = tuple(one for one in recorded if not one.decision.allowed)
    return Denial(denied) if denied else None


async def _decided(
    uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, asked: Sequence[Transaction]
) -> tuple[Standing, list[tuple[Transaction, Decision]]]:
    if any(one.action not in GOES_ON for one in asked):
        await require_clock(uow, actor.partner.id)
    standing = await standing_of(uow, actor.partner.id, customer)
    return standing, [(one, decide(one, standing, programme, actor.partner.cloud, uow.now)) for one in asked]


async def _record(
    uow: UnitOfWork,
    call: IdempotentCall,
    customer: str,
    asked: Transaction,
    standing: Standing,
    decision: Decision,
    subject: str | None,
    *,
    once: bool,
) -> RecordedDecision:
    fact = TransactionDecided(
        customer, uow.new_id(), asked, standing, decision, call.request_id, call.fingerprint, subject, once
    )
    earlier = await repeated_decision(uow, call.actor.partner.id, fact) if once else None
    if earlier is not None:
        return RecordedDecision(earlier, decision)
    await record(uow, call.actor, fact)
    return RecordedDecision(fact.decision_id, decision)


async def list_decisions(uow: UnitOfWork, actor: Actor, customer: str, page_request: PageRequest) -> Page[KeptDecision]:
    """Return a page of the decisions about one of the caller's customers, newest first.

    Raises:
        `relationship.missing`: the customer is not one of this partner's (decision 0018).
    """
    await require_relationship(uow, actor, customer)
    return await decisions_of(uow, actor.partner.id, customer, page_request)


async def show_decision(uow: UnitOfWork, actor: Actor, customer: str, decision: str) -> KeptDecision:
    """Return one decision about one of the caller's customers.

    Raises:
        `relationship.missing`.
        `request.not-found`: there is no such decision about this customer.
    """
    await require_relationship(uow, actor, customer)
    found = await decision_of(uow, actor.partner.id, customer, decision)
    if found is None:
        raise Rejected("request.not-found")
    return found
