"""The employee behind a designated account, on the wire and in our own API (R28, B5)."""

from base64 import b64encode
from typing import Any

import httpx2
import pytest

from tests import personas as cast
from tests.operations import confirmation
from tests.world import World, agreement, token

pytestmark = [pytest.mark.fault("B5"), pytest.mark.rule("R28")]
WIRE = f"/v1/customers/{cast.CEDAR}/agreements"
OWN = f"/api/customers/{cast.CEDAR}/confirmations"
RENE = b64encode("René Vale".encode()).decode()


async def send(
    world: World, header: str | bytes, who: str = cast.ALDER_MARKETPLACE, rest: dict[str, Any] | None = None
) -> httpx2.Response:
    """Confirm for an employee, on the wire, or with this body in our own API; the header's bytes are sent as they are."""
    value = header.encode() if isinstance(header, str) else header
    headers = [(b"Authorization", f"Bearer {token(who)}".encode()), (b"Agreegate-Confirmed-By", value)]
    if rest is not None:
        return await world.client.post(OWN, json=rest, headers=headers)
    return await world.client.post(WIRE, json=agreement(), headers=headers)


def kept(world: World) -> list[tuple[str, str | None, str | None]]:
    return [tuple(row) for row in world.rows("select name, email, reference from confirmation_employee")]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("=?utf-8?Q?Ren=C3=A9_Vale?= <rene@alder.example>; ref=4711", "René Vale"),
        (f"=?UTF-8?B?{RENE}?= <rene@alder.example>; ref=4711", "René Vale"),
        ("=?iso-8859-1?q?Ren=E9?= Vale <rene@alder.example>; ref=4711", "René Vale"),
        ("=?utf-8?Q?Ren=C3=A9?= =?utf-8?Q?_Vale?= <rene@alder.example>; ref=4711", "René Vale"),
        ("=?windows-1252?Q?Ren=E9?= =?utf-8?Q?_Vale?= <rene@alder.example>;ref==?utf-8?Q?4711?=", "René Vale"),
        ('"=?utf-8?Q?Ren=C3=A9_Vale?=" <rene@alder.example>; ref=4711', "René Vale"),
        ("René Vale <rene@alder.example>; ref=4711", "René Vale"),
        ("Рене Вейл <rene@alder.example>; ref=4711", "Рене Вейл"),
        ('"Vale, René" <rene@alder.example>; ref=4711', "Vale, René"),
        ('"Vale; <René>" <rene@alder.example>; ref="4711"', "Vale; <René>"),
        (r'"René \"Ren\" Vale\\" <rene@alder.example>; ref=4711', 'René "Ren" Vale\\'),
        ('  "René Vale"<rene@alder.example>;ref=4711', "René Vale"),
        ('René "Ren" Vale <rene@alder.example>; ref=4711', 'René "Ren" Vale'),
        ("Q?=? Vale <rene@alder.example>; ref=4711", "Q?=? Vale"),
    ],
)
async def test_the_name_is_kept_as_people_read_it(world: World, header: str, name: str) -> None:
    assert (await send(world, header)).status_code == 201
    assert kept(world) == [(name, "rene@alder.example", "4711")]


@pytest.mark.parametrize(
    "header",
    [
        "René Vale <rene@alder.example>".encode("latin-1"),
        b"Ren\xff <rene@alder.example>",
        b"\xfe\xffR <rene@alder.example>",
        b"=?utf-8?Q?Ren=E9_Vale?= <rene@alder.example>",
        b"=?utf-8?B?UmVu6Q==?= <rene@alder.example>",
        b"=?unknown-8bit?Q?Ren=E9_Vale?= <rene@alder.example>",
        b"Robin =?Unknown-8bit?B?UmVu6Q==?= <rene@alder.example>",
        "Ада <rene@alder.example>".encode("utf-16-be").replace(b"\x00", b"\x80"),
    ],
)
@pytest.mark.parametrize(("language", "words"), [("en", "is not in UTF-8"), ("fr", "n’est pas en UTF-8")])
async def test_other_bytes_are_refused_with_a_sentence_that_says_utf8(
    world: World, header: bytes, language: str, words: str
) -> None:
    headers = [
        (b"Authorization", f"Bearer {token(cast.ALDER_MARKETPLACE)}".encode()),
        (b"Agreegate-Confirmed-By", header),
        (b"X-Locale", language.encode()),
    ]
    answer = await world.client.post(WIRE, json=agreement(), headers=headers)
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, 3000, ["Agreegate-Confirmed-By"])
    assert words in answer.json()["description"]
    assert world.rows("select * from confirmation") == []


