"""Our own API described: the document holds what is ours alone, and the page says all of it, with examples that work."""

import json
import shlex
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agreegate.app import REST_HANDLERS
from agreegate.dashboard.reference import accesses
from agreegate.demo.demo import open_demo
from agreegate.programme import load
from agreegate.storage.engine.folder import DataFolder
from tests import personas as cast
from tests.dashboard.reading import Page
from tests.texts import AMERICA, publish
from tests.world import API_ENFORCED, BASE_URL, World

METHODS = {"get", "put", "post", "patch", "delete"}


async def document(world: World) -> dict[str, Any]:
    answer = await world.send(None, "GET", "/api/openapi.json")
    assert answer.status_code == 200
    read: dict[str, Any] = answer.json()
    return read


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(method, path, one) for path, item in document["paths"].items() for method, one in item.items()]


async def test_the_document_holds_our_own_api_and_nothing_else(world: World) -> None:
    described = operations(await document(world))
    assert len(described) == len(REST_HANDLERS)
    for method, path, _ in described:
        assert method in METHODS
        assert path.startswith("/api/")
        assert path not in ("/api/openapi.json", "/api/docs")
    assert {(method, path) for method, path, _ in described} == {
        key for key in accesses(world.framework) if key[1].startswith("/api/")
    }


async def test_every_operation_says_what_it_does_who_may_and_what_errors_look_like(world: World) -> None:
    read = await document(world)
    assert read["openapi"].startswith("3.1")
    for method, path, one in operations(read):
        where = f"{method} {path}"
        assert one["summary"], where
        assert len(one["description"]) > len(one["summary"]), where
        assert one["security"] == [{"token": []}], where
        assert {"401", "403", "503"} <= set(one["responses"]) or "sandbox" in one["tags"], where
        assert all(parameter.get("description") for parameter in one.get("parameters", [])), where
        for status, answer in one["responses"].items():
            media = "application/json" if status.startswith("2") else "application/problem+json"
            assert list(answer["content"]) == [media], f"{where} {status}"
            assert answer["description"], f"{where} {status}"
    for name, schema in read["components"]["schemas"].items():
        for member, described in schema.get("properties", {}).items():
            assert described.get("description") or "$ref" in described, f"{name}.{member}"


async def test_the_page_says_all_of_it_in_both_languages(world: World) -> None:
    read = await document(world)
    for language, who, optional in (
        ("en", "Who may call it: users with the role Admin agent or Sales agent", "may be left out"),
        ("fr", "Qui peut l’appeler : les utilisateurs ayant le rôle agent d’administration ou", "peut être omis"),
    ):
        page = Page((await world.send(None, "GET", f"/api/docs?lang={language}")).text)
        assert who in page.text
        assert optional in page.text
        for method, path, one in operations(read):
            assert f"{method.upper()} {path}" in page.text
            assert " ".join(one["description"].split()) in page.text
        for name, schema in read["components"]["schemas"].items():
            assert name in page.ids
            for member, described in schema.get("properties", {}).items():
                assert member in page.text
                assert described.get("description", "") in page.text
            for value in schema.get("enum", []):
                assert value in page.text


def requests(html: str) -> list[list[str]]:
    """The words of every request that a page gives to copy."""
    blocks = [Page(block.partition("</code>")[0]).text for block in html.split('<pre tabindex="0"><code>')[1:]]
    return [shlex.split(block.replace("\\ ", " ")) for block in blocks if block.startswith("curl")]


async def test_every_example_can_be_sent_as_it_stands(world: World) -> None:
    await world.confirm(cast.ALDER_MARKETPLACE, cast.CEDAR)
    await publish(world, {AMERICA: ("text.md", b"# Made up")})
    recorded = world.rows("select confirmation_id from confirmation")[0][0]
    html = (await world.send(None, "GET", "/api/docs")).text
    sent = requests(html)
    assert len(sent) == len(REST_HANDLERS)
    for words in sent:
        method, url = words[2], words[3].replace("6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10", recorded)
        body = json.loads(words[words.index("-d") + 1]) if "-d" in words else None
        answer = await world.send(cast.ALDER_SALES, method, url.removeprefix(BASE_URL), body)
        assert answer.status_code in (200, 201), (words, answer.text)


async def test_the_example_of_an_ending_is_what_it_answers(world: World) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    html = (await world.send(None, "GET", "/api/docs")).text
    section = Page(
        html.partition('aria-labelledby="ApiCustomersCustomerIdStandingEndEndStanding"')[2].partition("</section>")[0]
    )
    shown = json.loads(section.text.partition("}' ")[2])
    sent = {"reason": "no_longer_agrees", "note": "Told us by phone."}
    answered = (await world.send(cast.ALDER_SALES, "POST", f"/api/customers/{cast.CEDAR}/standing/end", sent)).json()
    [agreement] = shown["agreements"]
    first = next(one for one in answered["agreements"] if one["agreementType"] == agreement["agreementType"])
    assert (agreement["state"], agreement["confirmation"]) == (first["state"], first["confirmation"]) == ("ended", None)
    assert [one["reason"] for one in shown["refusals"]] == [one["reason"] for one in answered["refusals"]]
    assert shown["refusals"][0].keys() == answered["refusals"][0].keys()
    assert agreement["history"][0].keys() == first["history"][0].keys()
    assert agreement["history"][0]["ended"].keys() == first["history"][0]["ended"].keys()


async def test_it_says_where_a_token_comes_from(world: World) -> None:
    assert "the token issuer that this server trusts" in Page((await world.send(None, "GET", "/api/docs")).text).text


async def test_the_clock_is_described_by_the_demo_alone(world: World, tmp_path: Path) -> None:
    assert "/api/sandbox/clock" not in (await document(world))["paths"]
    folder = tmp_path / "demo"
    demo = await open_demo(DataFolder(folder), load(), BASE_URL, API_ENFORCED, programme_named=False)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=demo.app), base_url=BASE_URL) as client:
        html = (await client.get("/api/docs")).text
    demo.close()
    assert "PUT /api/sandbox/clock" in Page(html).text
    assert "any signed-in user" in Page(html).text
    assert f"TOKEN=$(.venv/bin/agreegate token sales@alder.example --url {BASE_URL})" in Page(html).text
    assert len(requests(html)) == len(REST_HANDLERS) + 2


@pytest.mark.parametrize("header", ["text/html", "application/json", "*/*"])
async def test_the_document_is_json_whatever_is_asked_for(world: World, header: str) -> None:
    answer = await world.send(None, "GET", "/api/openapi.json", headers={"Accept": header})
    assert answer.headers["content-type"] == "application/json"
