"""Whatever a body holds: a 4xx with a sentence, nothing stored, and never an error of ours (contract 3.5, design D3)."""

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests import personas as cast
from tests.operations import GATE, OPERATIONS, Case, Operation, case_for, named, order
from tests.world import World, agreement

CEDAR = f"/v1/customers/{cast.CEDAR}"
DEEP = b"[" * 20_000 + b"]" * 20_000
DEEP_OBJECTS = b'{"a":' * 20_000 + b"1" + b"}" * 20_000

UNREADABLE: dict[str, bytes] = {
    "empty": b"",
    "blanks": b" \r\n\t ",
    "only a byte order mark": b"\xef\xbb\xbf",
    "not JSON": b"firstName=Noa&lastName=Berg",
    "XML": b"<?xml version='1.0'?><agreement/>",
    "cut off": b'{"primaryContact":{"firstName":"Noa"',
    "text after it": b'{"templateId":"x"} {"templateId":"x"}',
    "a comment": b'{/* no */"templateId":"x"}',
    "single quotes": b"{'templateId':'x'}",
    "a comma too many": b'{"templateId":"x",}',
    "an array": b"[]",
    "an array of objects": b"[{}]",
    "null": b"null",
    "a number": b"42",
    "a text": b'"success"',
    "true": b"true",
    "not a number": b'{"quantity":NaN}',
    "infinity": b'{"quantity":-Infinity}',
    "beyond a double": b'{"quantity":1e999}',
    "beyond 64 bits": b'{"quantity":9223372036854775808}',
    "5,000 digits": b'{"quantity":' + b"9" * 5_000 + b"}",
    "a leading zero": b'{"quantity":01}',
    "20,000 nested arrays": DEEP,
    "20,000 nested objects": DEEP_OBJECTS,
    "nested in a member nobody knows": b'{"whatNobodyKnows":' + DEEP + b"}",
    "65 levels": b'{"x":' + b"[" * 64 + b"]" * 64 + b"}",
    "invalid UTF-8": b'{"firstName":"\xff\xfe"}',
    "cut UTF-8": b'{"firstName":"\xc3"}',
    "overlong UTF-8": b'{"firstName":"\xc0\xaf"}',
    "a surrogate as UTF-8": b'{"firstName":"\xed\xa0\x80"}',
    "half a surrogate pair": b'{"firstName":"\\ud800"}',
    "UTF-16": '{"templateId":"x"}'.encode("utf-16"),
    "UTF-32": '{"templateId":"x"}'.encode("utf-32"),
    "Latin-1": '{"firstName":"Noël"}'.encode("latin-1"),
    "a NUL byte": b'{"firstName":"N\x00a"}',
    "NUL bytes alone": b"\x00" * 64,
    "an escaped NUL": b'{"firstName":"N\\u0000a"}',
    "an escaped NUL in a name": b'{"first\\u0000Name":"Noa"}',
    "a name twice": b'{"templateId":"x","templateId":"y"}',
}

READS_A_BODY = [
    one
    for one in OPERATIONS
    if one.method in ("POST", "PUT", "PATCH") and not one.path.endswith("/checkout")
]  # fmt: skip
ONCE = list({(one.method, one.path): one for one in READS_A_BODY}.values())


def largest_body(operation: Operation) -> int:
    """Bytes that an operation reads: an order of 500 lines, a question, or one record (A6)."""
    if operation.path == GATE:
        return 4 * 1024
    return (
        1024 * 1024
        if operation.path.endswith(("/orders", "/orders/{order_id}", "/carts", "/carts/{cart_id}"))
        else 128 * 1024
    )


def stored(world: World) -> dict[str, int]:
    """How many rows every table has."""
    tables = [name for (name,) in world.rows("select name from sqlite_schema where type = 'table'")]
    return dict(world.rows(" union all ".join(f"select '{table}', count(*) from \"{table}\"" for table in tables)))


