"""Voids a confirmation that was recorded in error, after showing what counts then (R17)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath

from agreegate.dashboard.frame.form import Done, Form, Mistake, opened, save, seen, sent
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, records_of
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import CONFIRM
from agreegate.domain.confirmation import Confirmation
from agreegate.domain.customers.customer import Customer
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.services.customers.customer import get_customer
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.preparation import Preparation, prepare
from agreegate.services.standing import counts_before, void_confirmation
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.engine.unit_of_work import UnitOfWork

PATH = "/customers/{customer:uuid}/recorded-in-error"


@dataclass(frozen=True, slots=True)
class Found:
    """What counts, and what would count instead."""

    customer: Customer
    preparation: Preparation
    before: Confirmation | None


@get(PATH, opt={"access": CONFIRM})
async def show_error(request: DashboardRequest, customer: FromPath[UUID]) -> Response[str]:
    """Show the confirmation to void, and what counts afterwards."""
    found = await _found(request, str(customer), request.query_params.get("template", ""))
    return _page(request, found, opened(request, template=found.preparation.template.id, counts=_mark(found)))


@post(PATH, opt={"access": CONFIRM})
async def void_it(request: DashboardRequest, customer: FromPath[UUID]) -> Response[Any]:
    """Void the confirmation that the reader saw, and no other."""
    id_, form = str(customer), await sent(request)
    programme = deployment_of(request).programme

    async def work(uow: UnitOfWork, call: IdempotentCall) -> Done | Form:
        await lock_customers(uow, call.actor.partner.id, id_)
        found = await _read(uow, request, programme, id_, form["template"])
        if form["counts"] != _mark(found):
            return _reopened(form, found)
        await void_confirmation(uow, call, programme, id_, found.preparation.template.id, form["note"])
        notice = "ending.done" if found.before is None else "ending.done.before"
        return Done(f"/customers/{id_}", notice, {"company": found.customer.company_name})

    status = 422
    try:
        result = await save(request, form, work)
    except Rejected as error:
        error.expect("request.invalid-property", "confirmation.nothing-to-end", "request.id-reused")
        if error.code == "request.invalid-property":
            result = form.with_mistakes(Mistake("note", "ending.note-long"))
        else:
            status, result = 409, form.rejected(error)
    if isinstance(result, Done):
        return seen(request, result)
    return _page(request, await _found(request, id_, form["template"]), result, status)


async def _found(request: DashboardRequest, customer: str, template: str) -> Found:
    deployment = deployment_of(request)
    return await records_of(request).read_slow(
        lambda uow: _read(uow, request, deployment.programme, customer, template)
    )


async def _read(
    uow: UnitOfWork, request: DashboardRequest, programme: Programme, customer: str, template: str
) -> Found:
    actor = actor_of(request)
    preparation = await prepare(uow, actor, programme, customer, template)
    served = await get_customer(uow, actor, customer)
    current = preparation.current
    before = None if current is None else await counts_before(uow, actor, customer, current)
    return Found(served.customer, preparation, before)


def _page(request: DashboardRequest, found: Found, form: Form, status: int = 200) -> Response[str]:
    return page(
        request,
        "recorded_in_error.html",
        status,
        form=form,
        customer=found.customer,
        agreement=found.preparation.template,
        current=found.preparation.current,
        newest=found.preparation.newest,
        before=found.before,
    )


def _mark(found: Found) -> str:
    """Return the id of the confirmation that counts; empty for none."""
    current = found.preparation.current
    return "" if current is None or current.template_id != found.preparation.template.id else current.id


def _reopened(form: Form, found: Found) -> Form:
    """Return the form for the confirmation that counts now, with the note as it was typed."""
    return form.with_values(counts=_mark(found)).with_mistakes(Mistake("", "ending.meanwhile"))


ROUTES = (show_error, void_it)
