"""kill -9 at a random moment under load: what was acknowledged is there, and the server starts again by itself."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from uuid import uuid4

import httpx2
import pytest

from agreegate.storage.engine.folder import DATABASE
from tests import personas as cast
from tests.faults.record import check_file
from tests.faults.server import PATIENCE, Server
from tests.world import agreement

ALDER, HAZEL = "sales@alder.example", "admin@hazel.example"
KEYS = [
    (ALDER, cast.CEDAR),
    (ALDER, cast.DOGWOOD),
    (HAZEL, cast.CEDAR),
    (HAZEL, cast.ELM),
]
"""Whose customer is confirmed; two workers each, so that rivals meet at every key."""
LONGEST = 0.4
"""Seconds of load before the kill, at most."""


@dataclass
class Sent:
    """One confirmation, known by its contact's first name."""

    user: str
    customer: str
    name: str
    request_id: str = field(default_factory=lambda: str(uuid4()))
    answer: bytes | None = None
    """The body of the 201, once it was received."""

    @property
    def request(self) -> tuple[str, str, dict[str, object], dict[str, str]]:
        path = f"/v1/customers/{self.customer}/agreements"
        return "POST", path, agreement(primaryContact__firstName=self.name), {"MS-RequestId": self.request_id}


async def confirm_until_killed(server: Server, round_: int) -> list[Sent]:
    """Eight workers confirm as fast as they can; the server is killed a random while after the first answer."""
    sent: list[Sent] = []
    killer = Timer(random.uniform(0, LONGEST), server.process.kill)

    async def work(worker: int, client: httpx2.AsyncClient) -> None:
        user, customer = KEYS[worker % len(KEYS)]
        bearer = {"Authorization": f"Bearer {server.token(user)}"}
        while True:
            one = Sent(user, customer, f"r{round_}w{worker}n{len(sent)}")
            sent.append(one)
            method, path, body, headers = one.request
            try:
                answer = await client.request(method, path, json=body, headers=headers | bearer)
            except httpx2.HTTPError:
                return
            assert answer.status_code == 201, answer.text
            one.answer = answer.content
            if not killer.is_alive() and killer.ident is None:
                killer.start()

    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=server.url, trust_env=False, timeout=PATIENCE, limits=limits) as client:
        await asyncio.gather(*(work(worker, client) for worker in range(2 * len(KEYS))))
    killer.join(PATIENCE)
    return sent


def names_of(server: Server, user: str, customer: str) -> list[str]:
    """The first names that are on record, newest first."""
    read = server.send(user, "GET", f"/v1/customers/{customer}/agreements")
    assert read.status_code == 200
    return [item["primaryContact"]["firstName"] for item in read.json()["items"]]


def check_record(server: Server, sent: list[Sent]) -> None:
    """Everything acknowledged is there once; what was under way can be sent again, and is there once then."""
    for user, customer in KEYS:
        names = names_of(server, user, customer)
        assert len(set(names)) == len(names)
        assert {one.name for one in sent if (one.user, one.customer) == (user, customer) and one.answer} <= set(names)
    for one in [*(one for one in sent if one.answer is None), next(one for one in sent if one.answer)]:
        method, path, body, headers = one.request
        again = server.send(one.user, method, path, body, headers)
        assert again.status_code == 201
        assert one.answer in (None, again.content)
        one.answer = again.content
    for user, customer in KEYS:
        recorded = Counter(names_of(server, user, customer))
        assert all(recorded[one.name] == 1 for one in sent if (one.user, one.customer) == (user, customer))


def kill(folder: Path, times: int) -> None:
    acknowledged = 0
    with Server(folder) as server:
        for round_ in range(times):
            sent = asyncio.run(confirm_until_killed(server, round_))
            server.kill()  # it is dead already: this waits for its end
            check_file(folder / DATABASE)
            server.start()
            check_record(server, sent)
            acknowledged += sum(one.answer is not None for one in sent)
        assert server.stop() == 0
        assert "contoso" not in server.output, "nobody is named in what the server says"
    assert acknowledged > times


@pytest.mark.rule("R17", "R27")
def test_ten_kills_lose_nothing(tmp_path: Path) -> None:
    kill(tmp_path, 10)


@pytest.mark.faults
def test_a_hundred_kills_lose_nothing(tmp_path: Path) -> None:
    for ten in range(10):
        kill(tmp_path / str(ten), 10)
