"""The employee behind a designated account: who really confirmed, stated afterwards or corrected (R28)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from agreegate.dashboard.frame.form import Done, Form, Mistake, opened, save, seen, sent
from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page, records_of
from agreegate.dashboard.frame.pagination import PageLinks, page_links, page_request
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import CONFIRM, Actor
from agreegate.domain.confirmation import Confirmation, Employee, violations_of_employee
from agreegate.domain.customers.customer import Customer
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.services.confirmation import behind_designated_account, list_without_employee, state_employee
from agreegate.services.customers.customer import get_customer
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.standing import show_recorded
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.engine.unit_of_work import UnitOfWork

PATH = "/customers/{customer:uuid}/confirmation/{confirmation:uuid}/employee"
SIZE = 100
LIST = "unknown"
"""The list's name in addresses."""
FIELDS = {"employee.name": "name", "employee.email": "email", "employee.reference": "reference"}
"""The field for each member that a rule may name."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A confirmation without a stated employee."""

    customer: Customer
    confirmation_id: str
    agreement: str


@dataclass(frozen=True, slots=True)
class Found:
    """A confirmation, its customer, and the agreement's name."""

    customer: Customer
    confirmation: Confirmation
    agreement: str
    refused: str | None
    """The key of the sentence that says why no employee can be stated; None: one can."""


@get("/employees-unknown", opt={"access": CONFIRM, "costly": True})
async def list_unknown(request: DashboardRequest) -> Response[str]:
    """List the confirmations by designated accounts that still need an employee, newest first."""
    deployment, actor, place = deployment_of(request), actor_of(request), page_request(request, LIST, SIZE)

    async def read(uow: UnitOfWork) -> tuple[list[Unknown], PageLinks]:
        listed = await list_without_employee(uow, actor, place)
        found = []
        for customer, confirmation, template_id in listed.items:
            template = deployment.programme.template(template_id)
            served = await get_customer(uow, actor, customer)
            found.append(Unknown(served.customer, confirmation, template_id if template is None else template.title))
        return found, page_links(request, LIST, listed)

    unknown, around = await records_of(request).read_slow(read)
    return page(request, "employees_unknown.html", unknown=unknown, page_links=around)


@get(PATH, opt={"access": CONFIRM})
async def show_employee(
    request: DashboardRequest, customer: FromPath[UUID], confirmation: FromPath[UUID]
) -> Response[str]:
    """Show the stated employee; the form when none is stated, or with `?correct=yes`."""
    found = await _found(request, str(customer), str(confirmation))
    stated = found.confirmation.confirmed_by or Employee("")
    values = {"name": stated.name, "email": stated.email or "", "reference": stated.reference or ""}
    form = opened(request, **values, stated=_mark(found))
    return _page(request, found, form, asked=stated.name == "" or "correct" in request.query_params)


@post(PATH, opt={"access": CONFIRM})
async def state(request: DashboardRequest, customer: FromPath[UUID], confirmation: FromPath[UUID]) -> Response[Any]:
    """Record the employee who confirmed. When a colleague has stated one meanwhile, the next press corrects it."""
    actor, form, of, id_ = actor_of(request), await sent(request), str(customer), str(confirmation)
    programme = deployment_of(request).programme
    employee = Employee(form["name"], form["email"] or None, form["reference"] or None)

    async def work(uow: UnitOfWork, call: IdempotentCall) -> Done | Form:
        await lock_customers(uow, call.actor.partner.id, of)
        found = await _read(uow, actor, programme, of, id_)
        if form["stated"] != _mark(found):
            return form.with_values(stated=_mark(found)).with_mistakes(Mistake("", "employee.meanwhile"))
        await state_employee(uow, call, id_, employee)
        return Done(f"/customers/{of}", "employee.stated")

    try:
        found = await _found(request, of, id_)
    except Rejected as error:
        error.expect("relationship.missing")  # the record is the partner's own, although the customer has left
        await records_of(request).read_slow(lambda uow: behind_designated_account(uow, actor, id_))
        raise
    if violations := violations_of_employee(employee):
        wrong = [FIELDS[str(violation.parameters["name"])] for violation in violations]
        return _page(request, found, form.with_mistakes(*(Mistake(one, f"employee.form.{one}") for one in wrong)), 422)
    try:
        result = await save(request, form, work)
    except Rejected as error:
        error.expect("confirmation.not-designated", "confirmation.relationship-over", "request.id-reused")
        result = form.rejected(error)
    if isinstance(result, Done):
        return seen(request, result)
    return _page(request, await _found(request, of, id_), result, 409)


def _page(
    request: DashboardRequest, found: Found, form: Form, status: int = 200, *, asked: bool = True
) -> Response[str]:
    return page(
        request,
        "employee.html",
        status,
        form=form,
        customer=found.customer,
        confirmation=found.confirmation,
        agreement=found.agreement,
        refused=found.refused,
        asked=asked,
    )


def _mark(found: Found) -> str:
    """Return the employee stated when the form was opened; empty for none."""
    stated = found.confirmation.confirmed_by
    return "" if stated is None else msgspec.json.encode(stated).decode()


async def _found(request: DashboardRequest, customer: str, confirmation: str) -> Found:
    deployment, actor = deployment_of(request), actor_of(request)
    return await records_of(request).read_slow(
        lambda uow: _read(uow, actor, deployment.programme, customer, confirmation)
    )


async def _read(uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, confirmation: str) -> Found:
    found = (await show_recorded(uow, actor, programme, customer, confirmation)).confirmation
    served, template = await get_customer(uow, actor, customer), programme.of_type(found.agreement_type)
    if template is None:
        raise Rejected("request.not-found")
    return Found(served.customer, found, template.title, await _refused(uow, actor, confirmation))


async def _refused(uow: UnitOfWork, actor: Actor, confirmation: str) -> str | None:
    try:
        await behind_designated_account(uow, actor, confirmation)
    except Rejected as error:
        error.expect("confirmation.not-designated", "confirmation.relationship-over")
        return "employee.not-designated" if error.code == "confirmation.not-designated" else error.code
    return None


ROUTES = (list_unknown, show_employee, state)
