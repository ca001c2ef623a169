"""Audit records on the wire (contract 4.12)."""

import json
from datetime import timedelta
from urllib.parse import quote

import pytest

from tests import personas as cast
from tests.wire.requests import filtered, items
from tests.world import AUGUST, World

CORRELATION = "0dd197a8-992c-44ca-aeae-21cd83494dce"
CYCLES = ("monthly", "annual", "triennial", "one_time")
TICKS = 636_698_880_000_000_000
"""2018-08-15 in units of 100 nanoseconds since the year 1."""


async def confirmed(world: World, customer: str, who: str = cast.ALDER_SALES) -> None:
    answer = await world.confirm(who, customer)
    assert answer.status_code == 201


async def test_a_confirmation_is_recorded_as_the_contract_shows_it(world: World) -> None:
    body = {
        "primaryContact": {"firstName": "Noa", "lastName": "Berg", "email": "noa@contoso.example"},
        "templateId": cast.CLOUD_AGREEMENT,
        "dateAgreed": "2018-08-10T00:00:00.000Z",
    }
    path = f"/v1/customers/{cast.CEDAR}/agreements"
    await world.send(cast.ALDER_SALES, "POST", path, body, {"MS-CorrelationId": CORRELATION})
    answer = await world.send(cast.ALDER_ADMIN, "GET", "/v1/auditrecords")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    read = answer.json()
    assert read.pop("continuationToken")
    agreement = {
        "UserId": cast.ALDER_SALES,
        "PrimaryContact": {"FirstName": "Noa", "LastName": "Berg", "Email": "noa@contoso.example"},
        "TemplateId": cast.CLOUD_AGREEMENT,
        "DateAgreed": "2018-08-10T00:00:00.000Z",
        "Type": "MicrosoftCloudAgreement",
    }
    assert read == {
        "totalCount": 1,
        "items": [
            {
                "id": f"{cast.ALDER}_{cast.CEDAR}_createagreement_{TICKS}",
                "partnerId": cast.ALDER,
                "customerId": cast.CEDAR,
                "customerName": "Cedar Bakery",
                "userPrincipalName": "sales@alder.example",
                "applicationId": "tests",
                "resourceType": "agreement",
                "resourceNewValue": json.dumps(agreement, separators=(",", ":")),
                "operationType": "create_agreement",
                "originalCorrelationId": CORRELATION,
                "operationDate": "2018-08-15T00:00:00Z",
                "operationStatus": "succeeded",
                "customizedData": [{"key": "TemplateId", "value": cast.CLOUD_AGREEMENT}],
                "attributes": {"objectType": "AuditRecord"},
            }
        ],
        "links": {"self": {"uri": "/auditrecords?size=500", "method": "GET", "headers": []}},
        "attributes": {"objectType": "Collection"},
    }


@pytest.mark.fault("B6")
@pytest.mark.parametrize(
    "query", ["", filtered("CustomerId", cast.CEDAR, "equals"), "?size=1", "?startDate=2018-08-15"]
)
async def test_an_application_alone_reads_the_record_without_the_person(world: World, query: str) -> None:
    await confirmed(world, cast.CEDAR)
    [by_application] = await items(world, query, cast.ALDER)
    [by_user] = await items(world, query)
    whole = json.loads(by_user["resourceNewValue"])
    assert whole["PrimaryContact"]["Email"] == "noa@contoso.example"
    assert json.loads(by_application["resourceNewValue"]) == whole | {"PrimaryContact": None}
    assert by_application | {"resourceNewValue": ""} == by_user | {"resourceNewValue": ""}


@pytest.mark.fault("D6")
@pytest.mark.parametrize(
    ("query", "customers"),
    [
        (filtered("CompanyName", "CONSEIL", "substring"), [cast.FRENE]),
        (filtered("companyname", "e", "Substring"), [cast.FRENE, cast.CEDAR]),
        (filtered("CompanyName", "CONSEIL", 6), [cast.FRENE]),
        (filtered("CustomerId", cast.CEDAR.upper(), "equals"), [cast.CEDAR]),
        (filtered("CustomerId", cast.CEDAR, 0), [cast.CEDAR]),
        (filtered("ResourceType", "Agreement", "equals"), [cast.FRENE, cast.CEDAR]),
        (filtered("ResourceType", "order", "equals"), []),
        ("?startDate=2018-08-16", [cast.FRENE]),
        ("?StartDate=08%2F16%2F2018+00%3A00%3A00", [cast.FRENE]),
        ("?endDate=2018-08-15", [cast.CEDAR]),
        ("?endDate=08%2F15%2F2018+00%3A00%3A00", [cast.CEDAR]),
        ("?startDate=2018-08-15&endDate=2018-08-16", [cast.FRENE, cast.CEDAR]),
        ("?startDate=2018-08-17", []),
        ("?startDate=", [cast.FRENE, cast.CEDAR]),
    ],
)
async def test_records_are_found(world: World, query: str, customers: list[str]) -> None:
    await confirmed(world, cast.CEDAR)
    world.clock.now += timedelta(days=1)
    await confirmed(world, cast.FRENE)
    assert [record["customerId"] for record in await items(world, query)] == customers


