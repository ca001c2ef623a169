"""Who accepted, as it is typed into the form for a confirmation; and what is on record afterwards."""

from tests import personas as cast
from tests.dashboard.visitor import Reply, Visitor
from tests.world import World

ACCEPTOR: dict[str, str] = {
    "acceptor_first_name": "Noa",
    "acceptor_last_name": "Berg",
    "acceptor_email": "noa@dogwood.example",
    "acceptor_phone": "5550100",
    "accepted_on": "2018-08-10",
}


def confirmed(world: World) -> list[tuple[object, ...]]:
    """Customer, acceptor's last name and channel of every confirmation, in that order."""
    return world.rows(
        "select c.customer_id, p.last_name, c.channel from confirmation c join confirmation_contact p"
        " on p.confirmation_number = c.number order by c.recorded_at, c.sequence"
    )


def subscribed(world: World) -> list[tuple[object, ...]]:
    """Customer, name and seats of every subscription, by name."""
    return world.rows("select customer_id, friendly_name, quantity from subscription order by friendly_name")


def decided(world: World) -> list[tuple[object, ...]]:
    """Action, channel and verdict of every decision on record."""
    return world.rows("select action, channel, verdict from decision order by decided_at, verdict")


DOGWOOD = f"/customers/{cast.DOGWOOD}/confirmation"

NORA = {
    "acceptor_first_name": "Nora",
    "acceptor_last_name": "Whitfield",
    "acceptor_email": "nora@dogwood.example",
    "acceptor_phone": "",
    "accepted_on": "2018-08-10",
}


async def confirm(someone: Visitor, path: str = DOGWOOD, **changes: str | list[str] | None) -> Reply:
    """Open the form, fill it and save."""
    return await someone.fill(path, **{**NORA, **changes})
