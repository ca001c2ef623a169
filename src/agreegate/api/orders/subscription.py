"""Subscriptions, their add-ons, upgrades and conversions: `/v1/customers/{id}/subscriptions` (contract 4.11)."""

from agreegate.api.exchange import Exchange, Route, answer
from agreegate.api.orders.transaction import transact
from agreegate.api.pagination import whole_list
from agreegate.api.wire.order import billing_cycle_of
from agreegate.api.wire.subscription import (
    CONVERSION_NAMES,
    NAMES,
    UPGRADE_NAMES,
    ConversionIn,
    SubscriptionPatch,
    UpgradeIn,
    conversion_list,
    converted_body,
    subscription_body,
    upgrade_list,
    upgraded_body,
)
from agreegate.domain.actor import READ_SUBSCRIPTIONS, WRITE_SUBSCRIPTIONS
from agreegate.domain.orders.subscription import Subscription
from agreegate.services.idempotency import Answer
from agreegate.services.orders.renewal import read_renewed
from agreegate.services.orders.subscription import (
    change_subscription,
    convert_trial,
    list_addons,
    list_subscriptions,
    show_subscription,
    upgrade,
)
from agreegate.storage.engine.unit_of_work import UnitOfWork


async def customer_subscriptions(exchange: Exchange) -> Answer:
    """`GET .../subscriptions`, all or by `order_id` or `mpn_id`; to an indirect reseller its own."""
    customer = exchange.customer()
    order, mpn_id = exchange.query["order_id"].lower(), exchange.query["mpn_id"]

    async def read(uow: UnitOfWork) -> list[Subscription]:
        return [
            one
            for one in await list_subscriptions(uow, exchange.actor, customer)
            if order in ("", one.order_id) and mpn_id in ("", one.partner_id_on_record)
        ]

    return await whole_list(
        exchange, read, subscription_body, f"/customers/{customer}/subscriptions", renewing=customer
    )


async def one_subscription(exchange: Exchange) -> Answer:
    """`GET .../subscriptions/{subscription id}`."""
    customer, id_ = _ids(exchange)
    found = await _shown(exchange, customer, id_)
    return answer(200, subscription_body(found))


async def addons(exchange: Exchange) -> Answer:
    """`GET .../subscriptions/{subscription id}/addons`."""
    customer, id_ = _ids(exchange)
    return await whole_list(
        exchange,
        lambda uow: list_addons(uow, exchange.actor, customer, id_),
        subscription_body,
        f"/customers/{customer}/subscriptions/{id_}/addons",
        renewing=customer,
    )


async def patch_subscription(exchange: Exchange) -> Answer:
    """`PATCH .../subscriptions/{subscription id}`: the whole resource with its changes; seats ask the gate (R10)."""
    customer, id_ = _ids(exchange)
    body = await exchange.read(SubscriptionPatch)
    draft, call, programme = body.to_draft(), exchange.call(body), exchange.deployment.programme
    revisions = body.revisions(exchange.incoming.header(b"if-match"), id_)
    return await transact(
        exchange,
        call,
        lambda uow: change_subscription(uow, call, programme, customer, id_, draft, revisions),
        200,
        subscription_body,
        goes_on=True,  # a subscription can be suspended and cancelled
    )


async def upgrades(exchange: Exchange) -> Answer:
    """`GET .../subscriptions/{subscription id}/upgrades`."""
    customer, id_ = _ids(exchange)
    found = await _shown(exchange, customer, id_)
    return answer(200, upgrade_list(found, exchange.language))


async def upgrade_subscription(exchange: Exchange) -> Answer:
    """`POST .../subscriptions/{subscription id}/upgrades`: the gate is asked as for an order."""
    customer, id_ = _ids(exchange)
    body = await exchange.read(UpgradeIn)
    call, programme = exchange.call(body), exchange.deployment.programme
    offer, seats = body.target_offer.id.strip(), body.quantity or None
    return await transact(
        exchange,
        call,
        lambda uow: upgrade(uow, call, programme, customer, id_, offer, seats, exchange.deployment.most_subscriptions),
        200,
        lambda target: upgraded_body(id_, target),
    )


async def conversions(exchange: Exchange) -> Answer:
    """`GET .../subscriptions/{subscription id}/conversions`."""
    customer, id_ = _ids(exchange)
    found = await _shown(exchange, customer, id_)
    return answer(200, conversion_list(found))


async def convert_subscription(exchange: Exchange) -> Answer:
    """`POST .../subscriptions/{subscription id}/conversions`: a trial becomes paid; the gate is asked as for an order."""
    customer, id_ = _ids(exchange)
    body = await exchange.read(ConversionIn)
    billing_cycle = billing_cycle_of(body.billing_cycle)
    call, programme = exchange.call(body), exchange.deployment.programme
    offer, seats = body.target_offer_id.strip(), body.quantity or None
    return await transact(
        exchange,
        call,
        lambda uow: convert_trial(uow, call, programme, customer, id_, offer, seats, billing_cycle),
        200,
        lambda conversion: converted_body(*conversion),
    )


async def _shown(exchange: Exchange, customer: str, id_: str) -> Subscription:
    """Return the subscription after its due renewals."""
    return await read_renewed(
        exchange.deployment.store,
        exchange.actor,
        customer,
        lambda uow: show_subscription(uow, exchange.actor, customer, id_),
    )


def _ids(exchange: Exchange) -> tuple[str, str]:
    return exchange.customer(), exchange.guid("subscription_id", "Subscription Id")


_ALL = "/v1/customers/{customer_id}/subscriptions"
_ONE = f"{_ALL}/{{subscription_id}}"

ROUTES = (
    Route("GET", _ALL, READ_SUBSCRIPTIONS, customer_subscriptions, parameters=("order_id", "mpn_id")),
    Route("GET", _ONE, READ_SUBSCRIPTIONS, one_subscription, throttled=True),
    Route("PATCH", _ONE, WRITE_SUBSCRIPTIONS, patch_subscription, throttled=True, names=NAMES),
    Route("GET", f"{_ONE}/addons", READ_SUBSCRIPTIONS, addons),
    Route("GET", f"{_ONE}/upgrades", READ_SUBSCRIPTIONS, upgrades, throttled=True),
    Route("POST", f"{_ONE}/upgrades", WRITE_SUBSCRIPTIONS, upgrade_subscription, throttled=True, names=UPGRADE_NAMES),
    Route("GET", f"{_ONE}/conversions", READ_SUBSCRIPTIONS, conversions, throttled=True),
    Route(
        "POST", f"{_ONE}/conversions", WRITE_SUBSCRIPTIONS, convert_subscription, throttled=True, names=CONVERSION_NAMES
    ),
)
