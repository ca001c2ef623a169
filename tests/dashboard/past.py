"""What happened before a page is opened: orders, endings, customers, older texts, the passing of time."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from agreegate.domain.customers.customer import Customer, CustomerId
from agreegate.domain.partner import PartnerId
from agreegate.storage.customers.customer import add_customer
from agreegate.storage.customers.relationship import open_relationship
from agreegate.storage.engine.unit_of_work import UnitOfWork
from tests import personas as cast
from tests.operations import OFFER
from tests.texts import AMERICA, publish
from tests.world import API_ENFORCED, World

CEDAR = f"/customers/{cast.CEDAR}"


async def order(world: World, who: str = cast.ALDER_SALES, of: str = cast.CEDAR, **line: Any) -> dict[str, Any]:
    """Place an order through the API."""
    lines = [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 3, "friendlyName": "Mail"} | line]
    answer = await world.send(who, "POST", f"/v1/customers/{of}/orders", {"lineItems": lines})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def end(world: World, **why: str) -> None:
    """End confirmations of Cedar through our own API."""
    answer = await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{cast.CEDAR}/standing/end", why)
    assert answer.status_code == 200, answer.text


async def add(world: World, number: int, name: str, country: str = "US", partner: str = cast.ALDER) -> str:
    """A customer more."""
    id_ = f"{number:08x}-0000-4000-8000-0000000000ff"

    async def work(uow: UnitOfWork) -> None:
        customer = Customer(CustomerId(id_), id_, name, f"c{number}-x.example", country, "en", "en-US")
        await add_customer(uow, PartnerId(partner), customer)
        await open_relationship(uow, PartnerId(partner), id_)

    await world.store.write(work)
    return id_


ORDER = f"/customers/{cast.DOGWOOD}/order"


async def strict_world(tmp_path: Path) -> World:
    """From June 2019 on the gate refuses older texts; Dogwood accepted one, and a newer one has been in force since May."""
    rules = (files("agreegate") / "programmes" / "microsoft-cloud-agreement.toml").read_text(encoding="utf-8")
    strict = tmp_path / "strict.toml"
    strict.write_text(
        rules.replace(
            'name = "microsoft-cloud-agreement"', 'name = "strict"\nstale_rule = "refuse"\nstale_from = 2019-06-01'
        ),
        encoding="utf-8",
    )
    world = World(tmp_path, API_ENFORCED, str(strict))
    await publish(world, {AMERICA: ("text.md", b"# Sample\n")})
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    await publish(world, {AMERICA: ("text.md", b"# Sample\n")}, "2", effective_from=datetime(2019, 5, 1, tzinfo=UTC))
    return world


HERE = f"/customers/{cast.DOGWOOD}"


async def eight(world: World) -> str:
    """The page for the seats of a subscription of Dogwood, eight of them, bought while nothing was asked."""
    order = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "friendlyName": "Office", "quantity": 8}]}
    placed = await world.send(cast.ALDER_SALES, "POST", f"/v1/customers/{cast.DOGWOOD}/orders", order)
    return f"{HERE}/subscriptions/{placed.json()['lineItems'][0]['subscriptionId']}/seats"


HOUR = 3600 * 1_000_000


def age(world: World, hours: float, column: str) -> None:
    """Let every session have begun, or been used, a number of hours earlier."""
    connection = world.connection()
    connection.set_busy_timeout(5000)
    connection.execute(f"update session set {column} = {column} - ?", (int(hours * HOUR),))
    connection.close()


async def bought(world: World, **line: Any) -> str:
    """A subscription of Cedar; the path of the page that changes it."""
    made = await order(world, **line)
    return f"{CEDAR}/subscriptions/{made['lineItems'][0]['subscriptionId']}/change"


def kept(world: World, path: str) -> tuple[Any, ...]:
    """Status, auto-renewal and revision of the subscription."""
    id_ = path.split("/")[-2]
    [row] = world.rows("select status, auto_renew, revision from subscription where subscription_id = ?", id_)
    return row
