"""A change of the number of seats of one subscription, up or down, and the confirmation that it may need (R10, 5.4)."""

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from agreegate.dashboard.form import Done, Form, Mistake, opened, seen, sent
from agreegate.dashboard.guard import actor_of
from agreegate.dashboard.page import PageRequest, language, page, site_of
from agreegate.dashboard.transaction import Begun, Held, Step, carry_out, number_of, shown, step_of, with_values
from agreegate.domain.actor import WRITE_SUBSCRIPTIONS, Actor
from agreegate.domain.errors import EtagStale, Rejected, RequestIdReused, SuspendedQuantity
from agreegate.domain.subscription import Subscription, WantedSubscription, check_seats
from agreegate.domain.transaction import Action
from agreegate.i18n import number_text
from agreegate.services.call import Call
from agreegate.services.customer import get_customer
from agreegate.services.gate import Denial
from agreegate.services.subscription import change_subscription, show_subscription
from agreegate.storage.unit_of_work import UnitOfWork

SEATS = "/customers/{customer:uuid}/subscriptions/{subscription:uuid}/seats"
CARRIED = ("quantity", "revision")
ACCESS = {"access": WRITE_SUBSCRIPTIONS}

Known = tuple[str, Subscription]
"""The customer's company and its subscription."""


@get(SEATS, opt=ACCESS, include_in_schema=False)
async def show_seats(request: PageRequest, customer: FromPath[UUID], subscription: FromPath[UUID]) -> Response[str]:
    """The form with the number of today, or what was typed when the session ended."""
    known = await _known(request, str(customer), str(subscription))
    form = opened(request, quantity=str(known[1].quantity), revision=str(known[1].revision))
    return await _page(request, known, form)


@post(SEATS, opt=ACCESS, include_in_schema=False)
async def change_seats(request: PageRequest, customer: FromPath[UUID], subscription: FromPath[UUID]) -> Response[Any]:
    """Change the number; where a confirmation is wanting, show the form for it and keep the number that was typed."""
    actor, id_, form = actor_of(request), str(customer), await sent(request)
    if step_of(form) is Step.CANCEL:
        return seen(request, Done(f"/customers/{id_}", "seats.abandoned"))
    known = await _known(request, id_, str(subscription))
    quantity, revision = number_of(form["quantity"]), number_of(form["revision"])
    mistake = _mistake(quantity, actor)
    if quantity is None or mistake is not None:
        return await _page(request, known, form.with_mistakes(mistake or _UNREAD), 422)

    # The number that it has asks the gate nothing; nor does the same form sent again once it has been done. A confirmation
    # that was typed is recorded all the same: a colleague may have set that very number meanwhile.
    confirming = step_of(form) is Step.CONFIRM
    action = None if quantity == known[1].quantity and not confirming else Action.SEAT_CHANGE

    async def work(uow: UnitOfWork, call: Call) -> Done | Denial:
        wanted, revisions = WantedSubscription(quantity=quantity), [0 if revision is None else revision]
        programme = site_of(request).programme
        result = await change_subscription(uow, actor, programme, id_, str(subscription), wanted, revisions, call)
        if isinstance(result, Denial):
            return result
        if result.revision == revision and confirming:
            return Done(f"/customers/{id_}", "confirmation.saved", {"company": known[0]})
        notice = "seats.unchanged" if result.revision == revision else "seats.changed"
        return Done(f"/customers/{id_}", notice, {"seats": number_text(result.quantity, language(request))})

    try:
        result = await carry_out(request, actor, form, id_, action, work)
    except EtagStale:
        # Sent again, what was typed counts for the subscription as it is now, which the page says.
        known = await _known(request, id_, str(subscription))
        seats = number_text(known[1].quantity, language(request))
        form = with_values(form, revision=str(known[1].revision))
        stale = Mistake("quantity", "seats.changed-meanwhile", {"seats": seats})
        return await _page(request, known, form.with_mistakes(stale), 409)
    except SuspendedQuantity as error:
        return await _page(request, known, form.with_mistakes(Mistake("quantity", error.key)), 422)
    except Rejected as error:
        status = 409 if isinstance(error, RequestIdReused) else 422
        return await _page(request, known, form.rejected(error), status)
    if isinstance(result, Done):
        return seen(request, result)
    return await _page(request, known, result.form, 422 if result.form.mistakes else 200, result)


_UNREAD = Mistake("quantity", "order.quantity-unread")


def _mistake(quantity: int | None, actor: Actor) -> Mistake | None:
    if quantity is None:
        return _UNREAD
    try:
        check_seats(quantity, actor.partner.account)
    except Rejected as error:
        return Mistake("quantity", error.key, error.parameters)
    return None


async def _known(request: PageRequest, customer: str, subscription: str) -> Known:
    actor = actor_of(request)

    async def look(uow: UnitOfWork) -> Known:
        served = await get_customer(uow, actor, customer)
        return served.customer.company_name, await show_subscription(uow, actor, customer, subscription)

    return await site_of(request).store.browse(look)


async def _page(
    request: PageRequest, known: Known, form: Form, status: int = 200, held: Held | None = None
) -> Response[str]:
    """The form. Where the change is held it is shown, carried along unseen, and the confirmation is asked for."""
    company, subscription = known
    begun = Begun(actor_of(request), subscription.customer_id, Action.SEAT_CHANGE, CARRIED)
    return page(
        request,
        "seats.html",
        status,
        company=company,
        subscription=subscription,
        wanted=number_of(form["quantity"]) or 0,
        **await shown(request, begun, form, held),
    )


ROUTES = (show_seats, change_seats)
