"""Units of work that meet on PostgreSQL, led from statement to statement: what one decided by stays so until it is kept (D5)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from agreegate import programme
from agreegate.domain.actor import Actor, Channel, Role, UserId
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.confirmation import Draft, PrimaryContact
from agreegate.domain.error import Rejected
from agreegate.domain.gate import Decision
from agreegate.domain.orders.order import LineDraft, OrderDraft
from agreegate.domain.orders.subscription import SubscriptionChange
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import StaleRule
from agreegate.services.agreements.text import at_command_line, publish_text
from agreegate.services.confirmation import confirm
from agreegate.services.gate import Denial, Inquiry, ask, ask_together
from agreegate.services.orders.order import place_order
from agreegate.services.orders.subscription import change_subscription
from agreegate.services.standing import record_no_longer_agrees, void_confirmation
from agreegate.storage.engine.postgresql import PostgresStore
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, Value
from agreegate.storage.partner import partner_of
from tests import personas as cast
from tests.cast_rows import populate
from tests.memory import call
from tests.postgresql import Connection, drop_databases, new_database, schema_template
from tests.texts import draft as text_draft

AGREED = datetime(2024, 5, 6, 7, 8, tzinfo=UTC)
AGREEMENT = TemplateId(cast.CUSTOMER_AGREEMENT)
"""Its identical repeats are refused, so that a confirmation decides by the one before it."""
PROGRAMME = replace(
    programme.load(programme.DEFAULT), stale_rule=StaleRule.REFUSE, stale_from=datetime(2020, 1, 1, tzinfo=UTC)
)
ORDER = OrderDraft((LineDraft(0, cast.NOBODY, 1),))
PURCHASE = Transaction(Action.NEW_PURCHASE, Channel.API)
WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
STATE = f"""
    select (select string_agg(c.first_name, ' ') from current_confirmation n
        join confirmation k on k.partner_id = n.partner_id and k.customer_id = n.customer_id and k.sequence = n.sequence
        join confirmation_contact c on c.confirmation_number = k.number where n.customer_id = '{cast.CEDAR}'),
      (select count(*) from ending), (select count(*) from order_), (select min(quantity) from subscription)"""
"""Who accepted the current confirmation of Cedar; the numbers of endings and of orders; the seats."""


class Led:
    """Leads a unit of work up to a statement, and on when something else was done."""

    def __init__(self, before: str) -> None:
        self.before = before
        """How the statement begins."""
        self.stands, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def pass_by(self, sql: str) -> None:
        if " ".join(sql.split()).startswith(self.before):
            self.stands.set()
            await self.may_go_on.wait()

    async def until_it_stands(self, led: "asyncio.Future[Any]") -> None:
        standing = asyncio.ensure_future(self.stands.wait())
        await asyncio.wait({led, standing}, return_when=asyncio.FIRST_COMPLETED)
        assert standing.done(), "it never came to that statement"

    def unit(self, uow: UnitOfWork) -> Any:
        return _LedUnit(uow, self)


class _LedUnit:
    def __init__(self, uow: UnitOfWork, led: Led) -> None:
        self._uow, self._led = uow, led

    def __getattr__(self, name: str) -> Any:
        return getattr(self._uow, name)

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        await self._led.pass_by(sql)
        return await self._uow.fetch_one(sql, *parameters)

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        await self._led.pass_by(sql)
        return await self._uow.fetch_all(sql, *parameters)

    async def execute(self, sql: str, *parameters: Value) -> int:
        await self._led.pass_by(sql)
        return await self._uow.execute(sql, *parameters)


class LedStore:
    """A store whose reads are led."""

    def __init__(self, store: PostgresStore, led: Led) -> None:
        self._store, self._led = store, led

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def read(self, work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        return await self._store.read(lambda uow: work(self._led.unit(uow)))

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        await self._led.pass_by(sql)
        return await self._store.fetch_all(sql, *parameters)


class Seller:
    """A partner's user, and what she does about Cedar; each answer as one word."""

    def __init__(self, store: PostgresStore, database: Connection, actor: Actor) -> None:
        self.store, self.database, self.actor = store, database, actor
        self.call = call(actor)

    async def confirm(self, uow: UnitOfWork, first_name: str = "Noa", customer: str = cast.CEDAR) -> str:
        contact = PrimaryContact(first_name, "Berg", "noa@contoso.example")
        await confirm(uow, self.call, PROGRAMME, customer, Draft(contact, AGREEMENT, AGREED))
        return "confirmed"

    async def confirm_for_another(self, uow: UnitOfWork) -> str:
        return await self.confirm(uow, "Kim")

    async def no_longer_agrees(self, uow: UnitOfWork, customer: str = cast.CEDAR) -> str:
        await record_no_longer_agrees(uow, self.call, PROGRAMME, customer, "")
        return "ended"

    async def void(self, uow: UnitOfWork) -> str:
        await void_confirmation(uow, self.call, PROGRAMME, cast.CEDAR, AGREEMENT, "")
        return "voided"

    async def order(self, uow: UnitOfWork) -> str:
        return _word(await place_order(uow, self.call, PROGRAMME, cast.CEDAR, ORDER), "ordered")

    async def change_seats(self, uow: UnitOfWork, seats: int = 2) -> str:
        [subscription] = (await uow.fetch_all("select subscription_id from subscription"))[0]
        change = SubscriptionChange(quantity=seats)
        done = await change_subscription(uow, self.call, PROGRAMME, cast.CEDAR, subscription, change, [])
        return _word(done, f"revision {getattr(done, 'revision', 0)}")

    async def change_seats_again(self, uow: UnitOfWork) -> str:
        return await self.change_seats(uow, 3)

    async def publish(self, uow: UnitOfWork, label: str = "1") -> str:
        version = text_draft(label, template_id=AGREEMENT)
        await publish_text(uow, await at_command_line(uow), PROGRAMME, version, allow_past=True)
        return "published"

    async def publish_again(self, uow: UnitOfWork) -> str:
        return await self.publish(uow, "2")

    async def does(self, work: Callable[[UnitOfWork], Awaitable[str]], led: Led | None = None) -> str:
        try:
            return await self.store.write(work if led is None else lambda uow: work(led.unit(uow)))
        except Rejected as error:
            return error.code

    async def until_one_waits(self, waiting: "asyncio.Future[str]") -> None:
        while self.database.execute(WAITING).get == 0:
            assert not waiting.done(), "it did not wait"
            await asyncio.sleep(0)


