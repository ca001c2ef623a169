"""A change of the number of seats of one subscription, up or down, and the confirmation that it may need (R10, 5.4)."""

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
    Shown,
    Step,
    carry_out,
    named,
    number_of,
    show,
    step_of,
)
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import WRITE_SUBSCRIPTIONS, Actor
from agreegate.domain.error import Rejected
from agreegate.domain.orders.subscription import Subscription, SubscriptionChange, check_seats
from agreegate.domain.orders.transaction import Action
from agreegate.i18n import number_text
from agreegate.services.customers.customer import get_customer
from agreegate.services.gate import Denial
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.orders.renewal import read_renewed
from agreegate.services.orders.subscription import change_subscription, show_subscription
from agreegate.storage.engine.unit_of_work import UnitOfWork

SEATS = "/customers/{customer:uuid}/subscriptions/{subscription:uuid}/seats"
CARRIED = ("quantity", "revision")
ACCESS = {"access": WRITE_SUBSCRIPTIONS}


@dataclass(frozen=True, slots=True)
class FoundSeats(Found):
    """What the page shows: the change that was begun, and the subscription as it is."""

    company: str
    subscription: Subscription


@get(SEATS, opt=ACCESS)
async def show_seats(
    request: DashboardRequest, customer: FromPath[UUID], subscription: FromPath[UUID]
) -> Response[str]:
    """Show the form with the present number, or what was typed when the session ended."""
    found = await _read(request, customer, subscription, opened(request))
    now = {"quantity": [str(found.subscription.quantity)], "revision": [str(found.subscription.revision)]}
    form = found.shown.form
    return _page(request, found.with_form(replace(form, fields={**now, **form.fields})))


@post(SEATS, opt=ACCESS)
async def change_seats(
    request: DashboardRequest, customer: FromPath[UUID], subscription: FromPath[UUID]
) -> Response[Any]:
    """Change the number; where a confirmation is wanting, show the form for it and keep the number that was typed."""
    actor, id_, form = actor_of(request), str(customer), await sent(request)
    if step_of(form) is Step.CANCEL:
        return seen(request, Done(f"/customers/{id_}", "seats.abandoned"))
    quantity, revision = number_of(form["quantity"]), number_of(form["revision"])
    mistake = _mistake(quantity, actor)
    if quantity is None or mistake is not None:
        wrong = form.with_mistakes(mistake or _UNREAD)
        return _page(request, await _read(request, customer, subscription, wrong), 422)
    begun, language = _begun(request, id_), reader_language(request)

    async def unit(uow: UnitOfWork, call: IdempotentCall) -> Done | FoundSeats:
        async def work(pause: Pause) -> Done | Denial | Held:
            change, revisions = SubscriptionChange(quantity=quantity), [0 if revision is None else revision]
            result = await change_subscription(
                uow, call, begun.programme, id_, str(subscription), change, revisions, pause
            )
            if not isinstance(result, Subscription):
                return result
            if result.revision != revision:
                return Done(f"/customers/{id_}", "seats.changed", {"seats": number_text(result.quantity, language)})
            # The number that it has asks the gate nothing. A confirmation that was typed is recorded all the same: a
            # colleague may have set that very number meanwhile.
            if step_of(form) is Step.CONFIRM:
                company = (await get_customer(uow, actor, id_)).customer.company_name
                return Done(f"/customers/{id_}", "confirmation.saved", {"company": company})
            return Done(f"/customers/{id_}", "seats.unchanged", {"seats": number_text(result.quantity, language)})

        result = await carry_out(uow, begun, form, call, language, work)
        return result if isinstance(result, Done) else await _found(uow, begun, str(subscription), result)

    try:
        result = await save(request, form, unit)
    except Rejected as error:
        if error.code == "request.etag-stale":
            # Sent again, what was typed counts for the subscription as it is now, which the page says.
            found = await _read(request, customer, subscription, form)
            seats = number_text(found.subscription.quantity, language)
            stale = Mistake("quantity", "seats.changed-meanwhile", {"seats": seats})
            fresh = found.shown.form.with_values(revision=str(found.subscription.revision)).with_mistakes(stale)
            return _page(request, found.with_form(fresh), 409)
        if error.code == "subscription.suspended-quantity":
            wrong = form.with_mistakes(Mistake("quantity", error.code))
            return _page(request, await _read(request, customer, subscription, wrong), 422)
        status = 409 if error.code == "request.id-reused" else 422
        return _page(request, await _read(request, customer, subscription, form.rejected(error)), status)
    if isinstance(result, Done):
        return seen(request, result)
    return _page(request, result, 422 if result.shown.form.mistakes else 200)


_UNREAD = Mistake("quantity", "order.quantity-unread")


def _mistake(quantity: int | None, actor: Actor) -> Mistake | None:
    if quantity is None:
        return _UNREAD
    try:
        check_seats(quantity, actor.partner.account)
    except Rejected as error:
        return Mistake("quantity", error.code, error.parameters)
    return None


def _begun(request: DashboardRequest, customer: str) -> Begun:
    return Begun(actor_of(request), deployment_of(request).programme, customer, Action.SEAT_CHANGE, CARRIED)


async def _read(request: DashboardRequest, customer: UUID, subscription: UUID, form: Form) -> FoundSeats:
    begun = _begun(request, str(customer))

    async def read(uow: UnitOfWork) -> FoundSeats:
        return await _found(uow, begun, str(subscription), await show(uow, begun, form))

    return await read_renewed(
        deployment_of(request).store, begun.actor, begun.customer, read, reading=records_of(request).read_slow
    )


async def _found(uow: UnitOfWork, begun: Begun, subscription: str, shown: Shown) -> FoundSeats:
    served = await get_customer(uow, begun.actor, begun.customer)
    found = await show_subscription(uow, begun.actor, begun.customer, subscription)
    return FoundSeats(shown, served.customer.company_name, found)


def _page(request: DashboardRequest, found: FoundSeats, status: int = 200) -> Response[str]:
    """Return the form. A held change is carried along in hidden fields, and its confirmation is asked for."""
    begun = _begun(request, found.subscription.customer_id)
    return page(
        request,
        "seats.html",
        status,
        company=found.company,
        subscription=found.subscription,
        quantity=number_of(found.shown.form["quantity"]) or 0,
        **named(request, begun, found.shown),
    )


ROUTES = (show_seats, change_seats)