@pytest.mark.fault("D7")
@pytest.mark.parametrize(
    ("end", "shown"),
    [
        ("08/16/2018 00:00:00", True),
        ("2018-08-16", True),
        ("2018-08-16T00:00:00", True),
        ("2018-08-16T00:00:00.0000000Z", True),
        ("Thu, 16 Aug 2018 00:00:00 GMT", True),
        ("08/15/2018 00:00:00", False),
        ("08/16/2018 15:29:59", False),
        ("08/16/2018 15:30:00", True),
        ("2018-08-16T15:29:59.999999Z", False),
    ],
)
async def test_an_end_at_midnight_is_the_whole_of_that_day(world: World, end: str, shown: bool) -> None:
    world.clock.now = AUGUST + timedelta(days=1, hours=15, minutes=30)
    await confirmed(world, cast.CEDAR)
    assert len(await items(world, f"?startDate=2018-08-01&endDate={quote(end)}")) == shown


async def test_pages_are_followed_newest_first(world: World) -> None:
    for customer in (cast.CEDAR, cast.DOGWOOD, cast.FRENE):
        await confirmed(world, customer)
        world.clock.now += timedelta(hours=1)
    page = (await world.send(cast.ALDER, "GET", "/v1/auditrecords?size=2&startDate=2018-08-15")).json()
    assert [item["customerId"] for item in page["items"]] == [cast.FRENE, cast.DOGWOOD]
    link = page["links"]["next"]
    assert link["uri"] == "/auditrecords?size=2&startDate=2018-08-15&seekOperation=Next"
    sent = {header["key"]: header["value"] for header in link["headers"]}
    second = (await world.send(cast.ALDER, "GET", f"/v1{link['uri']}", headers=sent)).json()
    assert [item["customerId"] for item in second["items"]] == [cast.CEDAR]
    assert set(second["links"]) == {"self", "previous"}


async def test_ninety_days_and_no_more(world: World) -> None:
    await confirmed(world, cast.CEDAR)
    world.clock.now = AUGUST + timedelta(days=90, hours=5)
    assert await items(world) == []
    assert len(await items(world, "?startDate=2018-08-15")) == 1
    answer = await world.send(cast.ALDER, "GET", "/v1/auditrecords?startDate=2018-08-14")
    assert (answer.status_code, answer.json()["code"]) == (400, 2000)
    assert "90" in answer.json()["description"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("?startDate=yesterday", "startDate"),
        ("?startDate=0001-01-01T00:00:00", "startDate"),
        ("?endDate=2018-13-01", "endDate"),
        ("?startDate=2018-08-15&endDate=2018-08-13", "endDate"),
        ("?size=x", "size"),
        (filtered("CompanyName", "x", "equals"), "filter"),
        (filtered("CustomerId", "x", "equals"), "filter"),
        (filtered("CustomerId", cast.CEDAR, "starts_with"), "filter"),
        (filtered("User", "x", "equals"), "filter"),
        ("?filter=x", "filter"),
    ],
)
async def test_what_cannot_be_asked_is_refused(world: World, query: str, named: str) -> None:
    answer = await world.send(cast.ALDER_SALES, "GET", f"/v1/auditrecords{query}")
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (400, 2000, [named])


async def test_a_token_of_customers_is_none_of_records(world: World) -> None:
    token = (await world.send(cast.ALDER, "GET", "/v1/customers")).json()["continuationToken"]
    answer = await world.send(cast.ALDER, "GET", "/v1/auditrecords", None, {"MS-ContinuationToken": token})
    assert (answer.status_code, answer.json()["data"]) == (400, ["MS-ContinuationToken"])


async def test_records_made_at_one_instant_have_ids_of_their_own_and_keep_their_order(world: World) -> None:
    """The ids end with the instant, and one checkout makes several orders at once."""
    customer = f"/v1/customers/{cast.CEDAR}"
    lines = [
        {"catalogItemId": "A:B:C", "quantity": seats, "billingCycle": cycle} for seats, cycle in enumerate(CYCLES, 1)
    ]
    cart = (await world.send(cast.ALDER_SALES, "POST", f"{customer}/carts", {"lineItems": lines})).json()
    bought = await world.send(cast.ALDER_SALES, "POST", f"{customer}/carts/{cart['id']}/checkout")
    assert bought.status_code == 201
    found = await items(world)
    assert len({record["id"] for record in found}) == len(CYCLES)
    newest_first = [json.loads(record["resourceNewValue"])["BillingCycle"] for record in found]
    assert newest_first == list(reversed(CYCLES))
    assert [order["billingCycle"] for order in bought.json()["orders"]] == list(CYCLES)
