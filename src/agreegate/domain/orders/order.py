"""Orders: the rules of a purchase, and the actions that it asks of the gate (R8, R9, X4, contract 4.9)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType

from agreegate.domain.error import Rejected
from agreegate.domain.orders.subscription import Subscription, SubscriptionId, SubscriptionStatus
from agreegate.domain.orders.term import BillingCycle, Commitment, TermDuration
from agreegate.domain.orders.transaction import Action
from agreegate.domain.programme import Programme

OrderId = NewType("OrderId", str)

MOST_LINES = 500
FRIENDLY_NAME_LENGTH = 256
DEFAULT_CURRENCY = "USD"

_GUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_CATALOG_ITEM = re.compile(r"[A-Za-z0-9]{1,50}:[A-Za-z0-9]{1,50}:[A-Za-z0-9]{1,50}")
_AZURE = re.compile(r"MS-AZR-(?:USGOV-|DE-)?0145P", re.IGNORECASE | re.ASCII)
"""The offers of Azure: in the public cloud, for the US government, in Germany."""
_CURRENCY = re.compile(r"[A-Z]{3}")


class OrderStatus(StrEnum):
    """The status of an order, which is completed at once."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"


class LineKind(StrEnum):
    """What a line did."""

    NEW = "new"
    RENEW = "renew"
    CONVERT = "convert"


@dataclass(frozen=True, slots=True)
class LineDraft:
    """One unchecked line of an order."""

    number: int
    offer_id: str
    quantity: int
    friendly_name: str | None = None
    subscription_id: SubscriptionId | None = None
    """The subscription to renew or, in a change of an order, the subscription of the line."""
    parent_id: SubscriptionId | None = None
    """The subscription for which the line buys an add-on."""
    parent_line: int | None = None
    """The number of the line in the same order that begins the add-on's subscription."""
    partner_id_on_record: str | None = None
    term: TermDuration | None = None
    renews_to: TermDuration | None = None
    """The term of renewals, of a new subscription or of the one to renew (X4)."""
    provisioning_context: Mapping[str, str] = field(default_factory=dict)

    @property
    def action(self) -> Action:
        """The action that the gate decides about."""
        if self.renews_to is not None:
            return Action.RENEWAL
        return Action.NEW_PURCHASE if self.parent_id is None and self.parent_line is None else Action.ADD_ON

    @property
    def asks_for_trial(self) -> bool:
        """Whether the provisioning context asks for a trial. Some offers are always trials: `Programme.is_trial`."""
        return any(
            key.casefold() == "istrial" and value.strip().casefold() == "true"
            for key, value in self.provisioning_context.items()
        )


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """An unchecked order."""

    lines: tuple[LineDraft, ...]
    billing_cycle: BillingCycle = BillingCycle.MONTHLY
    currency_code: str = DEFAULT_CURRENCY


