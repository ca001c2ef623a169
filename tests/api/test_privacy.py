"""Names, e-mail and phone stay in the record: never in diagnostics, metrics, addresses or errors (R18, design 5.3)."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from agreegate.demo.oauth import PARTNER_CENTER
from agreegate.demo.tokens import Granted, Version
from agreegate.deployment.demo_start import DemoUser
from tests import personas as cast
from tests.diagnostics import MARK, PHONE, Diagnostics, read_only, without_contacts
from tests.operations import OPERATIONS, Operation, case_for, named
from tests.world import World, agreement, mint

CONFIRMED_BY = {"Agreegate-Confirmed-By": f"{MARK} Employee <{MARK}@alder.example>; ref={MARK}"}
CEDAR = f"/v1/customers/{cast.CEDAR}"

MARKED = agreement(
    primaryContact={
        "firstName": f"{MARK}first",
        "lastName": f"{MARK}last",
        "email": f"{MARK}@contoso.example",
        "phoneNumber": PHONE,
    }
)


def marked(body: Any) -> Any:
    """A body whose names, addresses and numbers of people are marked."""
    if isinstance(body, list):
        return [marked(item) for item in body]
    if not isinstance(body, dict):
        return body
    people = {"firstName": f"{MARK}first", "lastName": f"{MARK}last", "phoneNumber": PHONE, "name": f"{MARK} name",
              "email": f"{MARK}@contoso.example", "note": f"{MARK} says so"}  # fmt: skip
    return {name: people.get(name) or marked(value) for name, value in body.items()}


def check_refused(answer: httpx2.Response) -> None:
    """An error says nothing of a person, neither in its body nor in its headers."""
    assert not answer.is_success
    for text in (answer.text, str(dict(answer.headers))):
        assert MARK not in text.casefold()
        assert PHONE not in text


def addresses(value: Any) -> Iterator[str]:
    """Every address in a body."""
    if isinstance(value, list):
        for item in value:
            yield from addresses(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if isinstance(inner, str) and ("/" in inner or name.casefold().endswith(("uri", "url", "link"))):
                yield inner
            else:
                yield from addresses(inner)


WITH_PEOPLE = [
    one for one in OPERATIONS if one.method in ("POST", "PUT", "PATCH") and not one.path.endswith("/checkout")
]


@pytest.mark.rule("R18")
@pytest.mark.parametrize("operation", WITH_PEOPLE, ids=named)
async def test_what_is_done_is_not_written_to_diagnostics(
    world: World, diagnostics: Diagnostics, operation: Operation
) -> None:
    case = await case_for(world, cast.MAPLE_ADMIN, operation)
    body = marked(operation.body(case))
    world.change("update partner_user set designated = 1 where user_id = ?", cast.MAPLE_ADMIN)
    answer = await world.send(cast.MAPLE_ADMIN, operation.method, operation.at(case), body, CONFIRMED_BY)
    assert answer.status_code == operation.status
    if answer.content:
        assert not [one for one in addresses(answer.json()) if MARK in one or PHONE in one]
    assert MARK not in str(dict(answer.headers))
    await diagnostics.check()


REFUSED: dict[str, Any] = {
    "an address that is none": {"email": f"{MARK} at contoso"},
    "an address of another kind": {"email": {MARK: [MARK]}},
    "a name too long": {"firstName": MARK * 20},
    "a name that is a list": {"lastName": [MARK]},
    "a control character": {"firstName": f"{MARK}\x01"},
    "a phone too long": {"phoneNumber": PHONE * 20},
    "a phone that is a number": {"phoneNumber": int(PHONE)},
    "a name missing": {"firstName": None},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=list(REFUSED))
async def test_a_refused_contact_is_not_repeated(
    world: World, diagnostics: Diagnostics, changes: dict[str, Any]
) -> None:
    body = MARKED | {"primaryContact": MARKED["primaryContact"] | changes}
    check_refused(await world.send(cast.ALDER_MARKETPLACE, "POST", f"{CEDAR}/agreements", body, CONFIRMED_BY))
    await diagnostics.check()


@pytest.mark.parametrize(
    ("who", "path", "changes", "headers"),
    [
        (cast.ALDER_SALES, f"{CEDAR}/agreements", {"dateAgreed": MARK}, {}),
        (cast.ALDER_SALES, f"{CEDAR}/agreements", {"dateAgreed": "2030-01-01"}, {}),
        (cast.ALDER_SALES, f"{CEDAR}/agreements", {"templateId": MARK}, {}),
        (cast.ALDER_SALES, f"{CEDAR}/agreements", {"templateId": cast.NOBODY}, {}),
        (cast.ALDER_SALES, f"{CEDAR}/agreements", {"userId": cast.HAZEL_ADMIN}, {}),
        (cast.ALDER_SALES, f"{CEDAR}/agreements", {"primarycontact": {"email": MARK}}, {}),
        (cast.ALDER_SALES, f"{CEDAR}/agreements", {}, {"Agreegate-Confirmed-By": f"{MARK} <{MARK}>; ref=x"}),
        (cast.ALDER_SALES, f"{CEDAR}/agreements", {}, {"Agreegate-Confirmed-By": f"{MARK} <<{MARK}"}),
        (cast.ALDER_SALES, f"{CEDAR}/agreements", {}, {"Accept": f"text/{MARK}"}),
        (cast.ALDER_SALES, f"/v1/customers/{cast.ELM}/agreements", {}, {}),
        (cast.ALDER_SALES, f"/v1/customers/{MARK}/agreements", {}, {}),
        (cast.ALDER_HELPDESK, f"{CEDAR}/agreements", {}, {}),
        (cast.ALDER, f"{CEDAR}/agreements", {}, {}),
        (cast.BIRCH_SALES, f"{CEDAR}/agreements", {}, {}),
        (None, f"{CEDAR}/agreements", {}, {"Authorization": f"Bearer {MARK}.{MARK}.{MARK}"}),
        (cast.ALDER_SALES, "/v1/customers", {}, {}),
        (cast.ALDER_SALES, "/api/gate/decisions", {}, {}),
        (cast.ALDER_SALES, f"/api/customers/{cast.CEDAR}/standing/end", {}, {}),
        (cast.ALDER_SALES, f"/api/customers/{cast.CEDAR}/confirmations", {}, {}),
    ],
)
async def test_an_error_names_nobody(
    world: World,
    diagnostics: Diagnostics,
    who: str | None,
    path: str,
    changes: dict[str, Any],
    headers: dict[str, str],
) -> None:
    check_refused(await world.send(who, "POST", path, MARKED | changes, headers))
    await diagnostics.check()


@pytest.mark.parametrize("cut", [0.3, 0.6, 0.95])
async def test_a_body_that_cannot_be_read_is_not_quoted(world: World, diagnostics: Diagnostics, cut: float) -> None:
    body = json.dumps(MARKED).encode()
    for path in (f"{CEDAR}/agreements", "/api/gate/decisions", "/v1/customers"):
        check_refused(await world.send(cast.ALDER_SALES, "POST", path, body[: int(len(body) * cut)]))
        check_refused(await world.send(cast.ALDER_SALES, "POST", path, body.replace(b"zqx", b"zqx\xff")))
    await diagnostics.check()


@pytest.mark.parametrize(
    ("broken", "status"), [pytest.param(read_only, 503, marks=pytest.mark.sqlite), (without_contacts, 501)]
)
async def test_a_broken_record_tells_nobodys_name(
    world: World,
    diagnostics: Diagnostics,
    caplog: pytest.LogCaptureFixture,
    broken: Callable[[World], Any],
    status: int,
) -> None:
    before = world.rows("select count(*) from confirmation")
    [create] = [one for one in OPERATIONS if (one.method, one.path) == ("POST", "/v1/customers")]
    customer = marked(create.body(await case_for(world, cast.ALDER_ADMIN, create)))
    with broken(world):
        for path, body in ((f"{CEDAR}/agreements", MARKED), ("/v1/customers", customer)):
            answer = await world.send(cast.ALDER_MARKETPLACE, "POST", path, body, CONFIRMED_BY)
            assert answer.status_code == status, answer.text
            check_refused(answer)
    assert world.rows("select count(*) from confirmation") == before
    defects = [record for record in caplog.records if record.exc_info]
    assert len(defects) == (2 if status == 501 else 0), "a defect comes with its traceback, which is searched too"
    assert (await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", MARKED)).status_code == 201
    await diagnostics.check()


async def test_users_are_not_named_in_diagnostics(world: World, diagnostics: Diagnostics) -> None:
    for user in ("a1de0000-0000-4000-8000-0000000000ff", cast.ALDER_SALES):
        who = DemoUser(f"{MARK}@alder.example", cast.ALDER, "alder.example", "Alder", user, "")
        granted = Granted("tests", cast.ALDER, PARTNER_CENTER, who, "user_impersonation")
        token = str(mint().answer(granted, Version.V2)["access_token"])
        for sent in (token, token[:-4], token + "x"):
            answer = await world.send(None, "GET", f"{CEDAR}/orders", headers={"Authorization": f"Bearer {sent}"})
            assert MARK not in answer.text
    await diagnostics.check()
