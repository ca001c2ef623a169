"""Orders and their lines as rows."""

import json

from agreegate.domain.orders.order import Order, OrderLine
from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value, to_micros
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of
from agreegate.storage.row import find_all, insert, reader, update

_ORDER = "order_id, customer_id, billing_cycle, currency_code, status, created_at"
_LINE = (
    "line_number, offer_id, subscription_id, friendly_name, quantity, kind, term_duration,"
    " parent_subscription_id, partner_id_on_record, renews_to, provisioning_context"
)


_as_order = reader(Order, lines=tuple)
_as_line = reader(OrderLine, provisioning_context=lambda text: {} if text is None else json.loads(text))


async def add_order(uow: UnitOfWork, partner: PartnerId, order: Order) -> None:
    """Add an order; `add_line` adds its lines."""
    await insert(
        uow,
        "order_",
        **_key(partner, order),
        billing_cycle=order.billing_cycle,
        currency_code=order.currency_code,
        status=order.status,
        created_at=to_micros(order.created_at),
    )


async def add_line(uow: UnitOfWork, partner: PartnerId, order: Order, line: OrderLine) -> None:
    """Add a line to an order."""
    await insert(
        uow,
        "order_line",
        **_key(partner, order),
        line_number=line.number,
        offer_id=line.offer_id,
        subscription_id=line.subscription_id,
        parent_subscription_id=line.parent_id,
        friendly_name=line.friendly_name,
        quantity=line.quantity,
        partner_id_on_record=line.partner_id_on_record,
        kind=line.kind,
        term_duration=line.term,
        renews_to=line.renews_to,
        provisioning_context=json.dumps(dict(line.provisioning_context)) if line.provisioning_context else None,
    )


async def save_order(uow: UnitOfWork, partner: PartnerId, order: Order) -> None:
    """Update the columns of an order that may change."""
    await update(uow, "order_", _key(partner, order), billing_cycle=order.billing_cycle, status=order.status)


def _key(partner: PartnerId, order: Order) -> dict[str, Value]:
    return {"partner_id": partner, "customer_id": order.customer_id, "order_id": order.id}


async def order_of(uow: UnitOfWork, partner: PartnerId, customer: str, id_: str) -> Order | None:
    """Return an order of a customer."""
    row = await uow.fetch_one(
        f"select {_ORDER} from order_ where partner_id = $1 and customer_id = $2 and order_id = $3",
        partner,
        customer,
        id_,
    )
    return None if row is None else _as_order((*row, await _lines_of(uow, partner, customer, id_)))


async def orders_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> list[Order]:
    """Return the orders of a customer, oldest first."""
    rows = await uow.fetch_all(
        f"select {_ORDER} from order_ where partner_id = $1 and customer_id = $2 order by created_at, order_id",
        partner,
        customer,
    )
    lines = await uow.fetch_all(
        f"select order_id, {_LINE} from order_line where partner_id = $1 and customer_id = $2"
        " order by order_id, line_number",
        partner,
        customer,
    )
    by_order: dict[str, list[OrderLine]] = {}
    for order_id, *line in lines:
        by_order.setdefault(order_id, []).append(_as_line(line))
    return [_as_order((order_id, *order, by_order.get(order_id, ()))) for order_id, *order in rows]


async def newest_orders(uow: UnitOfWork, partner: PartnerId, customer: str, page_request: PageRequest) -> Page[Order]:
    """Return a page of a customer's orders, newest first."""
    listing = Listing(
        f"{_ORDER} from order_ where partner_id = $1 and customer_id = $2",
        "created_at",
        "order_id",
        newest_first=True,
    )
    found = await page_of(uow, tuple, listing, page_request, partner, customer)
    return found.holding(
        [_as_order((id_, *order, await _lines_of(uow, partner, customer, id_))) for id_, *order in found.items]
    )


async def _lines_of(uow: UnitOfWork, partner: PartnerId, customer: str, order: str) -> list[OrderLine]:
    return await find_all(
        uow,
        _as_line,
        f"select {_LINE} from order_line where partner_id = $1 and customer_id = $2 and order_id = $3"
        " order by line_number",
        partner,
        customer,
        order,
    )
