"""Several processes that serve one PostgreSQL database, as an operator starts them."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Event
from typing import Any

import httpx2
import pytest

from agreegate.i18n import text
from tests import personas as cast
from tests.postgresql import Connection, drop_databases, new_database
from tests.served import DIRECTORY, Issuer, Starter, agreegate, children, servers

SECONDS = 60.0
LOGIN = "agreegate_tests"
CONFIRMATION: dict[str, Any] = {
    "primaryContact": {"firstName": "Samuel", "lastName": "Okoro", "email": "samuel@dogwood.example"},
    "templateId": cast.CLOUD_AGREEMENT,
    "dateAgreed": "2018-11-01T00:00:00Z",
    "type": "MicrosoftCloudAgreement",
    "userId": cast.ALDER_SALES,
}


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of a database with the cast, made by the commands that an operator uses."""
    url = new_database()
    for command in (["db", "upgrade"], ["directory", "apply", str(DIRECTORY)]):
        done = agreegate(*command, "--database", url)
        assert done.returncode == 0, done.stderr
    yield url
    drop_databases([url])


@pytest.fixture
def serving(tmp_path: Path, database: str, started: Starter) -> Callable[[], httpx2.Client]:
    """Starts a server of two processes."""
    key = tmp_path / "form-key"
    key.write_text("a secret of the tests")
    return lambda: started(
        "--database", database, "--form-key-file", str(key), "--workers", "2", "--allow-unsafe-database"
    )


def until(happened: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def recorded(database: str) -> list[str]:
    """The first names of all who accepted."""
    with closing(Connection(database)) as connection:
        return [name for (name,) in connection.execute("select first_name from confirmation_contact")]


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes()}


def ask(client: httpx2.Client, issuer: Issuer) -> str:
    """The gate's verdict about Dogwood, by a connection of its own, which any of the processes may take."""
    headers = {"Authorization": f"Bearer {issuer.token()}", "Connection": "close"}
    asked = {"customerId": cast.DOGWOOD, "action": "new_purchase", "channel": "api"}
    return str(client.post("/api/gate/decisions", json=asked, headers=headers).json()["verdict"])


def read_lists(client: httpx2.Client, issuer: Issuer, count: int) -> None:
    """Read the list of agreements, each time by a connection of its own."""
    headers = {"Authorization": f"Bearer {issuer.token()}", "Connection": "close"}
    assert {client.get("/v1/agreements", headers=headers).status_code for _ in range(count)} == {200}


def lists(client: httpx2.Client) -> float:
    """How many lists of agreements all processes answered, by their metrics."""
    lines = client.get("/metrics", headers={"Connection": "close"}).text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if 'route="/v1/agreements"' in line and "_total" in line)


def test_what_one_process_records_the_others_answer_by(serving: Callable[[], httpx2.Client], issuer: Issuer) -> None:
    client = serving()
    [server] = servers()
    assert len(children(server)) == 2
    assert {ask(client, issuer) for _ in range(20)} == {"deny"}
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    recorded = client.post(f"/v1/customers/{cast.DOGWOOD}/agreements", json=CONFIRMATION, headers=headers)
    assert recorded.status_code == 201, recorded.text
    assert {ask(client, issuer) for _ in range(20)} == {"allow"}
    read_lists(client, issuer, 20)
    until(lambda: lists(client) == 20, "the metrics of both processes together")


def test_a_killed_process_is_started_again(serving: Callable[[], httpx2.Client], issuer: Issuer) -> None:
    client = serving()
    [server] = servers()
    first = children(server)
    read_lists(client, issuer, 10)
    until(lambda: {lists(client) for _ in range(20)} == {10}, "every process knows what the others counted")
    killed = min(first)
    os.kill(killed, signal.SIGKILL)
    until(lambda: len(children(server)) == 2 and killed not in children(server), "another one")
    read_lists(client, issuer, 10)
    until(lambda: lists(client) == 20, "what the killed one counted stays counted")


