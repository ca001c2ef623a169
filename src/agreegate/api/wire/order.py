"""Orders on the wire (contract 4.9)."""

from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from agreegate.api.instant import written_z
from agreegate.api.paths import as_guid
from agreegate.api.wire import Body, Wire, link, present
from agreegate.domain.error import ErrorCode, Rejected
from agreegate.domain.orders.order import (
    DEFAULT_CURRENCY,
    LineDraft,
    LineKind,
    Order,
    OrderChange,
    OrderDraft,
    OrderLine,
)
from agreegate.domain.orders.subscription import SubscriptionId
from agreegate.domain.orders.term import BillingCycle, TermDuration

E = TypeVar("E", bound=StrEnum)

CURRENCY_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}
"""The symbols of currencies; other currencies have their code alone."""
NAMES = {
    "currency_code": "currencyCode",
    "lines": "lineItems",
    "lines[].offer_id": "lineItems[].offerId",
    "lines[].friendly_name": "lineItems[].friendlyName",
    "lines[].subscription_id": "lineItems[].subscriptionId",
    "lines[].parent_id": "lineItems[].parentSubscriptionId",
    "lines[].partner_id_on_record": "lineItems[].partnerIdOnRecord",
}
"""The domain's names of an order's members, as the wire calls them."""

TRANSACTION_TYPES = {LineKind.NEW: "New", LineKind.RENEW: "renew", LineKind.CONVERT: "convert"}
"""Our kinds of lines, as the wire calls them."""


class RenewsTo(Wire):
    """The terms to renew to."""

    term_duration: str | None = None


class OrderLineIn(Wire):
    """One line of an order as a client sends it."""

    offer_id: str
    quantity: int
    line_item_number: int | None = None
    friendly_name: str | None = None
    subscription_id: str | None = None
    parent_subscription_id: str | None = None
    partner_id_on_record: str | None = None
    term_duration: str | None = None
    provisioning_context: dict[str, str | None] | None = None
    renews_to: RenewsTo | list[RenewsTo] | None = None

    def to_draft(self, place: int) -> LineDraft:
        """Return what the client buys with this line; `place` is its number when the client gives none.

        Raises:
            `request.invalid-property`: an id is no GUID, or there is no such term.
        """
        name = f"lineItems[{place}]."
        term = term_of(self.term_duration, name + "termDuration")
        return LineDraft(
            number=place if self.line_item_number is None else self.line_item_number,
            offer_id=self.offer_id.strip(),
            quantity=self.quantity,
            friendly_name=(self.friendly_name or "").strip() or None,
            subscription_id=subscription_id_of(self.subscription_id, name + "subscriptionId"),
            parent_id=subscription_id_of(self.parent_subscription_id, name + "parentSubscriptionId"),
            partner_id_on_record=(self.partner_id_on_record or "").strip() or None,
            term=term,
            renews_to=renewal_term_of(self.renews_to, term, name + "renewsTo.termDuration"),
            provisioning_context=context_of(self.provisioning_context),
        )


class OrderIn(Wire):
    """An order as a client posts it."""

    line_items: list[OrderLineIn]
    reference_customer_id: str | None = None
    billing_cycle: str | None = None
    currency_code: str | None = None

    def to_draft(self, customer: str) -> OrderDraft:
        """Return what the client buys for the customer in the path.

        Raises:
            `request.invalid-property`: a member cannot be used, or the order is for another customer.
        """
        _check_customer(self.reference_customer_id, customer)
        return OrderDraft(
            lines=tuple(line.to_draft(place) for place, line in enumerate(self.line_items)),
            billing_cycle=billing_cycle_of(self.billing_cycle) or BillingCycle.MONTHLY,
            currency_code=currency_of(self.currency_code),
        )


class OrderHead(Wire):
    """An order as a client sends it back, without what it buys: enough to cancel it."""

    reference_customer_id: str | None = None
    status: str | None = None

    @property
    def cancels(self) -> bool:
        """Whether the client cancels the order."""
        return (self.status or "").strip().casefold() == "cancelled"

    def to_change(self, customer: str) -> OrderChange:
        """Return what the client changes.

        Raises:
            `request.invalid-property`: a member cannot be used, or the order is for another customer.
        """
        _check_customer(self.reference_customer_id, customer)
        if (self.status or "").strip().casefold() not in ("", "unknown", "completed", "pending", "cancelled"):
            raise Rejected("request.invalid-property", name="status")
        return OrderChange(cancelled=self.cancels)


