"""A client that somebody else wrote, as it comes from the package index, works against a running server (contract 8)."""

import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import DeserializationError

from tests import personas as cast
from tests.faults.server import Server
from tests.world import agreement

SALES = "sales@alder.example"
ADMIN = "admin@alder.example"
OFFER = "bd938f12-058f-4927-bba3-ae36b1d2501c"

pytestmark = [
    # The client is of 2018: its way of sharing a name space and of reading the clock is not that of today.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:msrest"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:pkg_resources"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:microsoft"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("demo")) as started:
        yield started


@pytest.fixture(scope="module")
def package() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.filterwarnings("ignore", "pkg_resources is deprecated", UserWarning)
        from microsoft.store import partnercenterservices  # type: ignore[import-untyped]
    return partnercenterservices


@pytest.fixture
def client(server: Server, package: Any) -> Iterator[Any]:
    """The client, which knows only the address of the server and its token."""
    from msrest.authentication import BasicTokenAuthentication

    made = package.MicrosoftPartnerStoreApis(
        BasicTokenAuthentication({"access_token": server.token(SALES)}), server.url
    )
    with made._client:
        yield made


def model(package: Any, name: str, **members: Any) -> Any:
    """One of the client's own models."""
    return getattr(package.models, f"MicrosoftPartnerSdkContractsV1{name}")(**members)


def new_customer(package: Any, domain: str) -> Any:
    address = model(package, "Address", country="US", city="Redmond", state="WA", address_line1="1 Main St",
                    postal_code="98052", first_name="Noa", last_name="Berg", phone_number="5550100")  # fmt: skip
    billing = model(package, "CustomerBillingProfile", email=f"noa@{domain}", culture="en-US", language="en",
                    company_name="Contoso", default_address=address)  # fmt: skip
    company = model(package, "CustomerCompanyProfile", domain=domain)
    return model(package, "Customer", company_profile=company, billing_profile=billing)


def new_order(package: Any, customer: str, quantity: int = 5) -> Any:
    line = model(
        package, "OrderLineItem", line_item_number=0, offer_id=OFFER, friendly_name="Office", quantity=quantity
    )
    return model(package, "Order", reference_customer_id=customer, billing_cycle="monthly", line_items=[line])


def test_customers(client: Any, package: Any) -> None:
    request_id = "5c9d2a86-1f7e-4a57-b5c9-4e20c55a7f11"
    assert client.headvversiondomainsdomain("contoso.example", "1", raw=True).response.status_code == 404
    for _ in range(2):  # the same request id: the same customer
        # This client's model has an object where the contract has the password's text, so it cannot read the answer.
        with pytest.raises(DeserializationError):
            client.postvversioncustomers(new_customer(package, "contoso.example"), "1", ms_request_id=request_id)
    assert client.headvversiondomainsdomain("contoso.example", "1", raw=True).response.status_code == 200
    search = '{"Field":"Domain","Value":"contoso.example","Operator":"starts_with"}'
    [created] = client.getvversioncustomersfilterfilter.value("1", filter=search).items
    assert created.company_profile.domain == "contoso.example"
    read = client.getvversioncustomerscustomer.id(created.id, "1")
    assert read.billing_profile.default_address.first_name == "Noa"
    assert (read.id, read.relationship_to_partner, read.allow_delegated_access) == (created.id, "reseller", True)
    listed = client.getvversioncustomersfilterfilter.value("1.0")
    assert {created.id, cast.CEDAR, cast.DOGWOOD} <= {customer.id for customer in listed.items}
    assert listed.total_count == len(listed.items)
    found = client.getvversioncustomersfilterfilter.value(
        "1", filter='{"Field":"CompanyName","Value":"cont","Operator":"starts_with"}'
    )
    assert [customer.id for customer in found.items] == [created.id]
    ended = model(package, "Customer", relationship_to_partner="none")
    assert client.patchvversioncustomerscustomer.id(created.id, ended, "1", raw=True).response.status_code == 200
    assert client.getvversioncustomerscustomer.id(created.id, "1", raw=True).response.status_code == 403


@pytest.mark.rule("R4", "R10", "R50")
def test_orders_and_subscriptions_meet_the_gate(server: Server, client: Any, package: Any) -> None:
    server.send(ADMIN, "PUT", "/api/sandbox/clock", {"now": "2019-03-22T00:00:00Z"})
    orders, subscriptions = client.postvversioncustomerscustomer, client.patchvversioncustomerscustomer
    reads = client.getvversioncustomerscustomer
    before = reads.value7(cast.DOGWOOD, "1").total_count

    refused = orders.idorders(cast.DOGWOOD, new_order(package, cast.DOGWOOD), "1", raw=True).response
    assert (refused.status_code, refused.json()["code"]) == (403, 13605)
    assert reads.value7(cast.DOGWOOD, "1").total_count == before
    confirmed = server.send(SALES, "POST", f"/v1/customers/{cast.DOGWOOD}/agreements", agreement())
    assert confirmed.status_code == 201

    order = orders.idorders(cast.DOGWOOD, new_order(package, cast.DOGWOOD), "1")
    assert (order.status, order.billing_cycle, order.line_items[0].quantity) == ("completed", "monthly", 5)
    assert order.attributes.object_type == "Order"
    assert reads.id5(cast.DOGWOOD, order.id, "1").creation_date == order.creation_date
    assert order.id in [item.id for item in reads.value7(cast.DOGWOOD, "1").items]

    bought = order.line_items[0].subscription_id
    subscription = reads.id6(cast.DOGWOOD, bought, "1")
    assert (subscription.status, subscription.quantity, subscription.auto_renew_enabled) == ("active", 5, True)
    assert subscription.commitment_end_date.year == 2020
    listed = reads.value9(cast.DOGWOOD, "1", order_id=order.id)
    assert [item.id for item in listed.items] == [bought]

    subscription.quantity, subscription.friendly_name = 7, "Seats"
    changed = subscriptions.id4(cast.DOGWOOD, bought, subscription, "1")
    assert (changed.quantity, changed.friendly_name) == (7, "Seats")
    changed.status = "suspended"
    assert subscriptions.id4(cast.DOGWOOD, bought, changed, "1").suspension_reasons == ["CustomerCancellation"]
    assert reads.idupgrades(cast.DOGWOOD, bought, "1").total_count == 1
    assert reads.idaddons(cast.DOGWOOD, bought, "1").items == []
    assert reads.idconversions(cast.DOGWOOD, bought, "1").items == []


@pytest.mark.rule("R4")
def test_checkout_meets_the_gate(server: Server, client: Any) -> None:
    server.send(ADMIN, "PUT", "/api/sandbox/clock", {"now": "2019-03-22T00:00:00Z"})
    created = server.send(SALES, "POST", "/v1/customers", {
        "companyProfile": {"domain": "fabrikam.example"},
        "billingProfile": {"email": "noa@fabrikam.example", "culture": "en-US", "language": "en", "companyName": "Fabrikam",
                           "defaultAddress": {"country": "US", "city": "Redmond", "state": "WA", "addressLine1": "1 Main St",
                                              "postalCode": "98052", "firstName": "Noa", "lastName": "Berg"}},
    })  # fmt: skip
    customer = created.json()["id"]
    lines = {"lineItems": [{"id": 0, "catalogItemId": OFFER, "quantity": 3, "billingCycle": "monthly"}]}
    cart = server.send(SALES, "POST", f"/v1/customers/{customer}/carts", lines).json()["id"]
    checkout = client.postvversioncustomerscustomer.idcheckout
    refused = checkout(customer, cart, "1", raw=True).response
    assert (refused.status_code, refused.json()["code"]) == (403, 13605)
    assert server.send(SALES, "POST", f"/v1/customers/{customer}/agreements", agreement()).status_code == 201
    request_id = "2d7f9a60-50d2-4b0c-8a06-0d1f6a3e9b77"
    done = checkout(customer, cart, "1", ms_request_id=request_id)
    assert [line.quantity for order in done.orders for line in order.line_items] == [3]
    assert not done.order_errors
    assert [order.id for order in checkout(customer, cart, "1", ms_request_id=request_id).orders] == [
        order.id for order in done.orders
    ]


def test_what_else_the_client_reads(client: Any) -> None:
    profile = client.getvversionprofilesorganization("1")
    assert (profile.company_name, profile.tenant_id) == ("Alder Distribution", cast.ALDER)
    assert client.getvversionprofilesmpnmpn_idmpn_id.value("1").mpn_id
    resellers = client.getvversioncustomerscustomer.idrelationships(cast.CEDAR, "1")
    assert {reseller.id for reseller in resellers.items} == {cast.BIRCH, cast.HORNBEAM}
