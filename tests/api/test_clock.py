"""The clock is behind: the gate says no on every door, what would record is 503, and the rest goes on (B8, decision 0015)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests import personas as cast
from tests.asgi import call
from tests.operations import OFFER
from tests.wire.requests import contoso
from tests.world import API_ENFORCED, World, agreement, token

pytestmark = pytest.mark.fault("B8")

YEAR = timedelta(days=365)
CUSTOMER = f"/v1/customers/{cast.CEDAR}"
API = f"/api/customers/{cast.CEDAR}"
KEPT = {"MS-RequestId": "5b7f0f0e-2a1c-4d9b-9a3e-0c1d2e3f4a5b"}
ORDER = {"lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "quantity": 5}]}


@pytest.fixture
async def behind(make_world: Callable[..., World]) -> World:
    """A server whose clock was a year ahead when a customer was confirmed and bought something."""
    world = make_world(demo=False)
    world.clock.now = API_ENFORCED + YEAR
    posted = await world.send(cast.ALDER_SALES, "POST", f"{CUSTOMER}/agreements", agreement(), KEPT)
    assert posted.status_code == 201
    assert (await world.send(cast.ALDER_SALES, "POST", f"{CUSTOMER}/orders", ORDER)).status_code == 201
    world.clock.now = API_ENFORCED
    return world


async def subscription(world: World) -> dict[str, Any]:
    read = await world.send(cast.ALDER_SALES, "GET", f"{CUSTOMER}/subscriptions")
    [found] = read.json()["items"]
    return dict(found)


def counted(world: World) -> list[tuple[Any, ...]]:
    tables = ("confirmation", "ending", "decision", "order_", "customer", "cart", "audit_record", "idempotency")
    return [row for table in tables for row in world.rows(f"select count(*) from {table}")]


@pytest.mark.rule("R6")
@pytest.mark.parametrize("customer", [cast.CEDAR, cast.DOGWOOD, cast.NOBODY])
async def test_the_gate_answers_deny_with_one_reason_by_the_hot_path_and_by_the_route(
    behind: World, customer: str
) -> None:
    expected = ("deny", [("clock.behind", "R6")], [], None)
    for more in ({}, {"at": "2026-01-01"}, {"agreementType": "MicrosoftCloudAgreement"}):
        for _ in range(2):  # the token is known the second time
            decision = await behind.ask(cast.ALDER_SALES, customer, **more)
            reasons = [(reason["code"], reason["rule"]) for reason in decision["reasons"]]
            assert (decision["verdict"], reasons, decision["advisories"], decision["confirmation"]) == expected
            assert decision["reasons"][0]["text"]
            assert decision["reasons"][0]["nextStep"]
    headers = [(b"authorization", f"Bearer {token(cast.ALDER_SALES)}".encode())]
    question = f'{{"customerId":"{customer}","action":"new_purchase","channel":"api"}}'.encode()
    at_once = behind.app.at_once(headers, question)
    through = await call(behind.app, "POST", b"/api/gate/decisions", headers, question)
    assert b'"clock.behind"' in through.body
    assert at_once == (None if behind.store.waits else through.body)
    assert (await behind.ask(cast.HAZEL_ADMIN, cast.CEDAR))["reasons"][0]["code"] == "confirmation.missing"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", f"{CUSTOMER}/agreements", agreement()),
        ("POST", f"{CUSTOMER}/orders", ORDER),
        ("POST", f"{CUSTOMER}/carts", {"lineItems": [{"id": 0, "catalogItemId": OFFER, "quantity": 1}]}),
        ("POST", f"{API}/confirmations", {key: value for key, value in agreement().items() if key != "type"}
         | {"contact": agreement()["primaryContact"]}),
        ("POST", f"{API}/standing/end", {"reason": "no_longer_agrees"}),
        ("POST", f"{API}/standing/end", {"reason": "recorded_in_error", "templateId": cast.CLOUD_AGREEMENT}),
        ("POST", "/api/gate/decisions", {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api",
                                         "record": True}),
    ],
)  # fmt: skip
async def test_what_would_record_is_503_and_records_nothing(
    behind: World, method: str, path: str, body: dict[str, Any]
) -> None:
    if path.endswith("/confirmations"):
        del body["primaryContact"]
    before = counted(behind)
    answer = await behind.send(cast.ALDER_SALES, method, path, body)
    assert answer.status_code == 503, answer.text
    assert int(answer.headers["retry-after"]) > 0
    error = answer.json()
    assert error.get("isRetryable", True) is True
    assert (error["code"], error.get("errorName")) in ((0, "ServiceUnavailable"), ("clock.behind", None))
    assert "clock" in (error.get("description") or error["detail"])
    assert counted(behind) == before


async def test_seats_and_names_wait_suspending_and_cancelling_do_not(behind: World) -> None:
    found = await subscription(behind)
    path = f"{CUSTOMER}/subscriptions/{found['id']}"
    for change in ({"quantity": 6}, {"friendlyName": "Other"}, {"status": "suspended", "quantity": 6}):
        answer = await behind.send(cast.ALDER_SALES, "PATCH", path, found | change)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True), (change, answer.text)
    for status in ("suspended", "deleted"):
        changed = await behind.send(cast.ALDER_SALES, "PATCH", path, {"status": status})
        assert (changed.status_code, changed.json()["status"]) == (200, status)


async def test_an_order_is_cancelled_in_a_sandbox(make_world: Callable[..., World]) -> None:
    world = make_world(demo=False)
    made = (await world.send(cast.MAPLE_ADMIN, "POST", "/v1/customers", contoso())).json()
    orders = f"/v1/customers/{made['id']}/orders"
    placed = (await world.send(cast.MAPLE_ADMIN, "POST", orders, ORDER)).json()
    world.clock.now -= timedelta(hours=1)
    assert (await world.send(cast.MAPLE_ADMIN, "POST", orders, ORDER)).status_code == 503
    path = f"{orders}/{placed['id']}"
    cancelled = await world.send(cast.MAPLE_ADMIN, "PATCH", path, placed | {"status": "cancelled"})
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")


async def test_reading_and_repeats_go_on(behind: World) -> None:
    for path in (f"{CUSTOMER}/agreements", f"{CUSTOMER}/orders", f"{API}/standing", "/v1/agreements", "/v1/customers"):
        assert (await behind.send(cast.ALDER_SALES, "GET", path)).status_code == 200
    again = await behind.send(cast.ALDER_SALES, "POST", f"{CUSTOMER}/agreements", agreement(), KEPT)
    assert again.status_code == 201
    behind.clock.now = API_ENFORCED + YEAR
    assert (await behind.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"
    assert (await behind.confirm(cast.ALDER_SALES, cast.DOGWOOD)).status_code == 201
