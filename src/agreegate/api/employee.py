"""The employee behind a designated account (R28), in our own API."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.openapi.spec import Example
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from agreegate.api.confirmation_record import EXAMPLE_TEMPLATE, NAMES, EmployeeIn, EmployeeOut
from agreegate.api.exchange import answer
from agreegate.api.paths import as_guid
from agreegate.api.problem_details import problems
from agreegate.api.rest import (
    Cursor,
    PageSize,
    RestRequest,
    actor_of,
    call_of,
    next_page,
    once,
    page_request_of,
)
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import STANDING
from agreegate.domain.confirmation import Employee
from agreegate.services.confirmation import list_without_employee, state_employee
from agreegate.services.idempotency import Answer
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import LARGEST

ConfirmationId = Annotated[
    str,
    PathParameter(
        description="The confirmation's id, as the standing shows it.",
        examples=[Example(value="6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10")],
    ),
]


class UnknownEmployee(msgspec.Struct, rename="camel"):
    """A confirmation by a designated account whose employee nobody has stated."""

    customer_id: Annotated[
        str, Meta(description="The customer's tenant id.", examples=["ceda0000-0000-4000-8000-000000000011"])
    ]
    confirmation_id: Annotated[
        str, Meta(description="The confirmation's id.", examples=["6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10"])
    ]
    template_id: Annotated[str, Meta(description="The agreement template.", examples=[EXAMPLE_TEMPLATE])]


@get(
    "/confirmations/without-employee",
    opt={"access": STANDING, "costly": True},
    tags=["standing"],
    summary="Confirmations whose employee is unknown",
    response_description="The confirmations.",
    responses=problems(400, 403, 404, 429),
)
async def without_employee(
    request: RestRequest, size: PageSize = LARGEST, cursor: Cursor = None
) -> Response[list[UnknownEmployee]]:
    """Confirmations by designated accounts for which nobody stated the real employee (R28), newest first.

    The `Link` header leads to the next page.
    """
    deployment = deployment_of(request)
    actor, page_request = actor_of(request), page_request_of(request, size, cursor)
    found = await deployment.store.read_slow(lambda uow: list_without_employee(uow, actor, page_request))
    listed = [UnknownEmployee(*one) for one in found.items]
    return Response(listed, headers=next_page(request, found))


@post(
    "/confirmations/{confirmation_id:str}/employee",
    status_code=201,
    opt={"access": STANDING},
    tags=["standing"],
    summary="State the employee",
    response_description="The employee as stated.",
    responses=problems(400, 403, 404, 409, 413),
)
async def state_confirming_employee(
    request: RestRequest, confirmation_id: ConfirmationId, data: JSONBody[EmployeeIn]
) -> Response[EmployeeOut]:
    """State which employee stands behind a confirmation by a designated account, or correct it (R28).

    The newest statement is shown, and all of them are kept.
    """
    confirmation = as_guid(confirmation_id, "confirmationId")
    call, employee = call_of(request, data), Employee(data.name, data.email, data.reference)

    async def state(uow: UnitOfWork) -> Answer:
        kept = await state_employee(uow, call, confirmation, employee)
        return answer(201, EmployeeOut(kept.name, kept.email, kept.reference))

    return await once(request, call, state, NAMES)
