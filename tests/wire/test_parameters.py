"""No query parameter that the contract has is ignored: each changes the answer or is refused (contract 7.1)."""

import json
from urllib.parse import quote

import httpx2
import pytest

from agreegate.app import WIRE_ROUTES
from tests import personas as cast
from tests.operations import OFFER, OPERATIONS, Operation, case_for, named
from tests.texts import AMERICA, FRANCE, FRANCE_ENGLISH, publish
from tests.world import World

pytestmark = pytest.mark.fault("D2")

CUSTOMER = "/v1/customers/{customer_id}"
DOCUMENT = "/v1/agreementtemplates/{template_id}/document"
RESELLERS = "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf"


def filtered(field: str, value: str, operator: str | int) -> str:
    return "filter=" + quote(json.dumps({"Field": field, "Value": value, "Operator": operator}))


# Without the parameter, and with it.
READ = {
    ("/v1/agreements", "agreementType"): ("", "agreementType=*"),
    (CUSTOMER + "/agreements", "agreementType"): ("", "agreementType=MicrosoftCustomerAgreement"),
    (DOCUMENT, "language"): ("country=FR", "country=FR&language=fr-FR"),
    (DOCUMENT, "country"): ("", "country=FR"),
    ("/v1/compliance/csp/agreementstatus", "mpnId"): ("", "mpnId=1000001"),
    ("/v1/compliance/csp/agreementstatus", "tenantId"): ("", f"tenantId={cast.ALDER}"),
    ("/v1/customers", "size"): ("", "size=1"),
    ("/v1/customers", "offset"): ("", "offset=1"),
    ("/v1/customers", "seekOperation"): ("size=1", "size=1&seekOperation=Last"),
    ("/v1/customers", "filter"): ("", filtered("CompanyName", "Ced", "starts_with")),
    (CUSTOMER + "/orders", "billingType"): ("", "billingType=annual"),
    (CUSTOMER + "/orders", "include_price"): ("", "include_price=perhaps"),
    (CUSTOMER + "/orders/{order_id}", "include_price"): ("", "include_price=perhaps"),
    (CUSTOMER + "/subscriptions", "order_id"): ("", f"order_id={cast.NOBODY}"),
    (CUSTOMER + "/subscriptions", "mpn_id"): ("", "mpn_id=1000002"),
    ("/v1/profiles/mpn", "mpnId"): ("", "mpnId=1000002"),
    ("/v1/relationships", "relationship_type"): ("", "relationship_type=IsIndirectCloudSolutionProviderOf"),
    ("/v1/relationships", "filter"): (
        RESELLERS.partition("?")[2],
        RESELLERS.partition("?")[2] + "&" + filtered("Name", "Birch", "starts_with"),
    ),
    ("/v1/auditrecords", "size"): ("", "size=1"),
    ("/v1/auditrecords", "offset"): ("", "offset=1"),
    ("/v1/auditrecords", "seekOperation"): ("size=1", "size=1&seekOperation=Last"),
    ("/v1/auditrecords", "startDate"): ("", "startDate=2018-08-16"),
    ("/v1/auditrecords", "endDate"): ("", "endDate=2018-08-14"),
    ("/v1/auditrecords", "filter"): ("", filtered("ResourceType", "order", "equals")),
}
UNSERVED = {
    ("GET", "/v1/customers/relationshiprequests", "indirectCloudSolutionProviderId"),
    ("GET", "/v1/customers/relationshiprequests", "indirectResellerId"),
    ("GET", "/v1/customers/relationshiprequests", "dualRoleIndirectRelationship"),
    ("HEAD", "/v1/domains/{domain}", "customer_id"),
    ("GET", CUSTOMER + "/orders", "indirectResellerId"),
    ("GET", "/v1/profiles/mpn", "verifyAdvisor"),
}


def test_the_tables_have_every_parameter_of_every_route() -> None:
    assert set(READ) == {(route.path, name) for route in WIRE_ROUTES for name in route.parameters}
    assert {(route.method, route.path, name) for route in WIRE_ROUTES for name in route.unserved} == UNSERVED


