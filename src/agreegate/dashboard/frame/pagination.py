"""Which page of a long list is shown, as the address says it: several lists on one page each turn by themselves."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from agreegate.dashboard.frame.page import DashboardRequest, asked_besides
from agreegate.storage.pagination import Page, PageRequest, PageStep, Position

LONGEST_KEY = 18
"""Digits that a number of the database has at most, with room to spare."""


@dataclass(frozen=True, slots=True)
class PageLinks:
    """The addresses of the pages before and after the one shown; None: there is none."""

    before: str | None
    after: str | None


def page_request(request: DashboardRequest, name: str, size: int) -> PageRequest:
    """The page that the address asks for; the first where it asks for none, or for one that cannot be.

    Args:
        name: the list's name in addresses; its items are ordered by a number, such as an instant.
    """
    way, _, rest = request.query_params.get(name, "").partition("-")
    key, _, id_ = rest.partition("-")
    if not key.isascii() or not key.isdigit() or len(key) > LONGEST_KEY or "\x00" in id_:
        return PageRequest(size)
    here: Position = (int(key), id_)
    match way:
        case "after":
            return PageRequest(size, PageStep.NEXT, last=here)
        case "before":
            return PageRequest(size, PageStep.PREVIOUS, first=here)
        case _:
            return PageRequest(size)


def page_links(request: DashboardRequest, name: str, page: Page[Any]) -> PageLinks:
    """Where the neighbours of a page are; the address leads to the element whose id is the list's name."""

    def address(way: str, here: Position | None, there: bool) -> str | None:
        if not there or here is None:
            return None
        return f"?{urlencode([*asked_besides(request, name, 'lang'), (name, f'{way}-{here[0]}-{here[1]}')])}#{name}"

    return PageLinks(address("before", page.first, page.more_before), address("after", page.last, page.more_after))
