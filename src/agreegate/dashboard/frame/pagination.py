"""Pages of long lists: the page that an address asks for, and the addresses of the list's other pages.

Each list of a page has its own name in the address, so the reader turns the pages of one list and the others stay.
"""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from agreegate.dashboard.frame.page import DashboardRequest, asked_besides
from agreegate.services.reseller_request import Cursor
from agreegate.storage.pagination import Page, PageRequest, PageStep, Position

ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
"""Pattern of an id."""
BY_NUMBER = re.compile(r"([0-9]{1,18})-([^\x00]*)")
"""Positions of a list that is ordered by a number of the database, such as an instant, and then by an id."""
BY_IDS = re.compile(f"({ID})-({ID})")
"""Positions of a list whose items are named by two ids."""
_LAST = "last"


@dataclass(frozen=True, slots=True)
class PageLinks:
    """The addresses of a list's other pages."""

    before: str | None
    """Of the page before the one shown; None: there is none."""
    after: str | None
    first: str = ""
    last: str = ""


def page_request(
    request: DashboardRequest, name: str, size: int, positions: re.Pattern[str] = BY_NUMBER
) -> PageRequest:
    """Return the page that the address asks for; the first page where it asks for none, or for one that cannot be.

    Args:
        name: the list's name in addresses.
        positions: `BY_NUMBER` or `BY_IDS`.
    """
    step, _, position = request.query_params.get(name, "").partition("-")
    found = positions.fullmatch(position)
    if step == _LAST:
        return PageRequest(size, PageStep.LAST)
    if found is None:
        return PageRequest(size)
    here: Position = (int(found[1]) if positions is BY_NUMBER else found[1], found[2])
    match step:
        case "after":
            return PageRequest(size, PageStep.NEXT, last=here)
        case "before":
            return PageRequest(size, PageStep.PREVIOUS, first=here)
        case _:
            return PageRequest(size)


def page_links(request: DashboardRequest, name: str, page: Page[Any]) -> PageLinks:
    """Return the addresses of the other pages; each leads to the element whose id is the list's name."""
    others = asked_besides(request, name, "lang")

    def address(*position: object) -> str:
        query = [*others, (name, "-".join(map(str, position)))] if position else others
        return f"?{urlencode(query)}#{name}"

    return PageLinks(
        address("before", *page.first) if page.more_before and page.first else None,
        address("after", *page.last) if page.more_after and page.last else None,
        address(),
        address(_LAST),
    )


def cursor_of(request: DashboardRequest) -> Cursor:
    """Return the page of a list by name that the address asks for."""
    return Cursor(request.query_params.get("after", ""), request.query_params.get("before", ""))


def cursor_links(page: Page[Any], **others: str) -> PageLinks:
    """Return the addresses of the pages beside a page of a list by name.

    Args:
        others: what these addresses ask for too.
    """
    return PageLinks(
        f"?{urlencode(others | {'before': page.first[1]})}" if page.more_before and page.first else None,
        f"?{urlencode(others | {'after': page.last[1]})}" if page.more_after and page.last else None,
    )
