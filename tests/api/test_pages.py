"""Every list of our own API has pages: at most 500 items, and a `Link` header that leads to the next page (A6)."""

import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests import personas as cast
from tests.large_tenant import MANY, enlarge, id_of
from tests.operations import GATE
from tests.world import World

pytestmark = pytest.mark.fault("A6")
UNKNOWN = "/api/confirmations/without-employee"
STANDING = f"/api/customers/{cast.CEDAR}/standing"


@pytest.fixture
async def large(world: World) -> World:
    enlarge(world)
    return world


def next_of(answer: httpx2.Response) -> str | None:
    found = re.fullmatch(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
    return found and found[1]


async def every_page(world: World, path: str | None, who: str = cast.ALDER_SALES) -> list[Any]:
    pages = []
    while path is not None:
        answer = await world.send(who, "GET", path)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        path = next_of(answer)
    return pages


async def test_confirmations_without_an_employee_come_in_pages_newest_first(large: World) -> None:
    newest_first = [id_of(7, n) for n in range(MANY // 2, 0, -1)]
    for path, sizes in ((UNKNOWN, [500, 500]), (f"{UNKNOWN}?size=400", [400, 400, 200])):
        pages = await every_page(large, path)
        assert [len(page) for page in pages] == sizes
        assert [one["confirmationId"] for page in pages for one in page] == newest_first


@pytest.mark.parametrize("query", ["size=0", "size=501", "size=-1", "size=x", "cursor=", "cursor=x", "cursor=a.b.c"])
async def test_a_page_that_cannot_be_is_refused(large: World, query: str) -> None:
    for path in (UNKNOWN, STANDING):
        answer = await large.send(cast.ALDER_SALES, "GET", f"{path}?{query}")
        assert answer.status_code == 400, answer.text
        assert answer.json()["data"] == [query.partition("=")[0]]


async def test_a_parameter_that_a_list_does_not_have_is_refused(world: World) -> None:
    for path in (UNKNOWN, STANDING):
        answer = await world.send(cast.ALDER_SALES, "GET", f"{path}?page=2")
        assert (answer.status_code, answer.json()["data"]) == (400, ["query"])


async def test_a_cursor_is_good_for_its_partner_and_its_list_alone(large: World) -> None:
    first = next_of(await large.send(cast.ALDER_SALES, "GET", f"{UNKNOWN}?size=10"))
    assert first is not None
    cursor = first.partition("cursor=")[2]
    assert (await large.send(cast.ALDER_ADMIN, "GET", first)).status_code == 200
    assert (await large.send(cast.HAZEL_ADMIN, "GET", first)).status_code == 400
    assert (await large.send(cast.ALDER_SALES, "GET", f"{STANDING}?cursor={cursor}")).status_code == 400
    changed = cursor[:-2] + ("AA" if cursor[-2:] != "AA" else "BB")
    assert (await large.send(cast.ALDER_SALES, "GET", f"{UNKNOWN}?cursor={changed}")).status_code == 400


@pytest.mark.parametrize("back", ["", "knownAt=2018-08-15"])
async def test_a_long_history_comes_in_pages_and_the_standing_is_the_same_on_each(large: World, back: str) -> None:
    large.clock.now += timedelta(days=1)
    pages = await every_page(large, f"{STANDING}?{back}")
    assert len(pages) == 2
    cloud = next(one for one in pages[1]["agreements"] if one["history"])
    assert (cloud["state"], cloud["confirmation"]["confirmationId"]) == ("current", id_of(7, MANY // 2))
    standings = [{**page, "agreements": [one | {"history": []} for one in page["agreements"]]} for page in pages]
    assert standings[0] == standings[1], "but for the history"
    found = [one["confirmationId"] for page in pages for type_ in page["agreements"] for one in type_["history"]]
    assert found == [id_of(7, n) for n in range(MANY // 2, 0, -1)]


@pytest.mark.parametrize("back", ["", "&knownAt=2018-08-15"])
async def test_the_pages_of_a_history_are_the_whole_of_it(world: World, back: str) -> None:
    for number in range(9):
        template = cast.CUSTOMER_AGREEMENT if number % 4 == 3 else cast.CLOUD_AGREEMENT
        assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR, templateId=template)).status_code == 201
        ending: dict[str, Any] = {"reason": "no_longer_agrees"}
        if number % 3 == 1:
            ending = {"reason": "recorded_in_error", "templateId": template}
        if number % 3:
            assert (await world.send(cast.ALDER_SALES, "POST", f"{STANDING}/end", ending)).status_code == 200
    [whole] = await every_page(world, f"{STANDING}?{back}")
    for size in (1, 2, 3, 4):
        pages = await every_page(world, f"{STANDING}?size={size}{back}")
        assert [one for page in pages for one in page["refusals"]] == whole["refusals"]
        for at, one in enumerate(whole["agreements"]):
            assert [kept for page in pages for kept in page["agreements"][at]["history"]] == one["history"]
            assert {page["agreements"][at]["state"] for page in pages} == {one["state"]}


async def test_the_gates_answer_has_no_list(large: World) -> None:
    question = {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}
    answer = await large.send(cast.ALDER_SALES, "POST", GATE, question)
    assert len(answer.content) < 1_000