def _word(done: object, word: str) -> str:
    return "denied" if isinstance(done, Denial) else word


@pytest.fixture
def database() -> Iterator[Connection]:
    connection = Connection(new_database(schema_template()))
    populate(connection)
    yield connection
    connection.close()
    drop_databases([connection.url])


@pytest.fixture
async def seller(database: Connection) -> AsyncIterator[Seller]:
    store = PostgresStore(database.url)
    partner = await store.read(lambda uow: partner_of(uow, PartnerId(cast.ALDER)))
    assert partner is not None
    actor = Actor(partner, frozenset({Role.ADMIN_AGENT}), UserId(cast.ALDER_ADMIN), "x@y.example")
    made = Seller(store, database, actor)
    for work in (made.publish, made.confirm, made.order):
        await made.does(work)
    yield made
    await store.finish()


@dataclass(frozen=True)
class Meeting:
    """Two units of work; the second one begins when the first one stands before a statement."""

    first: str
    stands_before: str
    second: str
    answers: tuple[str, str]
    state: tuple[object, ...]


INSERTS_CONFIRMATION = "insert into confirmation "
MEETINGS = {
    "lost update": Meeting(
        "change_seats", "update subscription", "change_seats_again", ("revision 2", "revision 3"), ("Noa", 0, 1, 3)
    ),
    "write skew: order, then no longer agrees": Meeting(
        "order", "insert into order_", "no_longer_agrees", ("ordered", "ended"), (None, 1, 2, 1)
    ),
    "write skew: no longer agrees, then order": Meeting(
        "no_longer_agrees", "insert into ending", "order", ("ended", "denied"), (None, 1, 1, 1)
    ),
    "write skew: seats, then no longer agrees": Meeting(
        "change_seats", "update subscription", "no_longer_agrees", ("revision 2", "ended"), (None, 1, 1, 2)
    ),
    "write skew: void, then seats": Meeting(
        "void", "insert into ending", "change_seats", ("voided", "denied"), (None, 1, 1, 1)
    ),
    "two current confirmations of one person": Meeting(
        "confirm_for_another", INSERTS_CONFIRMATION, "confirm_for_another",
        ("confirmed", "confirmation.already-exists"), ("Kim", 0, 1, 1),
    ),
    "two current confirmations of two persons": Meeting(
        "confirm_for_another", INSERTS_CONFIRMATION, "void", ("confirmed", "voided"), ("Noa", 1, 1, 1)
    ),
    "a confirmation while another one is voided": Meeting(
        "void", "insert into ending", "confirm_for_another", ("voided", "confirmed"), ("Kim", 1, 1, 1)
    ),
    "no longer agrees twice": Meeting(
        "no_longer_agrees", "insert into ending", "no_longer_agrees",
        ("ended", "confirmation.nothing-to-end"), (None, 1, 1, 1),
    ),
    "a text while a confirmation is recorded": Meeting(
        "confirm_for_another", INSERTS_CONFIRMATION, "publish_again", ("confirmed", "published"), ("Kim", 0, 1, 1)
    ),
    "a confirmation while a text is published": Meeting(
        "publish_again", "insert into text_file", "confirm", ("published", "confirmed"), ("Noa", 0, 1, 1)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MEETINGS)
async def test_the_second_unit_waits_and_decides_by_what_the_first_one_kept(name: str, seller: Seller) -> None:
    meeting = MEETINGS[name]
    led = Led(meeting.stands_before)
    first = asyncio.ensure_future(seller.does(getattr(seller, meeting.first), led))
    await led.until_it_stands(first)
    second = asyncio.ensure_future(seller.does(getattr(seller, meeting.second)))
    await seller.until_one_waits(second)
    led.may_go_on.set()
    assert (await first, await second) == meeting.answers
    assert seller.database.execute(STATE).fetchall() == [meeting.state]


def codes(*decisions: Decision) -> list[tuple[str, ...]]:
    return [tuple(reason.code for reason in (*one.reasons, *one.advisories)) for one in decisions]


READS_RELATIONSHIPS, READS_TEXTS = (
    "select r.customer_id, r.no_longer_agrees_at",
    "select n.agreement_type, v.effective_at",
)


@pytest.mark.parametrize("before", [READS_RELATIONSHIPS, READS_TEXTS])
async def test_a_batch_is_answered_from_one_state(seller: Seller, before: str) -> None:
    """Between two statements of the batch, two customers no longer agree and one is confirmed."""
    await seller.does(seller.publish_again)
    led = Led(before)
    batch = [Inquiry(customer, PURCHASE) for customer in (cast.CEDAR, cast.DOGWOOD, cast.FRENE)]

    async def answers(store: Any) -> list[tuple[str, ...]]:
        return codes(*(await ask_together(store, seller.actor, PROGRAMME, batch))[1])

    were = [("confirmation.outdated",), ("confirmation.missing",), ("confirmation.missing",)]
    assert await answers(seller.store) == were
    asked = asyncio.ensure_future(answers(LedStore(seller.store, led)))
    await led.until_it_stands(asked)
    await seller.does(seller.no_longer_agrees)
    await seller.does(lambda uow: seller.confirm(uow, customer=cast.DOGWOOD))
    await seller.does(lambda uow: seller.no_longer_agrees(uow, cast.FRENE))
    led.may_go_on.set()
    ended = ("confirmation.ended", "confirmation.missing")
    assert await asked == were
    assert await answers(seller.store) == [ended, (), ended]


async def test_a_question_about_an_outdated_customer_is_answered_from_one_state(seller: Seller) -> None:
    """An outdated confirmation denies here. When it ends between two statements of the question, nothing allows."""
    await seller.does(seller.publish_again)
    led = Led(READS_TEXTS)

    async def answer(store: Any) -> list[tuple[str, ...]]:
        return codes(await ask(store, seller.actor, PROGRAMME, cast.CEDAR, PURCHASE))

    assert await answer(seller.store) == [("confirmation.outdated",)]
    asked = asyncio.ensure_future(answer(LedStore(seller.store, led)))
    await led.until_it_stands(asked)
    await seller.does(seller.no_longer_agrees)
    led.may_go_on.set()
    assert await asked in ([("confirmation.outdated",)], [("confirmation.ended", "confirmation.missing")])
