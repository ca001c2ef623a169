"""The tour of the dates: one order on each day of the process and on both channels (R5)."""

from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.gate import Decision, decide
from agreegate.domain.milestone import tour
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Standing
from agreegate.services.gate import ask
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork
from agreegate.storage.question import unconfirmed_customers

OFFERED = 50
"""Maximum number of customers offered for the tour."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One decision of the tour."""

    at: datetime
    channel: Channel
    decision: Decision


async def tour_customers(uow: UnitOfWork, actor: Actor) -> list[tuple[str, str]]:
    """Return id and name of some of the reader's customers without a confirmation."""
    return await unconfirmed_customers(uow, actor.partner, OFFERED)


async def walk(store: Store, actor: Actor, programme: Programme, customer: str | None) -> list[Stop]:
    """Return the gate's decision about a new purchase at every stop, earliest first, without recording it.

    Args:
        customer: the customer, with today's standing; None: a customer without records.
    """
    stops = []
    for at in tour(programme):
        for channel in reversed(Channel):
            asked = Transaction(Action.NEW_PURCHASE, channel)
            if customer is None:
                decision = decide(asked, Standing(related=True), programme, actor.partner.cloud, at)
            else:
                decision = await ask(store, actor, programme, customer, asked, at)
            stops.append(Stop(at, channel, decision))
    return stops
