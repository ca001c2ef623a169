"""The page that a partner's relationship request leads to: who asks to serve the reader's organisation, and what follows.

The link is the contract's (4.7). Nothing is accepted here: the relationship is recorded by whoever runs the server.
"""

from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from agreegate.dashboard.page import Site, page
from agreegate.storage.partner import partner_of


def relationship_request(site: Site) -> HTTPRouteHandler:
    """The page of one partner's request; 404 for a tenant that could not serve anybody."""

    @get("/relationship-request/{partner:str}", opt={"public": True}, include_in_schema=False)
    async def show_request(request: Request[Any, Any, Any], partner: FromPath[str]) -> Response[str]:
        found = await site.store.read(lambda uow: partner_of(uow, _tenant(partner)))
        agreement = site.programme.asks_for(site.store.clock())
        asking = found if found is not None and found.kind.confirms else None
        shown = page(request, "relationship.html", agreement=agreement, partner=asking)
        shown.status_code = 404 if asking is None else 200
        return shown

    return show_request


def _tenant(written: str) -> str:
    try:
        return str(UUID(written))
    except ValueError:
        return written
