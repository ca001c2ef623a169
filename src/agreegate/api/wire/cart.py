"""Carts on the wire (contract 4.10)."""

from collections.abc import Sequence

from agreegate.api.instant import written_z
from agreegate.api.wire import Body, Wire, link, present
from agreegate.api.wire.order import NAMES as ORDER_NAMES
from agreegate.api.wire.order import (
    RenewsTo,
    billing_cycle_of,
    context_of,
    currency_of,
    order_body,
    renewal_term_of,
    term_of,
)
from agreegate.domain.error import Rejected
from agreegate.domain.orders.cart import Cart, CartLine, CartStatus, LineError
from agreegate.domain.orders.order import Order
from agreegate.domain.orders.term import BillingCycle
from agreegate.i18n import text

NAMES = {**ORDER_NAMES, "addons": "addonItems"}
"""The domain's names of a cart's members, as the wire calls them."""

_STATUSES = {CartStatus.ACTIVE: "Active", CartStatus.ORDERED: "Ordered"}
_LINE_ERRORS = {
    LineError.CURRENCY: 10000,
    LineError.CATALOG_ITEM: 10001,
    LineError.PARTICIPANT: 10004,
    LineError.SUBSCRIPTION: 10007,
    LineError.SANDBOX: 10009,
    LineError.INPUT: 10010,
}


class Participant(Wire):
    """Who else takes part in a purchase: the indirect reseller, by its partner network id."""

    key: str
    value: str


class CartLineIn(Wire):
    """One line of a cart as a client sends it."""

    catalog_item_id: str
    quantity: int
    id: int | None = None
    friendly_name: str | None = None
    currency_code: str | None = None
    billing_cycle: str | None = None
    term_duration: str | None = None
    participants: list[Participant] | None = None
    provisioning_context: dict[str, str | None] | None = None
    order_group: str | None = None
    addon_items: list["CartLineIn"] | None = None
    renews_to: RenewsTo | list[RenewsTo] | None = None

    def to_line(self, place: int) -> CartLine:
        """Return what the client buys with this line; `place` is its id when the client gives none.

        Raises:
            `request.invalid-property`: a member cannot be used.
        """
        name = f"lineItems[{place}]."
        term = term_of(self.term_duration, name + "termDuration")
        return CartLine(
            id=place if self.id is None else self.id,
            catalog_item_id=self.catalog_item_id.strip(),
            quantity=self.quantity,
            friendly_name=(self.friendly_name or "").strip() or None,
            currency_code=currency_of(self.currency_code),
            billing_cycle=billing_cycle_of(self.billing_cycle, name + "billingCycle") or BillingCycle.MONTHLY,
            term=term,
            renews_to=renewal_term_of(self.renews_to, term, name + "renewsTo.termDuration"),
            participants=tuple((one.key, one.value.strip()) for one in self.participants or ()),
            provisioning_context=context_of(self.provisioning_context),
            order_group=(self.order_group or "").strip(),
            addons=tuple(addon.to_line(place + at) for at, addon in enumerate(self.addon_items or (), start=1)),
        )


class CartIn(Wire):
    """A cart as a client sends it, to begin it or to replace its lines."""

    line_items: list[CartLineIn]

    def to_lines(self) -> tuple[CartLine, ...]:
        """Return what the client buys.

        Raises:
            `request.invalid-property`: a member cannot be used, or add-ons have add-ons.
        """
        lines: list[CartLine] = []
        place = 0
        for line in self.line_items:
            if any(addon.addon_items for addon in line.addon_items or ()):
                raise Rejected("request.invalid-property", name=f"lineItems[{place}].addonItems")
            lines.append(line.to_line(place))
            place += 1 + len(lines[-1].addons)
        return tuple(lines)


def cart_body(cart: Cart, language: str) -> Body:
    """Return the cart with its lines; their errors are in the caller's language."""
    return {
        "id": cart.id,
        "creationTimestamp": written_z(cart.created_at),
        "lastModifiedTimestamp": written_z(cart.modified_at),
        "expirationTimestamp": written_z(cart.expires_at),
        "lastModifiedUser": cart.modified_by,
        "status": _STATUSES[cart.status],
        "lineItems": [_line_body(line, language) for line in cart.lines],
        "links": {"self": link(f"/customers/{cart.customer_id}/carts/{cart.id}")},
        "attributes": {"objectType": "Cart"},
    }


def checkout_body(orders: Sequence[Order]) -> Body:
    """Return the orders of a checkout, one for each order group. A checkout orders the whole cart, or is refused."""
    return {
        "orders": [order_body(order) for order in orders],
        "orderErrors": [],
        "attributes": {"objectType": "CartCheckoutResult"},
    }


def _line_body(line: CartLine, language: str) -> Body:
    error = line.error and {
        "errorCode": _LINE_ERRORS[line.error],
        "errorDescription": text(f"cart.line-error.{line.error}", language),
    }
    return present(
        {
            "id": line.id,
            "catalogItemId": line.catalog_item_id,
            "quantity": line.quantity,
            "currencyCode": line.currency_code,
            "billingCycle": line.billing_cycle,
            "orderGroup": line.order_group,
            "friendlyName": line.friendly_name,
            "termDuration": line.term,
            "participants": [{"key": key, "value": value} for key, value in line.participants] or None,
            "provisioningContext": dict(line.provisioning_context) or None,
            "addonItems": [_line_body(addon, language) for addon in line.addons] or None,
            "renewsTo": line.renews_to and {"termDuration": line.renews_to},
            "error": error,
        }
    )
