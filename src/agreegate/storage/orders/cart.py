"""Carts as rows. The lines of a cart are one JSON text until the cart is bought: they are the caller's draft."""

import msgspec

from agreegate.domain.orders.cart import Cart, CartLine
from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value, to_micros
from agreegate.storage.row import find, insert, reader, update

_as_cart = reader(Cart, lines=msgspec.json.Decoder(tuple[CartLine, ...]).decode)


async def add_cart(uow: UnitOfWork, partner: PartnerId, cart: Cart) -> None:
    """Add a cart."""
    created_at, expires_at = to_micros(cart.created_at), to_micros(cart.expires_at)
    await insert(uow, "cart", **_key(partner, cart), **_changing(cart), created_at=created_at, expires_at=expires_at)


async def save_cart(uow: UnitOfWork, partner: PartnerId, cart: Cart) -> None:
    """Update the columns of a cart that may change."""
    await update(uow, "cart", _key(partner, cart), **_changing(cart))


def _key(partner: PartnerId, cart: Cart) -> dict[str, Value]:
    return {"partner_id": partner, "customer_id": cart.customer_id, "cart_id": cart.id}


def _changing(cart: Cart) -> dict[str, Value]:
    return {
        "status": cart.status,
        "modified_by": cart.modified_by,
        "lines": msgspec.json.encode(cart.lines).decode(),
        "modified_at": to_micros(cart.modified_at),
    }


async def cart_of(uow: UnitOfWork, partner: PartnerId, customer: str, id_: str) -> Cart | None:
    """Return a cart of a customer, expired or not."""
    return await find(
        uow,
        _as_cart,
        "select cart_id, customer_id, status, lines, created_at, modified_at, modified_by from cart"
        " where partner_id = $1 and customer_id = $2 and cart_id = $3",
        partner,
        customer,
        id_,
    )


async def forget_carts(uow: UnitOfWork, most: int) -> int:
    """Delete at most `most` carts that expired without being bought; return how many it deleted."""
    return await uow.execute(
        "delete from cart where (partner_id, customer_id, cart_id) in"
        " (select partner_id, customer_id, cart_id from cart where status = 'active' and expires_at <= $1 limit $2)",
        to_micros(uow.now),
        most,
    )
