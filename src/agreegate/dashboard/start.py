"""The start page: what this is, which programme is in force and what its dates mean now, where the API is.

Under the demo also whom to sign in as, and how each customer stands.
"""

from dataclasses import dataclass

from litestar import Response, get

from agreegate.dashboard.frame.clock import meanings
from agreegate.dashboard.frame.page import DashboardRequest, page, reader_language, reader_of
from agreegate.dashboard.overview import overview
from agreegate.deployment.demo_start import DemoCustomer
from agreegate.deployment.deployment import Deployment, deployment_of
from agreegate.domain.actor import Actor, Channel
from agreegate.domain.gate import Decision
from agreegate.domain.milestone import MilestoneKind, milestones
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.reason import Code
from agreegate.i18n import date_text, text
from agreegate.services.gate import ask


@dataclass(frozen=True, slots=True)
class Now:
    """A customer's state now, and the outcome of an order."""

    customer: DemoCustomer
    state: str
    order: str
    """The outcome of an order by the API."""
    allowed: bool


@get("/", opt={"public": True, "costly": True})
async def show_start(request: DashboardRequest) -> Response[str]:
    """Show the start page of a server; the overview for a user who is signed in."""
    if (reader := reader_of(request)) is not None:
        return await overview(request, reader)
    deployment, language = deployment_of(request), reader_language(request)
    now, demo_start = deployment.store.clock(), deployment.demo_start
    return page(
        request,
        "start.html",
        demo_start=demo_start,
        meanings=list(meanings(deployment.programme, now, language)),
        dates=[one for one in milestones(deployment.programme) if one.kind is not MilestoneKind.EVE],
        customers=[]
        if demo_start is None
        else [await _now(deployment, customer, language) for customer in demo_start.customers],
    )


async def _now(deployment: Deployment, customer: DemoCustomer, language: str) -> Now:
    """Ask the gate about a customer of the demo."""
    asked = Transaction(Action.NEW_PURCHASE, Channel.API)
    decision = await ask(deployment.store, Actor(customer.partner), deployment.programme, customer.id, asked)
    return Now(
        customer,
        _state(decision, language),
        text(f"start.order.{decision.verdict}", language),
        decision.allowed,
    )


def _state(decision: Decision, language: str) -> str:
    if decision.confirmation is not None:
        return text("start.state.confirmed", language, date=date_text(decision.confirmation.date_agreed, language))
    reason = next(iter((*decision.reasons, *decision.advisories)), None)
    if reason is None:
        return text("start.state.nothing", language)
    if reason.code is Code.CONFIRMATION_ENDED and reason.date is not None:
        return text("start.state.ended", language, date=date_text(reason.date, language))
    if reason.code in (Code.RELATIONSHIP_MISSING, Code.STANDING_UNKNOWN, Code.CLOCK_BEHIND):
        return text(reason.text_key, language)
    return text("start.state.missing", language)
