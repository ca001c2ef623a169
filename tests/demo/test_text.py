"""The demo's texts: marked as samples, in force by the dates of the history, ready to be fetched."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from agreegate.demo.demo import Demo, open_demo
from agreegate.demo.oauth import PARTNER_CENTER
from agreegate.programme import load
from agreegate.storage.engine.folder import DataFolder
from tests import personas as cast

URL = "http://127.0.0.1:8400"
MICROSECOND = timedelta(microseconds=1)


class Reader:
    """A partner's employee who fetches texts."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=demo.app), base_url=URL)

    async def get(self, path: str) -> httpx2.Response:
        form = {"grant_type": "password", "username": "sales@alder.example", "password": "demo", "client_id": "tests"}
        form["scope"] = f"{PARTNER_CENTER}/.default"
        token = (await self.client.post("/organizations/oauth2/v2.0/token", data=form)).json()["access_token"]
        return await self.client.get(path, headers={"Authorization": f"Bearer {token}"})

    async def text(self, template: str, query: str) -> dict[str, Any]:
        answer = await self.get(f"/api/agreements/{template}/text?{query}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def follow(self, link: str) -> httpx2.Response:
        return await self.client.get(urlsplit(link).path)


@pytest.fixture
async def begun(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Reader]]]:
    """Starts the demo at an instant."""
    readers: list[Reader] = []

    async def start(at: str, programme: str = "microsoft-cloud-agreement") -> Reader:
        folder = DataFolder(tmp_path / str(len(readers)))
        instant = datetime.fromisoformat(at).replace(tzinfo=UTC)
        readers.append(Reader(await open_demo(folder, load(programme), URL, instant, programme_named=True)))
        return readers[-1]

    yield start
    for reader in readers:
        await reader.client.aclose()
        reader.demo.close()


@pytest.mark.rule("R32", "R38")
@pytest.mark.parametrize("at", ["2018-08-15", "2018-11-07T10:30:00", "2019-03-22", "2026-11-22"])
async def test_the_newer_sample_is_in_force_since_thirty_days_before_the_start(
    begun: Callable[..., Awaitable[Reader]], at: str
) -> None:
    reader = await begun(at)
    since = datetime.fromisoformat(at).replace(tzinfo=UTC) - timedelta(days=30)
    shown = []
    for country, language, heading in (("US", "en-US", "# Sample"), ("FR", "fr-FR", "# Exemple")):
        for on in (since, since - MICROSECOND):
            query = f"country={country}&language={language}&at={on:%Y-%m-%dT%H:%M:%S.%fZ}"
            found = await reader.text(cast.CLOUD_AGREEMENT, query)
            content = (await reader.follow(found["downloadUri"])).text
            assert content.startswith(heading)
            assert found["fallback"] == "none"
            assert "made up" in found["version"]["note"]
            shown.append((content, found["version"]["label"]))
    assert len(set(shown)) == 4
    assert shown[0][1] == shown[2][1] == f"{since:%Y-%m-%d}"


async def test_the_older_sample_covers_every_confirmation_of_the_past(begun: Callable[..., Awaitable[Reader]]) -> None:
    reader = await begun("2019-03-22")
    first = await reader.text(cast.CLOUD_AGREEMENT, "at=2018-08-07T00:00:00Z")
    assert first["version"]["effectiveFrom"] == "2017-08-01T00:00:00Z"
    assert (await reader.get(f"/v1/agreementtemplates/{cast.CUSTOMER_AGREEMENT}/document")).status_code == 404


HISTORY = [
    ("2019-10-01T00:00:00Z", "2019-10-01"),
    ("2019-10-18T00:00:00Z", "2019-10-01"),
    ("2019-11-17T23:59:59Z", "2019-10-01"),
    ("2019-11-18T00:00:00Z", "2019-10-18"),
    ("2023-03-31T23:59:59Z", "2019-10-18"),
    ("2023-04-01T00:00:00Z", "2023-04-01"),
]


