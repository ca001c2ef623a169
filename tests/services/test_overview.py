"""What the overview is made of, for every reader."""

from datetime import timedelta
from typing import Any

import pytest

from agreegate.domain.standing import State
from agreegate.services.overview import Cause, Urgent, show_denials, show_urgent
from agreegate.services.standing import record_no_longer_agrees
from agreegate.services.totals import Counted
from agreegate.storage.engine.unit_of_work import to_micros
from agreegate.storage.overview import NO_LONGER_AGREEING, SUBSCRIPTIONS
from tests import personas as cast
from tests.memory import PROGRAMME, Memory, call
from tests.world import API_ENFORCED

DAY = timedelta(days=1)


def micros(days: float) -> int:
    """An instant a number of days after the enforcement by API, as it is kept."""

    return to_micros(API_ENFORCED + days * DAY)


async def put(memory: Memory, sql: str, **values: Any) -> None:
    """A row of one of Alder's customers."""
    names = ["partner_id", *values]
    places = ", ".join(f"${number}" for number in range(1, len(names) + 1))
    await memory.do(
        lambda uow: uow.execute(
            f"insert into {sql} ({', '.join(names)}) values ({places})", cast.ALDER, *values.values()
        )
    )


async def subscribed(memory: Memory, customer: str, days: float, *, auto_renew: bool) -> None:
    await put(memory, "order_", customer_id=customer, order_id=f"o{days}", billing_cycle="monthly", currency_code="USD",
              status="completed", created_at=1)  # fmt: skip
    await put(memory, "subscription", customer_id=customer, subscription_id=f"s{days}", order_id=f"o{days}", offer_id="f",
              offer_name="F", friendly_name="F", quantity=1, billing_cycle="monthly", term_duration="P1M",
              renewal_term_duration="P1M", status="active", auto_renew=int(auto_renew), created_at=1, started_at=1, months=1,
              commitment_end_at=micros(days))  # fmt: skip


async def in_cart(memory: Memory, customer: str, days: float, status: str = "active") -> None:
    await put(memory, "cart", customer_id=customer, cart_id=f"c{days}", status=status, modified_by="u", lines="[]",
              created_at=1, modified_at=micros(days), expires_at=micros(days + 7))  # fmt: skip


async def decided(memory: Memory, customer: str, days: float, verdict: str = "deny") -> None:
    await put(memory, "decision", decision_id=f"d{days}", customer_id=customer, action="new_purchase", channel="api",
              verdict=verdict, reasons='[["confirmation.missing","R9","api",null]]', advisories="[]", standing="null",
              cloud="public", policy="p", decided_by="u", request_id=f"r{days}", fingerprint="f",
              decided_at=micros(days))  # fmt: skip


async def confirm(memory: Memory, customer: str) -> None:
    await put(memory, "confirmation", customer_id=customer, sequence=1, confirmation_id=customer, period=1,
              template_id=cast.CLOUD_AGREEMENT, agreement_type="MicrosoftCloudAgreement", date_agreed_at=1, user_id="u",
              recorded_by="u", channel="api", recorded_at=1)  # fmt: skip
    await put(memory, "current_confirmation", customer_id=customer, agreement_type="MicrosoftCloudAgreement", period=1,
              sequence=1, template_id=cast.CLOUD_AGREEMENT, date_agreed_at=1, recorded_at=1, text_at=1, text_number=1)  # fmt: skip


async def refused_by(memory: Memory, customers: int) -> None:
    """Customers who said no and have no subscription."""
    for table, columns, values in (
        ("customer", "commerce_id, company_name, company_key, domain, country, language, culture, created_at",
         "'', 'X', 'x', 'x', 'US', 'en', 'en-US', 1"),
        ("relationship", "period, started_at, no_longer_agrees_at, no_longer_agrees_sequence", "1, 1, 1, 1"),
    ):  # fmt: skip
        await memory.do(
            lambda uow, sql=f"""insert into {table} (partner_id, customer_id, {columns})
                with recursive n(i) as (select 1 union all select i + 1 from n where i < {customers})
                select '{cast.ALDER}', 'x' || i, {values} from n""": uow.execute(sql)
        )  # fmt: skip


async def test_the_nearest_to_a_transaction_come_first_each_once() -> None:
    memory = Memory(API_ENFORCED + 10 * DAY)
    await subscribed(memory, cast.CEDAR, 60, auto_renew=False)
    await subscribed(memory, cast.CEDAR, 25, auto_renew=True)
    await in_cart(memory, cast.CEDAR, 6)
    await in_cart(memory, cast.FRENE, 2)  # expired by now
    await in_cart(memory, cast.FRENE, 9, "ordered")
    await decided(memory, cast.FRENE, 3, "allow")
    await decided(memory, cast.DOGWOOD, 8)
    await decided(memory, cast.DOGWOOD, 1)
    await subscribed(memory, cast.FRENE, 13, auto_renew=False)
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    urgent = await memory.do(show_urgent, actor, PROGRAMME)
    assert [(one.customer_id, [cause for cause, _ in one.causes]) for one in urgent.next] == [
        (cast.DOGWOOD, [Cause.REFUSED]),
        (cast.FRENE, [Cause.RENEWAL]),
        (cast.CEDAR, [Cause.CART, Cause.AUTO_RENEWAL]),
    ]
    assert urgent.no_longer_agree == ()
    for customer in (cast.CEDAR, cast.DOGWOOD, cast.FRENE):
        await confirm(memory, customer)
    assert (await memory.do(show_urgent, actor, PROGRAMME)).next == ()


