"""What an order must say, what it is to the gate, and what it begins."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agreegate import programme as programmes
from agreegate.domain.error import ErrorCode
from agreegate.domain.orders.order import (
    LineDraft,
    Order,
    OrderDraft,
    OrderId,
    OrderStatus,
    actions_of,
    bought,
    check_draft,
    is_catalog_item,
    renewed_by,
)
from agreegate.domain.orders.subscription import SubscriptionId, SubscriptionStatus
from agreegate.domain.orders.term import BillingCycle, TermDuration
from agreegate.domain.orders.transaction import Action
from tests.domain.drafts import subscription
from tests.rejection import rejected

NOW = datetime(2019, 3, 22, tzinfo=UTC)
OFFER = "BD938F12-058F-4927-BBA3-AE36B1D2501C"
PARENT = SubscriptionId("1c2b75c1-74a5-472a-a729-7f8cefc477f9")
TRIAL_OFFER = "C0BD2E08-11AC-4836-BDC7-3712E744922F"
PUBLISHED = programmes.load()
ORDER = Order(OrderId("o"), "c", BillingCycle.ANNUAL, "EUR", OrderStatus.COMPLETED, NOW, ())


def line(number: int = 0, **changes: Any) -> LineDraft:
    members: dict[str, Any] = {"number": number, "offer_id": OFFER, "quantity": 1}
    return LineDraft(**members | changes)


@pytest.mark.parametrize(
    ("draft", "error"),
    [
        (OrderDraft(()), "request.invalid-property"),
        (OrderDraft(tuple(line(number) for number in range(501))), "request.invalid-property"),
        (OrderDraft((line(1),)), "order.line-numbers"),
        (OrderDraft((line(-1),)), "order.line-numbers"),
        (OrderDraft((line(0), line(0))), "order.line-numbers"),
        (OrderDraft((line(0), line(2))), "order.line-numbers"),
        (OrderDraft((line(offer_id=""),)), "order.invalid-offer"),
        (OrderDraft((line(offer_id="MS-AZR-0145"),)), "order.invalid-offer"),
        (OrderDraft((line(offer_id="{" + OFFER + "}"),)), "order.invalid-offer"),
        (OrderDraft((line(offer_id=OFFER.replace("-", "")),)), "order.invalid-offer"),
        (OrderDraft((line(friendly_name="x" * 257),)), "request.invalid-property"),
        (OrderDraft((line(friendly_name="a\nb"),)), "request.invalid-property"),
        (OrderDraft((line(),), currency_code="Dollar"), "request.invalid-property"),
        (OrderDraft((line(),), currency_code="usd"), "request.invalid-property"),
    ],
)
def test_orders_that_do_not_say_what_is_bought(draft: OrderDraft, error: ErrorCode) -> None:
    with rejected(error):
        check_draft(draft)


@pytest.mark.parametrize(
    "draft",
    [
        OrderDraft((line(),)),
        OrderDraft((line(1), line(0))),
        OrderDraft((line(offer_id=OFFER.lower()),)),
        OrderDraft((line(offer_id="MS-AZR-0145P"), line(1, offer_id="DZH318Z0BQ36:004G:DZH318Z08C0S"))),
        OrderDraft((line(friendly_name="名" * 256),)),
        OrderDraft(tuple(line(number) for number in range(500))),
        OrderDraft((line(quantity=0),)),  # the gate comes before the limits
    ],
)
def test_orders_that_do(draft: OrderDraft) -> None:
    check_draft(draft)


@pytest.mark.rule("R8", "R9", "R33")
@pytest.mark.parametrize(
    ("lines", "actions"),
    [
        ([line()], (Action.NEW_PURCHASE,)),
        ([line(), line(1)], (Action.NEW_PURCHASE,)),
        ([line(parent_id=PARENT)], (Action.ADD_ON,)),
        ([line(), line(1, parent_line=0)], (Action.NEW_PURCHASE, Action.ADD_ON)),
        ([line(renews_to=TermDuration.YEAR)], (Action.RENEWAL,)),
        (
            [line(renews_to=TermDuration.YEAR), line(1), line(2, parent_id=PARENT), line(3)],
            (Action.RENEWAL, Action.NEW_PURCHASE, Action.ADD_ON),
        ),
    ],
)
def test_each_kind_of_line_asks_the_gate_once(lines: list[LineDraft], actions: tuple[Action, ...]) -> None:
    assert actions_of(lines) == actions


@pytest.mark.parametrize(
    ("given", "members"),
    [
        (line(), {"quantity": 1, "offer_name": OFFER, "friendly_name": OFFER, "is_trial": False, "auto_renew": True}),
        (line(friendly_name="Office", quantity=7), {"quantity": 7, "friendly_name": "Office", "offer_name": "Office"}),
        (line(parent_id=PARENT), {"parent_id": PARENT}),
        (line(partner_id_on_record="1000002"), {"partner_id_on_record": "1000002"}),
        (line(provisioning_context={"IsTrial": "True"}), {"is_trial": True, "auto_renew": False}),
        (line(provisioning_context={"isTrial": "no"}), {"is_trial": False}),
        (line(offer_id=TRIAL_OFFER), {"is_trial": True, "auto_renew": False}),
        (line(offer_id=TRIAL_OFFER.lower(), provisioning_context={"isTrial": "false"}), {"is_trial": True}),
    ],
)
def test_a_line_begins_a_subscription(given: LineDraft, members: dict[str, Any]) -> None:
    begun = bought(given, ORDER, SubscriptionId("s"), PUBLISHED)
    assert {name: getattr(begun, name) for name in members} == members
    assert (begun.status, begun.billing_cycle, begun.order_id) == (SubscriptionStatus.ACTIVE, BillingCycle.ANNUAL, "o")


@pytest.mark.parametrize(
    ("given", "days"),
    [
        (line(), 366),  # 2020 is a leap year
        (line(term=TermDuration.MONTH), 31),
        (line(term=TermDuration.THREE_YEARS), 1096),
        (line(provisioning_context={"isTrial": "true"}), 31),
        (line(offer_id=TRIAL_OFFER), 31),
        (line(provisioning_context={"isTrial": "true"}, term=TermDuration.YEAR), 366),
    ],
)
def test_without_a_term_it_lasts_a_year_and_a_trial_a_month(given: LineDraft, days: int) -> None:
    assert bought(given, ORDER, SubscriptionId("s"), PUBLISHED).commitment.ends_at == NOW + timedelta(days=days)


def test_a_renewal_by_the_partner_adds_one_term_with_the_seats_ordered() -> None:
    stored = subscription()
    renewed = renewed_by(line(quantity=9, renews_to=TermDuration.MONTH), stored, NOW)
    assert renewed.friendly_name == stored.friendly_name
    assert (renewed.quantity, renewed.id, renewed.revision) == (9, stored.id, 2)
    assert renewed.commitment.term_starts_at == stored.commitment.ends_at
    assert renewed.commitment.terms == 2
    assert renewed.commitment.renewed().term is TermDuration.MONTH


@pytest.mark.parametrize(
    "change",
    [
        lambda s: subscription(status=SubscriptionStatus.SUSPENDED),
        lambda s: subscription(status=SubscriptionStatus.DELETED),
        lambda s: subscription(status=SubscriptionStatus.EXPIRED),
        lambda s: subscription(is_trial=True),
        lambda s: renewed_by(line(renews_to=TermDuration.YEAR), s, NOW),
    ],
    ids=["suspended", "deleted", "expired", "trial", "renewed already"],
)
def test_what_cannot_be_renewed(change: Callable[[Any], Any]) -> None:
    with rejected("order.not-processable"):
        renewed_by(line(renews_to=TermDuration.YEAR), change(subscription()), NOW)


@pytest.mark.fault("D4")
@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("DZH318Z0BQ36:004G:DZH318Z08C0S", True),
        ("a:b:c", True),
        (OFFER, True),
        ("DZH318Z0BQ36:004G", False),
        ("DZH318Z0BQ36::DZH318Z08C0S", False),
        ("DZH318Z0BQ36:004G:DZH318Z08C0S:X", False),
        ("DZH 318:004G:X", False),
        ("MS-AZR-0145P", True),
        ("ms-azr-0145p", True),
        ("MS-AZR-USGOV-0145P", True),
        ("MS-AZR-DE-0145P", True),
        ("MS-AZR-0145", False),
        ("MS-AZR-0145P:1", False),
        ("MS-AZR-0146P", False),
        ("{" + OFFER + "}", False),
        (OFFER + "\n", False),
        ("", False),
    ],
)
def test_the_form_of_a_catalogue_item(text: str, valid: bool) -> None:
    assert is_catalog_item(text) is valid
