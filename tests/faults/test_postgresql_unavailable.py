"""PostgreSQL is away, slow, full, or comes back as another database: nothing is acknowledged, and service resumes by itself."""

import asyncio
import logging
import os
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agreegate.domain.error import StoreUnavailable
from agreegate.production import open_server
from agreegate.programme import DEFAULT
from agreegate.settings import checked
from agreegate.storage.engine.connections import Seconds
from agreegate.storage.engine.postgresql import CONNECTIONS, PostgresStore
from agreegate.storage.engine.unit_of_work import UnitOfWork
from tests import personas as cast
from tests.asgi import Transport
from tests.cast_rows import populate
from tests.postgresql import Connection, database_name, drop_databases, new_database, schema_template, server
from tests.relay import Relay
from tests.served import Issuer, agreegate
from tests.world import agreement

PATIENCE = 60
SHORT = Seconds(connect=0.3, free=0.3, write=0.3, read=0.3, read_slowly=0.3, unanswered=0.1)
CEDAR = f"/v1/customers/{cast.CEDAR}"
HOST = "gate.example"


@pytest.fixture
def database() -> Iterator[Connection]:
    made = Connection(new_database(schema_template()))
    populate(made)
    made.execute("insert into deployment values (1, ?, 0)", (DEFAULT,))
    yield made
    made.close()
    drop_databases([made.url])


@pytest.fixture
async def relay(database: Connection) -> AsyncIterator[Relay]:
    async with Relay(database.url) as made:
        yield made


@pytest.fixture
async def store(relay: Relay) -> AsyncIterator[PostgresStore]:
    made = PostgresStore(relay.url, seconds=SHORT)
    yield made
    await made.finish()


class Client:
    """A partner's client of a server in this process."""

    def __init__(self, app: Any, issuer: Issuer) -> None:
        headers = {"Authorization": f"Bearer {issuer.token()}"}
        self._client = httpx2.AsyncClient(transport=Transport(app), base_url=f"http://{HOST}", headers=headers)

    async def confirm(self, name: str) -> httpx2.Response:
        body = agreement(primaryContact__firstName=name)
        return await self._client.post(f"{CEDAR}/agreements", json=body)

    async def ask(self) -> str:
        asked = {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}
        answer = await self._client.post("/api/gate/decisions", json=asked)
        return str(answer.json()["verdict"]) if answer.status_code == 200 else str(answer.status_code)

    async def is_ready(self) -> bool:
        return (await self._client.get("/readyz")).status_code == 200

    async def until_ready(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while not await self.is_ready():  # noqa: ASYNC110 - the server becomes ready by itself
                await asyncio.sleep(0.05)

    async def close(self) -> None:
        await self._client.aclose()


@pytest.fixture
async def client(relay: Relay, issuer: Issuer, tmp_path: Path) -> AsyncIterator[Client]:
    key = tmp_path / "form-key"
    key.write_text("a secret of the tests")
    given = {"public-url": f"http://{HOST}", "database": relay.url, "form-key-file": [str(key)]}
    production = await open_server(checked(given | {"token-issuer": [issuer.url]}))
    made = Client(production.app, issuer)
    yield made
    await made.close()
    await production.deployment.store.finish()


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


async def away(client: Client, relay: Relay, seconds: float) -> None:
    """The database is away for that long, while clients go on."""
    await relay.go_away()
    end = time.monotonic() + seconds
    while True:
        answer = await client.confirm("Away")
        assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), answer.text
        assert await client.ask() in ("deny", "503")
        assert not await client.is_ready()
        if time.monotonic() >= end:
            break
    await relay.come_back()


@pytest.mark.parametrize("seconds", [0.3, pytest.param(30, marks=pytest.mark.faults)])
async def test_a_database_that_is_away_is_served_again_when_it_is_back(
    client: Client, relay: Relay, seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await client.confirm("Before")).status_code == 201
    assert await client.ask() == "allow"
    await away(client, relay, seconds)
    await client.until_ready()
    assert (await client.confirm("Later")).status_code == 201
    assert await client.ask() == "allow"
    said = warned(caplog)
    assert len(said) == len(set(said)) <= 3, said
    assert said
    assert all("start the PostgreSQL server, or repair the network" in line for line in said)


@pytest.mark.parametrize("kind", ["write", "read", "read_slow", "fetch_all"])
async def test_a_server_that_does_not_answer_is_given_up_in_time(store: PostgresStore, relay: Relay, kind: str) -> None:
    async def select(uow: UnitOfWork) -> int:
        return len(await uow.fetch_all("select 1 from partner where partner_id = $1", cast.ALDER))

    async def once() -> Any:
        if kind == "fetch_all":
            return len(await store.fetch_all("select 1 from partner where partner_id = $1", cast.ALDER))
        return await getattr(store, kind)(select)

    assert await once() == 1
    relay.flowing.clear()
    found = await asyncio.wait_for(
        asyncio.gather(*(once() for _ in range(CONNECTIONS)), return_exceptions=True), PATIENCE / 10
    )
    assert {type(each) for each in found} == {StoreUnavailable}
    relay.flowing.set()
    assert await once() == 1