async def urgent_now(memory: Memory) -> Urgent:
    return await memory.do(show_urgent, await memory.actor(cast.ALDER, cast.ALDER_SALES), PROGRAMME)


async def test_a_customer_with_several_subscriptions_is_listed_by_the_one_that_ends_first() -> None:
    memory = Memory(API_ENFORCED)
    for days in (40, 20, 30):
        await subscribed(memory, cast.CEDAR, days, auto_renew=False)
    await subscribed(memory, cast.DOGWOOD, 25, auto_renew=False)
    urgent = await urgent_now(memory)
    assert [(one.customer_id, [at for _, at in one.causes]) for one in urgent.next] == [
        (cast.CEDAR, [API_ENFORCED + 20 * DAY]),
        (cast.DOGWOOD, [API_ENFORCED + 25 * DAY]),
    ]
    assert urgent.next_until is None


@pytest.mark.rule("R39", "R40")
@pytest.mark.parametrize("many", [False, True])
async def test_who_no_longer_agrees_and_is_subscribed_is_listed_by_the_soonest_renewal(*, many: bool) -> None:
    memory = Memory(API_ENFORCED)
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    for number, (customer, days) in enumerate(((cast.CEDAR, 40), (cast.FRENE, 20))):
        await subscribed(memory, customer, days, auto_renew=True)
        await memory.do(record_no_longer_agrees, call(actor, number + 1), PROGRAMME, customer, "")
    await subscribed(memory, cast.CEDAR, 50, auto_renew=True)
    await subscribed(memory, cast.DOGWOOD, 30, auto_renew=True)
    if many:
        await refused_by(memory, NO_LONGER_AGREEING)
    urgent = await urgent_now(memory)
    assert [(one.customer_id, one.subscriptions, one.renews_at) for one in urgent.no_longer_agree] == [
        (cast.FRENE, 1, API_ENFORCED + 20 * DAY),
        (cast.CEDAR, 2, API_ENFORCED + 40 * DAY),
    ]
    assert urgent.no_longer_agree_count == (None if many else 2)


async def test_it_says_up_to_which_day_it_read_where_many_are_subscribed() -> None:
    memory = Memory(API_ENFORCED)
    await subscribed(memory, cast.CEDAR, 400, auto_renew=True)
    await subscribed(memory, cast.DOGWOOD, 10, auto_renew=True)
    await confirm(memory, cast.DOGWOOD)
    with memory.connection:
        memory.connection.execute(f"""
            insert into subscription select partner_id, customer_id, 'n' || n.i, order_id, offer_id, offer_name, friendly_name,
              quantity, null, null, billing_cycle, term_duration, renewal_term_duration, status, auto_renew, 0, 1, created_at,
              started_at, terms, months, commitment_end_at + n.i
            from (with recursive n(i) as (select 1 union all select i + 1 from n where i < {SUBSCRIPTIONS}) select i from n) n
            join subscription s on s.customer_id = '{cast.DOGWOOD}'""")
    urgent = await urgent_now(memory)
    assert urgent.next == (), "all that end first are confirmed"
    assert urgent.next_until == API_ENFORCED + 10 * DAY + SUBSCRIPTIONS * timedelta.resolution


async def test_what_was_refused_thirty_days_ago_is_not_of_late() -> None:
    memory = Memory(API_ENFORCED + 40 * DAY)
    for days in (5, 10, 39, 39.5):
        await decided(memory, cast.DOGWOOD, days)
    await decided(memory, cast.NOBODY, 38)
    denials = await memory.do(show_denials, await memory.actor(cast.ALDER, cast.ALDER_SALES), PROGRAMME)
    assert [(one.decision_id, state) for one, state in denials.latest] == [
        ("d39.5", State.NOT_CONFIRMED), ("d39", State.NOT_CONFIRMED), ("d38", None), ("d10", State.NOT_CONFIRMED),
    ]  # fmt: skip
    assert denials.count == Counted(4)


@pytest.mark.parametrize(("counted", "shown"), [(0, Counted(0)), (1000, Counted(1000)), (1001, Counted(1000, True))])
def test_a_number_that_is_too_large_is_not_counted(counted: int, shown: Counted) -> None:
    assert Counted.up_to(1000, counted) == shown
