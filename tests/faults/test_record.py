"""A record that is taken, damaged or gone: nothing starts on it unseen, and the gate denies rather than guesses (decision 0015)."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import pytest

from agreegate.storage.engine.folder import DATABASE, FORM_KEY, SIGNING_KEY
from tests import personas as cast
from tests.faults.record import check_file
from tests.faults.server import COMMAND, PATIENCE, Server
from tests.operations import confirmation
from tests.world import World, agreement

CEDAR = f"/v1/customers/{cast.CEDAR}"
ORDER = {"lineItems": [{"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 1}]}


def agreegate(*arguments: object) -> "subprocess.CompletedProcess[str]":
    command = [str(COMMAND), *(str(argument) for argument in arguments)]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=PATIENCE, env={"LANGUAGE": "en"}
    )


def test_a_second_server_on_the_folder_refuses_to_start_and_says_why(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        second = agreegate("demo", "--data", tmp_path, "--port", 0)
        assert (second.returncode, second.stdout) == (1, "")
        assert str(tmp_path) in second.stderr
        assert len(second.stderr.splitlines()) == 1
        assert server.send("sales@alder.example", "POST", f"{CEDAR}/agreements", agreement()).status_code == 201
        server.restart()
        assert server.send("sales@alder.example", "GET", f"{CEDAR}/agreements").status_code == 200


@pytest.mark.parametrize(
    "content",
    [b"", b"SQLite format 3\x00" + b"\x00" * 84, b"not a database at all\n" * 500],
    ids=["empty", "cut", "text"],
)
def test_a_file_that_is_no_record_is_left_alone_and_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / DATABASE
    file.write_bytes(content)
    refused = agreegate("demo", "--data", tmp_path, "--port", 0)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert file.read_bytes() == content


def overwritten(world: World) -> None:
    """The disk returns something else than what was written."""
    size = world.path.stat().st_size
    world.store._writer.execute("pragma wal_checkpoint(truncate)")
    with world.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * (size - 4096))


def cut(world: World) -> None:
    """The file ends after its first page."""
    world.store._writer.execute("pragma wal_checkpoint(truncate)")
    with world.path.open("r+b") as file:
        file.truncate(4096)


def no_database(world: World) -> None:
    """Not even the header is one."""
    world.store._writer.execute("pragma wal_checkpoint(truncate)")
    world.path.write_bytes(b"gone" * 10_000)


def forget_pages(world: World) -> None:
    """Whatever the connections remember, they have to read it again."""
    for connection in (world.store.reader, world.store._writer):
        connection.execute("pragma shrink_memory")


@pytest.mark.parametrize("damage", [overwritten, cut, no_database])
async def test_the_gate_denies_what_it_cannot_read(world: World, damage: Callable[[World], None]) -> None:
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201
    assert (await world.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"
    await asyncio.to_thread(damage, world)  # beside the event loop, which lets go of what it has read meanwhile
    forget_pages(world)
    for more in ({}, {"at": "2018-08-16"}, {"action": "cancel"}):
        decision = await world.ask(cast.ALDER_SALES, cast.CEDAR, **more)
        assert decision["verdict"] == "deny"
        assert [reason["code"] for reason in decision["reasons"]] == ["standing.unknown"]
        assert decision["confirmation"] is None
    for method, path, body in (
        ("GET", f"{CEDAR}/agreements", None),
        ("POST", f"{CEDAR}/orders", ORDER),
        ("POST", f"{CEDAR}/agreements", agreement()),
        ("GET", "/v1/customers", None),
        ("GET", f"/api/customers/{cast.CEDAR}/standing", None),
        ("POST", f"/api/customers/{cast.CEDAR}/standing/end", {"reason": "no_longer_agrees"}),
        ("POST", f"/api/customers/{cast.CEDAR}/confirmations", confirmation()),
    ):
        answer = await world.send(cast.ALDER_SALES, method, path, body)
        assert answer.status_code == 503, (path, answer.text)
        assert int(answer.headers["Retry-After"]) > 0
    assert (await world.send(None, "GET", "/readyz")).status_code == 503
    assert (await world.send(None, "GET", "/healthz")).status_code == 200


async def test_a_defect_below_the_gate_is_reported_as_one_and_allows_nothing(world: World) -> None:
    assert (await world.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"
    await world.store.write(lambda uow: uow.execute("alter table current_confirmation rename to elsewhere"))
    question: dict[str, Any] = {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}
    for asked in (question, question | {"at": "2018-08-16"}):
        answer = await world.send(cast.ALDER_SALES, "POST", "/api/gate/decisions", asked)
        assert answer.status_code == 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "defect"
        assert "current_confirmation" not in answer.text
    assert (await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/orders", ORDER)).status_code == 501


async def test_a_record_that_is_held_up_holds_up_writes_and_not_the_gate(world: World) -> None:
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201
    holder = apsw.Connection(str(world.path))
    holder.execute("begin immediate")
    waiting = asyncio.create_task(world.confirm(cast.ALDER_SALES, cast.DOGWOOD))
    for _ in range(20):
        assert (await world.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"
        assert (await world.send(cast.ALDER_SALES, "GET", f"{CEDAR}/agreements")).json()["totalCount"] == 1
    assert not waiting.done()
    holder.execute("rollback")
    holder.close()
    assert (await waiting).status_code == 201


@pytest.mark.fault("C1")
@pytest.mark.parametrize("name", [FORM_KEY, SIGNING_KEY])
def test_a_key_that_was_cut_off_is_named_and_not_replaced(tmp_path: Path, name: str) -> None:
    with Server(tmp_path) as server:
        server.stop()
    file = tmp_path / name
    file.write_bytes(b"")
    refused = agreegate("demo", "--data", tmp_path, "--port", 0)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(
        f"Error: The key file {file} is empty, damaged or not from Agreegate. Move it away"
    )
    assert file.read_bytes() == b""
    file.unlink()
    with Server(tmp_path) as server:
        assert server.send("sales@alder.example", "GET", f"{CEDAR}/agreements").status_code == 200


@pytest.mark.fault("C4")
def test_a_server_that_lost_its_journal_does_not_start_on_what_is_left(tmp_path: Path) -> None:
    user, journal = "sales@alder.example", tmp_path / f"{DATABASE}-wal"
    with Server(tmp_path) as server:
        assert server.send(user, "POST", f"{CEDAR}/agreements", agreement()).status_code == 201
        server.restart()
        assert server.send(user, "POST", f"{CEDAR}/agreements", agreement()).status_code == 201
        server.kill()
    kept = journal.read_bytes()
    journal.unlink()
    for command in ("demo", "serve"):
        more = () if command == "demo" else ("--public-url", "https://x.example", "--token-issuer", "https://y.example")
        refused = agreegate(command, "--data", tmp_path, "--port", 0, *more)
        assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (1, "", 1)
        assert "has lost commits" in refused.stderr
    journal.write_bytes(kept)
    with Server(tmp_path) as server:
        assert server.send(user, "GET", f"{CEDAR}/agreements").json()["totalCount"] >= 2


@pytest.mark.fault("F6")
@pytest.mark.parametrize("twice", ["confirmation", "audit_record"])
async def test_what_was_recorded_twice_is_seen(world: World, twice: str) -> None:
    assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201
    check_file(world.path)
    columns = [name for (name,) in world.rows(f"select name from pragma_table_info('{twice}')")]
    other = {"number": "null", "sequence": "sequence + 1", "confirmation_id": "'another'", "audit_id": "'another'"}
    copied = ", ".join(other.get(column, column) for column in columns)
    world.change(f"insert into {twice} ({', '.join(columns)}) select {copied} from {twice}")
    if twice == "confirmation":  # all that belongs to a confirmation is there, and it is the one that counts
        more = {"confirmation_number": "confirmation_number + 1", "number": "null", "request_id": "'another'"}
        for table in ("confirmation_contact", "idempotency"):
            names = [name for (name,) in world.rows(f"select name from pragma_table_info('{table}')")]
            copied = ", ".join(more.get(name, name) for name in names)
            world.change(f"insert into {table} ({', '.join(names)}) select {copied} from {table}")
        world.change("insert into audit_record select null, partner_id, 'another', customer_id, resource_type, 'another',"
                     " operation_type, operation_status, user_id, application_id, channel, correlation_id,"
                     " resource_old_value, resource_new_value, operation_at from audit_record")  # fmt: skip
        world.change("update current_confirmation set sequence = sequence + 1")
    with pytest.raises(AssertionError, match="recorded twice"):
        check_file(world.path)