@pytest.mark.rule("R32")
@pytest.mark.parametrize("at", ["2018-08-15", "2019-11-01", "2024-01-01"])
async def test_the_customer_agreement_has_its_history_whenever_the_demo_begins(
    begun: Callable[..., Awaitable[Reader]], at: str
) -> None:
    reader = await begun(at, "microsoft-customer-agreement")
    for on, label in HISTORY:
        found = await reader.text(cast.CUSTOMER_AGREEMENT, f"at={on}&country=FR&language=fr-FR")
        assert (found["version"]["label"], found["language"]) == (label, "fr-FR")
    assert (await reader.get(f"/api/agreements/{cast.CUSTOMER_AGREEMENT}/text?at=2019-09-30")).status_code == 404


@pytest.mark.fault("E1")
async def test_the_contracts_document_shows_itself_and_is_the_published_file(
    begun: Callable[..., Awaitable[Reader]],
) -> None:
    reader = await begun("2020-06-01", "microsoft-customer-agreement")
    links = (await reader.get(f"/v1/agreementtemplates/{cast.CUSTOMER_AGREEMENT}/document")).json()
    assert (await reader.follow(links["downloadUri"])).text.startswith("# Sample of a customer agreement")
    page = (await reader.follow(links["displayUri"])).text
    assert "<h1>Sample of a customer agreement, version of 2019-10-18</h1>" in page
    assert "It is no legal text" in page


@pytest.mark.fault("E1")
async def test_a_word_document_of_the_demo_is_offered_and_not_shown(begun: Callable[..., Awaitable[Reader]]) -> None:
    reader = await begun("2020-06-01", "microsoft-customer-agreement")
    found = await reader.text(cast.CUSTOMER_AGREEMENT, "country=DE&language=de-DE")
    page = (await reader.follow(found["displayUri"])).text
    assert "Kundenvertrag" not in page
    assert found["digest"] in page
    offered = re.findall(r'href="([^"]+)"', page)
    assert [(await reader.follow(link)).content[:4] for link in offered] == [b"PK\x03\x04"]


@pytest.mark.fault("E2")
@pytest.mark.parametrize("at", ["2018-08-15", "2018-09-04", "2018-11-07T10:30:00", "2019-03-22", "2026-11-22"])
async def test_nothing_names_a_text_published_later_than_itself(
    begun: Callable[..., Awaitable[Reader]], at: str
) -> None:
    reader = await begun(at)
    rows = await reader.demo.deployment.store.read(
        lambda uow: uow.fetch_all(
            "select recorded_at, published_at from confirmation"
            " join confirmation_text on confirmation_number = confirmation.number join text_version using (version_id)"
        )
    )
    assert [pair for pair in rows if pair[0] < pair[1]] == []


@pytest.mark.fault("E2")
@pytest.mark.parametrize("at", ["2018-11-07T10:30:00", "2019-03-22", "2026-11-22"])
async def test_cedar_accepted_by_date_and_then_by_name(begun: Callable[..., Awaitable[Reader]], at: str) -> None:
    reader, start = await begun(at), datetime.fromisoformat(at).replace(tzinfo=UTC)
    standing = (await reader.get(f"/api/customers/{cast.CEDAR}/standing")).json()
    [history] = [one["history"] for one in standing["agreements"] if one["agreementType"] == "MicrosoftCloudAgreement"]
    again = start - timedelta(days=7)
    reported = [
        (one["dateAgreed"][:10], one["recordedAt"][:19], one["text"]["basis"], one["text"]["label"]) for one in history
    ]
    assert reported == [
        (f"{again:%Y-%m-%d}", f"{again:%Y-%m-%dT%H:%M:%S}", "stated", f"{start - timedelta(days=30):%Y-%m-%d}"),
        ("2018-09-03", "2018-09-03T10:00:00", "inferred", "2017-08-01"),
    ]