def test_killed_processes_lose_nothing_that_was_acknowledged(
    serving: Callable[[], httpx2.Client], issuer: Issuer, database: str
) -> None:
    """Each process is killed in turn while clients confirm and ask; other processes go on."""
    client, over = serving(), Event()
    [server] = servers()
    token = {"Authorization": f"Bearer {issuer.token()}"}

    def work(worker: int) -> set[str]:
        acknowledged = set()
        with httpx2.Client(base_url=client.base_url, headers=token, timeout=SECONDS) as own:
            for number in range(10_000):
                if over.is_set():
                    break
                name = f"W{worker}n{number}"
                body = CONFIRMATION | {"primaryContact": CONFIRMATION["primaryContact"] | {"firstName": name}}
                with suppress(httpx2.TransportError):
                    answer = own.post(f"/v1/customers/{cast.DOGWOOD}/agreements", json=body)
                    assert answer.status_code in (201, 503), answer.text
                    if answer.status_code == 201:
                        acknowledged.add(name)
                        assert ask(own, issuer) == "allow"
        return acknowledged

    with ThreadPoolExecutor() as clients:
        working = [clients.submit(work, worker) for worker in range(4)]
        try:
            for pid in children(server):
                before = recorded(database)
                until(lambda before=before: len(recorded(database)) > len(before) + 5, "clients are at work")
                os.kill(pid, signal.SIGKILL)
                until(lambda pid=pid: pid not in children(server) and len(children(server)) == 2, "another one")
        finally:
            over.set()
        acknowledged = set[str]().union(*(each.result() for each in working))
    assert acknowledged <= set(recorded(database))
    assert len(recorded(database)) == len(set(recorded(database))), "nothing twice"
    assert ask(client, issuer) == "allow"
    with closing(Connection(database)) as connection:
        assert connection.execute("select count(*) from pg_locks where not granted").get == 0, "nothing waits"


def test_all_processes_end_in_good_order(serving: Callable[[], httpx2.Client], issuer: Issuer) -> None:
    client = serving()
    [server] = servers()
    workers = children(server)
    assert ask(client, issuer) == "deny"
    os.kill(server, signal.SIGTERM)
    until(lambda: not alive(workers), "every worker ends")


def test_workers_end_with_a_parent_that_was_killed(serving: Callable[[], httpx2.Client], issuer: Issuer) -> None:
    client = serving()
    [server] = servers()
    workers = children(server)
    assert ask(client, issuer) == "deny"
    os.kill(server, signal.SIGKILL)
    until(lambda: not alive(workers), "every worker ends")


def test_a_database_that_is_away_ends_the_start(tmp_path: Path, issuer: Issuer) -> None:
    key = tmp_path / "form-key"
    key.write_text("a secret of the tests")
    ended = agreegate("serve", "--database", f"postgresql:///nothing?host={tmp_path}", "--form-key-file", str(key), "--workers",
                      "2", "--port", "0", "--public-url", "http://x.example", "--token-issuer", issuer.url)  # fmt: skip
    assert (ended.returncode, len(ended.stderr.strip().splitlines())) == (1, 1), ended.stderr


SERVE = ("serve", "--port", "0", "--public-url", "http://x.example", "--token-issuer")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ((), "database.superuser"),
        (("--allow-unsafe-database", "--require-synchronous"), "database.no-standby"),
        (("--allow-unsafe-database", "--workers", "1000"), "database.no-room"),
    ],
)
def test_a_database_that_cannot_be_served_well_is_refused(
    tmp_path: Path, database: str, issuer: Issuer, options: tuple[str, ...], code: str
) -> None:
    key = tmp_path / "form-key"
    key.write_text("a secret of the tests")
    ended = agreegate(*SERVE, issuer.url, "--database", database, "--form-key-file", str(key), *options)
    assert (ended.returncode, len(ended.stderr.strip().splitlines())) == (1, 1), ended.stderr
    beginning = text(code, "en", role="agreegate_app", setting="", workers=1000, needed=18_000, most=197)
    assert beginning in ended.stderr


def test_a_login_with_the_role_of_the_application_serves(
    tmp_path: Path, database: str, started: Starter, issuer: Issuer
) -> None:
    connection = Connection(database)
    connection.execute(f"create role {LOGIN} login in role agreegate_app")
    key = tmp_path / "form-key"
    key.write_text("a secret of the tests")
    client = started(
        "--database", database.replace("postgres@", f"{LOGIN}@"), "--form-key-file", str(key), "--allow-unsafe-database"
    )
    assert ask(client, issuer) == "deny"
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    recorded = client.post(f"/v1/customers/{cast.DOGWOOD}/agreements", json=CONFIRMATION, headers=headers)
    assert recorded.status_code == 201, recorded.text
    assert ask(client, issuer) == "allow"
    connection.close()
