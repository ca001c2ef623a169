"""What every page has in common: both languages, nothing that runs, links that lead somewhere, a style that is kept."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest

from agreegate.demo.demo import open_demo
from agreegate.i18n import text
from agreegate.programme import load
from agreegate.storage.engine.folder import DataFolder
from tests.dashboard.reading import Page
from tests.dashboard.visitor import visitor as signed_in
from tests.world import API_ENFORCED, BASE_URL, World

PAGES = ("/", "/api/docs", "/how-to-confirm")


@pytest.fixture
async def visitor(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser at the demo, which shows the most."""
    demo = await open_demo(DataFolder(tmp_path), load(), BASE_URL, API_ENFORCED, programme_named=False)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=demo.app), base_url=BASE_URL) as client:
        yield client
    demo.close()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", None, "en"),
        ("", "fr-CA,fr;q=0.9,en;q=0.5", "fr"),
        ("", "de", "en"),
        ("?lang=fr", "en", "fr"),
        ("?lang=en", "fr", "en"),
        ("?lang=de", "fr", "fr"),
        ("?lang=%3Cscript%3E", "en", "en"),
    ],
)
async def test_a_page_is_in_the_language_chosen_else_preferred(
    visitor: httpx2.AsyncClient, path: str, query: str, accepted: str | None, language: str
) -> None:
    answer = await visitor.get(path + query, headers={} if accepted is None else {"accept-language": accepted})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-language"] == Page(answer.text).language == language
    assert "accept-language" in answer.headers["vary"].lower()


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_lets_nothing_in_but_our_own_style(visitor: httpx2.AsyncClient, path: str) -> None:
    answer = await visitor.get(path)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    page = Page(answer.text)
    assert not {"style", "iframe", "img"} & set(page.tags)
    assert page.tags.count("script") == len([link for link in page.scripts if link.startswith("/static/")])
    assert not {name for name in page.attributes if name == "style" or name.startswith("on")}


@pytest.mark.parametrize("path", ["/nothing", "/customers/zzz", "/customers/zzz/order?x=1"])
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_an_address_that_no_page_has_keeps_its_reader_signed_in(world: World, path: str, language: str) -> None:
    someone = await signed_in(world, language=language)
    shown = await someone.get(path)
    assert shown.status == 404
    assert text("page.not-found", language) in shown.text
    assert "sales@alder.example" in shown.text
    assert {"/", "/customers"} <= set(shown.page.links)
    left = await someone.send(path, shown.page.form("/sign-out"))
    assert (left.status, "sales@alder.example" in left.text) == (200, False)
    stranger = await (await signed_in(world, None, language)).get(path)
    assert (stranger.status, "/customers" in stranger.page.links) == (404, False)


@pytest.mark.parametrize("path", [*PAGES, "/?lang=fr", "/api/docs?lang=fr", "/how-to-confirm?lang=fr"])
async def test_every_link_leads_somewhere(visitor: httpx2.AsyncClient, path: str) -> None:
    page = Page((await visitor.get(path)).text)
    assert len(page.ids) == len(set(page.ids))
    assert set(page.labels) <= set(page.ids)
    for link in page.links:
        target = urlsplit(urljoin(BASE_URL + path, link))
        assert f"{target.scheme}://{target.netloc}" == BASE_URL, link
        if link.startswith("#"):
            assert target.fragment in page.ids, link
        else:
            away = target.path == "/sign-in"  # leads to the provider
            assert (await visitor.get(target.geturl())).status_code == (303 if away else 200), link


async def test_the_style_is_kept_for_good_under_its_own_name_and_asked_for_again_otherwise(world: World) -> None:
    link = next(link for link in Page((await world.send(None, "GET", "/")).text).links if "css" in link)
    named = await world.send(None, "GET", link)
    assert named.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in named.headers["cache-control"]
    plain = await world.send(None, "GET", "/static/agreegate.css")
    assert plain.headers["cache-control"] == "no-cache"
    assert plain.content == named.content
    again = await world.send(None, "GET", "/static/agreegate.css", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_style_is_for_light_and_dark_and_loads_nothing(world: World) -> None:
    style = (await world.send(None, "GET", "/static/agreegate.css")).text
    assert "prefers-color-scheme: dark" in style
    assert not re.search(r"url\(|@import", style)


@pytest.mark.parametrize(
    "path", ["/api/docs/openapi.json", "/api/docs/anything", "/static/other.css", "/static/../app.py"]
)
async def test_there_are_no_other_pages_or_files(world: World, path: str) -> None:
    assert (await world.send(None, "GET", path)).status_code == 404
