"""A customer's standing, its end, and the employee behind a designated account, in our own API."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import replace

from agreegate.api.confirmation_record import (
    EXAMPLE_RECORDED,
    EXAMPLE_TEMPLATE,
    EXAMPLE_USER,
    NAMES,
    EmployeeIn,
    EmployeeOut,
    EndingOut,
    RecordedOut,
)
from agreegate.api.exchange import answer
from agreegate.api.instant import written_z
from agreegate.api.paths import as_guid
from agreegate.api.problem_details import problems
from agreegate.api.rest import (
    Cursor,
    CustomerId,
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
from agreegate.domain.confirmation import Employee, EndReason
from agreegate.domain.error import Rejected
from agreegate.services.confirmation import list_without_employee, state_employee
from agreegate.services.idempotency import Answer
from agreegate.services.standing import (
    AgreementStanding,
    CustomerStanding,
    record_no_longer_agrees,
    void_confirmation,
)
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import LARGEST

ConfirmationId = Annotated[
    str,
    PathParameter(
        description="The confirmation's id, as the standing shows it.",
        examples=[Example(value="6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10")],
    ),
]


class AgreementStandingOut(msgspec.Struct, rename="camel"):
    """One agreement type of the programme."""

    agreement_type: Annotated[str, Meta(description="The agreement type.", examples=["MicrosoftCloudAgreement"])]
    template_id: Annotated[str, Meta(description="Its template.", examples=[EXAMPLE_TEMPLATE])]
    state: Annotated[
        str | None,
        Meta(
            description="`current`, `outdated`, `overdue`, `missing` or `ended`; null: there was no relationship on the day "
            "`on`, and so no standing.",
            examples=["current"],
        ),
    ]
    outdated_since: Annotated[
        str | None,
        Meta(description="Since when a newer major text binds the customer than the one confirmed.", examples=[None]),
    ]
    renew_by: Annotated[
        str | None,
        Meta(
            description="Before when an outdated confirmation must be renewed; null: before the next new order. Always null "
            "with `on`: Agreegate does not keep what subscriptions were like then.",
            examples=[None],
        ),
    ]
    confirmation: Annotated[
        RecordedOut | None, Meta(description="The confirmation that counts, or that was in effect; null when none.")
    ]
    history: Annotated[
        list[RecordedOut],
        Meta(
            description="Its confirmations on this page of the history, newest first, ended ones included; with `knownAt` "
            "those recorded by then."
        ),
    ]

    @classmethod
    def of(cls, standing: AgreementStanding) -> "AgreementStandingOut":
        """Return the standing of an agreement type as our own API answers it."""
        return cls(
            agreement_type=standing.template.agreement_type,
            template_id=standing.template.id,
            state=standing.state,
            outdated_since=None if standing.outdated_since is None else written_z(standing.outdated_since),
            renew_by=None if standing.renew_by is None else written_z(standing.renew_by),
            confirmation=None if standing.current is None else RecordedOut.of(standing.current),
            history=[RecordedOut.of(recorded) for recorded in standing.history],
        )


class StandingOut(msgspec.Struct, rename="camel"):
    """Everything known about a customer's acceptance, as the caller's tenant recorded it: today's, or as of a day."""

    customer_id: Annotated[
        str, Meta(description="The customer's tenant id.", examples=["ceda0000-0000-4000-8000-000000000011"])
    ]
    relationship_since: Annotated[
        str | None,
        Meta(
            description="Since when the partner serves the customer, in UTC; with `on`, when the relationship of that day "
            "had begun, null: there was none.",
            examples=["2018-08-01T00:00:00Z"],
        ),
    ]
    agreements: Annotated[
        list[AgreementStandingOut], Meta(description="One entry per agreement type of the programme.")
    ]
    refusals: Annotated[
        list[EndingOut],
        Meta(
            description="When the customer was recorded as no longer agreeing, newest first; those of this page of the history.",
            examples=[[]],
        ),
    ]
    on: Annotated[
        str | UnsetType,
        Meta(
            description="The instant that the standing is of, in UTC; left out of today's.",
            examples=["2019-05-01T23:59:59.999999Z"],
        ),
    ] = UNSET
    known_at: Annotated[
        str | UnsetType,
        Meta(
            description="By when a record had to be made to count, in UTC; left out of today's.",
            examples=["2019-06-01T23:59:59.999999Z"],
        ),
    ] = UNSET

    @classmethod
    def of(cls, standing: CustomerStanding) -> "StandingOut":
        """Return the standing as our own API answers it."""
        return cls(
            customer_id=standing.customer_id,
            relationship_since=written_z(standing.relationship_since),
            agreements=[AgreementStandingOut.of(agreement) for agreement in standing.agreements],
            refusals=[EndingOut.of(ending) for ending in standing.refusals],
        )


class EndIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """Why confirmations no longer count."""

    reason: EndReason
    note: Annotated[str, Meta(description="For your own record.", examples=["Told us by phone."])] = ""
    template_id: Annotated[
        str | None,
        Meta(description="Required for `recorded_in_error`: the current confirmation of this template is voided."),
    ] = None


class UnknownEmployee(msgspec.Struct, rename="camel"):
    """A confirmation by a designated account whose employee nobody has stated."""

    customer_id: Annotated[
        str, Meta(description="The customer's tenant id.", examples=["ceda0000-0000-4000-8000-000000000011"])
    ]
    confirmation_id: Annotated[
        str, Meta(description="The confirmation's id.", examples=["6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10"])
    ]
    template_id: Annotated[str, Meta(description="The agreement template.", examples=[EXAMPLE_TEMPLATE])]


def _after_refusal() -> Example:
    """Return the answer to the example of `end_standing`: a standing without a confirmation that counts."""
    ending = EndingOut(EndReason.NO_LONGER_AGREES, "Told us by phone.", "2019-04-02T09:30:00Z", EXAMPLE_USER, "api")
    confirmed = replace(EXAMPLE_RECORDED, ended=ending)
    agreement = AgreementStandingOut(
        "MicrosoftCloudAgreement", EXAMPLE_TEMPLATE, "ended", None, None, None, [confirmed]
    )
    standing = StandingOut("ceda0000-0000-4000-8000-000000000011", "2018-08-01T00:00:00Z", [agreement], [ending])
    return Example(value=standing)  # as it is: of a dict, the document would leave out what is null


@post(
    "/customers/{customer_id:str}/standing/end",
    status_code=200,
    opt={"access": STANDING},
    tags=["standing"],
    summary="End confirmations",
    responses={
        200: ResponseSpec(
            StandingOut, generate_examples=False, description="The standing afterwards.", examples=[_after_refusal()]
        ),
        **problems(400, 403, 404, 409, 413),
    },
)
async def end_standing(request: RestRequest, customer_id: CustomerId, data: JSONBody[EndIn]) -> Response[StandingOut]:
    """Record that the customer no longer agrees, or void a confirmation recorded in error. Nothing is deleted."""
    programme, customer = deployment_of(request).programme, as_guid(customer_id, "customerId")
    call = call_of(request, data)

    async def end(uow: UnitOfWork) -> Answer:
        if data.reason is EndReason.NO_LONGER_AGREES:
            standing = await record_no_longer_agrees(uow, call, programme, customer, data.note)
        elif data.template_id is None:
            raise Rejected("request.invalid-property", name="templateId")
        else:
            template = as_guid(data.template_id, "templateId")
            standing = await void_confirmation(uow, call, programme, customer, template, data.note)
        return answer(200, StandingOut.of(standing))

    return await once(request, call, end, NAMES)


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
