"""What real clients send and expect, and this server has to live with (contract 3 and 8)."""

import json
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from agreegate.app import WIRE_ROUTES
from tests import personas as cast
from tests.operations import OFFER, OPERATIONS, Operation, case_for, confirmation, named
from tests.world import World, agreement, token

CEDAR = f"/v1/customers/{cast.CEDAR}"
REQUEST_ID = "ad6d3d7a-5e3a-4c9a-8d9c-4f3b2a1c0d9e"
QUESTION = {"customerId": cast.CEDAR, "action": "new_purchase", "channel": "api"}
CORRELATION_ID = "5b0f6d2e-90a2-4b0b-9c55-0d4b8f4f8f11"


# Bodies: names in any case, unknown members (section 8, 1). What each language writes: `test_clients.py`.


def renamed_body(value: Any, rename: Callable[[str], str], more: dict[str, Any]) -> Any:
    """A body with other names for its members, and members more; names that are data stay as they are."""
    if isinstance(value, list):
        return [renamed_body(item, rename, more) for item in value]
    if not isinstance(value, dict):
        return value
    return more | {
        rename(name): inner if name == "provisioningContext" else renamed_body(inner, rename, more)
        for name, inner in value.items()
    }


SPELLINGS: dict[str, tuple[Callable[[str], str], dict[str, Any]]] = {
    "capitals": (str.upper, {}),
    "lower case": (str.lower, {}),
    "unknown members": (str, {"whatNobodyKnows": [{"deep": {"er": None}}], "": 1, "ünbekannt": 1e3}),
}
WITH_BODY = [
    one for one in OPERATIONS if one.path.startswith("/v1") and one.body is not Operation.body and one.method != "GET"
]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("operation", WITH_BODY, ids=named)
async def test_names_come_in_any_case_and_unknown_members_are_dropped(
    world: World, operation: Operation, spelling: str
) -> None:
    who = cast.MAPLE_ADMIN
    case = await case_for(world, who, operation)
    rename, more = SPELLINGS[spelling]
    answer = await world.send(
        who, operation.method, operation.at(case), renamed_body(operation.body(case), rename, more)
    )
    assert answer.status_code == operation.status, answer.text
    assert not answer.content or isinstance(json.loads(answer.content), dict), "one JSON value"


# Paths (section 8, 10; contract 3.1).


@pytest.mark.parametrize(
    "path",
    [
        f"/v1/customers/{{{cast.CEDAR}}}/agreements",
        f"/v1/customers/%7B{cast.CEDAR}%7D/agreements",
        f"/v1//customers/{cast.CEDAR}/agreements",
        f"/v1/customers//{cast.CEDAR}//agreements/",
        f"/v1/customers/{cast.CEDAR.upper()}/agreements",
        f"/V1/Customers/{cast.CEDAR}/Agreements",
        f"/v1/CUSTOMERS/{{{cast.CEDAR.upper()}}}/AGREEMENTS/",
    ],
)
async def test_a_path_in_any_spelling_is_the_same_resource(world: World, path: str) -> None:
    headers = {"MS-RequestId": REQUEST_ID}
    first = await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", agreement(), headers)
    again = await world.send(cast.ALDER_SALES, "POST", path, agreement(), headers)
    assert (again.status_code, again.content) == (201, first.content)
    read = await world.send(cast.ALDER_SALES, "GET", path)
    assert (read.status_code, read.json()["totalCount"]) == (200, 1)


@pytest.mark.fault("D15")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1.0/agreements", 200),
        ("GET", "/V1.0//Agreements/", 200),
        ("GET", "/v1%2E0/agreements", 200),
        ("GET", "/v1.0/customers?size=1", 200),
        ("GET", f"/v1.0/customers/{{{cast.CEDAR}}}/agreements", 200),
        ("GET", f"/v1.0/customers/{cast.ELM}/agreements", 403),
        ("GET", "/v1.0/nothing", 404),
        ("DELETE", "/v1.0/agreements", 404),
        ("GET", "/v1.1/agreements", 404),
        ("GET", "/v10/agreements", 404),
        ("GET", "/v2/agreements", 404),
    ],
)
async def test_the_version_as_the_description_of_the_contract_writes_it(
    world: World, method: str, path: str, status: int
) -> None:
    answer = await world.send(cast.ALDER_SALES, method, path)
    assert answer.status_code == status
    assert isinstance(answer.json(), dict)


