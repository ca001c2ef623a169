"""A run: clients in processes of their own on one PostgreSQL database, and the history of each customer as they saw it."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agreegate.domain.orders.order import Order
from agreegate.services.agreements.text import at_command_line
from agreegate.services.confirmation import confirm
from agreegate.services.orders.order import place_order
from agreegate.storage.engine.postgresql import PostgresStore
from agreegate.storage.engine.unit_of_work import UnitOfWork
from tests.cast_rows import populate
from tests.linearizability.client import ORDER, PROGRAMME, PUBLISHED, Plan, actor_of, confirmation, publish
from tests.linearizability.customer import Call, Confirmed, Customer, apply
from tests.linearizability.search import Operation, contradiction
from tests.memory import call
from tests.postgresql import Connection, database_name, drop_databases, new_database, schema_template
from tests.storage.records import a_customer, customer_id

ROOT = Path(__file__).parents[2]
CLIENTS = 8
AT_ONCE = 3
SHARES = {"confirm": 20, "end": 10, "void": 8, "order": 14, "seats": 18, "ask": 10, "read": 20, "publish": 1}
FIRST_REQUEST = "00000000-0000-4000-8000-000000000001"
"""The request id of each customer's first confirmation, which the run begins with."""
TERMINATED_AFTER = 300
"""Calls after which the server ends one of the clients' connections."""


@dataclass
class Run:
    """Options and results of a run."""

    calls: int
    """Of all clients about one customer."""
    customers: int = AT_ONCE
    shares: dict[str, int] = field(default_factory=lambda: dict(SHARES))
    source: Path = ROOT / "src"
    """The product that the clients run."""
    prepared: Sequence[str] = ()
    """Statements that change the schema before the run."""
    loses_answers: bool = True
    """Whether clients go away and connections are ended."""
    histories: dict[str, list[Operation]] = field(default_factory=dict)
    """By customer, publications included."""

    @property
    def operations(self) -> int:
        """How many calls about customers were made."""
        return sum(one.call.kind != "publish" for history in self.histories.values() for one in history)

    @property
    def unanswered(self) -> int:
        return sum(one.end is None for history in self.histories.values() for one in history)

    def violations(self) -> list[str]:
        """The customers whose history no order explains, each with the operations where that shows, as text."""
        initial = Customer((Confirmed(FIRST_REQUEST, 0, 1),), orders=1)
        found = {customer: contradiction(one, initial, apply) for customer, one in self.histories.items()}
        return ["\n".join([customer, *map(str, shown)]) for customer, shown in found.items() if shown]

    async def __call__(self) -> "Run":
        database = Connection(new_database(schema_template()))
        try:
            with database:
                populate(database)
                for number in range(self.customers):
                    for sql, values in a_customer(number, f"Company {number}", "US"):
                        database.execute(sql, values)
            for statement in self.prepared:
                database.execute(statement)
            store = PostgresStore(database.url)
            await store.write(_first_text)
            customers = [await store.write(_first_records(customer_id(number))) for number in range(self.customers)]
            await store.finish()
            await self._clients(database, customers)
        finally:
            database.close()
            drop_databases([database.url])
        return self

    async def _clients(self, database: Connection, customers: list[tuple[str, str]]) -> None:
        clients = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.linearizability.client",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT, limit=1 << 20,
                env=os.environ | {"PYTHONPATH": f"{self.source}:{ROOT}"},
            )
            for _ in range(CLIENTS)
        ]  # fmt: skip
        try:
            for seed, client in enumerate(clients):
                plan = Plan(
                    database.url, seed, customers, AT_ONCE, self.calls // CLIENTS, self.shares, self.loses_answers
                )
                _write_line(client, json.dumps(asdict(plan)))
            for client in clients:
                assert await _line(client) == "ready"
            for client in clients:
                _write_line(client, "go")
            records: list[Any] = []
            await asyncio.gather(*(self._collect(client, records, database) for client in clients))
            assert [client.returncode for client in clients] == [0] * CLIENTS
        finally:
            for client in clients:
                with suppress(ProcessLookupError):
                    client.kill()
                await client.wait()
        for customer, call_, start, end, answer in records:
            one = Operation(Call(*call_), start, end, _tuples(answer))
            for key in [id_ for id_, _ in customers] if customer == PUBLISHED else [customer]:
                self.histories.setdefault(key, []).append(one)

    async def _collect(self, client: asyncio.subprocess.Process, records: list[Any], database: Connection) -> None:
        while line := await _line(client):
            records.append(json.loads(line))
            if self.loses_answers and len(records) % TERMINATED_AFTER == 0:
                database.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'agreegate'"
                    " and datname = ? order by state_change desc limit 1", [database_name(database.url)],
                )  # fmt: skip
        await client.wait()


async def _first_text(uow: UnitOfWork) -> None:
    await publish(uow, await at_command_line(uow), 1)


def _first_records(customer: str) -> Any:
    """Confirm, and order the subscription whose seats the clients change."""

    async def work(uow: UnitOfWork) -> tuple[str, str]:
        first = call(await actor_of(uow))
        await confirm(uow, first, PROGRAMME, customer, confirmation(0))
        ordered = await place_order(uow, first, PROGRAMME, customer, ORDER)
        assert isinstance(ordered, Order)
        return customer, ordered.lines[0].subscription_id

    return work


async def _line(client: asyncio.subprocess.Process) -> str:
    assert client.stdout is not None
    return (await client.stdout.readline()).decode().rstrip("\n")


def _write_line(client: asyncio.subprocess.Process, line: str) -> None:
    assert client.stdin is not None
    client.stdin.write(line.encode() + b"\n")


def _tuples(answer: Any) -> Any:
    return tuple(_tuples(one) for one in answer) if isinstance(answer, list) else answer