class OrderPatch(OrderHead):
    """An order as a client sends it back to change it."""

    line_items: list[OrderLineIn] | None = None
    billing_cycle: str | None = None

    def to_change(self, customer: str) -> OrderChange:
        """Return what the client changes.

        Raises:
            `request.invalid-property`: a member cannot be used, or the order is for another customer.
        """
        return replace(
            OrderHead.to_change(self, customer),
            lines=tuple(line.to_draft(place) for place, line in enumerate(self.line_items or ())),
            billing_cycle=billing_cycle_of(self.billing_cycle),
        )


def order_body(order: Order) -> Body:
    """Return the order with its lines."""
    return present(
        {
            "id": order.id,
            "referenceCustomerId": order.customer_id,
            "billingCycle": order.billing_cycle,
            "currencyCode": order.currency_code,
            "lineItems": [_line_body(line, order.customer_id) for line in order.lines],
            "creationDate": written_z(order.created_at),
            "status": order.status,
            "transactionType": "UserPurchase",
            "links": {"self": link(f"/customers/{order.customer_id}/orders/{order.id}")},
            "attributes": {"objectType": "Order"},
            "currencySymbol": CURRENCY_SYMBOLS.get(order.currency_code),
        }
    )


def _line_body(line: OrderLine, customer: str) -> Body:
    return present(
        {
            "lineItemNumber": line.number,
            "offerId": line.offer_id,
            "subscriptionId": line.subscription_id,
            "friendlyName": line.friendly_name,
            "quantity": line.quantity,
            "termDuration": line.term,
            "transactionType": TRANSACTION_TYPES[line.kind],
            "links": {"subscription": link(f"/customers/{customer}/subscriptions/{line.subscription_id}")},
            "parentSubscriptionId": line.parent_id,
            "partnerIdOnRecord": line.partner_id_on_record,
            "provisioningContext": dict(line.provisioning_context) or None,
            "renewsTo": line.renews_to and {"termDuration": line.renews_to},
        }
    )


def enum_of(text: str, kind: type[E], name: str, code: ErrorCode = "request.invalid-property") -> E:
    """Return the value of an enumeration, in any case, with or without underscores: `one_time` and `OneTime` (3.5).

    Args:
        name: what the error calls the text.
        code: of the error.

    Raises:
        Rejected: there is no such value.
    """
    plain = text.strip().replace("_", "").casefold()
    for value in kind:
        if value.replace("_", "").casefold() == plain:
            return value
    raise Rejected(code, name=name)


def billing_cycle_of(
    text: str | None, name: str = "billingCycle", code: ErrorCode = "request.invalid-property"
) -> BillingCycle | None:
    """Return the billing cycle; None when the client states none, which .NET writes as `unknown`.

    Raises:
        Rejected: as `enum_of`.
    """
    if text is None or text.strip().casefold() in ("", "unknown"):
        return None
    return enum_of(text, BillingCycle, name, code)


def term_of(text: str | None, name: str) -> TermDuration | None:
    """Return the term; None when the client states none.

    Raises:
        `request.invalid-property`.
    """
    return enum_of(text, TermDuration, name) if text is not None and text.strip() else None


def renewal_term_of(
    renews_to: RenewsTo | list[RenewsTo] | None, term: TermDuration | None, name: str
) -> TermDuration | None:
    """Return the term to renew to; None when the client states no renewal. Without a length it is as long as the first.

    Raises:
        `request.invalid-property`: no such length, or several.
    """
    renewals = renews_to if isinstance(renews_to, list) else [] if renews_to is None else [renews_to]
    if len(renewals) > 1:
        raise Rejected("request.invalid-property", name=name)
    return (term_of(renewals[0].term_duration, name) or term or TermDuration.YEAR) if renewals else None


def subscription_id_of(text: str | None, name: str) -> SubscriptionId | None:
    """Return the id of a subscription; None when the client gives none.

    Raises:
        `request.invalid-property`: no GUID.
    """
    if text is None or not text.strip():
        return None
    return SubscriptionId(as_guid(text.strip(), name, "request.invalid-property"))


def currency_of(text: str | None) -> str:
    """Return the currency code in capitals; the default when the client states none."""
    return (text or "").strip().upper() or DEFAULT_CURRENCY


def context_of(given: dict[str, str | None] | None) -> dict[str, str]:
    """Return the provisioning context; null is the same as absent."""
    return {key: value for key, value in (given or {}).items() if value is not None}


def _check_customer(reference: str | None, customer: str) -> None:
    if subscription_id_of(reference, "referenceCustomerId") not in (None, customer):
        raise Rejected("request.invalid-property", name="referenceCustomerId")
