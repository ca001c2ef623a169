"""The examples of Partner Center's pages, member by member: our answers have each, or docs/contract-choices.md says why not."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import personas as cast
from tests.operations import OFFER, customer
from tests.world import API_ENFORCED, World, agreement

pytestmark = pytest.mark.fault("D24")

CHOICES = Path(__file__).resolve().parents[2] / "docs" / "contract-choices.md"

EXAMPLES = {
    "Customer": """
        id commerceId companyProfile.tenantId companyProfile.domain companyProfile.companyName companyProfile.address
        companyProfile.email companyProfile.links companyProfile.attributes.objectType billingProfile.id
        billingProfile.firstName billingProfile.lastName billingProfile.email billingProfile.culture billingProfile.language
        billingProfile.companyName billingProfile.defaultAddress.country billingProfile.defaultAddress.city
        billingProfile.defaultAddress.state billingProfile.defaultAddress.addressLine1 billingProfile.defaultAddress.postalCode
        billingProfile.defaultAddress.firstName billingProfile.defaultAddress.lastName billingProfile.defaultAddress.phoneNumber
        billingProfile.links billingProfile.attributes.etag billingProfile.attributes.objectType relationshipToPartner
        allowDelegatedAccess customDomains links.self attributes.objectType""",
    "New customer": "userCredentials.userName userCredentials.password",
    "Order": """
        id alternateId referenceCustomerId billingCycle currencyCode currencySymbol lineItems.lineItemNumber lineItems.offerId
        lineItems.subscriptionId lineItems.parentSubscriptionId lineItems.partnerIdOnRecord lineItems.friendlyName
        lineItems.quantity lineItems.termDuration lineItems.transactionType lineItems.provisioningContext lineItems.renewsTo
        lineItems.pricing lineItems.links.subscription lineItems.links.sku lineItems.links.provisioningStatus creationDate status
        transactionType totalPrice links.self links.provisioningStatus attributes.etag attributes.objectType""",
    "Cart": """
        id creationTimestamp lastModifiedTimestamp expirationTimestamp lastModifiedUser status lineItems.id
        lineItems.catalogItemId lineItems.friendlyName lineItems.quantity lineItems.currencyCode lineItems.billingCycle
        lineItems.termDuration lineItems.participants lineItems.provisioningContext lineItems.orderGroup lineItems.addonItems
        links.self attributes.objectType""",
    "Checkout": "orders orderErrors attributes.objectType",
    "Subscription": """
        id entitlementId offerId offerName friendlyName quantity unitType parentSubscriptionId hasPurchasableAddons creationDate
        effectiveStartDate commitmentEndDate status autoRenewEnabled isTrial billingType billingCycle termDuration
        renewalTermDuration actions attentionNeeded actionTaken suspensionReasons contractType partnerId publisherName
        isMicrosoftProduct refundOptions links.offer links.self
        links.parentSubscription links.product links.sku links.availability orderId attributes.etag attributes.objectType""",
    "Upgrade": """
        targetOffer.id targetOffer.name targetOffer.description targetOffer.minimumQuantity targetOffer.maximumQuantity
        targetOffer.rank targetOffer.uri targetOffer.locale targetOffer.country targetOffer.category
        targetOffer.prerequisiteOffers targetOffer.isAddOn targetOffer.isAvailableForPurchase targetOffer.billing
        targetOffer.isAutoRenewable targetOffer.isInternal targetOffer.conversionTargetOffers targetOffer.partnerQualifications
        targetOffer.product targetOffer.unitType targetOffer.links targetOffer.attributes.objectType upgradeType isEligible
        quantity upgradeErrors attributes.objectType""",
    "Conversion": "offerId targetOfferId orderId quantity billingCycle attributes.objectType",
    "Organisation profile": """
        id companyName defaultAddress.country defaultAddress.city defaultAddress.state defaultAddress.addressLine1
        defaultAddress.addressLine2 defaultAddress.postalCode defaultAddress.firstName defaultAddress.lastName
        defaultAddress.phoneNumber tenantId domain email language culture profileType links.self attributes.etag
        attributes.objectType""",
    "MPN profile": "mpnId partnerName profileType links.self attributes.objectType",
    "Relationship": "id name relationshipType state mpnId location attributes.objectType",
    "Audit record of an order": """
        id partnerId customerId customerName userPrincipalName applicationId sessionId resourceType resourceNewValue
        operationType originalCorrelationId operationDate operationStatus customizedData attributes.objectType""",
    "Country": """
        iso2Code defaultCulture isStateRequired supportedStatesList supportedLanguagesList supportedCulturesList
        isPostalCodeRequired postalCodeRegex isCityRequired isVatIdSupported taxIdFormat taxIdSample vatIdRegex phoneNumberRegex
        isTaxIdSupported isTaxIdOptional countryCallingCodesList attributes.objectType""",
}
"""The members in the examples of the pages, links as far as their names."""


def members(value: Any, path: str = "") -> Iterator[str]:
    """The path of every member and of everything inside it."""
    if isinstance(value, list):
        for item in value:
            yield from members(item, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield f"{path}{name}"
            yield from members(inner, f"{path}{name}.")


async def answers(world: World) -> dict[str, list[Any]]:
    """For each example the answers that have whatever ours ever have."""
    world.clock.now = API_ENFORCED
    world.change("update partner set email = 'office@alder.example' where partner_id = ?", cast.ALDER)

    async def send(method: str, path: str, body: object = None) -> Any:
        answer = await world.send(cast.ALDER_ADMIN, method, f"/v1/{path}", body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    made = await send("POST", "customers", customer("pages.example", cast.BIRCH))
    one = f"customers/{made['id']}"
    await send("POST", f"{one}/agreements", agreement())
    line = {
        "lineItemNumber": 0,
        "offerId": OFFER,
        "quantity": 2,
        "partnerIdOnRecord": "1000002",
        "renewsTo": {"termDuration": "P1Y"},
    }
    order = await send("POST", f"{one}/orders", {"lineItems": [line | {"provisioningContext": {"a": "b"}}]})
    bought = f"{one}/subscriptions/{order['lineItems'][0]['subscriptionId']}"
    addon = line | {"parentSubscriptionId": order["lineItems"][0]["subscriptionId"]}
    changed = await send("PATCH", f"{one}/orders/{order['id']}", {"lineItems": [addon]})
    trial = await send("POST", f"{one}/orders", {"lineItems": [line | {"provisioningContext": {"isTrial": "true"}}]})
    tried = f"{one}/subscriptions/{trial['lineItems'][0]['subscriptionId']}"
    item = {
        "catalogItemId": OFFER,
        "quantity": 1,
        "friendlyName": "A",
        "termDuration": "P1Y",
        "provisioningContext": {"a": "b"},
    }
    participants = {"participants": [{"key": "transaction_reseller", "value": "1000002"}]}
    cart = await send("POST", f"{one}/carts", {"lineItems": [item | participants | {"addonItems": [item]}]})
    upgrades = await send("GET", f"{bought}/upgrades")
    addons = await send("GET", f"{bought}/addons")
    suspended = await send("PATCH", bought, {"status": "suspended"})
    records = await send("GET", "auditrecords")
    return {
        "Customer": [await send("GET", one)],
        "New customer": [made],
        "Order": [order, changed],
        "Cart": [cart],
        "Checkout": [await send("POST", f"{one}/carts/{cart['id']}/checkout")],
        "Subscription": [suspended, *addons["items"]],
        "Upgrade": upgrades["items"],
        "Conversion": (await send("GET", f"{tried}/conversions"))["items"],
        "Organisation profile": [await send("GET", "profiles/organization")],
        "MPN profile": [await send("GET", "profiles/mpn?mpnId=1000002")],
        "Relationship": (await send("GET", f"{one}/relationships"))["items"],
        "Audit record of an order": [one for one in records["items"] if one["resourceType"] == "order"],
        "Country": [await send("GET", "countryvalidationrules/PT")],
    }


async def test_what_our_answers_leave_out_of_the_pages_examples_is_written_down(world: World) -> None:
    section = CHOICES.read_text(encoding="utf-8").partition("## Members left out\n")[2].partition("\n## ")[0]
    written = {
        name: set(re.findall("`([^`]+)`", listed))
        for name, listed in re.findall(r"^\| (\w[^|]+) \| (`[^|]+) \|", section, re.MULTILINE)
    }
    missing = {
        name: set(EXAMPLES[name].split()) - set(members(answered)) for name, answered in (await answers(world)).items()
    }
    assert written == {name: left_out for name, left_out in missing.items() if left_out}


def test_what_else_differs_from_the_pages_is_written_down() -> None:
    page = CHOICES.read_text(encoding="utf-8")
    assert re.search(r"^\| Answer to a good address \|.*\| 200 without a body \|", page, re.MULTILINE)
    assert re.search(r"^\| Status of a changed cart \| 201 [^|]*\| 200 \|", page, re.MULTILINE)
