"""The employee behind a designated account: who really confirmed, said afterwards where it was not said then (R28)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from agreegate.dashboard.form import Done, Form, Mistake, opened, save, seen, sent
from agreegate.dashboard.guard import actor_of
from agreegate.dashboard.page import PageRequest, page, site_of
from agreegate.domain.actor import CONFIRM
from agreegate.domain.confirmation import Confirmation, Employee, checked_employee
from agreegate.domain.customer import Customer
from agreegate.domain.errors import EmployeeAlreadyStated, NoRelationship, NotFound, Rejected, RequestIdReused
from agreegate.services.call import Call
from agreegate.services.confirmation import list_without_employee, state_employee
from agreegate.services.customer import get_customer
from agreegate.services.standing import show_standing
from agreegate.storage.unit_of_work import UnitOfWork

PATH = "/customers/{customer:uuid}/confirmation/{confirmation:uuid}/employee"
MOST = 100


@dataclass(frozen=True, slots=True)
class Unknown:
    """A confirmation whose employee nobody has stated."""

    customer: Customer
    confirmation_id: str
    agreement: str


@get("/employees-unknown", opt={"access": CONFIRM, "costly": True}, include_in_schema=False)
async def list_unknown(request: PageRequest) -> Response[str]:
    """The confirmations by designated accounts that still need an employee, newest first."""
    site, actor = site_of(request), actor_of(request)

    async def look(uow: UnitOfWork) -> list[Unknown]:
        found = []
        for customer, confirmation, template_id in await list_without_employee(uow, actor, MOST):
            template = site.programme.template(template_id)
            try:
                served = await get_customer(uow, actor, customer)
            except NoRelationship:  # it has left; its record is kept
                continue
            found.append(Unknown(served.customer, confirmation, template_id if template is None else template.title))
        return found

    return page(request, "employees_unknown.html", unknown=await site.store.browse(look), most=MOST)


@get(PATH, opt={"access": CONFIRM}, include_in_schema=False)
async def show_employee(request: PageRequest, customer: FromPath[UUID], confirmation: FromPath[UUID]) -> Response[str]:
    """The form, or who was stated."""
    return await _page(request, str(customer), str(confirmation), opened(request))


@post(PATH, opt={"access": CONFIRM}, include_in_schema=False)
async def state(request: PageRequest, customer: FromPath[UUID], confirmation: FromPath[UUID]) -> Response[Any]:
    """Keep who confirmed; it is said once."""
    actor, form, of, id_ = actor_of(request), await sent(request), str(customer), str(confirmation)
    employee = Employee(form["name"], form["email"] or None, form["reference"] or None)
    await _found(request, of, id_)
    if mistakes := list(_mistakes(employee)):
        return await _page(request, of, id_, form.with_mistakes(*mistakes), 422)

    async def work(uow: UnitOfWork, _: Call) -> Done:
        await state_employee(uow, actor, id_, employee)
        return Done(f"/customers/{of}", "employee.stated")

    try:
        return seen(request, await save(request, actor, form, work))
    except (EmployeeAlreadyStated, RequestIdReused) as error:
        return await _page(request, of, id_, form.rejected(error), 409)


def _mistakes(employee: Employee) -> Iterator[Mistake]:
    """The domain's own checks, one field after the other."""
    attempts = {
        "name": Employee(employee.name),
        "email": Employee("A", employee.email),
        "reference": Employee("A", reference=employee.reference),
    }
    for where, attempt in attempts.items():
        try:
            checked_employee(attempt)
        except Rejected:
            yield Mistake(where, f"employee.form.{where}")


async def _page(request: PageRequest, customer: str, confirmation: str, form: Form, status: int = 200) -> Response[str]:
    found, recorded, agreement = await _found(request, customer, confirmation)
    return page(request, "employee.html", status, form=form, customer=found, confirmation=recorded, agreement=agreement)


async def _found(request: PageRequest, customer: str, confirmation: str) -> tuple[Customer, Confirmation, str]:
    """The customer, its confirmation, and the agreement's name."""
    site, actor = site_of(request), actor_of(request)

    async def look(uow: UnitOfWork) -> tuple[Customer, Confirmation, str]:
        standing = await show_standing(uow, actor, site.programme, customer)
        served = await get_customer(uow, actor, customer)
        for agreement in standing.agreements:
            for recorded in agreement.history:
                if recorded.confirmation.id == confirmation:
                    return served.customer, recorded.confirmation, agreement.template.title
        raise NotFound

    return await site.store.read(look)


ROUTES: tuple[HTTPRouteHandler, ...] = (list_unknown, show_employee, state)