@pytest.mark.fault("D15")
@pytest.mark.parametrize("kind", ["agreements", "orders"])
async def test_a_repeat_under_the_other_version_is_the_same_call(world: World, kind: str) -> None:
    body = agreement() if kind == "agreements" else {"lineItems": [{"offerId": OFFER, "quantity": 1}]}
    path, headers = f"/customers/{cast.CEDAR}/{kind}", {"MS-RequestId": REQUEST_ID}
    first = await world.send(cast.ALDER_SALES, "POST", f"/v1.0{path}", body, headers)
    for version in ("/v1", "/v1.0", "/V1.0/"):
        again = await world.send(cast.ALDER_SALES, "POST", version + path, body, headers)
        assert (again.status_code, again.content) == (201, first.content)


@pytest.mark.fault("D14")
@pytest.mark.parametrize(
    "path",
    [
        f"{CEDAR}/subscriptions/usagerecords",
        f"{CEDAR}/subscriptions/UsageRecords/",
        f"{CEDAR}/subscriptions/overage",
        f"{CEDAR}/subscriptions/Overage",
        f"/v1.0/customers/{cast.CEDAR}/subscriptions/overage",
        f"{CEDAR}/subscriptions/{cast.NOBODY}/usagesummary",
        "/v1/customers/usagerecords",
    ],
)
async def test_a_resource_that_is_not_served_is_not_taken_for_an_id(world: World, path: str) -> None:
    for method in ("GET", "PUT", "PATCH"):
        answer = await world.send(cast.ALDER_SALES, method, path, None if method == "GET" else {})
        assert (answer.status_code, answer.json()["code"]) == (404, 1000), method


# Headers (contract 3.3, 3.4).


