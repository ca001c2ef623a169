"""Orders: `/v1/customers/{id}/orders` (contract 4.9)."""

from agreegate.api.body import MAX_BODY, to_model
from agreegate.api.exchange import Exchange, Route, answer
from agreegate.api.orders.transaction import transact
from agreegate.api.pagination import whole_list
from agreegate.api.paths import as_guid
from agreegate.api.wire.order import NAMES, OrderHead, OrderIn, OrderPatch, billing_cycle_of, order_body
from agreegate.domain.actor import READ_ORDERS, WRITE_ORDERS
from agreegate.domain.error import Rejected
from agreegate.domain.orders.order import Order
from agreegate.services.idempotency import Answer
from agreegate.services.orders.order import change_order, list_orders, place_order, show_order
from agreegate.storage.engine.unit_of_work import UnitOfWork


async def create_order(exchange: Exchange) -> Answer:
    """`POST /v1/customers/{id}/orders`: buy; the gate is asked."""
    customer = exchange.customer()
    body = await exchange.read(OrderIn)
    draft, call, programme = body.to_draft(customer), exchange.call(body), exchange.deployment.programme
    return await transact(
        exchange,
        call,
        lambda uow: place_order(uow, call, programme, customer, draft, exchange.deployment.most_subscriptions),
        201,
        order_body,
    )


async def customer_orders(exchange: Exchange) -> Answer:
    """`GET /v1/customers/{id}/orders`: orders, oldest first; all, or those of the billing cycle that `billingType` names."""
    customer = exchange.customer()
    cycle = billing_cycle_of(exchange.query["billingType"], "billingType", "request.invalid-parameter")
    _check_prices(exchange)

    async def read(uow: UnitOfWork) -> list[Order]:
        found = await list_orders(uow, exchange.actor, customer)
        return [order for order in found if cycle in (None, order.billing_cycle)]

    return await whole_list(exchange, read, order_body, f"/customers/{customer}/orders")


async def one_order(exchange: Exchange) -> Answer:
    """`GET /v1/customers/{id}/orders/{order id}`."""
    customer, order = exchange.customer(), _order_id(exchange)
    _check_prices(exchange)

    async def read(uow: UnitOfWork) -> Answer:
        return answer(200, order_body(await show_order(uow, exchange.actor, customer, order)))

    return await exchange.deployment.store.read_slow(read)


async def patch_order(exchange: Exchange) -> Answer:
    """`PATCH /v1/customers/{id}/orders/{order id}`: buy add-ons, change the billing cycle, or cancel (sandbox).

    The lines of an order to cancel are not read, so that an account that may not cancel gets only that error.
    """
    customer, order = exchange.customer(), _order_id(exchange)
    value = await exchange.read_untyped()
    body = to_model(value, OrderHead)
    if not body.cancels:
        body = to_model(value, OrderPatch)
    change, call, programme = body.to_change(customer), exchange.call(body), exchange.deployment.programme
    return await transact(
        exchange,
        call,
        lambda uow: change_order(uow, call, programme, customer, order, change, exchange.deployment.most_subscriptions),
        200,
        order_body,
        goes_on=True,  # an order can be cancelled
    )


def _check_prices(exchange: Exchange) -> None:
    """Refuse an `include_price` that is neither true nor false. There are no prices here, so both are answered alike.

    Raises:
        `request.invalid-parameter`.
    """
    if exchange.query["include_price"].lower() not in ("", "true", "false"):
        raise Rejected("request.invalid-parameter", name="include_price")


def _order_id(exchange: Exchange) -> str:
    """Return the order in the path. The contract's order ids have several forms; Agreegate's are GUIDs.

    Raises:
        `order.not-found`.
    """
    given = exchange.incoming.ids["order_id"]
    try:
        return as_guid(given, "Order Id")
    except Rejected:
        raise Rejected("order.not-found", order=given[:64]) from None


_ALL = "/v1/customers/{customer_id}/orders"
_ONE = f"{_ALL}/{{order_id}}"

ROUTES = (
    Route(
        "GET",
        _ALL,
        READ_ORDERS,
        customer_orders,
        throttled=True,
        parameters=("billingType", "include_price"),
        unserved=("indirectResellerId",),
    ),
    Route("POST", _ALL, WRITE_ORDERS, create_order, throttled=True, largest_body=MAX_BODY, names=NAMES),
    Route("GET", _ONE, READ_ORDERS, one_order, throttled=True, parameters=("include_price",)),
    Route("PATCH", _ONE, WRITE_ORDERS, patch_order, throttled=True, largest_body=MAX_BODY, names=NAMES),
)