async def ask(world: World, path: str, *queries: str) -> list[httpx2.Response]:
    case = await case_for(world, cast.ALDER_SALES, Operation("GET", path, ""))
    path = path.format_map(vars(case))
    orders = f"/v1/customers/{case.customer_id}/orders"
    line = {"lineItemNumber": 0, "offerId": OFFER, "quantity": 1}
    assert (await world.send(cast.ALDER_SALES, "POST", orders, {"lineItems": [line]})).status_code == 201
    await world.confirm(cast.ALDER_SALES, case.customer_id)
    if "template_id" in path or path.startswith("/v1/agreementtemplates"):
        texts = {AMERICA: ("a.md", b"# A"), FRANCE_ENGLISH: ("b.md", b"# B"), FRANCE: ("c.md", b"# C")}
        await publish(world, texts, "2", template_id=cast.CUSTOMER_AGREEMENT)
    return [await world.send(cast.ALDER_SALES, "GET", f"{path}?{query}") for query in queries]


def comparable(answer: httpx2.Response) -> tuple[int, object]:
    """The answer without what is new in each: links to texts, and links that repeat the query."""
    new = ("displayUri", "downloadUri", "links", "continuationToken", "url")
    return answer.status_code, {name: value for name, value in answer.json().items() if name not in new}


@pytest.mark.parametrize(("path", "parameter"), READ)
async def test_each_parameter_changes_the_answer_unless_it_is_empty(world: World, path: str, parameter: str) -> None:
    without, given = READ[path, parameter]
    capitals = given.replace(f"{parameter}=", f"{parameter.upper()}=")
    base, empty, changed, in_capitals, twice, both = await ask(
        world,
        path,
        without,
        f"{without}&{parameter}=%20",
        given,
        capitals,
        f"{given}&{given}",
        f"{given}&{parameter}=other",
    )
    assert comparable(empty) == comparable(base) != comparable(changed)
    assert comparable(changed) == comparable(in_capitals) == comparable(twice)
    assert changed.status_code in (200, 400)
    assert (both.status_code, both.json()["code"], both.json()["data"]) == (400, 3000, [parameter])


@pytest.mark.parametrize(("count", "status"), [(50, 200), (51, 400)])
async def test_a_query_of_too_many_parameters_is_refused(world: World, count: int, status: int) -> None:
    query = "&".join(f"p{number}=x" for number in range(count))
    assert (await world.send(cast.ALDER_SALES, "GET", f"/v1/agreements?{query}")).status_code == status


@pytest.mark.parametrize(("method", "path", "parameter"), sorted(UNSERVED))
async def test_a_parameter_that_is_not_served_is_refused(world: World, method: str, path: str, parameter: str) -> None:
    path = path.format(customer_id=cast.CEDAR, domain="free.example")
    plain = await world.send(cast.ALDER_SALES, method, path)
    empty = await world.send(cast.ALDER_SALES, method, f"{path}?{parameter}=")
    assert (empty.status_code, empty.content) == (plain.status_code, plain.content)
    refused = await world.send(cast.ALDER_SALES, method, f"{path}?{parameter.lower()}=x")
    assert refused.status_code == 400
    if method != "HEAD":
        assert (refused.json()["code"], refused.json()["data"]) == (2000, [parameter])


async def test_an_unknown_parameter_is_ignored_and_a_filter_is_not(world: World) -> None:
    for operation in OPERATIONS:
        if operation.method not in ("GET", "HEAD") or not operation.path.startswith("/v1/"):
            continue
        who = cast.FIR_ADMIN if operation.right == "government" else cast.ALDER_SALES
        case = await case_for(world, who, operation)
        path = operation.at(case) + ("&" if "?" in operation.path else "?")
        ignored = await world.send(who, operation.method, f"{path}api-version=1.0&$top=1")
        assert ignored.status_code == operation.status, named(operation)
        refused = await world.send(who, operation.method, f"{path}filter=x")
        assert refused.status_code == 400, named(operation)
        if operation.method != "HEAD":
            assert (refused.json()["code"], refused.json()["data"]) == (2000, ["filter"]), named(operation)