@pytest.mark.parametrize(
    ("accept", "status"),
    [
        (None, 200),
        ("*/*", 200),
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ("APPLICATION/JSON", 200),
        ("text/html, application/json;q=0.5", 200),
        ("application/*", 200),
        ("application/json, text/json, text/x-json, text/javascript, application/xml, text/xml", 200),
        ("text/html", 406),
        ("application/xml", 406),
        ("application/json;q=0", 406),
        ("application/json;q=0.0, text/html", 406),
        ("application/json; q=0.000", 406),
    ],
)
async def test_an_accept_header_has_to_admit_json(world: World, accept: str | None, status: int) -> None:
    headers = {} if accept is None else {"Accept": accept}
    answer = await world.send(cast.ALDER_SALES, "GET", "/v1/agreements", headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize("content_type", [None, "application/json", "application/json; charset=utf-8", "text/plain"])
async def test_the_content_type_of_a_body_does_not_matter(world: World, content_type: str | None) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}
    body = json.dumps(agreement()).encode()
    assert (await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", body, headers)).status_code == 201
    assert (await world.send(cast.ALDER_SALES, "GET", f"{CEDAR}/agreements", headers=headers)).status_code == 200


ANSWERS: list[tuple[str | None, str, str, object, int]] = [
    (cast.ALDER_SALES, "GET", "/v1/agreements", None, 200),
    (cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", agreement(), 201),
    (cast.MAPLE_ADMIN, "POST", "/v1/validations/address", {"country": "US", "city": "X", "state": "WA",
        "addressLine1": "1", "postalCode": "98052", "firstName": "Noa", "lastName": "Berg"}, 200),
    (cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", {}, 400),
    (cast.ALDER_SALES, "GET", "/v1/customers/none", None, 400),
    (None, "GET", "/v1/agreements", None, 401),
    (cast.ALDER_HELPDESK, "GET", f"{CEDAR}/agreements", None, 403),
    (cast.BIRCH_SALES, "GET", f"{CEDAR}/agreements", None, 403),
    (cast.FIR_ADMIN, "GET", "/v1/agreements", None, 404),
    (cast.ALDER_SALES, "GET", "/v1/nothing", None, 404),
    (cast.ALDER_SALES, "DELETE", "/v1/agreements", None, 404),
    (cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", b" " * 2_000_000, 413),
]  # fmt: skip


@pytest.mark.parametrize(("who", "method", "path", "body", "status"), ANSWERS)
async def test_every_answer_has_the_ids_of_its_request_and_is_never_cached(
    world: World, who: str | None, method: str, path: str, body: object, status: int
) -> None:
    given = {"ms-requestid": f"{{{REQUEST_ID.upper()}}}", "MS-CORRELATIONID": CORRELATION_ID}
    answer = await world.send(who, method, path, body, given)
    assert answer.status_code == status
    assert (answer.headers["MS-RequestId"], answer.headers["MS-CorrelationId"]) == (REQUEST_ID, CORRELATION_ID)
    assert (answer.headers["Cache-Control"], answer.headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    for unusable in ({}, {"MS-RequestId": "one", "MS-CorrelationId": "; drop"}):
        answer = await world.send(who, method, path, body, unusable)
        fresh = answer.headers["MS-RequestId"], answer.headers["MS-CorrelationId"]
        assert [str(UUID(one)) for one in fresh] == list(fresh)
        assert fresh[0] != REQUEST_ID


@pytest.mark.parametrize(
    ("headers", "echoed", "starts"),
    [
        ({}, "en-US,en-US", "Invalid property"),
        ({"X-Locale": "en-US"}, "en-US,en-US", "Invalid property"),
        ({"X-Locale": "fr-FR"}, "fr-FR,fr-FR", "Propriété non valide"),
        ({"X-Locale": "FR"}, "FR,FR", "Propriété non valide"),
        ({"X-Locale": "de-DE"}, "de-DE,de-DE", "Invalid property"),
        ({"Accept-Language": "fr;q=0.9, en;q=0.1"}, "en-US,en-US", "Propriété non valide"),
        ({"X-Locale": "en-GB", "Accept-Language": "fr"}, "en-GB,en-GB", "Invalid property"),
        ({"X-Locale": "<script>"}, "en-US,en-US", "Invalid property"),
    ],
)
async def test_the_locale_chooses_the_language_and_comes_back_twice(
    world: World, headers: dict[str, str], echoed: str, starts: str
) -> None:
    refused = await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", {}, headers)
    assert refused.json()["description"].startswith(starts)
    assert refused.json()["message"] == refused.json()["description"]
    done = await world.send(cast.ALDER_SALES, "GET", "/v1/agreements", headers=headers)
    assert refused.headers["X-Locale"] == done.headers["X-Locale"] == echoed


@pytest.mark.fault("D20")
@pytest.mark.parametrize("scheme", ["Bearer  ", "bearer   ", "BEARER" + 20 * " "])
async def test_any_number_of_blanks_may_follow_the_scheme(world: World, scheme: str) -> None:
    headers = {"Authorization": scheme + token(cast.ALDER_SALES)}
    for path, body in (
        ("/v1/agreements", None),
        (f"{CEDAR}/agreements", agreement()),
        ("/api/gate/decisions", QUESTION),
    ):
        for _ in range(2):  # the second time the caller is known
            answer = await world.send(None, "GET" if body is None else "POST", path, body, headers)
            assert answer.status_code in (200, 201), answer.text


JOINED = [
    f"{REQUEST_ID}, {REQUEST_ID}",
    f"{REQUEST_ID},{{{REQUEST_ID.upper()}}},{REQUEST_ID}",
    f" {REQUEST_ID} ,, {REQUEST_ID}",
]


@pytest.mark.fault("D23")
@pytest.mark.parametrize("joined", JOINED)
async def test_a_request_id_that_a_proxy_repeated_is_one_id(world: World, joined: str) -> None:
    first = await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", agreement(), {"MS-RequestId": REQUEST_ID})
    again = await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/agreements", agreement(), {"MS-RequestId": joined})
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["MS-RequestId"] == REQUEST_ID
    assert len(world.rows("select 1 from confirmation")) == 1


@pytest.mark.fault("D23")
@pytest.mark.parametrize(
    "path",
    [f"{CEDAR}/agreements", f"/v1/customers/{cast.DOGWOOD}/orders", f"/api/customers/{cast.CEDAR}/confirmations"],
)
@pytest.mark.parametrize("other", [CORRELATION_ID, "one"])
async def test_request_ids_that_differ_are_refused_and_nothing_is_done(world: World, path: str, other: str) -> None:
    bodies = {"agreements": agreement(), "orders": {"lineItems": [{"offerId": OFFER, "quantity": 1}]}}
    body = bodies.get(path.rpartition("/")[2], confirmation())
    lines = [("MS-RequestId", REQUEST_ID), ("MS-RequestId", other)]
    authorized = {"Authorization": f"Bearer {token(cast.ALDER_SALES)}"}
    for headers in (authorized | {"MS-RequestId": f"{REQUEST_ID}, {other}"}, [*authorized.items(), *lines]):
        answer = await world.client.post(path, json=body, headers=headers)
        assert answer.status_code == 400
        assert answer.json()["code"] == (2000 if path.startswith("/v1") else "request.invalid-parameter")
        assert "MS-RequestId" in answer.text
    assert not world.rows("select 1 from confirmation")
    assert not world.rows("select 1 from order_")


@pytest.mark.fault("D23")
async def test_repeated_lines_are_the_same_as_commas(world: World) -> None:
    lines = 2 * [("MS-RequestId", REQUEST_ID)] + 2 * [("MS-CorrelationId", CORRELATION_ID)]
    authorization = ("Authorization", f"Bearer {token(cast.ALDER_SALES)}")
    answer = await world.client.post(f"{CEDAR}/agreements", json=agreement(), headers=[authorization, *lines])
    assert answer.status_code == 201
    assert (answer.headers["MS-RequestId"], answer.headers["MS-CorrelationId"]) == (REQUEST_ID, CORRELATION_ID)


@pytest.mark.fault("D23")
async def test_of_several_correlation_ids_the_first_counts(world: World) -> None:
    headers = {"MS-CorrelationId": f"none, {CORRELATION_ID}, {REQUEST_ID}"}
    answer = await world.send(cast.ALDER_SALES, "GET", "/v1/agreements", headers=headers)
    assert (answer.status_code, answer.headers["MS-CorrelationId"]) == (200, CORRELATION_ID)


@pytest.mark.parametrize("header", [None, "Basic YTpi", "Bearer", "Bearer ", "Bearer not.a.token", "bearer a.b.c"])
async def test_without_a_good_token_the_answer_says_what_is_required(world: World, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = await world.send(None, "GET", "/v1/agreements", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, 400)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "OAuth realm=" in answer.headers["WWW-Authenticate"]


@pytest.mark.fault("D13")
async def test_a_method_that_a_path_has_not_is_not_found(world: World) -> None:
    """Clients repeat a 405 without end (contract section 8, Java)."""
    for path in {route.path for route in WIRE_ROUTES}:
        there = {route.method for route in WIRE_ROUTES if route.path == path}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - there:
            answer = await world.send(cast.ALDER_SALES, method, re.sub(r"\{\w+\}", cast.CEDAR, path))
            assert (answer.status_code, answer.json()["code"]) == (404, 1000), (method, path)
            assert "Allow" not in answer.headers, (method, path)
    for method, path in (("HEAD", "/V1.0//Agreements"), ("PROPFIND", "/v1/customers"), ("POST", "/v1/nothing")):
        assert (await world.send(cast.ALDER_SALES, method, path)).status_code == 404


# The byte order mark (contract 3.5).


async def test_a_byte_order_mark_before_success_bodies_when_asked_for(make_world: Callable[..., World]) -> None:
    world = make_world(emit_bom=True)
    for who, method, path, body, status in ANSWERS:
        answer = await world.send(who, method, path, body)
        assert answer.status_code == status
        assert answer.content.startswith(b"\xef\xbb\xbf{") == (status < 300 and answer.content != b""), path
    assert (await world.send(cast.ALDER_SALES, "GET", "/v1/agreements")).content.count(b"\xef\xbb\xbf") == 1


# Bodies of answers (section 8, 3 to 6, 8).


async def test_old_clients_are_shown_the_cloud_agreement_alone(world: World) -> None:
    for template in (cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT):
        assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR, templateId=template)).status_code == 201
    for query, types in [
        ("", ["MicrosoftCloudAgreement"]),
        ("?agreementType=microsoftcustomeragreement", ["MicrosoftCustomerAgreement"]),
        ("?agreementType=*", ["MicrosoftCustomerAgreement", "MicrosoftCloudAgreement"]),
    ]:
        listed = await world.send(cast.ALDER_SALES, "GET", f"{CEDAR}/agreements{query}")
        assert [item["type"] for item in listed.json()["items"]] == types


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (None, {}),
        (b"", {"Content-Length": "0"}),
        (b'"success"', {"Content-Type": "application/json"}),
        (b"{}", {"Content-Type": "application/json"}),
        (b"null", {"Content-Type": "application/json; charset=utf-8"}),
        (b"success", {"Content-Type": "text/plain"}),
    ],
)
async def test_a_cart_is_checked_out_with_whatever_body(
    world: World, body: bytes | None, headers: dict[str, str]
) -> None:
    lines = {"lineItems": [{"id": 0, "catalogItemId": OFFER, "quantity": 1}]}
    cart = (await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/carts", lines)).json()["id"]
    answer = await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/carts/{cart}/checkout", body, headers)
    assert answer.status_code == 201
    assert len(answer.json()["orders"]) == 1
