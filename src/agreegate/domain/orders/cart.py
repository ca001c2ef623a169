"""Carts: drafts of orders, checked line by line, bought as a whole or not at all (R7, contract 4.10)."""

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
    is_guid,
)
from agreegate.domain.orders.subscription import SANDBOX_SEATS, SubscriptionId, check_seats
from agreegate.domain.orders.term import BillingCycle, TermDuration
from agreegate.domain.partner import Account

CartId = NewType("CartId", str)

LIFETIME = timedelta(minutes=15)
"""From its creation, by the product's clock (contract 4.10)."""


class CartStatus(StrEnum):
    """Whether it was bought."""

    ACTIVE = "active"
    ORDERED = "ordered"


class LineError(StrEnum):
    """Why a line cannot be bought. It stands with the line; the cart is kept so that it can be put right."""

    CURRENCY = "currency"
    CATALOG_ITEM = "catalog_item"
    PARTICIPANT = "participant"
    SUBSCRIPTION = "subscription"
    SANDBOX = "sandbox"
    INPUT = "input"


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line of a cart, with the add-ons to be bought for what it buys."""

    id: int
    catalog_item_id: str
    quantity: int
    friendly_name: str | None = None
    currency_code: str = DEFAULT_CURRENCY
    billing_cycle: BillingCycle = BillingCycle.MONTHLY
    term: TermDuration | None = None
    renews_to: TermDuration | None = None
    participants: tuple[tuple[str, str], ...] = ()
    """Kind of participant and its partner network id: the indirect reseller."""
    provisioning_context: Mapping[str, str] = field(default_factory=dict)
    order_group: str = ""
    """Lines of one group, billing cycle and currency become one order."""
    addons: tuple["CartLine", ...] = ()
    error: LineError | None = None

    @property
    def parent_id(self) -> str | None:
        """The existing subscription that the line is an add-on of, as the provisioning context names it."""
        for key, value in self.provisioning_context.items():
            if key.casefold() == "parentsubscriptionid":
                return value.strip().lower()
        return None

    @property
    def partner_id_on_record(self) -> str | None:
        """The reseller that the line is bought through."""
        return self.participants[0][1] if self.participants else None


@dataclass(frozen=True, slots=True)
class Cart:
    """A draft of orders. After fifteen minutes it is gone, unless it was bought."""

    id: CartId
    customer_id: str
    status: CartStatus
    lines: tuple[CartLine, ...]
    created_at: datetime
    modified_at: datetime
    modified_by: str

    @property
    def expires_at(self) -> datetime:
        """From this instant on it can no longer be bought."""
        return self.created_at + LIFETIME

    def gone(self, now: datetime) -> bool:
        """Whether it expired."""
        return self.status is CartStatus.ACTIVE and now >= self.expires_at

    @property
    def faulty(self) -> bool:
        """Whether a line of it cannot be bought."""
        return any(line.error is not None for line in all_lines(self.lines))


@dataclass(frozen=True, slots=True)
class Known:
    """What lines are checked against."""

    account: Account
    reseller_ids: AbstractSet[str]
    """Partner network ids of the resellers linked to the partner."""
    active_subscriptions: AbstractSet[str]
    """Those of the customer that add-ons can be bought for."""
    places: int | None
    """How many subscriptions the customer may still have; None: no limit."""


def all_lines(lines: Sequence[CartLine]) -> Iterator[CartLine]:
    """Every line, each followed by its add-ons."""
    for line in lines:
        yield line
        yield from line.addons


def check_shape(lines: Sequence[CartLine]) -> None:
    """Refuse a cart that does not say what is to be bought.

    Raises:
        `request.invalid-property`: there is no line, there are more than 500, an add-on has add-ons, or a name cannot be used.
        `order.line-numbers`: the ids are not 0 to one less than the number of lines, each once, add-ons counted.
        `subscription.quantity-out-of-range`: a quantity that no subscription can have.
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
    """The lines with their order groups, and with what is wrong with each."""
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
    if parent is not None and not (is_guid(parent) and parent in known.active_subscriptions):
        return LineError.SUBSCRIPTION
    if known.account is Account.SANDBOX and line.quantity > SANDBOX_SEATS:
        return LineError.SANDBOX
    return None


def orders_of(cart: Cart) -> tuple[OrderDraft, ...]:
    """The orders that a checkout makes, one for each order group; add-ons to new lines follow once those are bought."""
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
