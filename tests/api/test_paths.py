"""One spelling of each contract path; ids and everything that is not the contract's stay as they came."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreegate.api.paths import NormalisedPaths, PathNormaliser, as_guid
from tests.rejection import rejected

TEMPLATES = (
    "/v1/agreements",
    "/v1/customers",
    "/v1/customers/relationshiprequests",
    "/v1/customers/all/validations",
    "/v1/customers/{customer_id}",
    "/v1/customers/{customer_id}/agreements",
    "/v1/customers/{customer_id}/directSignedMicrosoftCustomerAgreementStatus",
    "/v1/customers/{customer_id}/orders",
    "/v1/customers/{customer_id}/orders/{order_id}",
    "/v1/customers/{customer_id}/carts/{cart_id}/checkout",
    "/v1/compliance/csp/agreementstatus",
    "/v1/domains/{domain}",
    "/webhooks/v1/registration/validationEvents/{correlation_id}",
)
NORMALISER = PathNormaliser(TEMPLATES)
SPELLINGS: list[Callable[[str], str]] = [str, str.upper, str.title]
CEDAR = "CEDA0000-0000-4000-8000-000000000011"


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/v1/customers", "/v1/customers"),
        ("/v1/customers/", "/v1/customers"),
        ("/v1//customers", "/v1/customers"),
        ("//v1///customers//", "/v1/customers"),
        ("/V1/Customers", "/v1/customers"),
        (f"/V1/Customers/{CEDAR}/Agreements", f"/v1/customers/{CEDAR}/agreements"),
        (f"/v1/customers/{{{CEDAR}}}/agreements", f"/v1/customers/{CEDAR}/agreements"),
        (f"/v1//CUSTOMERS/{{{CEDAR}}}//", f"/v1/customers/{CEDAR}"),
        (
            f"/v1/customers/{CEDAR}/directsignedmicrosoftcustomeragreementstatus",
            f"/v1/customers/{CEDAR}/directSignedMicrosoftCustomerAgreementStatus",
        ),
        ("/v1/Compliance/CSP/agreementStatus/", "/v1/compliance/csp/agreementstatus"),
        ("/v1/customers/RelationshipRequests", "/v1/customers/relationshiprequests"),
        ("/v1/customers/All/Validations", "/v1/customers/all/validations"),
        ("/Webhooks/V1/Registration/validationevents/AbC", "/webhooks/v1/registration/validationEvents/AbC"),
        ("/v1/domains/Contoso.Example", "/v1/domains/Contoso.Example"),
        ("/v1.0/customers", "/v1/customers"),
        ("//V1.0//Customers/", "/v1/customers"),
        (f"/v1.0/customers/{{{CEDAR}}}/Agreements", f"/v1/customers/{CEDAR}/agreements"),
        ("/v1.0/domains/v1.0", "/v1/domains/v1.0"),
    ],
)
def test_spellings_of_the_contract(path: str, canonical: str) -> None:
    assert NORMALISER.canonical_path(path) == canonical


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        (f"/v1/customers/{CEDAR}/orders/Orders", f"/v1/customers/{CEDAR}/orders/Orders"),
        (f"/V1/customers/{CEDAR}/ORDERS/Agreements", f"/v1/customers/{CEDAR}/orders/Agreements"),
        (f"/v1/customers/{CEDAR}/carts/Checkout/Checkout", f"/v1/customers/{CEDAR}/carts/Checkout/checkout"),
        ("/v1/customers/Customers/Agreements", "/v1/customers/Customers/agreements"),
        ("/v1/customers/V1", "/v1/customers/V1"),
        ("/v1/customers/ALL/Agreements", "/v1/customers/ALL/agreements"),
        ("/v1/customers/ALL", "/v1/customers/ALL"),
        (f"/v1/customers/{CEDAR}/orders/Cs_jyTxubLpvdJXdo8xcQZN6I2RsLrgZ1", None),
    ],
)
def test_ids_keep_their_case(path: str, canonical: str | None) -> None:
    assert NORMALISER.canonical_path(path) == (canonical or path)


@pytest.mark.parametrize(
    ("path", "canonical"),
    [
        ("/v1", "/v1"),
        ("/V1/", "/v1"),
        ("/v1/Nothing//Here/", "/v1/Nothing/Here"),
        (f"/V1/Customers/{CEDAR}/Nothing", f"/v1/Customers/{CEDAR}/Nothing"),
        ("/v1/customers/{}", "/v1/customers/{}"),
        ("/v1/customers/{", "/v1/customers/{"),
        ("/v1.0", "/v1"),
        ("/V1.0/Nothing//here/", "/v1/Nothing/here"),
        ("/v1.0/v1.0/customers", "/v1/v1.0/customers"),
        ("/v1/customers/{a", "/v1/customers/{a"),
        ("/v1/customers/{{a}}", "/v1/customers/{{a}}"),
        ("/v1/customers/a{b}", "/v1/customers/a{b}"),
    ],
)
def test_what_no_route_has(path: str, canonical: str) -> None:
    assert NORMALISER.canonical_path(path) == canonical


@pytest.mark.parametrize(
    "path",
    [
        "/v1.00//customers", "/v1.//customers", "/v1-0//customers", "/v1.1//customers", "/v2.0//customers", "/v1x0//Customers",
        "", "/", "//", "*", "v1/customers", "/v1x//customers", "/v1\n", "/v", "/customers//Cedar/", "/Customers/", "/static//v1//x",
        "/api//gate/Decisions/", "/api/v1//customers", "/webhook//", "/{v1}/customers", "/a1de/oauth2//v2.0/Token/",
        "/webhoo\u212as//v1/", "/w\u0435bhooks//v1/",
    ],
)  # fmt: skip
def test_paths_outside_the_contract_are_left_alone(path: str) -> None:
    assert NORMALISER.canonical_path(path) == path


SEGMENTS = st.sampled_from(
    ["v1", "customers", "all", "validations", "orders", "agreements", "carts", "checkout", CEDAR, "{x}", ""]
)
PATHS = st.lists(st.builds(lambda f, s: f(s), st.sampled_from(SPELLINGS), SEGMENTS), max_size=7).map(
    lambda segments: "/v1/" + "/".join(segments)
)


@given(st.text() | st.text("/vV1{}aA") | PATHS)
def test_a_canonical_path_stays_as_it_is(path: str) -> None:
    once = NORMALISER.canonical_path(path)
    assert NORMALISER.canonical_path(once) == once


@given(PATHS)
def test_only_case_slashes_and_braces_change(path: str) -> None:
    canonical = NORMALISER.canonical_path(path)
    assert "//" not in canonical and not canonical.endswith("/")
    bare = [segment.strip("{}") for segment in path.lower().split("/") if segment]
    assert canonical.lower().split("/")[1:] == bare


@given(st.sampled_from(TEMPLATES), st.data())
def test_a_spelling_leads_to_its_route(template: str, data: st.DataObject) -> None:
    ids = st.text("abcABC019-_", min_size=1).filter(lambda text: text.lower() not in ("all", "relationshiprequests"))
    sent, expected = "", ""
    for segment in template.split("/")[1:]:
        if segment.startswith("{"):
            value = data.draw(ids)
            sent += data.draw(st.sampled_from(["/", "//"])) + data.draw(st.sampled_from([value, "{" + value + "}"]))
            expected += "/" + value
        else:
            sent += data.draw(st.sampled_from(["/", "//"])) + data.draw(st.sampled_from(SPELLINGS))(segment)
            expected += "/" + segment
    assert NORMALISER.canonical_path(sent + data.draw(st.sampled_from(["", "/"]))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "ceda0000-0000-4000-8000-00000000ab11",
        "CEDA0000-0000-4000-8000-00000000AB11",
        "{Ceda0000-0000-4000-8000-00000000aB11}",
    ],
)
def test_guids(text: str) -> None:
    assert as_guid(text, "customerId") == "ceda0000-0000-4000-8000-00000000ab11"


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "ceda000000004000800000000000ab11", "ceda0000-0000-4000-8000-00000000ab1", "ceda0000-0000-4000-8000-00000000ab111",
        "{ceda0000-0000-4000-8000-00000000ab11", "ceda0000-0000-4000-8000-00000000ab11}", "(ceda0000-0000-4000-8000-00000000ab11)",
        "geda0000-0000-4000-8000-00000000ab11", "ceda0000-0000-4000-8000-00000000ab11\n", " ceda0000-0000-4000-8000-00000000ab11",
        "{{ceda0000-0000-4000-8000-00000000ab11}}", "\uff13eda0000-0000-4000-8000-00000000ab11", "ceda00000-000-4000-8000-00000000ab11",
    ],
)  # fmt: skip
def test_other_texts_are_no_guids(text: str) -> None:
    with rejected("request.malformed-id") as error:
        as_guid(text, "customerId")
    assert error.value.parameters == {"name": "customerId"}


@given(st.uuids())
def test_every_guid_is_known(value: object) -> None:
    assert as_guid("{" + str(value).upper() + "}", "id") == str(value)


async def handed_on(scope: dict[str, Any]) -> dict[str, Any]:
    """The scope the application behind the middleware sees."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)

    await NormalisedPaths(app, NORMALISER)(scope, None, None)
    return seen[0]  # type: ignore[no-any-return]


