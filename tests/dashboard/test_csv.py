"""Exports: what a spreadsheet makes of them, and how much of a long one is in memory."""

import csv
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from litestar import Litestar, get
from litestar.datastructures import State
from litestar.response import Stream

from agreegate.dashboard.frame.csv import csv_answer, in_pages, written_for
from agreegate.dashboard.frame.page import DashboardRequest
from agreegate.domain.error import StoreUnavailable
from agreegate.spreadsheet import Line
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of
from tests.memory import Memory
from tests.world import BASE_URL

COLUMNS = ("word.customer", "word.confirmation")


def app(pages: AsyncIterator[list[Line]]) -> httpx2.AsyncClient:
    """A server with one export of these lines."""

    async def lines(request: DashboardRequest) -> AsyncIterator[str]:
        async for some_lines in pages:
            yield written_for(request, some_lines)

    return served(lines)


def served(
    lines: Callable[[DashboardRequest], AsyncIterator[str]], store: InlineStore | None = None
) -> httpx2.AsyncClient:
    @get("/list.csv")
    async def export(request: DashboardRequest) -> Stream:
        return await csv_answer(request, "customers", COLUMNS, lines(request))

    state = State({"deployment": SimpleNamespace(store=store or Memory().store)})
    server: Any = Litestar([export], state=state, logging_config=None)
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=server), base_url=BASE_URL)


async def some(*pages: list[Line]) -> AsyncIterator[list[Line]]:
    for page in pages:
        yield page


@pytest.mark.parametrize(
    ("language", "separator", "head"),
    [("en", ",", ["Customer", "Confirmation"]), ("fr", ";", ["Client", "Confirmation"])],
)
async def test_a_spreadsheet_opens_it_in_its_readers_language(language: str, separator: str, head: list[str]) -> None:
    lines: list[Line] = [['Frêne; "Conseil", Paris\r\nLyon', 1], ["=cmd()", None]]
    async with app(some(lines, [], [["last", 2]])) as client:
        answer = await client.get("/list.csv", headers={"accept-language": language})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert (
        answer.headers["content-disposition"]
        == f'attachment; filename="{"clients" if language == "fr" else "customers"}-2018-08-15.csv"'
    )
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-language"] == language
    assert answer.content.startswith(b"\xef\xbb\xbf")
    text = answer.content.decode("utf-8-sig")
    found = list(csv.reader(text.splitlines(keepends=True), delimiter=separator))
    assert found == [head, ['Frêne; "Conseil", Paris\r\nLyon', "1"], ["'=cmd()", ""], ["last", "2"]]
    assert text.endswith("\r\n")


async def test_an_empty_list_has_its_head() -> None:
    async with app(some()) as client:
        assert (await client.get("/list.csv")).text == "\ufeffCustomer,Confirmation\r\n"


async def test_half_a_list_never_passes_for_a_whole_one() -> None:
    async def broken() -> AsyncIterator[list[Line]]:
        yield [["first", 1]]
        raise StoreUnavailable("gone")

    async with app(broken()) as client:
        with pytest.raises(Exception, match="after response started"):
            await client.get("/list.csv")


async def test_a_record_that_cannot_be_read_is_reported_before_the_file_begins() -> None:
    async def broken() -> AsyncIterator[list[Line]]:
        raise StoreUnavailable("gone")
        yield []

    async with app(broken()) as client:
        answer = await client.get("/list.csv")
    assert answer.status_code == 500
    assert "content-disposition" not in answer.headers


async def test_a_long_list_is_read_a_page_at_a_time() -> None:
    store = Memory().store
    sizes: list[int] = []

    async def read(uow: UnitOfWork, page_request: PageRequest) -> Page[Row]:
        listing = Listing(
            "i from (with recursive n(i) as (select 1 union all select i + 1 from n where i < 2500) select i from n) n"
            " where true",
            "i",
            "''",
        )
        found = await page_of(uow, tuple, listing, page_request)
        sizes.append(len(found.items))
        return found

    async with served(lambda request: in_pages(request, read, lambda row: [row[0]]), store) as client:
        answer = await client.get("/list.csv")
    assert answer.text.splitlines()[1:] == [str(number) for number in range(1, 2501)]
    assert sizes == [100, 1000, 1000, 400], "the first lines come soon"
