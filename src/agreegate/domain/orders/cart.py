"""Carts: drafts of orders, checked line by line, and bought whole or not at all (R7, contract 4.10)."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from agreegate.domain.error import Rejected
from agreegate.domain.orders.order import (
    DEFAULT_CURRENCY,
    MOST_LINES,
    LineDraft,
    OrderDraft,
    check_friendly_name,
    is_catalog_item,
    is_currency,
)
from agreegate.domain.orders.subscription import SANDBOX_SEATS, SubscriptionId, check_seats
from agreegate.domain.orders.term import BillingCycle, TermDuration
from agreegate.domain.partner import Account

CartId = NewType("CartId", str)

LIFETIME = timedelta(minutes=15)
"""From its creation, by the product's clock (contract 4.10)."""


class CartStatus(StrEnum):
    """Whether a cart was bought."""

    ACTIVE = "active"
    ORDERED = "ordered"


class LineError(StrEnum):
    """Why a line cannot be bought. The cart is kept with the error, so that the partner can correct it."""

    CURRENCY = "currency"
    CATALOG_ITEM = "catalog_item"
    PARTICIPANT = "participant"
    SUBSCRIPTION = "subscription"
    SANDBOX = "sandbox"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line of a cart, with its add-ons."""

    id: int
    catalog_item_id: str
    quantity: int
    friendly_name: str | None = None
    currency_code: str = DEFAULT_CURRENCY
    billing_cycle: BillingCycle = BillingCycle.MONTHLY
    term: TermDuration | None = None
    renews_to: TermDuration | None = None
    participants: tuple[tuple[str, str], ...] = ()
    """Kind and partner network id of each participant: the indirect reseller."""
    provisioning_context: Mapping[str, str] = field(default_factory=dict)
    order_group: str = ""
    """The lines of one group, billing cycle and currency become one order."""
    addons: tuple["CartLine", ...] = ()
    error: LineError | None = None

    @property
    def parent_id(self) -> str | None:
        """The existing subscription of an add-on, from the provisioning context."""
        for key, value in self.provisioning_context.items():
            if key.casefold() == "parentsubscriptionid":
                return value.strip().lower()
        return None

    @property
    def partner_id_on_record(self) -> str | None:
        """The partner network id of the line's reseller."""
        return self.participants[0][1] if self.participants else None


@dataclass(frozen=True, slots=True)
class Cart:
    """A draft of orders. It expires after fifteen minutes, unless it was bought."""

    id: CartId
    customer_id: str
    status: CartStatus
    lines: tuple[CartLine, ...]
    created_at: datetime
    modified_at: datetime
    modified_by: str

    @property
    def expires_at(self) -> datetime:
        """The instant from which the cart can no longer be bought."""
        return self.created_at + LIFETIME

    def gone(self, now: datetime) -> bool:
        """Whether the cart has expired."""
        return self.status is CartStatus.ACTIVE and now >= self.expires_at

    @property
    def faulty(self) -> bool:
        """Whether a line cannot be bought."""
        return any(line.error is not None for line in all_lines(self.lines))


@dataclass(frozen=True, slots=True)
class Known:
    """The facts that lines are checked against."""

    account: Account
    reseller_ids: AbstractSet[str]
    """Partner network ids of the resellers linked to the partner."""
    active_subscriptions: AbstractSet[str]
    """The customer's subscriptions that can have add-ons."""
    places: int | None
    """Number of subscriptions that the customer may add; None: no limit."""


def all_lines(lines: Sequence[CartLine]) -> Iterator[CartLine]:
    """Return every line, each followed by its add-ons."""
    for line in lines:
        yield line
        yield from line.addons


def check_shape(lines: Sequence[CartLine]) -> None:
    """Check what a cart buys.

    Raises:
        `request.invalid-property`: no line, more than 500, an add-on with add-ons, or a malformed name.
        `order.line-numbers`: the ids are not 0 to one less than the number of lines, each once, add-ons counted.
        `subscription.quantity-out-of-range`: see `check_seats`.
    """
    every = list(all_lines(lines))
    if not 1 <= len(every) <= MOST_LINES:
        raise Rejected("request.invalid-property", name="lines")
    if any(addon.addons for line in lines for addon in line.addons):
        raise Rejected("request.invalid-property", name="addons")
    if sorted(line.id for line in every) != list(range(len(every))):
        raise Rejected("order.line-numbers", name="lines")
    for line in every:
        check_friendly_name(line.friendly_name, f"lines[{line.id}].friendly_name")
        check_seats(line.quantity, Account.PRODUCTION)


def checked(lines: Sequence[CartLine], known: Known) -> tuple[CartLine, ...]:
    """Return the lines with their order groups and errors."""
    groups: dict[tuple[BillingCycle, str], str] = {}
    done: list[CartLine] = []
    places = known.places
    for line in lines:
        group = line.order_group or groups.setdefault((line.billing_cycle, line.currency_code), str(len(groups)))
        family = []
        for member in (line, *line.addons):
            error = _error_of(member, known)
            if error is None and places is not None:
                places -= 1
                error = LineError.SANDBOX if places < 0 else None
            family.append(replace(member, order_group=group, error=error))
        done.append(replace(family[0], addons=tuple(family[1:])))
    return tuple(done)


def _error_of(line: CartLine, known: Known) -> LineError | None:
    if not is_catalog_item(line.catalog_item_id):
        return LineError.CATALOG_ITEM
    if not is_currency(line.currency_code):
        return LineError.CURRENCY
    if len(line.participants) > 1:
        return LineError.INPUT
    if line.partner_id_on_record is not None and line.partner_id_on_record not in known.reseller_ids:
        return LineError.PARTICIPANT
    parent = line.parent_id
    if parent is not None and parent not in known.active_subscriptions:
        return LineError.SUBSCRIPTION
    if known.account is Account.SANDBOX and line.quantity > SANDBOX_SEATS:
        return LineError.SANDBOX
    return None


def orders_of(cart: Cart) -> tuple[OrderDraft, ...]:
    """Return the orders of a checkout, one for each order group. Each line comes before its add-ons."""
    grouped: dict[tuple[str, BillingCycle, str], list[CartLine]] = {}
    for line in cart.lines:
        grouped.setdefault((line.order_group, line.billing_cycle, line.currency_code), []).append(line)
    return tuple(
        OrderDraft(_drafts(lines), billing_cycle, currency) for (_, billing_cycle, currency), lines in grouped.items()
    )


def _drafts(lines: Sequence[CartLine]) -> tuple[LineDraft, ...]:
    drafts: list[LineDraft] = []
    for line in lines:
        base = len(drafts)
        drafts.append(_draft(line, base, line.parent_id))
        drafts.extend(
            replace(_draft(addon, base + place, None), parent_line=base)
            for place, addon in enumerate(line.addons, start=1)
        )
    return tuple(drafts)


def _draft(line: CartLine, number: int, parent: str | None) -> LineDraft:
    return LineDraft(
        number=number,
        offer_id=line.catalog_item_id,
        quantity=line.quantity,
        friendly_name=line.friendly_name,
        parent_id=None if parent is None else SubscriptionId(parent),
        partner_id_on_record=line.partner_id_on_record,
        term=line.term,
        renews_to=line.renews_to,
        provisioning_context=line.provisioning_context,
    )
