"""Carts and their checkout: `/v1/customers/{id}/carts` (contract 4.10)."""

from agreegate.api.body import MAX_BODY
from agreegate.api.exchange import Exchange, Route, answer
from agreegate.api.orders.transaction import transact
from agreegate.api.wire.cart import NAMES, CartIn, cart_body, checkout_body
from agreegate.domain.actor import READ_ORDERS, WRITE_ORDERS
from agreegate.services.idempotency import Answer
from agreegate.services.orders.cart import check_out, create_cart, replace_lines, show_cart
from agreegate.storage.engine.unit_of_work import UnitOfWork


async def new_cart(exchange: Exchange) -> Answer:
    """`POST /v1/customers/{id}/carts`: begin a cart; the gate is not asked."""
    customer = exchange.customer()
    body = await exchange.read(CartIn)
    lines, call = body.to_lines(), exchange.call(body)
    return await transact(
        exchange,
        call,
        lambda uow: create_cart(uow, exchange.actor, customer, lines),
        201,
        lambda cart: cart_body(cart, exchange.language),
    )


async def one_cart(exchange: Exchange) -> Answer:
    """`GET /v1/customers/{id}/carts/{cart id}`."""
    customer, cart = _ids(exchange)

    async def read(uow: UnitOfWork) -> Answer:
        return answer(200, cart_body(await show_cart(uow, exchange.actor, customer, cart), exchange.language))

    return await exchange.deployment.store.read_slow(read)


async def put_cart(exchange: Exchange) -> Answer:
    """`PUT /v1/customers/{id}/carts/{cart id}`: other lines; the gate is not asked."""
    customer, cart = _ids(exchange)
    body = await exchange.read(CartIn)
    lines, call = body.to_lines(), exchange.call(body)
    return await transact(
        exchange,
        call,
        lambda uow: replace_lines(uow, exchange.actor, customer, cart, lines),
        200,
        lambda changed: cart_body(changed, exchange.language),
    )


async def checkout(exchange: Exchange) -> Answer:
    """`POST /v1/customers/{id}/carts/{cart id}/checkout`: buy the cart; the gate is asked. Any body is ignored."""
    customer, cart = _ids(exchange)
    await exchange.incoming.receive()
    call, programme = exchange.call(), exchange.deployment.programme
    return await transact(
        exchange,
        call,
        lambda uow: check_out(uow, call, programme, customer, cart, exchange.deployment.most_subscriptions),
        201,
        checkout_body,
    )


def _ids(exchange: Exchange) -> tuple[str, str]:
    return exchange.customer(), exchange.guid("cart_id", "Cart Id")


_CART = "/v1/customers/{customer_id}/carts/{cart_id}"

ROUTES = (
    Route(
        "POST",
        "/v1/customers/{customer_id}/carts",
        WRITE_ORDERS,
        new_cart,
        throttled=True,
        largest_body=MAX_BODY,
        names=NAMES,
    ),
    Route("GET", _CART, READ_ORDERS, one_cart, throttled=True),
    Route("PUT", _CART, WRITE_ORDERS, put_cart, throttled=True, largest_body=MAX_BODY, names=NAMES),
    Route("POST", f"{_CART}/checkout", WRITE_ORDERS, checkout, throttled=True, names=NAMES),
)
