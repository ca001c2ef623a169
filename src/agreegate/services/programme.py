"""Put a record under another programme, and preview which decisions of the gate change (decision 0017)."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.gate import decide
from agreegate.domain.milestone import MilestoneKind, milestones
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.programme import Programme
from agreegate.storage.customers.relationship import related_customers
from agreegate.storage.customers.standing import standing_of
from agreegate.storage.deployment import made_for, make_for
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.record import record

COMMAND = "agreegate programme use"
"""The application in audit records."""
_MOVES = (MilestoneKind.ENFORCED, MilestoneKind.OPENS, MilestoneKind.CLOSES)
_PAGE = 10_000
"""Maximum customers read at a time."""


@dataclass(frozen=True, slots=True)
class Shift:
    """The number of customers whose new orders another programme allows or denies from an instant on."""

    at: datetime
    channel: Channel
    opened: int
    """Newly allowed customers; without a present programme, all that are allowed."""
    closed: int
    """Newly denied customers; without a present programme, all that are denied."""


async def preview_programme(uow: UnitOfWork, before: Programme | None, after: Programme) -> list[Shift]:
    """Ask the gate under both programmes about every customer's standing of today.

    Compares now and each future date of either programme; returns the instants and channels with a change.

    Args:
        before: the present programme; None: not known.
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
    shifts = [Shift(at, channel, opened[at, channel], closed[at, channel]) for at in instants for channel in Channel]
    return [shift for shift in shifts if shift.opened or shift.closed]


async def use_programme(uow: UnitOfWork, actor: Actor, programme: Programme) -> bool:
    """Put the record under the programme; return whether that changed anything."""
    made = await made_for(uow)
    if made is not None and made.programme == programme.name:
        return False
    await make_for(uow, programme.name, demo=made is not None and made.demo)
    before = None if made is None else {"programme": made.programme}
    now = {"programme": programme.policy}
    change = ResourceChanged("use_programme", "programme", resource_id=programme.name, old_value=before, new_value=now)
    await record(uow, actor, change)
    return True
