"""One customer: its account, its agreements, what it bought, and what the gate decided (contract 5.3, 5.5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from litestar import Response, get
from litestar.params import FromPath

from agreegate.dashboard.frame.nothing_to_confirm import why_nothing_to_confirm
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.frame.pagination import page_links, page_request
from agreegate.dashboard.orders.gate import Worded, worded
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import (
    ASK_GATE,
    READ_CONFIRMATIONS,
    READ_CUSTOMERS,
    READ_ORDERS,
    WRITE_ORDERS,
    WRITE_SUBSCRIPTIONS,
    Actor,
    may,
)
from agreegate.domain.as_of import AgreementAsOf
from agreegate.domain.customers.customer import Customer
from agreegate.domain.orders.order import Order
from agreegate.domain.orders.subscription import Subscription
from agreegate.domain.partner import Partner, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.i18n import country_text, culture_text
from agreegate.services.customers.customer import get_customer, resellers_of_customer
from agreegate.services.customers.customer_record import CustomerRecord, People, people, read_record
from agreegate.services.customers.relationship import served_since
from agreegate.services.gate import list_decisions
from agreegate.services.orders.order import list_page_of_orders
from agreegate.services.orders.renewal import read_renewed
from agreegate.services.orders.subscription import list_subscriptions
from agreegate.services.standing import AgreementStanding
from agreegate.storage.decision import KeptDecision
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest

A = TypeVar("A", AgreementStanding, AgreementAsOf)
SHOWN = 10
"""Orders and decisions on one page of each list."""
SUBSCRIPTIONS = 25
HISTORY = 20
"""Entries of the history; the printable record has them all."""
LINES = 5
"""Lines named of one order."""


@dataclass(frozen=True, slots=True)
class Bought:
    """Some of a customer's subscriptions, those that live first."""

    shown: list[Subscription]
    names: dict[str, str]
    """Of every subscription, by id."""
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the reader may know of one customer. What is None is closed to it."""

    customer: Customer
    resellers: list[Partner]
    """Through which a provider serves it."""
    since: datetime | None
    subscriptions: list[Subscription]
    orders: Page[Order] | None
    decisions: Page[KeptDecision] | None
    record: CustomerRecord | None
    people: People


@get("/customers/{customer:uuid}", opt={"access": READ_CUSTOMERS})
async def show_customer(request: DashboardRequest, customer: FromPath[UUID]) -> Response[str]:
    """Show the customer's page: as much of it as the reader's role and kind of partner may see."""
    deployment, actor, id_ = deployment_of(request), actor_of(request), str(customer)
    programme, now, language = deployment.programme, deployment.store.clock(), reader_language(request)
    orders, decisions = page_request(request, "orders", SHOWN), page_request(request, "decisions", SHOWN)
    absent, reseller = closed(actor, programme, now), actor.partner.kind is PartnerKind.INDIRECT_RESELLER

    async def read(uow: UnitOfWork) -> Known:
        served = await get_customer(uow, actor, id_)
        decided = await list_decisions(uow, actor, id_, decisions) if may(actor, ASK_GATE) else None
        return Known(
            customer=served.customer,
            resellers=[] if reseller else await resellers_of_customer(uow, actor, id_),
            since=None if reseller else await served_since(uow, actor, id_),
            subscriptions=await list_subscriptions(uow, actor, id_),
            orders=await list_page_of_orders(uow, actor, id_, orders) if may(actor, READ_ORDERS) else None,
            decisions=decided,
            record=None if absent else await read_record(uow, actor, programme, id_, PageRequest(HISTORY)),
            people=await people(uow, actor, (kept.decided_by for kept in decided.items)) if decided else {},
        )

    known = await read_renewed(deployment.store, actor, id_, read, reading=records_of(request).read_slow)
    found = known.customer
    return page(
        request,
        "customer.html",
        known=known,
        customer=found,
        country=country_text(found.country, language),
        culture=culture_text(found.text_language, language),
        absent=absent,
        agreements=[] if known.record is None else in_order(known.record.standing.agreements, programme, now),
        bought=_bought(known.subscriptions, request.query_params.get("subscriptions", "")),
        verdicts=[] if known.decisions is None else in_words(known.decisions, programme, language),
        order_links=known.orders and page_links(request, "orders", known.orders),
        decision_links=known.decisions and page_links(request, "decisions", known.decisions),
        history_shown=HISTORY,
        lines_shown=LINES,
        may_order=may(actor, WRITE_ORDERS),
        may_change=may(actor, WRITE_SUBSCRIPTIONS),
        may_explain=why_nothing_to_confirm(actor, programme, now) is None,
    )


def closed(actor: Actor, programme: Programme, now: datetime) -> str | None:
    """Return why the reader does not see the section on agreements; None where it is shown."""
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER:
        return "reseller"
    return why_nothing_to_confirm(actor, programme, now) or (None if may(actor, READ_CONFIRMATIONS) else "role")


def in_order(agreements: Iterable[A], programme: Programme, at: datetime) -> list[A]:
    """Return agreements with those that open the gate at an instant first, and the usual one first among them."""
    usual = programme.default_agreement_type
    return sorted(agreements, key=lambda one: (not one.template.opens_gate(at), one.template.agreement_type != usual))


def in_words(
    decisions: Page[KeptDecision], programme: Programme, language: str
) -> list[tuple[KeptDecision, list[Worded]]]:
    """Decisions, each with its reasons and advisories as sentences."""
    return [
        (kept, worded((*kept.reasons, *kept.advisories), programme, kept.decided_at, language))
        for kept in decisions.items
    ]


def _bought(every: list[Subscription], asked: str) -> Bought:
    pages = max(1, -(-len(every) // SUBSCRIPTIONS))
    number = min(int(asked), pages) if asked.isascii() and asked.isdigit() and len(asked) < 6 and int(asked) else 1
    ordered = sorted(every, key=lambda one: one.status.ended)
    start = (number - 1) * SUBSCRIPTIONS
    names = {one.id: one.friendly_name for one in every}
    return Bought(
        ordered[start : start + SUBSCRIPTIONS], {str(id_): name for id_, name in names.items()}, number, pages
    )


ROUTES = (show_customer,)
