"""A new order for one customer, and the confirmation that it may need, in one go (contract 5.4).

There is no catalogue: any offer id is taken. What the customer already has is offered again.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from agreegate.dashboard.form import Done, Form, Mistake, opened, seen, sent
from agreegate.dashboard.guard import actor_of
from agreegate.dashboard.page import PageRequest, language, page, site_of
from agreegate.dashboard.transaction import Begun, Held, Step, carry_out, number_of, shown, step_of, with_values
from agreegate.domain.actor import WRITE_ORDERS, Actor
from agreegate.domain.errors import InvalidOffer, InvalidProperty, Rejected, RequestIdReused
from agreegate.domain.order import LineDraft, Order, OrderDraft, check_lines
from agreegate.domain.partner import Partner
from agreegate.domain.subscription import check_seats
from agreegate.domain.term import BillingCycle, TermDuration
from agreegate.domain.transaction import Action
from agreegate.i18n import text
from agreegate.services.call import Call
from agreegate.services.customer import get_customer, resellers_of_customer
from agreegate.services.gate import Denial
from agreegate.services.order import place_order
from agreegate.services.subscription import list_subscriptions
from agreegate.storage.unit_of_work import UnitOfWork

ADD = "add"
"""The value of the button that asks for one line more."""
MOST_LINES = 20
LARGEST_FORM = 128 * 1024
"""Bytes of the form: 20 lines whose names have 256 characters of any script, and the confirmation."""
"""So many are typed into one form at most; who orders more has the API."""
LINE_FIELDS = ("offer", "name", "quantity", "term")
TERMS = (TermDuration.YEAR, TermDuration.MONTH, TermDuration.THREE_YEARS)
CYCLES = (
    BillingCycle.MONTHLY, BillingCycle.ANNUAL, BillingCycle.BIENNIAL, BillingCycle.TRIENNIAL, BillingCycle.ONE_TIME
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offered:
    """What an order of this customer can be made of."""

    company: str
    resellers: list[Partner]
    """Those through which the customer is served."""
    offers: list[tuple[str, str]]
    """Offer ids that the customer has subscriptions of, and what they are called."""


@get("/customers/{customer:uuid}/order", opt={"access": WRITE_ORDERS}, include_in_schema=False)
async def show_order(request: PageRequest, customer: FromPath[UUID]) -> Response[str]:
    """The empty form, or what was typed when the session ended."""
    actor, id_ = actor_of(request), str(customer)
    offered = await _offered(request, actor, id_)
    only = offered.resellers[0].mpn_id if len(offered.resellers) == 1 else None
    form = opened(request, **{"lines": "1", "quantity-0": "1", "reseller": only or ""})
    return await _page(request, id_, offered, form)


@post(
    "/customers/{customer:uuid}/order",
    opt={"access": WRITE_ORDERS},
    request_max_body_size=LARGEST_FORM,
    include_in_schema=False,
)
async def place(request: PageRequest, customer: FromPath[UUID]) -> Response[Any]:
    """Place the order; where a confirmation is wanting, show the form for it and keep the order as it was begun."""
    site, actor, id_, form = site_of(request), actor_of(request), str(customer), await sent(request)
    if step_of(form) is Step.CANCEL:
        return seen(request, Done(f"/customers/{id_}", "order.abandoned"))
    offered = await _offered(request, actor, id_)
    if form["step"] == ADD:
        count = min(len(_places(form)) + 1, MOST_LINES)
        return await _page(request, id_, offered, with_values(form, lines=str(count), step=""))
    draft, mistakes = _draft(form, actor)
    if form["reseller"] and form["reseller"] not in {reseller.mpn_id for reseller in offered.resellers}:
        draft, mistakes = None, [*mistakes, Mistake("reseller", "order.reseller-gone")]
    if draft is None:
        return await _page(request, id_, offered, form.with_mistakes(*mistakes), 422)

    async def work(uow: UnitOfWork, call: Call) -> Done | Denial:
        result = await place_order(uow, actor, site.programme, id_, draft, call, site.most_subscriptions)
        if isinstance(result, Order):
            return Done(f"/customers/{id_}", "order.placed" if len(result.lines) == 1 else "order.placed-lines")
        return result

    try:
        result = await carry_out(request, actor, form, id_, Action.NEW_PURCHASE, work)
    except Rejected as error:
        status = 409 if isinstance(error, RequestIdReused) else 422
        return await _page(request, id_, offered, form.rejected(error), status)
    if isinstance(result, Done):
        return seen(request, result)
    status = 422 if result.form.mistakes else 200
    return await _page(request, id_, offered, result.form, status, result)


async def _offered(request: PageRequest, actor: Actor, customer: str) -> Offered:
    async def look(uow: UnitOfWork) -> Offered:
        served = await get_customer(uow, actor, customer)
        had = {s.offer_id: s.offer_name for s in await list_subscriptions(uow, actor, customer) if not s.status.ended}
        resellers = [r for r in await resellers_of_customer(uow, actor, customer) if r.mpn_id is not None]
        return Offered(served.customer.company_name, resellers, sorted(had.items(), key=lambda offer: offer[1]))

    return await site_of(request).store.browse(look)


def _places(form: Form) -> range:
    """The lines of the form, by the number in the names of their fields."""
    return range(max(1, min(number_of(form["lines"]) or 1, MOST_LINES)))


def _draft(form: Form, actor: Actor) -> tuple[OrderDraft | None, list[Mistake]]:
    """What is ordered; None with every mistake beside its field. A line without an offer and a name is not ordered."""
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
        except InvalidOffer:
            mistakes.append(Mistake(f"offer-{place}", "order.offer-unread"))
        except InvalidProperty:
            mistakes.append(Mistake(f"name-{place}", "order.name-unread"))
        except Rejected as error:
            mistakes.append(Mistake(f"quantity-{place}", error.key, error.parameters))
        lines.append(replace(line, number=len(lines)))
    cycle = next((cycle for cycle in CYCLES if cycle == form["cycle"]), BillingCycle.MONTHLY)
    return (None if mistakes else OrderDraft(tuple(lines), cycle)), mistakes


def _term(written: str) -> TermDuration:
    return next((term for term in TermDuration if term == written), TermDuration.YEAR)


async def _page(
    request: PageRequest, customer: str, offered: Offered, form: Form, status: int = 200, held: Held | None = None
) -> Response[str]:
    """The form. Where the order is held it is shown, carried along unseen, and the confirmation is asked for."""
    places, spoken = _places(form), language(request)
    carried = ["lines", "cycle", "reseller", *(f"{name}-{place}" for place in places for name in LINE_FIELDS)]
    begun = Begun(actor_of(request), customer, Action.NEW_PURCHASE, carried)
    return page(
        request,
        "order.html",
        status,
        customer=customer,
        offered=offered,
        lines=places,
        most=len(places) == MOST_LINES,
        terms=[(term, text(f"order.term.{term}", spoken)) for term in TERMS],
        cycles=[(cycle, text(f"order.cycle.{cycle}", spoken)) for cycle in CYCLES],
        resellers=[("", text("order.reseller.none", spoken)), *((r.mpn_id, r.name) for r in offered.resellers)],
        wanted=[(number_of(form[f"quantity-{place}"]) or 0, _term(form[f"term-{place}"])) for place in places],
        **await shown(request, begun, form, held),
    )


ROUTES = (show_order, place)
