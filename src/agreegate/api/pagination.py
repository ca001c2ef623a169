"""Long lists on the wire: the page of a request, and the collection with its links (contract 3.9).

Lists without pages are sent whole: read and encoded off the event loop, in pieces.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec

from agreegate.api.exchange import Exchange
from agreegate.api.wire import Body, collection, link
from agreegate.deployment.cursor import TOKEN
from agreegate.domain.error import Rejected
from agreegate.services.idempotency import Answer
from agreegate.services.orders.renewal import read_renewed
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import LARGEST, Page, PageRequest, PageStep

PAGE = ("size", "offset", "seekOperation")
"""The query parameters that `page_request_of` reads."""
ITEMS = 500
"""Items of a whole list in one piece."""
T = TypeVar("T")
_NO_ITEMS = b'"items":[]'
_STEPS = {step.lower(): step for step in PageStep}


def page_request_of(exchange: Exchange) -> PageRequest:
    """Return the page of `size`, `seekOperation` and the continuation token; without a token the first page.

    Pages have no number: an `offset` other than 0 is refused.

    Raises:
        `request.invalid-parameter`.
    """
    size_text = exchange.query["size"] or "0"
    if not (size_text.isascii() and size_text.isdigit()) or len(size_text) > 9:
        raise Rejected("request.invalid-parameter", name="size")
    if exchange.query["offset"].strip("0"):
        raise Rejected("request.invalid-parameter", name="offset")
    size = min(int(size_text), LARGEST) or LARGEST
    token = exchange.incoming.header(TOKEN.lower().encode())
    step_text = exchange.query["seekOperation"].lower()
    step = _STEPS.get(step_text or ("next" if token else "first"))
    if step is None:
        raise Rejected("request.invalid-parameter", name="seekOperation")
    if not token:
        return PageRequest(size, PageStep.LAST if step is PageStep.LAST else PageStep.FIRST)
    incoming, partner = exchange.incoming, exchange.actor.partner.id
    first, last = exchange.deployment.cursors.read(token, partner, incoming.path)
    return PageRequest(size, step, first, last)


def page_collection(
    exchange: Exchange, path: str, page_request: PageRequest, page: Page[Any], items: Sequence[Body]
) -> Body:
    """Return the page as a collection. It has `next` and `previous` only if there is such a page; both carry the token.

    Args:
        path: of the list, without `/v1`.
    """
    given = parse_qsl(exchange.incoming.query_string.decode("ascii"))
    kept = [(name, value) for name, value in given if name.lower() not in ("size", "seekoperation")]

    def uri(*more: tuple[str, str]) -> str:
        return f"{path}?{urlencode([('size', str(page_request.size)), *kept, *more])}"

    links = {"self": link(uri())}
    token = None
    if page.first is not None and page.last is not None:
        cursors, partner = exchange.deployment.cursors, exchange.actor.partner.id
        token = cursors.to(partner, exchange.incoming.path, page.first, page.last)
        if page.more_after:
            links["next"] = link(uri(("seekOperation", PageStep.NEXT)), {TOKEN: token})
        if page.more_before:
            links["previous"] = link(uri(("seekOperation", PageStep.PREVIOUS)), {TOKEN: token})
    return collection(items, links, token)


async def whole_list(
    exchange: Exchange,
    read: Callable[[UnitOfWork], Awaitable[Sequence[T]]],
    encoded: Callable[[T], Body],
    path: str | None = None,
    *,
    renewing: str | None = None,
) -> Answer:
    """Return the answer of a list that clients read whole. One partner's lists are read one after the other.

    Args:
        path: of the list, without `/v1`, for its link to itself; None: it has none.
        renewing: the customer whose subscriptions the list shows, after their due renewals; None: it shows none.
    """
    store = exchange.deployment.store

    async def pieces(uow: UnitOfWork) -> list[bytes]:
        return _in_pieces(await read(uow), encoded, path)

    async with exchange.deployment.list_locks.of(exchange.actor.partner.id):
        if renewing is None:
            body, *more = await store.read_slow(pieces)
        else:
            body, *more = await read_renewed(store, exchange.actor, renewing, pieces, reading=store.read_slow)
    return Answer(200, body, more=tuple(more))


def _in_pieces(found: Sequence[T], encoded: Callable[[T], Body], path: str | None) -> list[bytes]:
    links = None if path is None else {"self": link(path)}
    whole = msgspec.json.encode(collection([], links) | {"totalCount": len(found)})
    before, _, after = whole.partition(_NO_ITEMS)
    pieces = [before + _NO_ITEMS[:-1]]
    for start in range(0, len(found), ITEMS):
        items = msgspec.json.encode([encoded(one) for one in found[start : start + ITEMS]])[1:-1]
        pieces.append(b"," + items if start else items)
    pieces.append(b"]" + after)
    return pieces if len(found) > ITEMS else [b"".join(pieces)]