@dataclass(frozen=True, slots=True)
class OrderChange:
    """An order that a client sends back to change it. None: no change."""

    lines: tuple[LineDraft, ...] = ()
    billing_cycle: BillingCycle | None = None
    cancelled: bool = False


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A recorded line of an order, with its subscription."""

    number: int
    offer_id: str
    subscription_id: SubscriptionId
    friendly_name: str
    quantity: int
    kind: LineKind
    term: TermDuration
    parent_id: SubscriptionId | None = None
    partner_id_on_record: str | None = None
    renews_to: TermDuration | None = None
    provisioning_context: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """A purchase that the gate allowed."""

    id: OrderId
    customer_id: str
    billing_cycle: BillingCycle
    currency_code: str
    status: OrderStatus
    created_at: datetime
    lines: tuple[OrderLine, ...]


def is_guid(text: str) -> bool:
    """Whether a text is a GUID."""
    return _GUID.fullmatch(text) is not None


def is_catalog_item(text: str) -> bool:
    """Whether orders and carts can buy an offer: a GUID, `PRODUCT:SKU:AVAILABILITY` or `MS-AZR-0145P`.

    There is no catalogue, so every id of these forms is on offer.
    """
    return is_guid(text) or _CATALOG_ITEM.fullmatch(text) is not None or _AZURE.fullmatch(text) is not None


def is_currency(text: str) -> bool:
    """Whether a text is three capitals, as currency codes are."""
    return _CURRENCY.fullmatch(text) is not None


def check_draft(draft: OrderDraft) -> None:
    """Check what an order buys. Quantities are checked after the gate.

    Raises:
        `request.invalid-property`: the currency is malformed.
        `request.invalid-property`, `order.line-numbers`, `order.invalid-offer`: see `check_lines`.
    """
    if not is_currency(draft.currency_code):
        raise Rejected("request.invalid-property", name="currency_code")
    check_lines(draft.lines)


def check_lines(lines: Sequence[LineDraft]) -> None:
    """Check what the lines of an order buy.

    Raises:
        `request.invalid-property`: no line, more than 500, or a name that is too long or holds control characters.
        `order.line-numbers`: the numbers are not 0 to one less than the number of lines, each once.
        `order.invalid-offer`: see `is_catalog_item`.
    """
    if not 1 <= len(lines) <= MOST_LINES:
        raise Rejected("request.invalid-property", name="lines")
    if sorted(line.number for line in lines) != list(range(len(lines))):
        raise Rejected("order.line-numbers", name="lines")
    for line in lines:
        if not is_catalog_item(line.offer_id):
            raise Rejected("order.invalid-offer", name=f"lines[{line.number}].offer_id")
        check_friendly_name(line.friendly_name, f"lines[{line.number}].friendly_name")


def check_friendly_name(text: str | None, name: str) -> None:
    """Check a friendly name; every script is allowed.

    Raises:
        `request.invalid-property`: the name is longer than 256 characters or holds control characters.
    """
    if text is not None and (len(text) > FRIENDLY_NAME_LENGTH or any(c < " " or c == "\x7f" for c in text)):
        raise Rejected("request.invalid-property", name=name)


def actions_of(lines: Iterable[LineDraft]) -> tuple[Action, ...]:
    """Return the actions of an order, each once. The gate decides about all; one denial stops the order (R7)."""
    return tuple(dict.fromkeys(line.action for line in lines))


def bought(line: LineDraft, order: Order, id_: SubscriptionId, programme: Programme) -> Subscription:
    """Return the subscription that a line of a new purchase begins."""
    is_trial = line.asks_for_trial or programme.is_trial(line.offer_id)
    term = line.term or (TermDuration.MONTH if is_trial else TermDuration.YEAR)
    name = line.friendly_name or line.offer_id
    return Subscription(
        id=id_,
        customer_id=order.customer_id,
        order_id=order.id,
        offer_id=line.offer_id,
        offer_name=name,
        friendly_name=name,
        quantity=line.quantity,
        billing_cycle=order.billing_cycle,
        status=SubscriptionStatus.ACTIVE,
        auto_renew=not is_trial,
        commitment=Commitment.begin(order.created_at, term, line.renews_to),
        created_at=order.created_at,
        parent_id=line.parent_id,
        partner_id_on_record=line.partner_id_on_record,
        is_trial=is_trial,
    )


def renewed_by(line: LineDraft, stored: Subscription, now: datetime) -> Subscription:
    """Return the subscription after the partner renewed it early: one more term, with the ordered seats (X4).

    Raises:
        `order.not-processable`: it is not active, is a trial, or its next term is ordered already.
    """
    if stored.status is not SubscriptionStatus.ACTIVE or stored.is_trial or stored.commitment.term_starts_at > now:
        raise Rejected("order.not-processable", subscription=stored.id)
    return replace(
        stored,
        quantity=line.quantity,
        friendly_name=line.friendly_name or stored.friendly_name,
        partner_id_on_record=line.partner_id_on_record or stored.partner_id_on_record,
        commitment=replace(
            stored.commitment.renewed(line.renews_to), renewal_term=line.renews_to or stored.commitment.renewal_term
        ),
        revision=stored.revision + 1,
    )


def line_of(line: LineDraft, number: int, subscription: Subscription, kind: LineKind) -> OrderLine:
    """Return the line to record."""
    return OrderLine(
        number=number,
        offer_id=line.offer_id,
        subscription_id=subscription.id,
        friendly_name=subscription.friendly_name,
        quantity=line.quantity,
        kind=kind,
        term=subscription.commitment.term,
        parent_id=line.parent_id,
        partner_id_on_record=line.partner_id_on_record,
        renews_to=line.renews_to,
        provisioning_context=line.provisioning_context,
    )