async def test_a_slow_commit_is_waited_for(store: PostgresStore, relay: Relay, database: Connection) -> None:
    """An outcome that is only late is not unknown."""

    async def put(uow: UnitOfWork) -> None:
        await uow.execute("update deployment set demo = 1")
        relay.flowing.clear()
        asyncio.get_running_loop().call_later(2 * (SHORT.write + SHORT.unanswered), relay.flowing.set)

    await store.write(lambda uow: uow.fetch_all("select 1"))
    await store.write(put)
    assert database.execute("select demo from deployment").get == 1


@pytest.mark.faults
async def test_answers_that_come_after_twenty_seconds(client: Client, relay: Relay) -> None:
    assert (await client.confirm("Before")).status_code == 201
    relay.flowing.clear()
    asyncio.get_running_loop().call_later(20, relay.flowing.set)
    began = time.monotonic()
    answers = await asyncio.gather(*(client.confirm(f"N{number}") for number in range(30)))
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.headers["Retry-After"] for answer in answers} == {"5"}
    assert time.monotonic() - began < 20
    assert not await client.is_ready()
    await client.until_ready()
    assert (await client.confirm("Later")).status_code == 201


def emptied(connection: Connection) -> None:
    """The database is new and has nothing in it."""
    name = database_name(connection.url)
    server().admin.execute(f"drop database {name} with (force)")
    server().admin.execute(f"create database {name}")


def older(connection: Connection) -> None:
    """The database is of the version before."""
    connection.execute("delete from migration where number = (select max(number) from migration)")


def dropped(connection: Connection) -> None:
    server().admin.execute(f"alter database {database_name(connection.url)} rename to away")


@pytest.mark.parametrize(
    ("change", "line"),
    [(emptied, "restore a backup"), (older, "run agreegate db upgrade"), (dropped, "the database does not exist")],
)
async def test_a_database_that_comes_back_as_another_one_is_not_used(
    client: Client, relay: Relay, database: Connection, change: Callable[[Connection], None], line: str,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    assert (await client.confirm("Before")).status_code == 201
    await relay.go_away()
    database.close()
    change(database)
    database.close()
    await relay.come_back()
    answer = await client.confirm("Other")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), answer.text
    assert await client.ask() in ("deny", "503")
    assert not await client.is_ready()
    assert sum(line in each for each in warned(caplog)) == 1, warned(caplog)
    if change is dropped:
        server().admin.execute(f"alter database away rename to {database_name(database.url)}")
        await client.until_ready()
        assert (await client.confirm("Later")).status_code == 201


async def test_a_full_disk_is_said_to_be_one(
    client: Client, database: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    database.execute("create function is_full() returns trigger language plpgsql as"
        " $$ begin raise exception 'no space left on device' using errcode = 'disk_full'; end $$")  # fmt: skip
    database.execute("create trigger is_full before insert on confirmation execute function is_full()")
    answer = await client.confirm("Full")
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), answer.text
    assert not await client.is_ready()
    assert await client.ask() == "deny"
    database.execute("drop trigger is_full on confirmation")
    assert (await client.confirm("Later")).status_code == 201
    await client.until_ready()
    assert [line for line in warned(caplog) if "DiskFullError: free space on the disks" in line] == warned(caplog)


@pytest.fixture
def small_disk(database: Connection) -> Iterator[Path]:
    """A disk of 2 MiB that has the table of confirmations."""
    disk = server().folder / f"disk-{database_name(database.url)}"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=777", "none", disk], check=True)
    (disk / "space").mkdir()
    shutil.chown(disk / "space", "postgres")
    database.execute(f"create tablespace small location '{disk}/space'")
    database.execute("alter table confirmation set tablespace small")
    yield disk
    database.execute("alter table confirmation set tablespace pg_default")
    database.execute("drop tablespace small")
    subprocess.run(["umount", disk], check=True)


def fill(file: Path) -> None:
    """Let a file take all the space that is left."""
    with suppress(OSError), file.open("wb", buffering=0) as filler:
        while True:
            filler.write(b"x" * 4096)


@pytest.mark.faults
@pytest.mark.skipif(os.getuid() != 0, reason="root alone mounts a small disk")
async def test_a_disk_without_space(
    small_disk: Path, client: Client, database: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    fill(small_disk / "filler")
    recorded = 0
    while (answer := await client.confirm(f"N{recorded}")).status_code == 201:
        recorded += 1
        assert recorded < 1_000
    assert (answer.status_code, answer.headers.get("Retry-After")) == (503, "5"), answer.text
    assert not await client.is_ready()
    (small_disk / "filler").unlink()
    await client.until_ready()
    assert (await client.confirm("Later")).status_code == 201
    assert database.execute("select count(*) from confirmation").get == recorded + 1
    [line] = warned(caplog)
    assert "DiskFullError: free space on the disks" in line


async def test_a_database_that_resets_connections_ends_the_start(relay: Relay, issuer: Issuer, tmp_path: Path) -> None:
    key = tmp_path / "form-key"
    key.write_text("a secret of the tests")
    await relay.go_away()
    ended = await asyncio.to_thread(
        agreegate, "serve", "--database", relay.url, "--form-key-file", str(key), "--port", "0",
        "--public-url", "http://x.example", "--token-issuer", issuer.url,
    )  # fmt: skip
    assert (ended.returncode, len(ended.stderr.strip().splitlines())) == (1, 1), ended.stderr