def check_refusal(answer: httpx2.Response, *statuses: int) -> None:
    """A 4xx whose body is JSON with a sentence."""
    assert answer.status_code in statuses, answer.text
    body = answer.json()
    sentence = body.get("description") or body.get("detail")
    assert sentence
    assert len(sentence) <= 1024


@pytest.mark.parametrize("operation", ONCE, ids=named)
async def test_a_body_that_cannot_be_read_is_refused(world: World, operation: Operation) -> None:
    case = await case_for(world, cast.MAPLE_ADMIN, operation)
    before = stored(world)
    for name, body in UNREADABLE.items():
        answer = await world.send(cast.MAPLE_ADMIN, operation.method, operation.at(case), body)
        status = 413 if len(body) > largest_body(operation) else 400
        assert answer.status_code == status, (name, answer.text)
        check_refusal(answer, status)
    assert stored(world) == before


@pytest.mark.fault("A6")
@pytest.mark.parametrize("operation", ONCE, ids=named)
async def test_a_body_may_be_as_large_as_its_route_takes_and_no_larger(world: World, operation: Operation) -> None:
    case = await case_for(world, cast.MAPLE_ADMIN, operation)
    before, body = stored(world), json.dumps(operation.body(case)).encode()
    path, largest = operation.at(case), largest_body(operation)
    refused = await world.send(cast.MAPLE_ADMIN, operation.method, path, body.ljust(largest + 1))
    check_refusal(refused, 413)
    assert str(largest) in refused.text
    assert stored(world) == before
    taken = await world.send(cast.MAPLE_ADMIN, operation.method, path, body.ljust(largest))
    assert taken.status_code == operation.status, taken.text


@pytest.mark.fault("A6")
async def test_an_order_of_500_lines_with_long_names_is_taken(world: World) -> None:
    case = Case(cast.MAPLE, cast.CEDAR, "x.example")
    line = order(case)["lineItems"][0] | {"friendlyName": "\u540d" * 256, "attributes": {"objectType": "OrderLineItem"}}
    lines = [line | {"lineItemNumber": number} for number in range(500)]
    path = f"/v1/customers/{cast.ELM}/orders"
    body = {"lineItems": lines, "billingCycle": "monthly"}
    placed = await world.send(cast.HAZEL_ADMIN, "POST", path, json.dumps(body, ensure_ascii=False).encode())
    assert placed.status_code == 201, placed.text
    assert len(placed.json()["lineItems"]) == 500
    whole = await world.send(cast.HAZEL_ADMIN, "PATCH", f"{path}/{placed.json()['id']}", placed.content)
    assert whole.status_code == 200, "what was answered can be sent back"


@pytest.mark.fault("A6")
@pytest.mark.parametrize("many", [b"{}," * 40_000, b"[]," * 40_000, b"1," * 40_000, b'"",' * 40_000])
async def test_a_body_of_too_many_values_is_refused_before_it_is_read(world: World, many: bytes) -> None:
    body = b'{"lineItems":[' + many + b"{}]}"
    check_refusal(await world.send(cast.HAZEL_ADMIN, "POST", f"/v1/customers/{cast.ELM}/orders", body), 400)


@pytest.mark.parametrize(
    "operation", [*ONCE, *(one for one in OPERATIONS if one.path.endswith("/checkout"))], ids=named
)
async def test_a_body_of_10_megabytes_is_refused_and_not_held(world: World, operation: Operation) -> None:
    case = await case_for(world, cast.MAPLE_ADMIN, operation)
    before = stored(world)
    answer = await world.send(
        cast.MAPLE_ADMIN, operation.method, operation.at(case), b'{"x":"' + b"x" * 10_000_000 + b'"}'
    )
    check_refusal(answer, 413)

    async def pieces() -> Any:
        for _ in range(160):
            yield b"x" * 65_536

    headers = {"Authorization": (await authorization(world))}
    tracemalloc.start()
    try:
        request = world.client.build_request(operation.method, operation.at(case), content=pieces(), headers=headers)
        answer = await world.client.send(request)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    check_refusal(answer, 413)
    assert most < 5_000_000
    assert stored(world) == before


