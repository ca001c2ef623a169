"""What the two busiest uses cost, by counts and not by time: each has a ceiling here, so that nobody loses speed unnoticed.

Lower a ceiling when a change gets below it. Raise one only with the reason in the commit.
"""

import json
import random
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest

from agreegate import programme
from agreegate.api.exchange import answer
from agreegate.api.host import KnownHosts
from agreegate.api.wire.agreement import recorded_body
from agreegate.domain.actor import Actor, Role, UserId
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.confirmation import Draft, PrimaryContact
from agreegate.services.confirmation import confirm
from agreegate.services.idempotency import Answer, IdempotentCall, run_idempotent
from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.sqlite import connect
from agreegate.storage.engine.sqlite_unit import SqliteUnitOfWork, drive
from agreegate.storage.engine.trusted import TrustedInstants
from agreegate.storage.engine.unit_of_work import Row, Value, machine_clock, new_id
from agreegate.storage.partner import partner_of
from bench.rows import CLOUD_AGREEMENT, load, sellers
from tests import personas as cast
from tests.world import API_ENFORCED, World, token

CUSTOMERS = 20_000
COMMIT = 32
"""Confirmations that share a commit."""
PAGES_OF_A_CONFIRMATION = 4.7
"""Pages written to the journal for each confirmation of one partner, in commits of 32."""
STATEMENTS_OF_A_CONFIRMATION = 9
STATEMENTS_OF_A_CHECK = 1
CALLS_OF_A_CHECK = 34
"""Calls of Python functions for one check, from an HTTP request that is read to the body of its answer, authenticated;
counted on CPython 3.11."""


TRUSTED = TrustedInstants()


class Counting(SqliteUnitOfWork):
    """A unit of work that counts its statements."""

    statements = 0

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        Counting.statements += 1
        return await super().fetch_one(sql, *parameters)

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        Counting.statements += 1
        return await super().fetch_all(sql, *parameters)

    async def execute(self, sql: str, *parameters: Value) -> int:
        Counting.statements += 1
        return await super().execute(sql, *parameters)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    folder = tmp_path_factory.mktemp("record") / "data"
    load(folder, CUSTOMERS)
    connection = connect(folder / DATABASE)
    connection.pragma("wal_autocheckpoint", 0)
    connection.pragma("wal_checkpoint(truncate)")
    yield connection
    connection.close()


def unit(connection: apsw.Connection) -> Counting:
    now = machine_clock()
    return Counting(connection, now, now, new_id, TRUSTED)


def frames(connection: apsw.Connection) -> int:
    journal = Path(f"{connection.filename}-wal")
    page = int(connection.pragma("page_size"))
    return journal.stat().st_size // (page + 24)


def test_a_confirmation(record: apsw.Connection) -> None:
    seller = sellers()[0]
    partner = drive(partner_of(unit(record), seller.partner))
    assert partner is not None
    actor = Actor(partner, frozenset({Role.SALES_AGENT}), UserId(seller.user), seller.user_name)
    rules, chosen = programme.load(), random.Random(1)
    customers = [
        row[0] for row in record.execute("select customer_id from customer where partner_id = ?", (partner.id,))
    ]

    def confirmed(number: int) -> None:
        customer, uow = chosen.choice(customers), unit(record)
        contact = PrimaryContact("Noa", "Berg", f"noa@customer{number}.example", "5550100")
        draft = Draft(contact, TemplateId(CLOUD_AGREEMENT), datetime(2026, 1, 1, 10, tzinfo=UTC))
        path, ids = f"/v1/customers/{customer}/agreements", (str(uuid.uuid4()), str(uuid.uuid4()))
        call = IdempotentCall.of(actor, "POST", path, *ids, b"{}", repeatable=True)

        async def recorded() -> Answer:
            found = await confirm(uow, call, rules, customer, draft)
            return answer(201, recorded_body(found), found.id)

        drive(run_idempotent(uow, call, recorded))

    def committed(first: int) -> None:
        record.execute("begin immediate")
        for number in range(first, first + COMMIT):
            record.execute("savepoint unit")
            confirmed(number)
            record.execute("release unit")
        record.execute("commit")

    committed(0)  # what is met for the first time is read once
    before, Counting.statements, commits = frames(record), 0, 8
    for number in range(1, commits + 1):
        committed(number * COMMIT)
    each = commits * COMMIT
    assert Counting.statements / each <= STATEMENTS_OF_A_CONFIRMATION
    assert (frames(record) - before) / each <= PAGES_OF_A_CONFIRMATION


async def test_a_check_reads_one_row(world: World) -> None:
    check = await checking(world)
    statements = 0

    def trace(_: apsw.Cursor, __: str, ___: Any) -> bool:
        nonlocal statements
        statements += 1
        return True

    world.store.reader.exec_trace = trace
    check()
    world.store.reader.exec_trace = None
    assert statements <= STATEMENTS_OF_A_CHECK


@pytest.mark.skipif(
    sys.implementation.name != "cpython" or sys.version_info[:2] != (3, 11), reason="counted on CPython 3.11"
)
async def test_a_check_calls_few_functions(world: World) -> None:
    check, calls = await checking(world), 0

    def count(_: Any, event: str, __: Any) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        check()
    finally:
        sys.setprofile(None)
    assert calls <= CALLS_OF_A_CHECK


async def checking(world: World) -> Callable[[], None]:
    """One check of a confirmed customer through the whole application, its token known already."""
    world.clock.now = API_ENFORCED
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    await world.ask(cast.ALDER_SALES, cast.CEDAR)
    body = json.dumps({"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}).encode()
    headers = [
        (b"host", b"gate.example"),
        (b"authorization", f"Bearer {token(cast.ALDER_SALES)}".encode()),
        (b"content-type", b"application/json"),
    ]
    app = KnownHosts(world.app, [b"gate.example"])

    def check() -> None:
        assert app.at_once(headers, body) is not None

    check()
    return check
