"""Carts on the wire (contract 4.10)."""

from collections.abc import Sequence

from agreegate.api.instant import written_z
from agreegate.api.wire import Link, ObjectType, Wire
from agreegate.api.wire.order import NAMES as ORDER_NAMES
from agreegate.api.wire.order import (
    OrderOut,
    RenewsTo,
    billing_cycle_of,
    context_of,
    currency_of,
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


class CartErrorOut(Wire):
    """Why a line cannot be bought."""

    error_code: int
    error_description: str


class CartLineOut(Wire):
    """One line of a cart as it is answered."""

    id: int
    catalog_item_id: str
    quantity: int
    currency_code: str
    billing_cycle: str
    order_group: str
    friendly_name: str | None = None
    term_duration: str | None = None
    participants: list[Participant] | None = None
    provisioning_context: dict[str, str] | None = None
    addon_items: list["CartLineOut"] | None = None
    renews_to: RenewsTo | None = None
    error: CartErrorOut | None = None

    @classmethod
    def of(cls, line: CartLine, language: str) -> "CartLineOut":
        """Return the line with its add-ons and, in the caller's language, its error."""
        error = line.error
        return cls(
            id=line.id,
            catalog_item_id=line.catalog_item_id,
            quantity=line.quantity,
            currency_code=line.currency_code,
            billing_cycle=line.billing_cycle,
            order_group=line.order_group,
            friendly_name=line.friendly_name,
            term_duration=line.term,
            participants=[Participant(key, value) for key, value in line.participants] or None,
            provisioning_context=dict(line.provisioning_context) or None,
            addon_items=[cls.of(addon, language) for addon in line.addons] or None,
            renews_to=None if line.renews_to is None else RenewsTo(line.renews_to),
            error=None
            if error is None
            else CartErrorOut(_LINE_ERRORS[error], text(f"cart.line-error.{error}", language)),
        )


class CartOut(Wire):
    """A cart as it is answered."""

    id: str
    creation_timestamp: str
    last_modified_timestamp: str
    expiration_timestamp: str
    last_modified_user: str
    status: str
    line_items: list[CartLineOut]
    links: dict[str, Link]
    attributes: ObjectType

    @classmethod
    def of(cls, cart: Cart, language: str) -> "CartOut":
        """Return the cart with its lines."""
        return cls(
            id=cart.id,
            creation_timestamp=written_z(cart.created_at),
            last_modified_timestamp=written_z(cart.modified_at),
            expiration_timestamp=written_z(cart.expires_at),
            last_modified_user=cart.modified_by,
            status=_STATUSES[cart.status],
            line_items=[CartLineOut.of(line, language) for line in cart.lines],
            links={"self": Link.to(f"/customers/{cart.customer_id}/carts/{cart.id}")},
            attributes=ObjectType("Cart"),
        )


class CheckoutOut(Wire):
    """The orders of a checkout."""

    orders: list[OrderOut]
    order_errors: list[Wire]
    """Always empty: a checkout orders the whole cart, or is refused."""
    attributes: ObjectType

    @classmethod
    def of(cls, orders: Sequence[Order]) -> "CheckoutOut":
        """Return the orders, one for each order group."""
        return cls([OrderOut.of(order) for order in orders], [], ObjectType("CartCheckoutResult"))
