"""Bodies as clients and vandals send them: one reader, typed answers, nothing but our own errors."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreegate.api.body import DEEPEST, MAX_BODY, read_json, receive_body, to_model
from agreegate.domain.error import Rejected
from tests.rejection import rejected


class Contact(msgspec.Struct, rename="camel"):
    first_name: str
    email: str
    phone_number: str | None = None


class Line(msgspec.Struct, rename="camel"):
    quantity: int
    offer_id: Annotated[str, msgspec.Meta(max_length=10)] | None = None
    provisioning_context: dict[str, str] | None = None
    addon_items: list["Line"] | None = None


class Request(msgspec.Struct, rename="camel"):
    primary_contact: Contact
    date_agreed: str
    template_id: str | msgspec.UnsetType = msgspec.UNSET
    line_items: list[Line] = []
    auto_renew_enabled: bool | None = None
    share: float | None = None
    participants: dict[str, str] = {}


GOOD: dict[str, Any] = {
    "primaryContact": {"firstName": "Noa", "email": "noa@contoso.example"},
    "dateAgreed": "2019-02-14",
}
MODEL = Request(primary_contact=Contact(first_name="Noa", email="noa@contoso.example"), date_agreed="2019-02-14")
CONTACT = GOOD["primaryContact"]
NESTED: object = 1
for _ in range(DEEPEST):
    NESTED = {"a": NESTED}


# --- bytes to JSON


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"{}", {}),
        (b"\xef\xbb\xbf{}", {}),
        (b' {"a" : [1, 2.5, true, null, "x"]}\r\n', {"a": [1, 2.5, True, None, "x"]}),
        (b'"success"', "success"),
        (b'{"a":1,"A":2}', {"a": 1, "A": 2}),
        (b'[{"a":1},{"a":2}]', [{"a": 1}, {"a": 2}]),
        (b'{"a":{"a":1}}', {"a": {"a": 1}}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('"\u202eFr\u00eane \u6625 \u05d0"'.encode(), "\u202eFr\u00eane \u6625 \u05d0"),
        (b'"\\\\u0000"', "\\u0000"),
        (b"[9223372036854775807,-9223372036854775808]", [2**63 - 1, -(2**63)]),
        (b'{"a":' * DEEPEST + b"1" + b"}" * DEEPEST, NESTED),
        (b"[" + b"[]," * 200 + b"[]]", [[]] * 201),
        (b'"' + b"a" * (MAX_BODY - 2) + b'"', "a" * (MAX_BODY - 2)),
    ],
)
def test_json_that_is_read(raw: bytes, value: object) -> None:
    assert read_json(raw) == value


@pytest.mark.parametrize(
    "raw",
    [
        b"", b" ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf{}", b"{", b"}", b"nope", b"{'a':1}", b"{a:1}", b'{"a":1,}', b"[1,]",
        b"{}{}", b"{} x", b"// note\n{}", b"<a/>", b"a=1&b=2", b"\x00", b"{}\x00", b'{"a"}', b'"a', b"tru", b"01", b"+1", b".5", b"1.",
        b'"a\nb"', b'"\\x41"', b'"\\u00"',
        b"NaN", b"Infinity", b"-Infinity", b'{"a":NaN}', b"1e400", b"-1e400", b"[1.0e999]",
        b"9223372036854775808", b"-9223372036854775809", b'{"quantity":99999999999999999999999999}', b"1" * 5000, b"1" * 500000,
        b'"\xff"', b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\x80"', '{"a":"\u00e9"}'.encode("latin-1"), '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-16-le"), '{"a":1}'.encode("utf-32"),
        b'"\\ud800"', b'"\\udc00"', b'"\\udc00\\ud800"', b'"\\ud800\\u0041"', b'"\\ud800x"', b'{"\\ud800":1}',
        b'"\x00"', b'"\\u0000"', b'{"a":["x","y\\u0000z"]}', b'{"a\\u0000":1}', b'{"a":{"b\\u0000":null}}', b'"\\\\\\u0000"',
        b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'[{"b":{"a":1,"c":2,"a":3}}]',
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
        b"[" * 20000, b"[" * 20000 + b"]" * 20000, b'{"a":' * 20000 + b"1" + b"}" * 20000, b'{"a":[' * 700 + b"]}" * 700,
    ],
    ids=lambda raw: repr(raw[:24]),
)  # fmt: skip
def test_json_that_is_refused(raw: bytes) -> None:
    with rejected("request.invalid"):
        read_json(raw)


def test_a_body_over_the_cap_is_refused() -> None:
    with rejected("request.too-large") as rejection:
        read_json(b" " * MAX_BODY + b"1")
    assert rejection.value.parameters == {"limit": 1048576}


def test_an_error_quotes_nothing_of_the_body() -> None:
    with rejected("request.invalid") as rejection:
        read_json(b'{"email":"noa@contoso.example","email":"noa@contoso.example"}')
    assert rejection.value.__cause__ is None and rejection.value.__suppress_context__
    with rejected("request.invalid-property") as other:
        to_model(GOOD | {"lineItems": [{"quantity": "noa@contoso.example"}]}, Request)
    assert other.value.__cause__ is None and other.value.__context__ is None


@given(st.binary(max_size=200) | st.text('{}[]":,\\u0dA19.e- truefalsn', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        value = read_json(raw)
    except Rejected as error:
        error.expect("request.invalid")
        return
    json.dumps(value, ensure_ascii=False).encode()


TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=30)


@given(VALUES, st.booleans(), st.booleans())
def test_what_others_write_is_read_as_it_was_meant(value: object, escaped: bool, bom: bool) -> None:
    raw = json.dumps(value, ensure_ascii=escaped).encode()
    assert read_json(b"\xef\xbb\xbf" + raw if bom else raw) == value


# --- ASGI to bytes


def pieces(*messages: Mapping[str, Any]) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    left = iter(messages)

    async def receive() -> Mapping[str, Any]:
        return next(left)

    return receive


def part(body: bytes, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


GONE = {"type": "http.disconnect"}


@pytest.mark.parametrize(
    ("messages", "content_length", "body"),
    [
        ([part(b"")], b"0", b""),
        ([{"type": "http.request"}], None, b""),
        ([part(b"{}")], b"2", b"{}"),
        ([part(b"{", True), part(b"", True), part(b"}")], None, b"{}"),
        ([part(b"a" * MAX_BODY)], b"1048576", b"a" * MAX_BODY),
        ([part(b"{}")], b"what", b"{}"),
    ],
)
async def test_a_body_arrives_in_pieces(
    messages: list[dict[str, Any]], content_length: bytes | None, body: bytes
) -> None:
    assert await receive_body(pieces(*messages), content_length) == body


async def test_an_announced_excess_is_refused_unread() -> None:
    for announced in (b"1048577", b"10485760", b"9" * 6000):
        with rejected("request.too-large"):
            await receive_body(pieces(), announced)


@pytest.mark.parametrize("content_length", [None, b"2"])
async def test_ten_megabytes_are_refused_after_the_first(content_length: bytes | None) -> None:
    taken = 0

    async def receive() -> dict[str, Any]:
        nonlocal taken
        taken += 1
        return part(b"x" * 65536, more=taken < 160)

    with rejected("request.too-large") as rejection:
        await receive_body(receive, content_length)
    assert taken == 17
    assert rejection.value.parameters == {"limit": MAX_BODY}


@pytest.mark.parametrize("before", [[], [part(b'{"a":1}', True)]])
async def test_half_a_body_is_no_body(before: list[dict[str, Any]]) -> None:
    with rejected("request.invalid"):
        await receive_body(pieces(*before, GONE), None)


# --- JSON to models


@pytest.mark.parametrize(
    "raw",
    [
        GOOD,
        {"PrimaryContact": {"FirstName": "Noa", "Email": "noa@contoso.example"}, "DateAgreed": "2019-02-14"},
        {"PRIMARYCONTACT": {"firstname": "Noa", "eMail": "noa@contoso.example"}, "dateagreed": "2019-02-14"},
        GOOD | {"attributes": {"objectType": "x"}, "Unknown": [{}], "unknown": 1, "": 2},
        GOOD | {"templateId": None, "LineItems": None, "autoRenewEnabled": None, "share": None, "participants": None},
        GOOD | {"primaryContact": CONTACT | {"PhoneNumber": None, "middleName": None}},
    ],
)
def test_names_in_any_case_nulls_and_unknown_members(raw: object) -> None:
    assert to_model(raw, Request) == MODEL


def test_models_nest_in_lists_and_in_themselves() -> None:
    raw = GOOD | {"LineItems": [{"Quantity": 1, "AddonItems": [{"QUANTITY": 2, "offerid": "x", "addonItems": None}]}]}
    assert to_model(raw, Request).line_items == [Line(quantity=1, addon_items=[Line(quantity=2, offer_id="x")])]


def test_data_maps_keep_their_names() -> None:
    raw = GOOD | {"Participants": {"Key": "a", "key": "b", "KEY": "c"}, "lineItems": [{"quantity": 1}]}
    assert to_model(raw, Request).participants == {"Key": "a", "key": "b", "KEY": "c"}


def test_an_absent_member_stays_unset() -> None:
    assert to_model(GOOD | {"templateId": None}, Request).template_id is msgspec.UNSET
    assert to_model(GOOD | {"TemplateID": "x"}, Request).template_id == "x"


@pytest.mark.parametrize(("sent", "quantity"), [(5, 5), (5.0, 5), (-0.0, 0), (2**63 - 1, 2**63 - 1)])
def test_whole_numbers(sent: float, quantity: int) -> None:
    line = to_model(GOOD | {"lineItems": [{"quantity": sent}]}, Request).line_items[0]
    assert line.quantity == quantity and type(line.quantity) is int


@pytest.mark.parametrize(("sent", "share"), [(1, 1.0), (1.0, 1.0), (0.5, 0.5)])
def test_fractions(sent: float, share: float) -> None:
    assert to_model(GOOD | {"share": sent}, Request).share == share


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ({}, "primaryContact"),
        ({"primaryContact": None, "dateAgreed": "x"}, "primaryContact"),
        ({"primaryContact": CONTACT}, "dateAgreed"),
        (GOOD | {"dateAgreed": None}, "dateAgreed"),
        (GOOD | {"primaryContact": {}}, "primaryContact.firstName"),
        (GOOD | {"primaryContact": {"FirstName": "Noa", "Email": None}}, "primaryContact.email"),
        (GOOD | {"primaryContact": CONTACT | {"email": 5}}, "primaryContact.email"),
        (GOOD | {"primaryContact": CONTACT | {"email": ["noa@contoso.example"]}}, "primaryContact.email"),
        (GOOD | {"primaryContact": CONTACT | {"phoneNumber": {}}}, "primaryContact.phoneNumber"),
        (GOOD | {"primaryContact": CONTACT | {"Email": "x"}}, "primaryContact.email"),
        (GOOD | {"primaryContact": CONTACT | {"EMAIL": None}}, "primaryContact.email"),
        (GOOD | {"primaryContact": "Noa"}, "primaryContact"),
        (GOOD | {"primaryContact": [CONTACT]}, "primaryContact"),
        (GOOD | {"DateAgreed": "2019-02-14"}, "dateAgreed"),
        (GOOD | {"dateAgreed": 20190214}, "dateAgreed"),
        (GOOD | {"templateId": True}, "templateId"),
        (GOOD | {"lineItems": {}}, "lineItems"),
        (GOOD | {"lineItems": [None]}, "lineItems[0]"),
        (GOOD | {"lineItems": [{"quantity": 1}, 2]}, "lineItems[1]"),
        (GOOD | {"lineItems": [{"quantity": 1}, {}]}, "lineItems[1].quantity"),
        (GOOD | {"lineItems": [{"quantity": 1, "Quantity": 1}]}, "lineItems[0].quantity"),
        (GOOD | {"lineItems": [{"quantity": "5"}]}, "lineItems[0].quantity"),
        (GOOD | {"lineItems": [{"quantity": True}]}, "lineItems[0].quantity"),
        (GOOD | {"lineItems": [{"quantity": 5.5}]}, "lineItems[0].quantity"),
        (GOOD | {"lineItems": [{"quantity": 1e300}]}, "lineItems[0].quantity"),
        (GOOD | {"lineItems": [{"quantity": 1, "offerId": "12345678901"}]}, "lineItems[0].offerId"),
        (GOOD | {"lineItems": [{"quantity": 1, "addonItems": [{}]}]}, "lineItems[0].addonItems[0].quantity"),
        (GOOD | {"participants": {"- at `$.x`": 1}}, "participants[...]"),
        (GOOD | {"autoRenewEnabled": "true"}, "autoRenewEnabled"),
        (GOOD | {"autoRenewEnabled": 1}, "autoRenewEnabled"),
        (GOOD | {"share": "0.5"}, "share"),
    ],
)
def test_the_member_at_fault_is_named(raw: object, name: str) -> None:
    with rejected("request.invalid-property") as rejection:
        to_model(raw, Request)
    assert rejection.value.parameters == {"name": name}


@pytest.mark.parametrize("raw", [None, [], [GOOD], "success", 5, True])
def test_what_is_no_object_is_no_request(raw: object) -> None:
    with rejected("request.invalid"):
        to_model(raw, Request)


NAMES = st.sampled_from(
    ["primaryContact", "dateAgreed", "lineItems", "quantity", "firstName", "email", "participants", "share"]
)
CASES = st.sampled_from([str, str.upper, str.lower, str.capitalize])
SHAPES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.builds(lambda f, n: f(n), CASES, NAMES), inner, max_size=5)
    ),
    max_leaves=20,
)


@given(SHAPES)
def test_any_json_is_a_model_or_refused(raw: object) -> None:
    try:
        to_model(raw, Request)
    except Rejected as error:
        error.expect("request.invalid-property", "request.invalid")