async def test_the_application_sees_canonical_paths() -> None:
    scope = {
        "type": "http",
        "path": "/V1//domains/{fr\u00eane b}/",
        "raw_path": b"/V1//domains/%7Bfr%C3%AAne%20b%7D/",
        "query_string": b"a",
    }
    before = dict(scope)
    assert await handed_on(scope) == scope | {
        "path": "/v1/domains/fr\u00eane b",
        "raw_path": b"/v1/domains/fr%C3%AAne%20b",
    }
    assert scope == before


@pytest.mark.parametrize(
    "scope",
    [
        {"type": "http", "path": "/v1/customers/%41", "raw_path": b"/v1/customers/%2541"},
        {"type": "http", "path": "/customers//", "raw_path": b"/customers//"},
        {"type": "lifespan"},
    ],
)
async def test_other_scopes_pass_untouched(scope: dict[str, Any]) -> None:
    assert await handed_on(scope) is scope


GUID = "ceda0000-0000-4000-8000-000000000011"
LONG_NAME = "a" * 249 + ".com"


@pytest.mark.fault("A2")
@pytest.mark.parametrize(
    ("path", "handed"),
    [
        (f"/texts/download/{'t' * 2_000}", f"/texts/download/{'t' * 2_000}"),
        (f"/texts/download/{'t' * 2_001}", f"/texts/download/{'t' * 256}"),
        (f"/texts/preview/{'é' * 2_000}", f"/texts/preview/{'é' * 256}"),
        (f"/v1/domains/{LONG_NAME}", f"/v1/domains/{LONG_NAME}"),
        (f"/v1/customers/{GUID}{'é' * 3_000}/agreements", f"/v1/customers/{GUID}{'é' * 220}/agreements"),
    ],
)
async def test_a_path_that_is_too_long_for_any_route_is_shortened_and_stays_too_long(path: str, handed: str) -> None:
    assert (await handed_on({"type": "http", "path": path}))["path"] == handed
