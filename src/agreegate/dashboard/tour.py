"""The tour of the dates: the same order before and after each date, on both channels, each with the outcome and why."""

from dataclasses import dataclass
from datetime import datetime

from litestar import Response, get

from agreegate.dashboard.frame.page import DashboardRequest, actor_of, id_of, page, reader_language, records_of
from agreegate.dashboard.orders.gate import Worded, worded
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import ANYONE_SIGNED_IN, ASK_GATE, READ_CUSTOMERS, WRITE_ORDERS, Actor, may
from agreegate.domain.error import Rejected
from agreegate.domain.gate import Decision
from agreegate.i18n import date_text, text
from agreegate.services.customers.customer import get_customer
from agreegate.services.tour import tour_customers, walk
from agreegate.storage.engine.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Row:
    """One stop as it is read."""

    at: datetime
    channel: str
    allowed: bool
    reasons: list[Worded]
    why: str
    """Why it is allowed, where no reason says so."""
    today: bool


@get("/tour", opt={"access": ANYONE_SIGNED_IN})
async def show_tour(request: DashboardRequest) -> Response[str]:
    """Show the tour with one of the reader's customers; with a made-up one for users who may not order.

    Raises:
        `request.not-found`: the customer that is named is no customer of the reader's.
    """
    deployment, actor, language = deployment_of(request), actor_of(request), reader_language(request)
    asks = may(actor, ASK_GATE)
    offered = await records_of(request).read_slow(lambda uow: tour_customers(uow, actor)) if asks else []
    chosen = await _chosen(request, actor, offered) if asks else None
    if chosen is not None and chosen not in offered:
        offered = [chosen, *offered]
    stops = await walk(deployment.store, actor, deployment.programme, None if chosen is None else chosen[0])
    now = deployment.store.clock()
    rows = [
        Row(
            stop.at,
            text(f"channel.{stop.channel}", language),
            stop.decision.allowed,
            worded((*stop.decision.reasons, *stop.decision.advisories), deployment.programme, stop.at, language),
            _why(stop.decision, language),
            stop.at.date() == now.date(),
        )
        for stop in stops
    ]
    return page(
        request,
        "tour.html",
        rows=rows,
        rules=list(dict.fromkeys(reason.rule for row in rows for reason in row.reasons)),
        offered=offered,
        chosen=chosen,
        asks=asks,
        there=_there(actor, chosen),
    )


ROUTES = (show_tour,)


async def _chosen(request: DashboardRequest, actor: Actor, offered: list[tuple[str, str]]) -> tuple[str, str] | None:
    """Id and name of the customer that the address names; else the first without a confirmation."""
    named = request.query_params.get("customer")
    if not named:
        return offered[0] if offered else None
    if (customer := id_of(named)) is None:
        raise Rejected("request.not-found")

    async def read(uow: UnitOfWork) -> tuple[str, str]:
        found = (await get_customer(uow, actor, customer)).customer
        return found.id, found.company_name

    return await records_of(request).read(read)


def _there(actor: Actor, chosen: tuple[str, str] | None) -> str:
    """Return the address where the reader sees it happen."""
    if chosen is None or not may(actor, READ_CUSTOMERS):
        return "/tour"
    return f"/customers/{chosen[0]}/order" if may(actor, WRITE_ORDERS) else f"/customers/{chosen[0]}"


def _why(decision: Decision, language: str) -> str:
    if decision.reasons or decision.advisories:
        return ""
    if decision.confirmation is not None:
        return text("tour.confirmed", language, date=date_text(decision.confirmation.date_agreed, language))
    return text("tour.nothing-asked", language)
