"""A new order for one customer, and the confirmation that it may need, in one go (contract 5.4).

There is no catalogue: any offer id is taken. What the customer already has is offered again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from agreegate.dashboard.frame.form import Done, Form, Mistake, opened, save, seen, sent
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, reader_language, records_of
from agreegate.dashboard.orders.transaction import (
    Begun,
    Found,
    Held,
    Pause,
    Step,
    carry_out,
    named,
    number_of,
    show,
    step_of,
)
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import WRITE_ORDERS, Actor
from agreegate.domain.error import Rejected
from agreegate.domain.orders.order import LineDraft, Order, OrderDraft, check_lines
from agreegate.domain.orders.subscription import check_seats
from agreegate.domain.orders.term import BillingCycle, TermDuration
from agreegate.domain.orders.transaction import Action
from agreegate.domain.partner import Partner
from agreegate.i18n import text
from agreegate.services.gate import Denial
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.orders.order import OrderChoices, order_choices, order_resellers, place_order
from agreegate.storage.engine.unit_of_work import UnitOfWork

ADD = "add"
"""The value of the button that asks for one line more."""
MOST_LINES = 20
"""Maximum lines of one form. Larger orders are placed through the API."""
LARGEST_FORM = 128 * 1024
"""Bytes of the form: 20 lines whose names have 256 characters of any script, and the confirmation."""
LINE_FIELDS = ("offer", "name", "quantity", "term")
TERMS = (TermDuration.YEAR, TermDuration.MONTH, TermDuration.THREE_YEARS)
CYCLES = (
    BillingCycle.MONTHLY, BillingCycle.ANNUAL, BillingCycle.BIENNIAL, BillingCycle.TRIENNIAL, BillingCycle.ONE_TIME
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FoundOrder(Found):
    """What the page shows: the order that was begun, and what can be ordered."""

    offered: OrderChoices


@get("/customers/{customer:uuid}/order", opt={"access": WRITE_ORDERS})
async def show_order(request: DashboardRequest, customer: FromPath[UUID]) -> Response[str]:
    """Show the empty form, or what was typed when the session ended."""
    found = await _read(request, str(customer), opened(request, **{"lines": "1", "quantity-0": "1"}))
    resellers, form = found.offered.resellers, found.shown.form
    only = resellers[0].mpn_id if len(resellers) == 1 else None
    chosen = form if "reseller" in form.fields else form.with_values(reseller=only or "")
    return _page(request, str(customer), found.with_form(chosen))


@post(
    "/customers/{customer:uuid}/order",
    opt={"access": WRITE_ORDERS},
    request_max_body_size=LARGEST_FORM,
)
async def place(request: DashboardRequest, customer: FromPath[UUID]) -> Response[Any]:
    """Place the order; where a confirmation is wanting, show the form for it and keep the order as it was begun."""
    deployment, actor, id_, form = deployment_of(request), actor_of(request), str(customer), await sent(request)
    if step_of(form) is Step.CANCEL:
        return seen(request, Done(f"/customers/{id_}", "order.abandoned"))
    if form["step"] == ADD:
        count = min(len(_places(form)) + 1, MOST_LINES)
        return _page(request, id_, await _read(request, id_, form.with_values(lines=str(count), step="")))
    draft, mistakes = _draft(form, actor)
    if draft is None:
        found = await _read(request, id_, form.with_mistakes(*mistakes))
        gone = _reseller_gone(form, found.offered.resellers)
        return _page(request, id_, found.with_form(found.shown.form.with_mistakes(*gone)), 422)
    begun, language = _begun(request, id_, form), reader_language(request)

    async def unit(uow: UnitOfWork, call: IdempotentCall) -> Done | FoundOrder:
        if form["reseller"] and (gone := _reseller_gone(form, await order_resellers(uow, actor, id_))):
            return await _found(uow, begun, form.with_mistakes(*gone))

        async def work(pause: Pause) -> Done | Denial | Held:
            most = deployment.most_subscriptions
            result = await place_order(uow, call, deployment.programme, id_, draft, most, pause)
            if isinstance(result, Order):
                return Done(f"/customers/{id_}", "order.placed" if len(result.lines) == 1 else "order.placed-lines")
            return result

        result = await carry_out(uow, begun, form, call, language, work)
        return result if isinstance(result, Done) else FoundOrder(result, await order_choices(uow, actor, id_))

    try:
        result = await save(request, form, unit)
    except Rejected as error:
        status = 409 if error.code == "request.id-reused" else 422
        return _page(request, id_, await _read(request, id_, form.rejected(error)), status)
    if isinstance(result, Done):
        return seen(request, result)
    return _page(request, id_, result, 422 if result.shown.form.mistakes else 200)


def _begun(request: DashboardRequest, customer: str, form: Form) -> Begun:
    lines = [f"{name}-{place}" for place in _places(form) for name in LINE_FIELDS]
    carried = ("lines", "cycle", "reseller", *lines)
    return Begun(actor_of(request), deployment_of(request).programme, customer, Action.NEW_PURCHASE, carried)


async def _read(request: DashboardRequest, customer: str, form: Form) -> FoundOrder:
    begun = _begun(request, customer, form)
    return await records_of(request).read_slow(lambda uow: _found(uow, begun, form))


async def _found(uow: UnitOfWork, begun: Begun, form: Form) -> FoundOrder:
    return FoundOrder(await show(uow, begun, form), await order_choices(uow, begun.actor, begun.customer))


def _reseller_gone(form: Form, resellers: Sequence[Partner]) -> list[Mistake]:
    """Return the mistake of an order through a reseller that does not serve the customer."""
    served = form["reseller"] in ("", *(reseller.mpn_id for reseller in resellers))
    return [] if served else [Mistake("reseller", "order.reseller-gone")]


def _places(form: Form) -> range:
    """Return the numbers of the form's lines, which the names of their fields end with."""
    return range(max(1, min(number_of(form["lines"]) or 1, MOST_LINES)))


