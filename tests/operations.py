"""Every operation that is served, each with a request that succeeds and with whose right it is."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests import personas as cast
from tests.texts import AMERICA, publish
from tests.world import World, agreement

OFFER = "bd938f12-058f-4927-bba3-ae36b1d2501c"


@dataclass(frozen=True)
class Case:
    """A customer of one partner, and what it has there."""

    partner_id: str
    customer_id: str
    domain: str
    order_id: str = cast.NOBODY
    subscription_id: str = cast.NOBODY
    cart_id: str = cast.NOBODY
    confirmation_id: str = cast.NOBODY
    country: str = "PT"
    template_id: str = cast.CUSTOMER_AGREEMENT


@dataclass(frozen=True)
class Operation:
    """One operation, and whose right it is."""

    method: str
    path: str
    right: str
    status: int = 200
    body: Callable[[Case], object] = lambda _: None
    trial: bool = False

    def at(self, case: Case) -> str:
        return self.path.format_map(vars(case))


def named(operation: Operation) -> str:
    return f"{operation.method} {operation.path} ({operation.right})"


def customer(domain: str, reseller: str | None = None) -> dict[str, Any]:
    address = {"country": "US", "city": "Redmond", "state": "WA", "addressLine1": "1 Main St", "postalCode": "98052"}
    names = {"firstName": "Noa", "lastName": "Berg"}
    billing = {"email": f"noa@{domain}", "culture": "en-US", "language": "en", "companyName": "Contoso"}
    body = {"companyProfile": {"domain": domain}, "billingProfile": billing | {"defaultAddress": address | names}}
    return body if reseller is None else body | {"associatedPartnerId": reseller}


def order(case: Case, *, trial: bool = False) -> dict[str, Any]:
    context = {"isTrial": "true"} if trial else {}
    line = {"lineItemNumber": 0, "offerId": OFFER, "quantity": 1, "provisioningContext": context}
    return {"referenceCustomerId": case.customer_id, "lineItems": [line]}


def cart(_: Case) -> dict[str, Any]:
    return {"lineItems": [{"id": 0, "catalogItemId": OFFER, "quantity": 1}]}


def question(case: Case, **more: Any) -> dict[str, Any]:
    return {"customerId": case.customer_id, "action": "new_purchase", "channel": "api"} | more


def confirmation(**changes: Any) -> dict[str, Any]:
    """A confirmation as our own API takes it."""
    contact = {"firstName": "Noa", "lastName": "Berg", "email": "noa@contoso.example", "phoneNumber": "5550100"}
    return {"templateId": cast.CLOUD_AGREEMENT, "contact": contact, "dateAgreed": "2018-08-10"} | changes


ONE = "/v1/customers/{customer_id}"
SUBSCRIPTION = ONE + "/subscriptions/{subscription_id}"
GATE = "/api/gate/decisions"
OWN = "/api/customers/{customer_id}/standing"

OPERATIONS = [
    Operation("GET", "/v1/agreementtemplates/{template_id}/document", "metadata"),
    Operation("GET", "/v1/agreements", "metadata"),
    Operation("GET", ONE + "/agreements", "confirm"),
    Operation("POST", ONE + "/agreements", "confirm", 201, lambda _: agreement()),
    Operation("GET", ONE + "/directSignedMicrosoftCustomerAgreementStatus", "metadata"),
    Operation("GET", "/v1/compliance/csp/agreementstatus?tenantId={partner_id}", "partner agreement"),
    Operation("GET", "/v1/customers", "read, reseller too"),
    Operation("POST", "/v1/customers", "write", 201, lambda case: customer(f"new-{case.domain}")),
    Operation("GET", "/v1/customers/relationshiprequests", "read"),
    Operation("GET", "/v1/customers/all/validations", "government"),
    Operation("GET", ONE, "read, reseller too"),
    Operation("PATCH", ONE, "write", 200, lambda _: {"relationshipToPartner": "none"}),
    Operation("DELETE", ONE, "write in a sandbox", 204),
    Operation("GET", ONE + "/relationships", "read, reseller too"),
    Operation("GET", "/v1/countryvalidationrules/{country}", "read"),
    Operation("HEAD", "/v1/domains/{domain}", "read"),
    Operation(
        "POST", "/v1/validations/address", "read", 200, lambda _: customer("x.example")["billingProfile"]["defaultAddress"]
    ),
    Operation("GET", ONE + "/orders", "read"),
    Operation("POST", ONE + "/orders", "write", 201, order),
    Operation("GET", ONE + "/orders/{order_id}", "read"),
    Operation("PATCH", ONE + "/orders/{order_id}", "write", 200, lambda _: {"billingCycle": "annual"}),
    Operation("PATCH", ONE + "/orders/{order_id}", "write in a sandbox", 200, lambda _: {"status": "cancelled"}),
    Operation("POST", ONE + "/carts", "write", 201, cart),
    Operation("GET", ONE + "/carts/{cart_id}", "read"),
    Operation("PUT", ONE + "/carts/{cart_id}", "write", 200, cart),
    Operation("POST", ONE + "/carts/{cart_id}/checkout", "write", 201),
    Operation("GET", ONE + "/subscriptions", "read, reseller too"),
    Operation("GET", SUBSCRIPTION, "read, reseller too"),
    Operation("PATCH", SUBSCRIPTION, "write", 200, lambda _: {"quantity": 2}),
    Operation("GET", SUBSCRIPTION + "/addons", "read, reseller too"),
    Operation("GET", SUBSCRIPTION + "/upgrades", "read, reseller too"),
    Operation("POST", SUBSCRIPTION + "/upgrades", "write", 200, lambda _: {"targetOffer": {"id": cast.NOBODY}}),
    Operation("GET", SUBSCRIPTION + "/conversions", "read, reseller too"),
    Operation("POST", SUBSCRIPTION + "/conversions", "write", 200, lambda _: {"targetOfferId": cast.NOBODY}, trial=True),
    Operation("GET", "/v1/profiles/organization", "read, reseller too"),
    Operation("GET", "/v1/profiles/mpn", "read, reseller too"),
    Operation(
        "GET", "/v1/relationships?relationship_type=IsIndirectCloudSolutionProviderOf", "read, reseller too"
    ),
    Operation("GET", "/v1/auditrecords", "write"),
    Operation("POST", GATE, "read", 200, question),
    Operation("POST", GATE + ":batch", "read", 200, lambda case: {"decisions": [question(case)]}),
    Operation("POST", GATE, "write", 200, lambda case: question(case, record=True)),
    Operation("POST", "/api/customers/{customer_id}/confirmations", "confirm, our own", 201, lambda _: confirmation()),
    Operation("GET", OWN, "standing"),
    Operation("GET", OWN + "?on=2018-09-01&knownAt=2018-08-15", "standing"),
    Operation("POST", OWN + "/end", "standing", 200, lambda _: {"reason": "no_longer_agrees"}),
    Operation("GET", "/api/confirmations/without-employee", "standing"),
    Operation("GET", "/api/agreements/{template_id}/text", "text"),
    Operation("POST", "/api/confirmations/{confirmation_id}/employee", "employee", 201, lambda _: {"name": "Noa Berg"}),
]  # fmt: skip


_numbers = count()


async def case_for(world: World, who: str | None, operation: Operation) -> Case:
    """A customer of the caller's partner (of Alder when the caller has none) with what the operation is about."""
    partner = cast.USERS[who][0] if who in cast.USERS else who
    owner = {cast.HAZEL: cast.HAZEL_ADMIN, cast.MAPLE: cast.MAPLE_ADMIN, cast.FIR: cast.FIR_ADMIN}.get(
        partner or "", cast.ALDER_ADMIN
    )
    reseller = partner if partner == cast.BIRCH else None
    domain = f"case-{next(_numbers)}.example"
    made = await world.send(owner, "POST", "/v1/customers", customer(domain, reseller))
    case = Case(partner or cast.ALDER, made.json()["id"], domain)
    path = f"/v1/customers/{case.customer_id}"
    known = vars(case)
    if "{order_id}" in operation.path or "{subscription_id}" in operation.path:
        placed = (await world.send(owner, "POST", f"{path}/orders", order(case, trial=operation.trial))).json()
        known = known | {"order_id": placed["id"], "subscription_id": placed["lineItems"][0]["subscriptionId"]}
    if "{cart_id}" in operation.path:
        known = known | {"cart_id": (await world.send(owner, "POST", f"{path}/carts", cart(case))).json()["id"]}
    if "{template_id}" in operation.path and not world.rows("select 1 from text_version"):
        await publish(world, {AMERICA: ("text.md", b"# Made up")}, template_id=cast.CUSTOMER_AGREEMENT)
    if "{confirmation_id}" in operation.path and owner != cast.FIR_ADMIN:
        assert (await world.confirm(owner, case.customer_id)).status_code == 201
        world.change("update partner_user set designated = 1 where user_id = ?", owner)
        [[confirmation]] = world.rows(
            "select confirmation_id from confirmation where customer_id = ?", case.customer_id
        )
        known = known | {"confirmation_id": confirmation}
    return Case(**known)
