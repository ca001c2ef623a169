"""The start page: what this is, which programme is in force and what its dates mean now, where the API is.

Under the demo also whom to sign in as, and how each customer stands.
"""

from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from litestar import Response, get

from agreegate.dashboard.overview import meanings, overview
from agreegate.dashboard.page import DashboardRequest, language, page, reader_of
from agreegate.deployment.deployment import Deployment, deployment_of
from agreegate.deployment.guide import GuideCustomer
from agreegate.domain.actor import Actor, Channel
from agreegate.domain.gate import Decision
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Code
from agreegate.domain.transaction import Action, Transaction
from agreegate.i18n import date_text, text
from agreegate.services.gate import ask


@dataclass(frozen=True, slots=True)
class Row:
    """A date of the programme: what it changes, and whether it has come."""

    date: str
    meaning: str
    past: bool


@dataclass(frozen=True, slots=True)
class Now:
    """How a customer stands at this instant."""

    customer: GuideCustomer
    state: str
    order: str
    """What would become of an order by the API."""
    allowed: bool


@get("/", opt={"public": True, "costly": True}, include_in_schema=False)
async def show_start(request: DashboardRequest) -> Response[str]:
    """The start page of a server; for whoever is signed in, the overview."""
    if (reader := reader_of(request)) is not None:
        return await overview(request, reader)
    deployment, spoken = deployment_of(request), language(request)
    now, guide = deployment.store.clock(), deployment.guide
    return page(
        request,
        "start.html",
        guide=guide,
        meanings=list(meanings(deployment.programme, now, spoken)),
        dates=_dates(deployment.programme, now, spoken),
        customers=[] if guide is None else [await _now(deployment, customer, spoken) for customer in guide.customers],
    )


def _dates(programme: Programme, now: datetime, spoken: str) -> list[Row]:
    """Every date of the programme, earliest first."""
    dated = [(programme.starts, text("start.date.starts", spoken))]
    dated += [
        (enforced, text("start.date.enforced", spoken, channel=text(f"channel.{channel}", spoken)))
        for channel in Channel
        if (enforced := programme.enforce_from.get(channel))
    ]
    for template in programme.templates:
        for instant, key in (
            (template.opens_from, "opens"),
            (template.opens_until, "closes"),
            (template.confirm_until, "retired"),
            (template.duplicates_refused_from, "duplicates"),
        ):
            if instant is not None:
                dated.append((instant, text(f"start.date.{key}", spoken, agreement=template.title)))
    return [Row(date_text(at, spoken), meaning, at <= now) for at, meaning in sorted(dated, key=itemgetter(0))]


async def _now(deployment: Deployment, customer: GuideCustomer, spoken: str) -> Now:
    """The gate's own answer, so that the page cannot say anything else."""
    asked = Transaction(Action.NEW_PURCHASE, Channel.API)
    decision = await ask(deployment.store, Actor(customer.partner), deployment.programme, customer.id, asked)
    return Now(
        customer,
        _state(decision, spoken),
        text(f"start.order.{decision.verdict}", spoken),
        decision.allowed,
    )


def _state(decision: Decision, spoken: str) -> str:
    if decision.confirmation is not None:
        return text("start.state.confirmed", spoken, date=date_text(decision.confirmation.date_agreed, spoken))
    reason = next(iter((*decision.reasons, *decision.advisories)), None)
    if reason is None:
        return text("start.state.nothing", spoken)
    if reason.code is Code.CONFIRMATION_ENDED and reason.date is not None:
        return text("start.state.ended", spoken, date=date_text(reason.date, spoken))
    if reason.code in (Code.RELATIONSHIP_MISSING, Code.STANDING_UNKNOWN, Code.CLOCK_BEHIND):
        return text(reason.text_key, spoken)
    return text("start.state.missing", spoken)