def _draft(form: Form, actor: Actor) -> tuple[OrderDraft | None, list[Mistake]]:
    """Return what is ordered; None with every mistake at its field. A line without offer and name is left out."""
    mistakes: list[Mistake] = []
    lines: list[LineDraft] = []
    for place in _places(form):
        offer, name = form[f"offer-{place}"], form[f"name-{place}"]
        if place and not offer and not name:
            continue
        quantity = number_of(form[f"quantity-{place}"])
        if quantity is None:
            mistakes.append(Mistake(f"quantity-{place}", "order.quantity-unread"))
        line = LineDraft(
            0, offer, 1 if quantity is None else quantity, name or None, term=_term(form[f"term-{place}"]),
            partner_id_on_record=form["reseller"] or None,
        )  # fmt: skip
        try:
            check_lines([line])
            check_seats(line.quantity, actor.partner.account)
        except Rejected as error:
            match error.code:
                case "order.invalid-offer":
                    mistakes.append(Mistake(f"offer-{place}", "order.offer-unread"))
                case "request.invalid-property":
                    mistakes.append(Mistake(f"name-{place}", "order.name-unread"))
                case _:
                    mistakes.append(Mistake(f"quantity-{place}", error.code, error.parameters))
        lines.append(replace(line, number=len(lines)))
    cycle = next((cycle for cycle in CYCLES if cycle == form["cycle"]), BillingCycle.MONTHLY)
    return (None if mistakes else OrderDraft(tuple(lines), cycle)), mistakes


def _term(written: str) -> TermDuration:
    return next((term for term in TermDuration if term == written), TermDuration.YEAR)


def _page(request: DashboardRequest, customer: str, found: FoundOrder, status: int = 200) -> Response[str]:
    """The form. Where the order is held it is shown, carried along unseen, and the confirmation is asked for."""
    form, offered, language = found.shown.form, found.offered, reader_language(request)
    places = _places(form)
    return page(
        request,
        "order.html",
        status,
        customer=customer,
        offered=offered,
        lines=places,
        most=len(places) == MOST_LINES,
        terms=[(term, text(f"order.term.{term}", language)) for term in TERMS],
        cycles=[(cycle, text(f"order.cycle.{cycle}", language)) for cycle in CYCLES],
        resellers=[("", text("order.reseller.none", language)), *((r.mpn_id, r.name) for r in offered.resellers)],
        begun=[(number_of(form[f"quantity-{place}"]) or 0, _term(form[f"term-{place}"])) for place in places],
        **named(request, _begun(request, customer, form), found.shown),
    )


ROUTES = (show_order, place)
