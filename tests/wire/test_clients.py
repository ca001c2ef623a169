"""One history of calls, sent by programs in Java, Go and .NET: each is answered as the plain spelling is (contract section 8)."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote
from uuid import NAMESPACE_DNS, uuid5

import pytest

from agreegate.app import WIRE_ROUTES
from tests import personas as cast
from tests.faults.server import PATIENCE, Server
from tests.wire.clients import CLIENTS, PLAIN, Client, Connection, Json, Reply, connected

ALDER, MAPLE = "admin@alder.example", "admin@maple.example"
OFFER, TRIAL = "bd938f12-058f-4927-bba3-ae36b1d2501c", "c0f15a1d-65f7-4b2f-9a0c-58c2cd3f5a11"
BIRCH_ID = "5550002"
START = "2019-04-01T00:00:00Z"
NAME = 'Müller & <Söhne> "R+D" l\'été 漢字 𝄞 \u2028'
ADDRESS = {"country": "US", "city": "Redmond", "state": "WA", "addressLine1": "1 Main St", "postalCode": "98052",
           "firstName": "Zoë", "lastName": "O'Hara"}  # fmt: skip
CONTACT = {"firstName": "Zoë", "lastName": "O'Hara", "email": "zoë@paral·lel.cat", "phoneNumber": "+1 555 0100"}
CONFIRMATION = {
    "primaryContact": CONTACT, "templateId": cast.CLOUD_AGREEMENT, "dateAgreed": "2019-03-30T10:11:12.123456Z",
    "type": "MicrosoftCloudAgreement",
}  # fmt: skip


def customer(domain: str, **more: Any) -> Json:
    billing = {
        "email": "zoe@example.com",
        "culture": "pt-PT",
        "language": "pt-PT",
        "companyName": NAME,
        "defaultAddress": ADDRESS,
    }
    return {"companyProfile": {"domain": domain}, "billingProfile": billing} | more


def line(number: int = 0, **more: Any) -> Json:
    return {"lineItemNumber": number, "offerId": OFFER, "quantity": 2} | more


def order(*lines: Json, **more: Any) -> Json:
    return {"referenceCustomerId": "{customer}", "billingCycle": "monthly", "lineItems": list(lines or [line()])} | more


@dataclass(frozen=True)
class Step:
    """One call of the history."""

    name: str
    route: str
    """Method and path, as the table of routes has them; `{…}` is what an earlier step was given."""
    resource: str = ""
    body: Json | None = None
    read_first: bool = False
    """Whether clients that send resources back whole read this one before they change it."""
    keeps: str = ""
    """`name=path` of what later steps need of the answer; several are parted by blanks."""
    who: str = ALDER
    query: str = ""


ONE = "/v1/customers/{customer_id}"
SUBSCRIPTION = ONE + "/subscriptions/{subscription_id}"
SUSPENDED = {"status": "suspended"}
HISTORY = (
    Step("an address", "POST /v1/validations/address", "Address", ADDRESS),
    Step("a customer", "POST /v1/customers", "Customer", customer("{domain}", associatedPartnerId=cast.BIRCH),
         keeps="customer_id=id"),
    Step("no date", f"POST {ONE}/agreements", "Agreement", CONFIRMATION | {"dateAgreed": None}),
    Step("an order too early", f"POST {ONE}/orders", "Order", order()),
    Step("a confirmation", f"POST {ONE}/agreements", "Agreement", CONFIRMATION),
    Step("confirmations", f"GET {ONE}/agreements", query="?agreementType=*"),
    Step("an order", f"POST {ONE}/orders", "Order",
         order(line(friendlyName=NAME, partnerIdOnRecord=BIRCH_ID, termDuration="P1Y"),
               line(1, offerId="DZH318Z0BQ35:0001:DZH318Z0BQ36", provisioningContext={"subscriptionId": "a&b", "Ä": "<1>"})),
         keeps="order_id=id subscription_id=lineItems.0.subscriptionId other_id=lineItems.1.subscriptionId"),
    Step("another cycle", f"PATCH {ONE}/orders/{{order_id}}", "Order", {"billingCycle": "annual"}),
    Step("an add-on", f"PATCH {ONE}/orders/{{order_id}}", "Order",
         {"lineItems": [line(0, offerId=TRIAL, parentSubscriptionId="{subscription_id}", friendlyName=NAME)]}),
    Step("the order", f"GET {ONE}/orders/{{order_id}}"),
    Step("seats", f"PATCH {SUBSCRIPTION}", "Subscription", {"quantity": 7, "friendlyName": NAME}, read_first=True),
    Step("no renewal", f"PATCH {SUBSCRIPTION}", "Subscription", {"autoRenewEnabled": False}, read_first=True),
    Step("a cart", f"POST {ONE}/carts", "Cart", {"lineItems": [
        {"id": 0, "catalogItemId": OFFER, "friendlyName": NAME, "quantity": 3, "billingCycle": "monthly", "currencyCode": "USD",
         "participants": [{"key": "transaction_reseller", "value": BIRCH_ID}], "provisioningContext": {"key": "<&>"},
         "addonItems": [{"id": 1, "catalogItemId": TRIAL, "quantity": 1}]},
        {"id": 2, "catalogItemId": "DZH318Z0BQ35:0001:DZH318Z0BQ36", "quantity": 1, "orderGroup": "1"}]}, keeps="cart_id=id"),
    Step("other lines", f"PUT {ONE}/carts/{{cart_id}}", "Cart",
         {"lineItems": [{"id": 0, "catalogItemId": OFFER, "quantity": 4, "friendlyName": NAME, "termDuration": "P1M"}]}),
    Step("checkout", f"POST {ONE}/carts/{{cart_id}}/checkout"),
    Step("an upgrade", f"POST {SUBSCRIPTION}/upgrades", "Upgrade",
         {"targetOffer": {"id": "796b6b5f-613c-4e24-a17c-eba730d49c02"}}),
    Step("a trial", f"POST {ONE}/orders", "Order", order(line(offerId=TRIAL, provisioningContext={"isTrial": "true"})),
         keeps="subscription_id=lineItems.0.subscriptionId"),
    Step("a conversion", f"POST {SUBSCRIPTION}/conversions", "Conversion", {"targetOfferId": OFFER}),
    Step("suspended", f"PATCH {SUBSCRIPTION}", "Subscription", SUSPENDED, read_first=True),
    Step("subscriptions", f"GET {ONE}/subscriptions"),
    Step("active customers stay", f"PATCH {ONE}", "Customer", {"relationshipToPartner": "none"}),
    Step("a customer to part with", "POST /v1/customers", "Customer", customer("parted-{domain}"), keeps="customer_id=id"),
    Step("the end", f"PATCH {ONE}", "Customer", {"relationshipToPartner": "none"}),
    Step("a customer in the sandbox", "POST /v1/customers", "Customer", customer("sandbox-{domain}"),
         keeps="customer_id=id", who=MAPLE),
    Step("its confirmation", f"POST {ONE}/agreements", "Agreement", CONFIRMATION, who=MAPLE),
    Step("its order", f"POST {ONE}/orders", "Order", order(), keeps="order_id=id", who=MAPLE),
    Step("its order cancelled", f"PATCH {ONE}/orders/{{order_id}}", "Order", {"status": "cancelled"}, read_first=True, who=MAPLE),
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("demo"), at=START) as started:
        yield started


@pytest.fixture(scope="module")
def transcripts(server: Server) -> Callable[[Client], dict[str, tuple[int, Any]]]:
    """What each step of the history was answered when a client sent it, without what differs in every run."""

    @cache
    def transcript(client: Client) -> dict[str, tuple[int, Any]]:
        known = {"domain": f"{client.name.strip('.').lower()}.example"}
        masks: dict[str, str] = {}
        with connected(client, server.url, PATIENCE) as connection:
            replies = ((step.name, sent(step, client, connection, server, known)) for step in HISTORY)
            return {name: masked(reply, known["domain"], masks) for name, reply in replies}

    return transcript


def sent(step: Step, client: Client, connection: Connection, server: Server, known: dict[str, str]) -> Reply:
    """One step, as the client does it."""
    method, _, path = step.route.partition(" ")
    path, token = path.format_map(known) + step.query, server.token(step.who)
    given = step.body and json.loads(filled(json.dumps(step.body), {**known, "customer": known.get("customer_id", "")}))
    if given is not None and step.read_first and client.whole:
        read = connection.call("GET", path, token, None, {}, {})
        given = read.body | given
    body = None if given is None else client.body(step.resource, given)
    reply = connection.call(method, path, token, body, {}, {})
    for kept in step.keeps.split():
        name, _, place = kept.partition("=")
        value = reply.body
        for part in place.split("."):
            value = value[int(part) if part.isdigit() else part]
        known[name] = value
    return reply


def filled(text: str, known: dict[str, str]) -> str:
    return re.sub(r"\{(domain|customer|subscription_id)\}", lambda found: known[found[1]], text)


MADE = re.compile(r'("(?:creationDate|effectiveStartDate|commitmentEndDate|\w+Timestamp|etag)":)"[^"]+"')
"""What differs in every run: instants of the server's clock, and revisions of subscriptions."""
GUID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def masked(reply: Reply, domain: str, masks: dict[str, str]) -> tuple[int, Any]:
    """Status and body, with the same word for what is the same in the whole history. What was made at once has no order."""
    text = json.dumps(reply.body, ensure_ascii=False, separators=(",", ":")).replace(domain, "(domain)")
    text = GUID.sub(lambda found: masks.setdefault(found[0], f"({len(masks)})"), MADE.sub(r'\1"(made)"', text))
    body = json.loads(text)
    if isinstance(body, dict) and "items" in body:
        body["items"].sort(key=json.dumps)
    return reply.status, body


