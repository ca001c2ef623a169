"""Reads every body of the two APIs: bytes to JSON to models (decision 0003, contract 3.5).

Clients send member names in any case, every property with its nulls, and unknown members. None of these is an error.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any, NamedTuple, NoReturn, TypeVar

import msgspec
from msgspec import inspect

from agreegate.domain.error import Rejected

MAX_BODY = 1 << 20
"""Bytes of the largest body that any route reads: an order or a cart of 500 lines, 2 KiB each."""
LARGEST_RECORD = 128 * 1024
"""Bytes of a body that has one record, with all that clients send along. Routes that state no other limit have this one."""
LARGEST_QUESTION = 4 * 1024
"""Bytes of a question to the gate."""
READ_AT_ONCE = 16 * 1024
"""Bytes of a body that is parsed on the event loop: at most 3 ms."""
MOST_MARKS = 32_000
"""Maximum commas and opening brackets of a body, 64 for each of 500 lines: they decide how long parsing takes."""
DEEPEST = 64
"""How deep arrays and objects may nest. Fixed, because the interpreter's own limit depends on who calls."""

_BOM = b"\xef\xbb\xbf"
_EXACT_FLOAT = 2**53
_MISSING = re.compile(r"Object missing required field `([^`]+)`")
_PLACE = re.compile(r" - at `\$\.?([^`]*)`\Z")

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
T = TypeVar("T", bound=msgspec.Struct)
R = TypeVar("R")


async def receive_body(receive: Receive, content_length: bytes | None, limit: int = MAX_BODY) -> bytes:
    """Return the whole body of an ASGI request, holding at most the limit and one more piece.

    Args:
        limit: bytes that the route takes.

    Raises:
        `request.too-large`: more than `limit` bytes are announced or sent.
        `request.invalid`: the client disconnected before the end. Nothing may be stored.
    """
    if content_length is not None and content_length.isdigit() and int(content_length[:20]) > limit:
        raise Rejected("request.too-large", limit=limit)
    pieces: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Rejected("request.invalid")
        piece: bytes = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise Rejected("request.too-large", limit=limit)
        pieces.append(piece)
        more = message.get("more_body", False)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def off_the_loop(read: Callable[[bytes], R], raw: bytes) -> R:
    """Return what `read` makes of a body. A large body is read on another thread, so that the gate answers meanwhile."""
    return read(raw) if len(raw) <= READ_AT_ONCE else await asyncio.to_thread(read, raw)


def read_json(raw: bytes) -> object:
    """Return the JSON value in a body, untyped. A byte order mark ahead of it is dropped.

    Raises:
        `request.too-large`: more than `MAX_BODY` bytes.
        `request.invalid`: not UTF-8, not JSON by the letter, nested deeper than `DEEPEST`, half a surrogate pair, U+0000 in a
            text or name, the same name twice in an object, an integer beyond 64 bits or a number beyond a double, or more than
            `MOST_MARKS` commas and opening brackets.
    """
    if len(raw) > MAX_BODY:
        raise Rejected("request.too-large", limit=MAX_BODY)
    text = raw.removeprefix(_BOM)
    brackets = text.count(b"{") + text.count(b"[")
    if brackets + text.count(b",") > MOST_MARKS:
        raise Rejected("request.invalid")
    try:
        value: object = msgspec.json.decode(text)
        _strict_decoder.decode(text.decode())
    except (msgspec.MsgspecError, ValueError, RecursionError):
        # The cause may quote the body, which may hold names and addresses: it must not reach the diagnostics.
        raise Rejected("request.invalid") from None
    if brackets > DEEPEST or b"\\u0000" in text:
        _check_tree(value)
    return value


def to_model(raw: object, model: type[T]) -> T:
    """Return the JSON value as a model: names match in any case, null is the same as absent, unknown members are dropped.

    Maps of data (`dict[str, str]`) keep their names and nulls. A number stays a number: a text where an integer belongs is
    refused, and so is true or false; 5.0 is 5.

    Raises:
        `request.invalid`: not an object at all.
        `request.invalid-property`: a member is missing, is there twice in different case, or is of the wrong type; `name` is
            its path in the contract's spelling, such as `primaryContact.email` or `lineItems[0].quantity`.
    """
    if not isinstance(raw, dict):
        raise Rejected("request.invalid")
    encoded = _encoded(raw, model, "")
    try:
        return msgspec.convert(encoded, model)
    except msgspec.ValidationError as error:
        name = _place(str(error))
    if not name:
        raise Rejected("request.invalid")
    raise Rejected(
        "request.invalid-property", name=name
    )  # out here, so that the cause, which may quote the body, is not carried along