async def authorization(world: World) -> str:
    """The header that Maple's administrator sends."""
    from tests.world import token

    return f"Bearer {token(cast.MAPLE_ADMIN)}"


WRONG: list[Any] = [
    True,
    -1,
    0,
    1.5,
    1e300,
    2**62,
    "",
    " ",
    "x" * 5_000,
    "\u202e\u2066",
    "\U0001f9c1" * 60,
    "'; drop table customer; --",
    "${jndi:ldap://x.example}",
    "%00",
    "../../etc/passwd",
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59.9999999Z",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"": None},
]  # fmt: skip


def altered(body: Any) -> Iterator[Any]:
    """The body with one member at a time left out, null, or of a value that does not belong there."""
    if isinstance(body, dict):
        for name, inner in body.items():
            yield {other: value for other, value in body.items() if other != name}
            yield from (body | {name: wrong} for wrong in (None, *WRONG))
            yield from (body | {name: changed} for changed in altered(inner))
    elif isinstance(body, list):
        yield body * 3
        for at, inner in enumerate(body):
            yield from ([*body[:at], changed, *body[at + 1 :]] for changed in (*WRONG, *altered(inner)))


@pytest.mark.parametrize("operation", READS_A_BODY, ids=named)
async def test_a_member_of_the_wrong_kind_is_never_an_error_of_ours(world: World, operation: Operation) -> None:
    who = cast.MAPLE_ADMIN if operation.right == "write in a sandbox" else cast.HAZEL_ADMIN
    case = await case_for(world, who, operation)
    before = stored(world)
    for number, body in enumerate(altered(operation.body(case))):
        fresh = json.dumps(body).replace(f"new-{case.domain}", f"new-{number}-{case.domain}")  # a domain is taken once
        answer = await world.send(who, operation.method, operation.at(case), fresh.encode())
        if answer.is_success:
            before = stored(world)
        else:
            too_large = (413,) if len(fresh) > largest_body(operation) else ()
            check_refusal(answer, 400, 403, 404, 409, *too_large)
            assert stored(world) == before, body


@pytest.mark.parametrize(
    "date",
    [
        "0000-01-01T00:00:00Z",
        "0000-00-00",
        "0001-01-01T00:00:01",
        "1899-12-31T23:59:59Z",
        "9001-01-01",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59.9999999",
        "10000-01-01T00:00:00Z",
        "-001-01-01T00:00:00Z",
        "2018-02-29",
        "2018-08-10T24:00:00Z",
        "2018-08-10T00:00:60Z",
        "2018-08-10T00:00:00+15:00",
        "2018-08-10T00:00:00.1234567890Z",
        "2018-08-10 00:00",
        "08/10/2018 00:00:00",
        "/Date(1533859200000)",
        "/Date(1533859200000+1500)/",
        "Thu, 10 Aug 2018 00:00:00 GMT",
        "1533859200",
        "２０１８-08-10",
        "today",
        1533859200,
        20180810,
        True,
        ["2018-08-10"],
    ],
)
async def test_a_date_that_cannot_be_is_refused(world: World, date: Any) -> None:
    answer = await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", agreement(dateAgreed=date))
    check_refusal(answer, 400)
    assert (answer.json()["code"], answer.json()["data"]) == (3000, ["dateAgreed"])
    assert world.rows("select count(*) from confirmation") == [(0,)]


