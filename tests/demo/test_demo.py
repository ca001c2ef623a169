"""The demo as a stranger meets it: its cast and past at any start, its clock, and the contract's acceptance script."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import httpx2
import pytest

from agreegate.demo.demo import Demo, open_demo
from agreegate.demo.oauth import PARTNER_CENTER
from agreegate.programme import load
from agreegate.storage.engine.folder import DATABASE, DataFolder
from tests import personas as cast
from tests.rejection import rejected
from tests.world import agreement

URL = "http://127.0.0.1:8400"
OFFER = "bd938f12-058f-4927-bba3-ae36b1d2501c"

Opener = Callable[..., Awaitable[Demo]]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opener]:
    """Opens the demo on one folder, as often as asked."""
    demos: list[Demo] = []

    async def open_at(at: str | None, programme: str = "microsoft-cloud-agreement", *, named: bool = False) -> Demo:
        for earlier in demos:
            earlier.close()
        demos.clear()
        instant = None if at is None else datetime.fromisoformat(at).replace(tzinfo=UTC)
        demos.append(await open_demo(DataFolder(tmp_path), load(programme), URL, instant, programme_named=named))
        return demos[0]

    yield open_at
    for demo in demos:
        demo.close()


class Visitor:
    """A client of a running demo."""

    def __init__(self, demo: Demo) -> None:
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=demo.app), base_url=URL)
        self._tokens: dict[str, str] = {}

    async def token(self, user: str) -> str:
        if user not in self._tokens:
            form = {"grant_type": "password", "username": user, "password": "demo", "client_id": "tour"}
            form["scope"] = f"{PARTNER_CENTER}/.default"
            answer = await self.client.post("/organizations/oauth2/v2.0/token", data=form)
            self._tokens[user] = answer.json()["access_token"]
        return self._tokens[user]

    async def send(self, user: str, method: str, path: str, body: object = None) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {await self.token(user)}"}
        return await self.client.request(method, path, json=body, headers=headers)

    async def move(self, instant: str) -> None:
        answer = await self.send("admin@alder.example", "PUT", "/api/sandbox/clock", {"now": instant})
        assert (answer.status_code, answer.json()) == (200, {"now": instant})

    async def standing(self, user: str, customer: str, kind: str = "MicrosoftCloudAgreement") -> dict[str, Any]:
        answer = await self.send(user, "GET", f"/api/customers/{customer}/standing")
        return next(a for a in answer.json()["agreements"] if a["agreementType"] == kind)

    async def state(self, user: str, customer: str, kind: str = "MicrosoftCloudAgreement") -> str:
        return (await self.standing(user, customer, kind))["state"]

    async def subscriptions(self, user: str, customer: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.send(user, "GET", f"/v1/customers/{customer}/subscriptions")).json()[
            "items"
        ]
        return items


@pytest.fixture
async def visit() -> AsyncIterator[Callable[[Demo], Visitor]]:
    visitors: list[Visitor] = []

    def come(demo: Demo) -> Visitor:
        visitors.append(Visitor(demo))
        return visitors[-1]

    yield come
    for visitor in visitors:
        await visitor.client.aclose()


def order(customer: str) -> dict[str, Any]:
    return {
        "referenceCustomerId": customer,
        "billingCycle": "monthly",
        "lineItems": [{"lineItemNumber": 0, "offerId": OFFER, "friendlyName": "Office", "quantity": 5}],
    }


@pytest.mark.rule("R4", "R7", "R8", "R10", "R26", "R50")
async def test_the_contracts_minimal_acceptance_script(opened: Opener, visit) -> None:
    visitor = visit(await opened("2019-03-21"))
    sales, customer = "sales@alder.example", cast.DOGWOOD
    agreements = f"/v1/customers/{customer}/agreements"
    orders = f"/v1/customers/{customer}/orders"
    metadata = await visitor.send(sales, "GET", "/v1/agreements")
    assert [item["templateId"] for item in metadata.json()["items"]] == [cast.CLOUD_AGREEMENT]
    assert (await visitor.send(sales, "GET", agreements)).json()["totalCount"] == 0
    assert (await visitor.send(sales, "POST", orders, order(customer))).status_code == 201
    await visitor.move("2019-03-22T00:00:00Z")
    refused = await visitor.send(sales, "POST", orders, order(customer))
    assert (refused.status_code, refused.json()["code"]) == (403, 13605)
    assert "Microsoft Cloud Agreement" in refused.json()["description"]
    future = await visitor.send(sales, "POST", agreements, agreement(dateAgreed="2019-03-24T00:00:00Z"))
    assert (future.status_code, future.json()["code"]) == (400, 600002)
    bad = await visitor.send(sales, "POST", agreements, agreement(primaryContact__email="nobody"))
    assert bad.status_code == 400
    good = await visitor.send(sales, "POST", agreements, agreement())
    assert (good.status_code, good.json()["userId"]) == (201, cast.ALDER_SALES)
    read = await visitor.send(sales, "GET", agreements)
    assert read.json()["totalCount"] == 1
    assert read.json()["items"][0]["agreementLink"]
    passed = await visitor.send(sales, "POST", orders, order(customer))
    assert passed.status_code == 201
    bought = passed.json()["lineItems"][0]["subscriptionId"]
    subscription = await visitor.send(sales, "GET", f"/v1/customers/{customer}/subscriptions/{bought}")
    path = f"/v1/customers/{customer}/subscriptions/{bought}"
    assert (await visitor.send(sales, "PATCH", path, subscription.json() | {"quantity": 6})).status_code == 200
    hazel, shared = "admin@hazel.example", f"/v1/customers/{cast.CEDAR}"
    assert (await visitor.send(hazel, "GET", f"{shared}/agreements")).json()["totalCount"] == 0
    assert (await visitor.send(hazel, "POST", f"{shared}/orders", order(cast.CEDAR))).status_code == 403
    for address in ("/v1/agreements", f"{shared}/agreements"):
        silent = await visitor.send("sales@birch.example", "GET", address)
        assert (silent.status_code, silent.content) == (403, b"")


@pytest.mark.rule("R11")
async def test_auto_renewal_runs_without_a_confirmation(opened: Opener, visit) -> None:
    visitor = visit(await opened("2019-08-14"))
    [before] = await visitor.subscriptions("sales@alder.example", cast.DOGWOOD)
    assert before["commitmentEndDate"].startswith("2019-08-15T")
    await visitor.move("2021-01-01T00:00:00Z")
    [after] = await visitor.subscriptions("sales@alder.example", cast.DOGWOOD)
    assert after["commitmentEndDate"].startswith("2021-08-15T")
    assert after["status"] == "active"
    await visitor.move("2019-01-01T00:00:00Z")
    [still] = await visitor.subscriptions("sales@alder.example", cast.DOGWOOD)
    assert still["commitmentEndDate"] == after["commitmentEndDate"]


@pytest.mark.parametrize(
    ("at", "bought", "cedar", "frene"),
    [
        ("2018-08-10", 0, "missing", "missing"),
        ("2018-08-20", 1, "missing", "missing"),
        ("2018-09-04", 1, "current", "current"),
        ("2018-10-21", 1, "current", "ended"),
        ("2026-01-01", 1, "current", "ended"),
    ],
)
async def test_facts_later_than_the_start_are_left_out(
    opened: Opener, visit, at: str, bought: int, cedar: str, frene: str
) -> None:
    visitor = visit(await opened(at))
    sales = "sales@alder.example"
    assert len(await visitor.subscriptions(sales, cast.DOGWOOD)) == bought
    assert len(await visitor.subscriptions("admin@hazel.example", cast.CEDAR)) == bought
    assert await visitor.state(sales, cast.CEDAR) == cedar
    assert await visitor.state(sales, cast.FRENE) == frene
    assert await visitor.state("admin@hazel.example", cast.CEDAR) == "missing"


@pytest.mark.rule("R33", "R34", "R35")
@pytest.mark.parametrize("at", ["2018-09-04", "2018-11-07T10:30:00", "2019-03-22", "2026-11-29T15:45:10"])
async def test_one_customer_accepted_the_older_text_and_renews_in_thirty_days(opened: Opener, visit, at: str) -> None:
    visitor, start = visit(await opened(at)), datetime.fromisoformat(at).replace(tzinfo=UTC)
    sales, kind = "sales@alder.example", "MicrosoftCloudAgreement"
    juniper = await visitor.standing(sales, cast.JUNIPER, kind)
    assert juniper["state"] == "outdated"
    assert datetime.fromisoformat(juniper["outdatedSince"]) == start - timedelta(days=30)
    assert datetime.fromisoformat(juniper["renewBy"]) == start + timedelta(days=30)
    assert juniper["confirmation"]["text"]["basis"] == "inferred"
    question = {"customerId": cast.JUNIPER, "action": "new_purchase", "channel": "api"}
    decision = (await visitor.send(sales, "POST", "/api/gate/decisions", question)).json()
    assert (decision["verdict"], [one["code"] for one in decision["advisories"]]) == (
        "allow",
        ["confirmation.outdated"],
    )
    [subscription] = await visitor.subscriptions(sales, cast.JUNIPER)
    assert datetime.fromisoformat(subscription["commitmentEndDate"]) == start + timedelta(days=30)
    cedar = await visitor.standing(sales, cast.CEDAR, kind)
    newest = (await visitor.send(sales, "GET", f"/api/agreements/{cast.CLOUD_AGREEMENT}/text")).json()["version"]
    assert (cedar["state"], cedar["confirmation"]["text"]["label"]) == ("current", newest["label"])
    assert juniper["confirmation"]["text"]["label"] != newest["label"]


@pytest.mark.rule("R34")
@pytest.mark.parametrize(
    ("at", "state"),
    [
        ("2019-10-01", "missing"),
        ("2020-02-01", "current"),
        ("2020-12-31", "current"),
        ("2023-03-31", "current"),
        ("2023-04-01", "outdated"),
        ("2026-11-29", "outdated"),
    ],
)
async def test_the_refreshed_customer_agreement_outdates_what_was_accepted_before(
    opened: Opener, visit, at: str, state: str
) -> None:
    visitor = visit(await opened(at, "microsoft-customer-agreement", named=True))
    assert await visitor.state("sales@alder.example", cast.JUNIPER, "MicrosoftCustomerAgreement") == state
    assert len(await visitor.subscriptions("sales@alder.example", cast.JUNIPER)) == 1


async def test_the_later_programme_has_its_own_past(opened: Opener, visit) -> None:
    visitor = visit(await opened("2020-06-01", "microsoft-customer-agreement", named=True))
    sales, kind = "sales@alder.example", "MicrosoftCustomerAgreement"
    assert await visitor.state(sales, cast.CEDAR, kind) == "current"
    assert await visitor.state(sales, cast.FRENE, kind) == "ended"
    assert await visitor.state(sales, cast.DOGWOOD, kind) == "missing"


async def test_a_new_demo_is_at_the_machines_time_and_ticks(opened: Opener, visit) -> None:
    visitor = visit(await opened(None))
    first = (await visitor.send("admin@alder.example", "GET", "/api/sandbox/clock")).json()["now"]
    second = (await visitor.send("admin@alder.example", "GET", "/api/sandbox/clock")).json()["now"]
    assert abs((datetime.fromisoformat(first) - datetime.now(UTC)).total_seconds()) < 60
    assert first < second


@pytest.mark.parametrize("now", ["", "tomorrow", "9000-01-01", "0001-01-01T00:00:00", None, 5])
async def test_the_clock_takes_instants_only(opened: Opener, visit, now: object) -> None:
    visitor = visit(await opened("2019-03-21"))
    answer = await visitor.send("admin@alder.example", "PUT", "/api/sandbox/clock", {"now": now})
    assert answer.status_code == 400
    assert answer.json()["detail"]


def decisions_in(folder: Path) -> int:
    with closing(apsw.Connection(str(folder / DATABASE), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        count: int = connection.execute("select count(*) from decision").get
    return count


async def test_a_folder_with_data_is_taken_up_where_it_was_left(opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    await opened("2019-03-21")
    rows = decisions_in(tmp_path)
    again = await opened(None)
    assert again.clock().date() == datetime(2019, 3, 21, tzinfo=UTC).date()
    assert decisions_in(tmp_path) == rows > 0
    moved = await opened("2020-01-01")
    assert moved.clock().year == 2020
    assert (tmp_path / "mine.txt").read_text() == "mine"


async def test_another_programme_a_second_demo_and_a_foreign_file_are_refused(opened: Opener, tmp_path: Path) -> None:
    await opened("2019-03-21")
    with rejected("data.in-use"):
        await open_demo(DataFolder(tmp_path), load(), URL, None, programme_named=False)
    with rejected("demo.other-programme"):
        await opened(None, "microsoft-customer-agreement", named=True)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    (foreign / DATABASE).write_bytes(b"not a database at all" * 100)
    with rejected("schema.foreign"):
        await open_demo(DataFolder(foreign), load(), URL, None, programme_named=False)
    assert (foreign / DATABASE).read_bytes() == b"not a database at all" * 100


def share(folder: Path) -> None:
    """Let everybody read a folder."""
    folder.chmod(0o755)


def rights_of(folder: Path) -> dict[str, int]:
    """The rights of a folder, as ".", and of what is in it."""
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()} | {".": folder.stat().st_mode & 0o777}


async def test_the_data_folder_is_its_owners_alone(opened: Opener, tmp_path: Path) -> None:
    await opened("2019-03-21")
    assert {name for name, rights in rights_of(tmp_path).items() if rights & 0o077} == set()


async def test_a_folder_of_somebody_elses_keeps_its_permissions(opened: Opener, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    share(tmp_path)
    await opened("2019-03-21")
    rights = rights_of(tmp_path)
    assert rights["."] == 0o755
    assert rights[DATABASE] & 0o077 == 0