@pytest.mark.parametrize("step", [step.name for step in HISTORY])
@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_each_client_is_answered_as_the_plain_spelling_is(
    transcripts: Callable[[Client], dict[str, tuple[int, Any]]], client: Client, step: str
) -> None:
    assert transcripts(client)[step] == transcripts(PLAIN)[step]


def test_the_history_does_what_it_says(transcripts: Callable[[Client], dict[str, tuple[int, Any]]]) -> None:
    refused = {"no date": 400, "an order too early": 403, "active customers stay": 409}
    statuses = {name: status for name, (status, _) in transcripts(PLAIN).items()}
    assert {name: status for name, status in statuses.items() if status >= 300} == refused


def test_the_history_has_every_route_that_takes_a_body() -> None:
    taking = {f"{route.method} {route.path}" for route in WIRE_ROUTES if route.method in ("POST", "PUT", "PATCH")}
    assert taking <= {step.route for step in HISTORY}


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_client_follows_the_pages_of_a_list(server: Server, client: Client) -> None:
    token, seen = server.token(ALDER), list[str]()
    condition = quote(json.dumps({"Field": "Domain", "Value": "", "Operator": "starts_with"}))
    path, more = f"/v1/customers?size=1&filter={condition}", dict[str, str]()
    everyone = server.send(ALDER, "GET", path.replace("size=1", "size=0")).json()["items"]
    with connected(client, server.url, PATIENCE) as connection:
        while path:
            page = connection.call("GET", path, token, None, {}, more)
            assert page.status == 200, page.body
            seen += [item["id"] for item in page.body["items"]]
            following = page.body["links"].get("next")
            path = following and client.followed + following["uri"]
            more = {header["key"]: header["value"] for header in following["headers"]} if following else {}
    assert seen == [item["id"] for item in everyone]


@pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.name)
def test_a_repeat_in_the_clients_spelling_is_answered_again_and_done_once(server: Server, client: Client) -> None:
    ids = {
        "MS-RequestId": str(uuid5(NAMESPACE_DNS, client.name)),
        "MS-CorrelationId": "0b7a4a0e-1c5d-4b0e-8f2b-1f2e6f1f7c11",
    }
    path, token = f"/v1/customers/{cast.CEDAR}/agreements", server.token(ALDER)
    contact = CONTACT | {"lastName": client.name}
    body = client.body("Agreement", CONFIRMATION | {"primaryContact": contact})
    with connected(client, server.url, PATIENCE) as connection:
        replies = [connection.call("POST", path, token, body, ids, {}) for _ in range(2)]
    assert [reply.status for reply in replies] == [201, 201]
    assert replies[0].body == replies[1].body
    assert all(reply.headers[name.lower()] == value for reply in replies for name, value in ids.items())
    assert all("content-encoding" not in reply.headers for reply in replies)
    recorded = server.send(ALDER, "GET", path).json()["items"]
    assert [one["primaryContact"] for one in recorded].count(contact) == 1