@pytest.mark.parametrize(
    "header",
    [
        '"Robin <robin@alder.example>',
        'Robin" <robin@alder.example',
        '""',
        '"" <robin@alder.example>',
        '"Robin" Vale" <robin@alder.example>; ref=1; ref=2',
        "=?utf-8?B?x?= <robin@alder.example>",
        "=?utf-9?Q?Robin?= <robin@alder.example>",
        "=?utf-8?Q?Robin=0AVale?= <robin@alder.example>",
        "=?utf-8?Q?=00?= <robin@alder.example>",
        "=?rot13?Q?Ebova?= <robin@alder.example>",
        "=?utf-8*fr?Q?Robin?= <robin@alder.example>",
        "=?utf-7?Q?+2AA-?= <robin@alder.example>",
        "=?utf-8?Q?" + "A" * 101 + "?= <robin@alder.example>",
        "Robin <robin>",
        '"' + "\\" * 4_001,
        '"' * 4_001,
        "=?" * 3_000,
    ],
)
async def test_a_header_that_says_nothing_of_use_is_a_clear_error(world: World, header: str) -> None:
    answer = await send(world, header)
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)
    assert answer.json()["data"] == ["Agreegate-Confirmed-By"]
    assert (await send(world, header, rest=confirmation())).status_code == 400
    assert world.rows("select * from confirmation") == []


@pytest.mark.parametrize("who", [cast.ALDER_SALES, cast.ALDER_ADMIN])
async def test_ordinary_users_name_nobody_behind_them(world: World, who: str) -> None:
    wire = await send(world, "Robin Vale <robin@alder.example>", who)
    assert (wire.status_code, wire.json()["code"], wire.json()["data"]) == (400, 3000, ["Agreegate-Confirmed-By"])
    rest = await world.send(who, "POST", OWN, confirmation(confirmedBy={"name": "Robin Vale"}))
    assert (rest.status_code, rest.json()["code"]) == (400, "confirmation.not-designated")
    assert rest.json()["data"] == ["confirmedBy"]
    assert world.rows("select * from confirmation") == []
    assert (await send(world, " ", who)).status_code == 201, "an empty header says nothing"


async def test_our_own_api_takes_the_header_as_the_wire_does(world: World) -> None:
    answer = await send(world, "=?utf-8?Q?Ren=C3=A9_Vale?= <rene@alder.example>; ref=4711", rest=confirmation())
    shown = {"name": "René Vale", "email": "rene@alder.example", "reference": "4711"}
    assert (answer.status_code, answer.json()["confirmedBy"]) == (201, shown)
    assert kept(world) == [("René Vale", "rene@alder.example", "4711")]


@pytest.mark.parametrize(
    ("who", "header", "code"),
    [
        (cast.ALDER_SALES, "Robin Vale <robin@alder.example>", "confirmation.not-designated"),
        (cast.ALDER_MARKETPLACE, "Robin <robin>", "confirmation.invalid-email"),
        (cast.ALDER_MARKETPLACE, '"Robin', "request.invalid-property"),
        (cast.ALDER_MARKETPLACE, b"Ren\xff", "request.not-utf8"),
    ],
)
async def test_our_own_api_refuses_what_the_wire_refuses_in_the_header(
    world: World, who: str, header: str | bytes, code: str
) -> None:
    answer = await send(world, header, who, confirmation())
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["data"] == ["Agreegate-Confirmed-By"]
    assert world.rows("select * from confirmation") == []


