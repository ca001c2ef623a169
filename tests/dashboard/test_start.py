"""The start page: what this is, which dates count now, whom to sign in as, and how each customer stands."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from agreegate.app import framework
from agreegate.demo.demo import Demo, open_demo
from agreegate.deployment.demo_start import DemoCustomer, DemoStart, DemoUser
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.programme import load
from agreegate.storage.engine.folder import DataFolder
from tests import personas as cast
from tests.dashboard.reading import Page
from tests.world import (
    API_ENFORCED,
    AUGUST,
    BASE_URL,
    DASHBOARD_ENFORCED,
    EVE_OF_API,
    EVE_OF_DASHBOARD,
    World,
    agreement,
    token,
)

BEFORE = datetime(2018, 8, 6, 23, 59, 59, tzinfo=UTC)
HOSTILE = '<script>alert("1")</script>&'
ALDER = Partner(
    PartnerId(cast.ALDER), HOSTILE, PartnerKind.INDIRECT_PROVIDER, Cloud.PUBLIC, Account.PRODUCTION, None, "x", "US", "en-US"
)  # fmt: skip


async def read(app: object, language: str = "en") -> Page:
    transport = httpx2.ASGITransport(app=app)  # type: ignore[arg-type]
    async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        return Page((await client.get("/", params={"lang": language})).text)


@pytest.mark.rule("R1", "R2", "R3", "R4", "R5")
@pytest.mark.parametrize(
    ("now", "api", "dashboard"),
    [
        (BEFORE, "optional until 22 March 2019", "optional until 7 November 2018"),
        (AUGUST, "optional until 22 March 2019", "optional until 7 November 2018"),
        (EVE_OF_DASHBOARD, "optional until 22 March 2019", "optional until 7 November 2018"),
        (DASHBOARD_ENFORCED, "optional until 22 March 2019", "since 7 November 2018"),
        (EVE_OF_API, "optional until 22 March 2019", "since 7 November 2018"),
        (API_ENFORCED, "since 22 March 2019", "since 7 November 2018"),
    ],
)
async def test_it_says_what_each_date_means_now(world: World, now: datetime, api: str, dashboard: str) -> None:
    world.clock.now = now
    page = await read(world.app)
    channel, other = page.text.index("Orders through the API:"), page.text.index("Orders on the dashboard:")
    assert api in page.text[channel:other]
    assert dashboard in page.text[other : other + 120]
    assert ("Confirmations do not exist yet" in page.text) == (now == BEFORE)
    assert f"{now.day} {now:%B} {now.year}, {now:%H:%M} UTC" in page.text


async def test_it_says_what_this_is_and_what_it_is_not(world: World) -> None:
    english, french = await read(world.app), await read(world.app, "fr")
    assert "not affiliated with Microsoft" in english.text
    assert "aucun lien avec Microsoft" in french.text
    assert "microsoft-cloud-agreement@2" in english.text
    for page in (english, french):
        assert f"{BASE_URL}/v1" in page.text
        assert {"/api/docs", "/api/openapi.json"} <= {link.partition("?")[0] for link in page.links}
    assert "Sign in" in english.text
    assert "Se connecter" in french.text


async def test_a_real_server_names_no_users_and_no_customers(world: World) -> None:
    page = await read(world.app)
    assert "alder.example" not in page.html
    assert "Cedar" not in page.html
    assert "demo" not in page.text.lower()


async def test_dates_of_a_template_are_shown_too(tmp_path: Path) -> None:
    world = World(tmp_path, API_ENFORCED, "microsoft-customer-agreement")
    page = await read(world.app)
    await world.close()
    assert (
        "1 February 2020 A confirmation of the Microsoft Cloud Agreement no longer counts for orders. to come"
        in page.text
    )
    assert "31 March 2020 The Microsoft Cloud Agreement can no longer be confirmed. to come" in page.text


async def test_names_are_shown_as_text_whatever_they_hold(world: World) -> None:
    hostile = replace(world.deployment.programme, title=HOSTILE)
    demo_start = DemoStart(
        [DemoUser(HOSTILE, "", "", HOSTILE, "", "signin.may.sales")],
        [DemoCustomer(cast.CEDAR, HOSTILE, ALDER)],
        HOSTILE,
    )
    page = await read(framework(replace(world.deployment, programme=hostile, demo_start=demo_start)))
    assert page.tags.count("script") == len(page.scripts) == 2
    assert (
        page.text.count(HOSTILE) == 7
    )  # twice the title, the user, its partner, the customer, its partner, the example


async def test_the_metrics_are_named_only_where_they_are(world: World) -> None:
    assert "/metrics" in (await read(framework(world.deployment))).text
    page = await read(framework(replace(world.deployment, metrics_elsewhere=True)))
    assert "/metrics" not in page.text
    assert "an address of their own" in page.text


async def demo(folder: Path, at: datetime) -> Demo:
    return await open_demo(DataFolder(folder), load(), BASE_URL, at, programme_named=False)


def row(page: Page, customer: str, partner: str) -> str:
    """What stands beside a customer of a partner."""
    found = next(row for row in page.html.split("<tr>") if customer in row and partner in row)
    return Page(found.partition("</tr>")[0]).text


async def test_the_demo_says_whom_to_sign_in_as_and_gives_a_line_to_copy(tmp_path: Path) -> None:
    started = await demo(tmp_path, API_ENFORCED)
    english, french = await read(started.app), await read(started.app, "fr")
    started.close()
    for _, name in cast.USERS.values():
        assert name in english.text
        assert name in french.text
    assert "A click is enough to sign in." in english.text
    assert "made up" in english.text
    assert "inventés" in french.text
    assert f"agreegate token sales@alder.example --url {BASE_URL}" in english.text
    assert f"{BASE_URL}/v1/agreements" in english.text


@pytest.mark.parametrize(
    ("customer", "partner", "before", "after"),
    [
        (cast.CEDAR, cast.ALDER, "Confirmed: accepted on 14 March 2019 allowed", None),
        (cast.CEDAR, cast.HAZEL, "Not confirmed allowed", "Not confirmed refused"),
        (cast.DOGWOOD, cast.ALDER, "Not confirmed allowed", "Not confirmed refused"),
        (cast.ELM, cast.HAZEL, "Not confirmed allowed", "Not confirmed refused"),
        (cast.GINKGO, cast.FIR, "Nothing to confirm in this cloud allowed", None),
        (cast.FRENE, cast.ALDER, "No longer agrees since 20 October 2018 refused", None),
    ],
)
async def test_the_demo_says_how_each_customer_stands_now(
    tmp_path: Path, customer: str, partner: str, before: str, after: str | None
) -> None:
    started = await demo(tmp_path, EVE_OF_API - timedelta(hours=6))
    assert row(await read(started.app), customer, partner).endswith(before)
    started.clock.set(API_ENFORCED)
    assert row(await read(started.app), customer, partner).endswith(after or before)
    started.close()


async def test_a_confirmation_shows_at_once(world: World) -> None:
    partner = Partner(
        PartnerId(cast.ALDER), "Alder", PartnerKind.INDIRECT_PROVIDER, Cloud.PUBLIC, Account.PRODUCTION, None, "x", "US", "en-US"
    )  # fmt: skip
    customers = [DemoCustomer(cast.DOGWOOD, "Dogwood", partner), DemoCustomer(cast.NOBODY, "Nobody", partner)]
    app = framework(replace(world.deployment, demo_start=DemoStart([], customers, "x")))
    world.clock.now = API_ENFORCED
    assert row(await read(app), cast.DOGWOOD, cast.ALDER).endswith("Not confirmed refused")
    headers = {"authorization": f"Bearer {token(cast.ALDER_SALES)}"}
    path = f"/v1/customers/{cast.DOGWOOD}/agreements"
    assert (await world.client.post(path, json=agreement(), headers=headers)).status_code == 201
    assert row(await read(app), cast.DOGWOOD, cast.ALDER).endswith("Confirmed: accepted on 10 August 2018 allowed")
    assert "no relationship with your account" in row(await read(app), cast.NOBODY, cast.ALDER)
