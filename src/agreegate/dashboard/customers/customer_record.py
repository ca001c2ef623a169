"""The printable record of one customer: it answers a regulator's question about this customer and no other (R48)."""

from dataclasses import dataclass
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from agreegate.dashboard.customers.customer import in_order, in_words
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.frame.pagination import page_links, page_request
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import READ_CONFIRMATIONS
from agreegate.domain.customers.customer import Customer
from agreegate.domain.orders.order import Order
from agreegate.domain.partner import Partner
from agreegate.i18n import country_text
from agreegate.services.customers.customer import get_customer, resellers_of_customer
from agreegate.services.customers.customer_record import CustomerRecord, People, people, read_record
from agreegate.services.gate import list_decisions
from agreegate.services.orders.order import list_page_of_orders
from agreegate.storage.decision import KeptDecision
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page

MOST = 250
"""Orders, decisions, and confirmations of the history, on one sheet; it says when there are more, and where they are."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is printed."""

    customer: Customer
    resellers: list[Partner]
    record: CustomerRecord
    decisions: Page[KeptDecision]
    orders: Page[Order]
    people: People


@get("/customers/{customer:uuid}/record", opt={"access": READ_CONFIRMATIONS})
async def show_record(request: DashboardRequest, customer: FromPath[UUID]) -> Response[str]:
    """Show everything that was recorded about the customer's acceptance, with ids and instants."""
    deployment, actor, id_ = deployment_of(request), actor_of(request), str(customer)

    async def read(uow: UnitOfWork) -> Sheet:
        served = await get_customer(uow, actor, id_)
        record = await read_record(uow, actor, deployment.programme, id_, page_request(request, "history", MOST))
        decisions = await list_decisions(uow, actor, id_, page_request(request, "decisions", MOST))
        return Sheet(
            served.customer,
            await resellers_of_customer(uow, actor, id_),
            record,
            decisions,
            await list_page_of_orders(uow, actor, id_, page_request(request, "orders", MOST)),
            await people(uow, actor, (kept.decided_by for kept in decisions.items)),
        )

    sheet, language = await records_of(request).read_slow(read), reader_language(request)
    return page(
        request,
        "customer_record.html",
        sheet=sheet,
        customer=sheet.customer,
        country=country_text(sheet.customer.country, language),
        agreements=in_order(sheet.record.standing.agreements, deployment.programme, deployment.store.clock()),
        verdicts=in_words(sheet.decisions, deployment.programme, language),
        decision_links=page_links(request, "decisions", sheet.decisions),
        order_links=page_links(request, "orders", sheet.orders),
        history_links=page_links(request, "history", sheet.record.standing.page),
    )


ROUTES = (show_record,)