class _Member(NamedTuple):
    """How to prepare one member of a model for msgspec."""

    wire: str
    model: type[msgspec.Struct] | None
    """The model of the member's object."""
    items: type[msgspec.Struct] | None
    """The model of the objects in the member's array."""
    whole: bool
    """Whether it takes an integer, and no other number."""


@cache
def _members(model: type[msgspec.Struct]) -> dict[str, _Member]:
    """Return a model's members by name: as the contract writes it, as .NET does, and in lower case for every other case."""
    members: dict[str, _Member] = {}
    described = inspect.type_info(model)
    if not isinstance(described, inspect.StructType):
        raise TypeError(model)
    for field in described.fields:
        kinds = _kinds(field.type)
        wire = field.encode_name
        member = _Member(
            wire,
            next((kind.cls for kind in kinds if isinstance(kind, inspect.StructType)), None),
            next(
                (
                    item.cls
                    for kind in kinds
                    if isinstance(kind, inspect.ListType)
                    for item in _kinds(kind.item_type)
                    if isinstance(item, inspect.StructType)
                ),
                None,
            ),
            any(isinstance(kind, inspect.IntType) for kind in kinds)
            and not any(isinstance(kind, inspect.FloatType) for kind in kinds),
        )
        for name in (wire, wire[:1].upper() + wire[1:], wire.lower()):
            members[name] = member
    return members


def _kinds(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    return kind.types if isinstance(kind, inspect.UnionType) else (kind,)


def _encoded(raw: dict[str, object], model: type[msgspec.Struct], path: str) -> dict[str, object]:
    """Return the object with the members of its model, in the contract's spelling and without nulls.

    Raises:
        `request.invalid-property`: a member is given twice, even if one of them is null.
    """
    members = _members(model)
    encoded: dict[str, object] = {}
    nulls = False
    for name, value in raw.items():
        member = members.get(name) or members.get(name.lower())
        if member is None:
            continue
        wire, nested, items, whole = member
        if wire in encoded:
            raise Rejected("request.invalid-property", name=path + wire)
        if value is None:
            nulls = True
        elif nested is not None and isinstance(value, dict):
            value = _encoded(value, nested, f"{path}{wire}.")
        elif items is not None and isinstance(value, list):
            value = [
                _encoded(item, items, f"{path}{wire}[{at}].") if isinstance(item, dict) else item
                for at, item in enumerate(value)
            ]
        elif whole and isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT_FLOAT:
            value = int(value)
        encoded[wire] = value
    return {wire: value for wire, value in encoded.items() if value is not None} if nulls else encoded


def _place(complaint: str) -> str:
    """Return the path of the member in msgspec's message: the object's place, and the missing member."""
    place = _PLACE.search(complaint)
    missing = _MISSING.match(complaint)
    return ".".join(found[1] for found in (place, missing) if found and found[1])


def _check_tree(value: object) -> None:
    """Refuse U+0000 in any text or name, and nesting beyond `DEEPEST`, level by level.

    Raises:
        `request.invalid`.
    """
    level = [value]
    for depth in range(DEEPEST + 1):
        below: list[object] = []
        for item in level:
            if isinstance(item, str):
                if "\0" in item:
                    raise Rejected("request.invalid")
            elif isinstance(item, dict | list):
                if depth == DEEPEST:
                    raise Rejected("request.invalid")
                below.extend(item)
                if isinstance(item, dict):
                    below.extend(item.values())
        level = below


def _distinct(pairs: list[tuple[str, object]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("the same name twice")


def _integer(digits: str) -> None:
    if len(digits) > 20 or not -(1 << 63) <= int(digits) < 1 << 63:
        raise ValueError("beyond 64 bits")


def _refused(constant: str) -> NoReturn:
    raise ValueError(constant)


# msgspec takes the last of two equal names, and integers of any size, without a word. The standard library's decoder calls
# for every object and number, so it reads the text once more, only to object: 2 µs for a confirmation, msgspec 0.4.
_strict_decoder = json.JSONDecoder(object_pairs_hook=_distinct, parse_int=_integer, parse_constant=_refused)
