"""Long lists on the wire: which page a request asks for, and the page as a collection with its links (contract 3.9)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec

from agreegate.api.exchange import Exchange
from agreegate.api.wire import Collection, Link, ObjectType, Wire
from agreegate.domain.errors import InvalidParameter
from agreegate.storage.page import LARGEST, Page, Position, Seek, Wanted

K = TypeVar("K", str, int)

TOKEN = "MS-ContinuationToken"  # noqa: S105 - a header's name
_SEEKS = {seek.lower(): seek for seek in Seek}
_Micros = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]
_TYPES: dict[type, Any] = {
    str: tuple[tuple[str, str], tuple[str, str]],
    int: tuple[tuple[_Micros, str], tuple[_Micros, str]],
}


def wanted_page(exchange: Exchange, key: type[K]) -> Wanted:
    """The page that `size`, `seekOperation` and the continuation token ask for; without a token the first one.

    Args:
        key: what the list is ordered by, a text or a number; a token of the other kind is another list's.

    Raises:
        InvalidParameter.
    """
    size_text = exchange.query.get("size", "").strip() or "0"
    if not (size_text.isascii() and size_text.isdigit()) or len(size_text) > 9:
        raise InvalidParameter(name="size")
    size = min(int(size_text), LARGEST) or LARGEST
    token = exchange.incoming.header(TOKEN.lower().encode())
    seek_text = exchange.query.get("seekoperation", "").strip().lower()
    seek = _SEEKS.get(seek_text or ("next" if token else "first"))
    if seek is None:
        raise InvalidParameter(name="seekOperation")
    if not token:
        return Wanted(size, Seek.LAST if seek is Seek.LAST else Seek.FIRST)
    first, last = _positions(token, key)
    return Wanted(size, seek, first, last)


def page_collection(
    exchange: Exchange, path: str, wanted: Wanted, page: Page[Any], items: Sequence[Wire]
) -> Collection:
    """The page as it is answered. `next` and `previous` are there only if there is such a page; both carry the token.

    Args:
        path: of the list, without `/v1`.
    """
    given = parse_qsl(exchange.incoming.query_string.decode("ascii"))
    kept = [(name, value) for name, value in given if name.lower() not in ("size", "seekoperation")]

    def uri(*more: tuple[str, str]) -> str:
        return f"{path}?{urlencode([('size', str(wanted.size)), *kept, *more])}"

    links = {"self": Link.to(uri())}
    token = None
    if page.first is not None and page.last is not None:
        token = urlsafe_b64encode(msgspec.json.encode((page.first, page.last))).decode()
        if page.more_after:
            links["next"] = Link.to(uri(("seekOperation", Seek.NEXT)), {TOKEN: token})
        if page.more_before:
            links["previous"] = Link.to(uri(("seekOperation", Seek.PREVIOUS)), {TOKEN: token})
    return Collection(len(items), items, links, ObjectType("Collection"), token)


def _positions(token: str, key: type[K]) -> tuple[Position, Position]:
    try:
        positions: tuple[Position, Position] = msgspec.json.decode(
            urlsafe_b64decode(token.encode("ascii")), type=_TYPES[key]
        )
    except (ValueError, msgspec.MsgspecError):
        raise InvalidParameter(name=TOKEN) from None
    if any("\x00" in str(part) for position in positions for part in position):
        raise InvalidParameter(name=TOKEN)
    return positions
