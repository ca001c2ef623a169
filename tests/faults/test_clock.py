"""The demo's clock jumps, forwards and back, while people work: nothing is lost, undone or renewed twice (decision 0014)."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest

from agreegate.storage.engine.folder import DATABASE
from tests import personas as cast
from tests.faults.record import check_file
from tests.faults.server import PATIENCE, Server
from tests.world import agreement

SALES = "sales@alder.example"
CEDAR = f"/v1/customers/{cast.CEDAR}"
DOGWOOD = f"/v1/customers/{cast.DOGWOOD}"
JUMPS = ["2019-03-22T00:00:00Z", "2018-08-15T00:00:00Z", "2035-01-01T00:00:00Z", "1970-01-02T00:00:00Z",
         "8900-01-01T00:00:00Z", "2018-11-07T00:00:00Z"]  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path) as started:
        yield started


def jump(server: Server, instant: str) -> None:
    moved = server.send(SALES, "PUT", "/api/sandbox/clock", {"now": instant})
    assert (moved.status_code, moved.json()) == (200, {"now": instant}), moved.text


def names(server: Server, customer: str = CEDAR) -> list[str]:
    read = server.send(SALES, "GET", f"{customer}/agreements")
    assert read.status_code == 200, read.text
    return [item["primaryContact"]["firstName"] for item in read.json()["items"]]


@pytest.mark.rule("R17", "R27")
def test_the_newest_counts_by_its_place_and_not_by_its_instant(server: Server) -> None:
    for name, instant in (("Later", "2030-01-01T00:00:00Z"), ("Earlier", "2018-08-20T00:00:00Z")):
        jump(server, instant)
        sent = agreement(primaryContact__firstName=name)
        assert server.send(SALES, "POST", f"{CEDAR}/agreements", sent).status_code == 201
    assert names(server)[:2] == ["Earlier", "Later"]
    standing = server.send(SALES, "GET", f"/api/customers/{cast.CEDAR}/standing").json()
    [current] = [one["confirmation"] for one in standing["agreements"] if one["templateId"] == cast.CLOUD_AGREEMENT]
    assert current["contact"]["firstName"] == "Earlier"


def test_tokens_and_kept_answers_live_by_the_machines_clock(server: Server) -> None:
    headers = {"MS-RequestId": cast.NOBODY}
    first = server.send(SALES, "POST", f"{CEDAR}/agreements", agreement(), headers)
    assert first.status_code == 201
    for instant in JUMPS:
        jump(server, instant)
        again = server.send(SALES, "POST", f"{CEDAR}/agreements", agreement(), headers)
        assert (again.status_code, again.content) == (201, first.content)


@pytest.mark.rule("R11")
def test_a_term_is_renewed_once_however_often_its_end_is_passed(server: Server) -> None:
    def ends() -> list[str]:
        items = server.send(SALES, "GET", f"{DOGWOOD}/subscriptions").json()["items"]
        return [item["commitmentEndDate"] for item in items]

    jump(server, "2018-08-16T00:00:00Z")
    order = {"lineItems": [{"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 1}]}
    assert server.send(SALES, "POST", f"{DOGWOOD}/orders", order).status_code == 201
    before = ends()
    seen = []
    for instant in ("2019-08-17T00:00:00Z", "2018-08-16T00:00:00Z", "2019-08-17T00:00:00Z"):
        jump(server, instant)
        seen.append(ends())
    assert seen[0] == seen[1] == seen[2] != before
    server.restart()
    assert ends() == seen[0]


def test_the_clock_goes_on_through_a_crash(server: Server) -> None:
    jump(server, "2024-02-29T12:00:00Z")
    server.restart()
    now = datetime.fromisoformat(server.send(SALES, "GET", "/api/sandbox/clock").json()["now"])
    assert timedelta() < now - datetime(2024, 2, 29, 12, tzinfo=UTC) < timedelta(seconds=2 * PATIENCE)


def test_work_goes_on_while_the_clock_jumps(server: Server) -> None:
    acknowledged: list[str] = []
    jumped = asyncio.Event()

    async def work(worker: int, client: httpx2.AsyncClient) -> None:
        number = 0
        while not jumped.is_set():
            name = f"r0w{worker}n{number}"
            body, headers = agreement(primaryContact__firstName=name), {"MS-RequestId": str(uuid4())}
            answer = await client.post(f"{CEDAR}/agreements", json=body, headers=headers)
            assert answer.status_code in (201, 400, 404), answer.text
            if answer.status_code == 201:
                acknowledged.append(name)
            asked = {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}
            assert (await client.post("/api/gate/decisions", json=asked)).status_code == 200
            number += 1

    async def jump_about(client: httpx2.AsyncClient) -> None:
        for instant in JUMPS * 5:
            assert (await client.put("/api/sandbox/clock", json={"now": instant})).status_code == 200
        jumped.set()

    async def all_at_once() -> None:
        headers = {"Authorization": f"Bearer {server.token(SALES)}"}
        async with httpx2.AsyncClient(
            base_url=server.url, headers=headers, trust_env=False, timeout=PATIENCE
        ) as client:
            await asyncio.gather(jump_about(client), *(work(worker, client) for worker in range(4)))

    asyncio.run(all_at_once())
    assert acknowledged
    assert set(acknowledged) <= set(names(server))
    assert server.stop() == 0
    check_file(server.folder / DATABASE)