async def test_header_and_body_must_name_the_same_employee(world: World) -> None:
    body = confirmation(confirmedBy={"name": "Robin Vale", "email": "robin@alder.example"})
    other = await send(world, "Sam Reed <sam@alder.example>", rest=body)
    assert (other.status_code, other.json()["data"]) == (400, ["Agreegate-Confirmed-By"])
    assert world.rows("select * from confirmation") == []
    assert (await send(world, " ", rest=body)).status_code == 201, "an empty header says nothing"
    assert (await send(world, "Robin Vale <robin@alder.example>", rest=body)).status_code == 201


@pytest.mark.parametrize("path", [OWN, WIRE])
async def test_a_request_id_that_comes_again_with_another_employee_is_refused(world: World, path: str) -> None:
    again = {"MS-RequestId": "0f6b2c1e-7a57-4d7e-9d9c-0f5f3f0a2b42"}
    for name, status in (("Robin Vale", 201), (" Robin Vale ", 201), ("Sam Reed", 409)):
        named = again | {"Agreegate-Confirmed-By": name}
        body = confirmation() if path == OWN else agreement()
        answer = await world.send(cast.ALDER_MARKETPLACE, "POST", path, body, named)
        assert answer.status_code == status
    assert kept(world) == [("Robin Vale", None, None)]


async def test_a_statement_is_done_once_refused_for_others_and_after_the_relationship(world: World) -> None:
    await world.confirm(cast.ALDER_MARKETPLACE, cast.CEDAR)
    await world.confirm(cast.ALDER_SALES, cast.DOGWOOD)
    ids = dict(world.rows("select customer_id, confirmation_id from confirmation"))
    path = f"/api/confirmations/{ids[cast.CEDAR]}/employee"
    again = {"MS-RequestId": "0f6b2c1e-7a57-4d7e-9d9c-0f5f3f0a2b41"}
    for _ in range(2):
        answer = await world.send(cast.ALDER_SALES, "POST", path, {"name": " Robin Vale "}, again)
        assert (answer.status_code, answer.json()["name"]) == (201, "Robin Vale")
    assert (await world.send(cast.ALDER_SALES, "POST", path, {"name": "Sam Reed"}, again)).status_code == 409
    assert kept(world) == [("Robin Vale", None, None)]
    other = await world.send(
        cast.ALDER_SALES, "POST", f"/api/confirmations/{ids[cast.DOGWOOD]}/employee", {"name": "A"}
    )
    assert (other.status_code, other.json()["code"]) == (400, "confirmation.not-designated")
    for who in (cast.ALDER_HELPDESK, cast.BIRCH_SALES, cast.ALDER):
        assert (await world.send(who, "POST", path, {"name": "Eve"})).status_code == 403
    audited = "select operation_type, user_id from audit_record where resource_id = ? order by operation_at"
    assert world.rows(audited, ids[cast.CEDAR]) == [
        ("record_confirmation", cast.ALDER_MARKETPLACE),
        ("state_employee", cast.ALDER_SALES),
    ]
    shown = (await world.send(cast.ALDER_SALES, "GET", "/v1/auditrecords")).json()["items"]
    [stated] = [one for one in shown if one["operationType"] == "update_agreement"]
    assert (stated["resourceType"], stated.get("resourceNewValue")) == ("agreement", None)
    assert "Robin" not in str(shown)
    parted = await world.send(
        cast.ALDER_SALES, "PATCH", f"/v1/customers/{cast.CEDAR}", {"relationshipToPartner": "none"}
    )
    assert parted.status_code == 200
    late = await world.send(cast.ALDER_SALES, "POST", path, {"name": "Sam Reed"})
    assert (late.status_code, late.json()["code"]) == (409, "confirmation.relationship-over")
    assert kept(world) == [("Robin Vale", None, None)]