@pytest.mark.rule("R16")
@pytest.mark.parametrize(
    ("email", "status"),
    [
        ("very.common@example.com", 201),
        ("user+mailbox/department=shipping@example.com", 201),
        ("!#$%&'*+-/=?^_`.{|}~@example.com", 201),
        ('"john..doe"@example.org', 201),
        ('"very.(),:;<>[]\\".VERY.\\"very@\\\\ \\"very\\".unusual"@strange.example.com', 201),
        ("noa@[192.0.2.1]", 201),
        ("用户@例子.example", 201),
        ("Dörte@Sörensen.example", 201),
        ("noa@xn--fsqu00a.example", 201),
        ("abc.example.com", 400),
        ("a@b@c@example.com", 400),
        ('a"b(c)d,e:f;g<h>i[j\\k]l@example.com', 400),
        ('just"not"right@example.com', 400),
        ("john..doe@example.com", 400),
        (".john@example.com", 400),
        ("john@-example.com", 400),
        ("noa@[300.0.2.1]", 400),
        ("noa@contoso.example\r\nBcc: all@example.com", 400),
        ("noa\u202e@contoso.example", 400),
        ("noa\u200b@contoso.example", 400),
        ("Noa <noa@contoso.example>", 400),
        ("x" * 243 + "@example.com", 400),
        ("x" * 100_000, 400),
        ("a." * 50_000 + "@", 400),
    ],
)
async def test_the_published_edge_cases_of_addresses(world: World, email: str, status: int) -> None:
    answer = await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__email=email)
    assert answer.status_code == status, answer.text
    if status == 201:
        listed = (await world.send(cast.ALDER_SALES, "GET", f"{CEDAR}/agreements")).json()["items"]
        assert listed[0]["primaryContact"]["email"] == answer.json()["primaryContact"]["email"] == email
    else:
        check_refusal(answer, 400)
        assert email not in answer.text
        assert world.rows("select count(*) from confirmation") == [(0,)]


@pytest.mark.parametrize(
    "name",
    [
        "Ö",
        "Nguyễn Thị Minh Khai",
        "O’Brien-Smith",
        "李小龍",
        "Αλέξανδρος",
        "Сергей",
        "محمد\u200f",
        "שָׁרוֹן",
        "\u202bנועה\u202c",
        "न\u094dना",
        "க்\u200cஷ",
        "ไพศาล",
        "𠮷野家",
        "\U0001f9d1\u200d\U0001f33e",
        "Zalgo̷̴̧",
        "null",
        "undefined",
        "Robert'); DROP TABLE confirmation;--",
        "<script>alert(1)</script>",
        "{{7*7}}${7*7}%s%n",
        "x" * 50,
        "\U00020000" * 50,
    ],
)
async def test_a_name_in_any_script_comes_back_as_it_was_given(world: World, name: str) -> None:
    answer = await world.confirm(
        cast.ALDER_SALES, cast.CEDAR, primaryContact__firstName=name, primaryContact__lastName=name
    )
    assert answer.status_code == 201, answer.text
    [item] = (await world.send(cast.ALDER_SALES, "GET", f"{CEDAR}/agreements")).json()["items"]
    for contact in (answer.json()["primaryContact"], item["primaryContact"]):
        assert (contact["firstName"], contact["lastName"]) == (name, name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "\u3000",
        "\u00a0",
        "a\tb",
        "a\nb",
        "a\x1bb",
        "a\x7fb",
        "a\x85b",
        "\u202e\u2066",
        "\u200b \u200b",
        "x" * 51,
    ],
)
async def test_a_name_that_is_none_is_refused(world: World, name: str) -> None:
    answer = await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__firstName=name)
    check_refusal(answer, 400)
    assert (answer.json()["code"], answer.json()["data"]) == (3000, ["primaryContact.firstName"])
    assert world.rows("select count(*) from confirmation") == [(0,)]


async def test_a_client_that_goes_away_in_the_middle_leaves_nothing(world: World) -> None:
    half = json.dumps(agreement()).encode()[:100]
    messages = iter([{"type": "http.request", "body": half, "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"{CEDAR}/agreements",
        "raw_path": f"{CEDAR}/agreements".encode(),
        "query_string": b"",
        "headers": [(b"authorization", (await authorization(world)).encode()), (b"host", b"127.0.0.1:8400")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8400),
    }
    await world.app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert world.rows("select count(*) from confirmation") == [(0,)]
