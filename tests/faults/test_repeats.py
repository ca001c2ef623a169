"""The same request again: at the same moment, and after a crash. One record, and the same bytes (contract 3.10)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests import personas as cast
from tests.faults.server import PATIENCE, Server
from tests.operations import OPERATIONS, Operation, case_for, named
from tests.world import World, agreement

REQUEST_ID = "0f6b2c1e-7a57-4d7e-9d9c-0f5f3f0a2b41"
CEDAR = f"/v1/customers/{cast.CEDAR}"

REPEATED = [
    one
    for one in OPERATIONS
    if one.method in ("POST", "PATCH", "PUT", "DELETE") and not one.path.startswith(("/api/gate", "/v1/validations"))
]
"""Everything that changes something and can be sent again. (To ask is free.)"""


def total(world: World) -> int:
    """How many rows there are in all, but for what lists are found by: it follows from the others."""
    found = world.rows(
        "select name from sqlite_schema where type = 'table' and name not glob 'customer_t*' and name <> 'confirmation_group'"
    )
    tables = [name for (name,) in found]
    return sum(int(count) for (count,) in world.rows(" union all ".join(f'select count(*) from "{t}"' for t in tables)))


@pytest.mark.parametrize("operation", REPEATED, ids=named)
async def test_eight_at_the_same_moment_are_one(world: World, operation: Operation) -> None:
    case = await case_for(world, cast.MAPLE_ADMIN, operation)
    other = await case_for(world, cast.MAPLE_ADMIN, operation)
    before = total(world)
    alone = await world.send(cast.MAPLE_ADMIN, operation.method, operation.at(other), operation.body(other),
                             {"MS-RequestId": cast.NOBODY})  # fmt: skip
    assert alone.status_code == operation.status
    added = total(world) - before
    sent = [
        world.send(
            cast.MAPLE_ADMIN, operation.method, operation.at(case), operation.body(case), {"MS-RequestId": REQUEST_ID}
        )
        for _ in range(8)
    ]
    answers = await asyncio.gather(*sent)
    assert {(answer.status_code, answer.content) for answer in answers} == {(operation.status, answers[0].content)}
    assert {answer.headers["MS-RequestId"] for answer in answers if "MS-RequestId" in answer.headers} <= {REQUEST_ID}
    assert total(world) - before == 2 * added


OTHERWISE: dict[str, dict[str, Any]] = {
    "/agreements": {"dateAgreed": "2018-08-11"},
    "/v1/customers": {"companyProfile": {"domain": "other.example"}},
    "/orders": {"currencyCode": "EUR"},
    "/orders/{order_id}": {"billingCycle": "monthly", "status": "completed"},
    "/carts": {"lineItems": [{"catalogItemId": cast.NOBODY, "quantity": 7}]},
    "/carts/{cart_id}": {"lineItems": [{"catalogItemId": cast.NOBODY, "quantity": 7}]},
    "/subscriptions/{subscription_id}": {"quantity": 7},
    "/upgrades": {"quantity": 7},
    "/conversions": {"quantity": 7},
    "/end": {"note": "for another reason"},
    "/employee": {"name": "Noa Holm"},
}
"""What each of them could be instead, by the end of its path."""


@pytest.mark.parametrize("ending", OTHERWISE)
async def test_the_same_id_for_something_else_is_refused(world: World, ending: str) -> None:
    operation = next(one for one in REPEATED if one.path.endswith(ending))
    case = await case_for(world, cast.MAPLE_ADMIN, operation)
    body, headers = operation.body(case), {"MS-RequestId": REQUEST_ID}
    assert isinstance(body, dict)
    first = await world.send(cast.MAPLE_ADMIN, operation.method, operation.at(case), body, headers)
    assert first.status_code == operation.status
    before = total(world)
    other = await world.send(cast.MAPLE_ADMIN, operation.method, operation.at(case), body | OTHERWISE[ending], headers)
    assert (other.status_code, other.json()["code"]) == (
        409,
        3000 if operation.path.startswith("/v1") else "request.id-reused",
    )
    assert total(world) == before


async def test_another_user_with_the_same_id_is_refused(world: World) -> None:
    headers = {"MS-RequestId": REQUEST_ID}
    first = await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", agreement(), headers)
    assert first.status_code == 201
    for who in (cast.ALDER_ADMIN, cast.ALDER_MARKETPLACE):
        answer = await world.send(who, "POST", f"{CEDAR}/agreements", agreement(), headers)
        assert (answer.status_code, answer.json()["code"]) == (409, 3000)
    other = await world.send(cast.HAZEL_ADMIN, "POST", f"{CEDAR}/agreements", agreement(), headers)
    assert other.status_code == 201, "another partner's ids are its own"


@dataclass(frozen=True)
class Step:
    """One request of a history; the path may need what an earlier answer said."""

    method: str
    path: Callable[[dict[str, Any]], str]
    body: Any
    learn: Callable[[Any], dict[str, Any]] = lambda _: {}


LINE = {"lineItemNumber": 0, "offerId": cast.NOBODY, "quantity": 1}
HISTORY = [
    Step("POST", lambda _: f"{CEDAR}/agreements", agreement()),
    Step("POST", lambda _: f"{CEDAR}/orders", {"lineItems": [LINE]},
         lambda body: {"subscription": body["lineItems"][0]["subscriptionId"]}),
    Step("PATCH", lambda known: f"{CEDAR}/subscriptions/{known['subscription']}", {"quantity": 2}),
    Step("POST", lambda _: f"{CEDAR}/carts", {"lineItems": [{"catalogItemId": cast.NOBODY, "quantity": 1}]},
         lambda body: {"cart": body["id"]}),
    Step("POST", lambda known: f"{CEDAR}/carts/{known['cart']}/checkout", None),
    Step("POST", lambda _: "/v1/customers", {
        "companyProfile": {"domain": "contoso.example"},
        "billingProfile": {"email": "noa@contoso.example", "culture": "en-US", "language": "en",
                           "companyName": "Contoso",
                           "defaultAddress": {"country": "US", "city": "Redmond", "state": "WA", "firstName": "Noa",
                                              "lastName": "Berg", "addressLine1": "1 Main St", "postalCode": "98052"}}}),
]  # fmt: skip


def test_what_was_answered_before_a_crash_is_answered_after_it(tmp_path: Path) -> None:
    user = "sales@alder.example"
    with Server(tmp_path) as server:
        known: dict[str, Any] = {}
        first: list[httpx2.Response] = []
        requests: list[tuple[str, str, Any, dict[str, str]]] = []
        for number, step in enumerate(HISTORY):
            headers = {"MS-RequestId": f"{REQUEST_ID[:-2]}{number:02}"}
            requests.append((step.method, step.path(known), step.body, headers))
            first.append(server.send(user, *requests[-1]))
            assert first[-1].is_success, first[-1].text
            known |= step.learn(first[-1].json())
        lists = [f"{CEDAR}/{kind}" for kind in ("agreements", "orders", "subscriptions")] + ["/v1/customers"]
        before = [server.send(user, "GET", path).content for path in lists]
        server.restart()
        for request, answer in zip(requests, first, strict=True):
            again = server.send(user, *request)
            assert (again.status_code, again.content) == (answer.status_code, answer.content)
        assert [server.send(user, "GET", path).content for path in lists] == before


def test_eight_at_the_same_moment_on_a_real_server_are_one(tmp_path: Path) -> None:
    async def eight(server: Server) -> list[httpx2.Response]:
        headers = {"Authorization": f"Bearer {server.token('sales@alder.example')}", "MS-RequestId": REQUEST_ID}
        async with httpx2.AsyncClient(
            base_url=server.url, headers=headers, trust_env=False, timeout=PATIENCE
        ) as client:
            return await asyncio.gather(*(client.post(f"{CEDAR}/agreements", json=agreement()) for _ in range(8)))

    with Server(tmp_path) as server:
        before = server.send("sales@alder.example", "GET", f"{CEDAR}/agreements").json()["totalCount"]
        answers = asyncio.run(eight(server))
        assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
        assert server.send("sales@alder.example", "GET", f"{CEDAR}/agreements").json()["totalCount"] == before + 1
