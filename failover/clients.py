"""Clients that confirm one customer after another, and keep when each confirmation was acknowledged."""

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import httpx2

from bench.rows import CLOUD_AGREEMENT

CLIENTS = 8
PAUSE_SECONDS = 0.05
"""Between an answer and the next request of a client."""
PATIENCE_SECONDS = 60.0
BATCH = 1000
"""Questions in one request to the gate."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A confirmation that was answered 201. Instants are seconds of this machine's monotonic clock."""

    customer: str
    email: str
    start: float
    end: float


@dataclass
class Clients:
    """The load of one scenario."""

    url: str
    token: str
    user: str
    customers: Sequence[str]
    patience: float = PATIENCE_SECONDS
    """Seconds after which a client goes away in the middle of its request."""
    acknowledged: list[Acknowledged] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Answers that are neither 201 nor 503 with `Retry-After`."""
    _sent: int = 0

    async def run(self) -> None:
        """Confirm until this is cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._client())

    async def wait_for(self, count: int, since: float) -> None:
        """Wait until a number of requests that were sent after an instant are acknowledged."""
        while sum(one.start > since for one in self.acknowledged) < count:  # noqa: ASYNC110 - a list has no event
            await asyncio.sleep(0.05)

    def longest_gap(self, since: float) -> float:
        """Return the longest time without an acknowledgement that ended after an instant, in seconds."""
        ends = sorted(one.end for one in self.acknowledged)
        return max(later - earlier for earlier, later in pairwise(ends) if later > since)

    async def denied(self) -> list[str]:
        """Ask the gate about every customer whose confirmation was acknowledged; return those whose order it denies."""
        customers = sorted({one.customer for one in self.acknowledged})
        denied = []
        async with self._connected() as client:
            for first in range(0, len(customers), BATCH):
                asked = customers[first : first + BATCH]
                questions = [{"customerId": one, "action": "new_purchase", "channel": "api"} for one in asked]
                answer = await client.post("/api/gate/decisions:batch", json={"decisions": questions})
                answer.raise_for_status()
                decisions = answer.json()["decisions"]
                denied += [
                    one for one, decision in zip(asked, decisions, strict=True) if decision["verdict"] != "allow"
                ]
        return denied

    def _connected(self) -> httpx2.AsyncClient:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS)

    async def _client(self) -> None:
        async with self._connected() as client:
            while True:
                await self._confirm(client)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _confirm(self, client: httpx2.AsyncClient) -> None:
        customer = self.customers[self._sent % len(self.customers)]
        self._sent += 1
        email = f"{uuid.uuid4()}@made-up.example"
        body = {
            "primaryContact": {"firstName": "Ada", "lastName": "Made Up", "email": email},
            "templateId": CLOUD_AGREEMENT,
            "dateAgreed": "2020-01-01T00:00:00Z",
            "type": "MicrosoftCloudAgreement",
            "userId": self.user,
        }
        start = time.monotonic()
        try:
            async with asyncio.timeout(self.patience):
                answer = await client.post(f"/v1/customers/{customer}/agreements", json=body)
        except TimeoutError:
            self.answers["client went away"] += 1
            return
        except httpx2.TransportError as error:
            self.answers[type(error).__name__] += 1
            return
        self.answers[str(answer.status_code)] += 1
        if answer.status_code == 201:
            self.acknowledged.append(Acknowledged(customer, email, start, time.monotonic()))
        elif answer.status_code != 503 or "Retry-After" not in answer.headers:
            self.wrong.append(f"{answer.status_code}: {answer.text[:200]}")
