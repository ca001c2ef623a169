"""Put an existing record under another programme: what the gate would answer otherwise by it, and the change itself (D17)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.gate import decide
from agreegate.domain.milestone import MilestoneKind, milestones
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.programme import Programme
from agreegate.storage.customers.relationship import related_customers
from agreegate.storage.deployment import made_for, make_for
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.record import record
from agreegate.storage.standing import standing_of

COMMAND = "agreegate programme use"
"""What audit records name as the application."""
_MOVES = (MilestoneKind.ENFORCED, MilestoneKind.OPENS, MilestoneKind.CLOSES)
_PAGE = 10_000
"""Customers read at a time."""


@dataclass(frozen=True, slots=True)
class Shift:
    """How many customers' new orders another programme allows or refuses from an instant on."""

    at: datetime
    channel: Channel
    opened: int
    """Customers whose orders it allows and the present programme refuses; without a present one: all that it allows."""
    closed: int
    """Customers whose orders it refuses and the present programme allows; without a present one: all that it refuses."""


async def preview_programme(uow: UnitOfWork, before: Programme | None, after: Programme) -> list[Shift]:
    """What `after` would change, as the gate itself answers for every customer as it stands today.

    Now, and at each date of either programme that is still ahead: only instants and channels with a change.

    Args:
        before: the present rules; None when nobody knows them.
    """
    known = [programme for programme in (before, after) if programme is not None]
    dates = {milestone.at for programme in known for milestone in milestones(programme) if milestone.kind in _MOVES}
    dates |= {programme.stale_from for programme in known if programme.stale_from is not None}
    instants = [uow.now, *sorted(at for at in dates if at > uow.now)]
    opened: Counter[tuple[datetime, Channel]] = Counter()
    closed: Counter[tuple[datetime, Channel]] = Counter()
    last: tuple[str, str] = ("", "")
    while page := await related_customers(uow, last, _PAGE):
        for partner, customer, cloud in page:
            last = partner, customer
            standing = await standing_of(uow, partner, customer)
            for at in instants:
                for channel in Channel:
                    asked = Transaction(Action.NEW_PURCHASE, channel)
                    will = decide(asked, standing, after, cloud, at).allowed
                    was = not will if before is None else decide(asked, standing, before, cloud, at).allowed
                    opened[at, channel] += will and not was
                    closed[at, channel] += was and not will
    return _changes(instants, opened, closed)


def _changes(
    instants: Sequence[datetime],
    opened: Counter[tuple[datetime, Channel]],
    closed: Counter[tuple[datetime, Channel]],
) -> list[Shift]:
    shifts = [Shift(at, channel, opened[at, channel], closed[at, channel]) for at in instants for channel in Channel]
    return [shift for shift in shifts if shift.opened or shift.closed]


async def use_programme(uow: UnitOfWork, actor: Actor, programme: Programme) -> bool:
    """Put the record under the programme; whether that changed anything."""
    made = await made_for(uow)
    if made is not None and made.programme == programme.name:
        return False
    await make_for(uow, programme.name, demo=made is not None and made.demo)
    before = None if made is None else {"programme": made.programme}
    now = {"programme": programme.policy}
    change = ResourceChanged("use_programme", "programme", resource_id=programme.name, old_value=before, new_value=now)
    await record(uow, actor, change)
    return True
