"""A customer's standing as it is spelled, how it ends, and the employee behind a designated account, in our own API."""

from typing import Annotated

import msgspec
from litestar import get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import JSONBody, PathParameter
from msgspec import Meta

from agreegate.api.accepted_text import AcceptedTextOut
from agreegate.api.deployment import Deployment
from agreegate.api.instant import written_utc, written_z
from agreegate.api.own import OwnRequest, actor_of, call_of
from agreegate.api.paths import as_guid
from agreegate.api.problem_details import problems
from agreegate.domain.actor import STANDING
from agreegate.domain.confirmation import Employee, Ending, EndReason
from agreegate.domain.errors import InvalidProperty
from agreegate.domain.warning import AcceptorWarning
from agreegate.services.call import Answer, once
from agreegate.services.confirmation import list_without_employee, state_employee
from agreegate.services.standing import (
    AgreementStanding,
    CustomerStanding,
    Recorded,
    record_refusal,
    take_back,
)
from agreegate.storage.unit_of_work import UnitOfWork

CustomerId = Annotated[
    str,
    PathParameter(
        description="The customer's tenant id, a GUID.",
        examples=[Example(value="ceda0000-0000-4000-8000-000000000011")],
    ),
]
ConfirmationId = Annotated[
    str,
    PathParameter(
        description="The confirmation's id, as the standing shows it.",
        examples=[Example(value="6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10")],
    ),
]


_USER = "a1de0000-0000-4000-8000-0000000000a2"
_TEMPLATE = "998b88de-aa99-4388-a42c-1b3517d49490"


class ContactOut(msgspec.Struct, rename="camel"):
    """The person who accepted."""

    first_name: Annotated[str, Meta(description="First name.", examples=["Nora"])]
    last_name: Annotated[str, Meta(description="Last name.", examples=["Whitfield"])]
    email: Annotated[
        str, Meta(description="E-mail address. Nothing is ever sent to it.", examples=["nora@cedar.example"])
    ]
    phone_number: Annotated[str | None, Meta(description="Phone number, if one was given.", examples=["555-0111"])]


class EmployeeOut(msgspec.Struct, rename="camel"):
    """The real employee behind a designated account (R28)."""

    name: Annotated[str, Meta(description="The employee's name.", examples=["Robin Vale"])]
    email: Annotated[str | None, Meta(description="E-mail address, if stated.", examples=["robin@alder.example"])] = (
        None
    )
    reference: Annotated[
        str | None, Meta(description="The partner's own reference, if stated.", examples=["staff 4711"])
    ] = None


class CollectionOut(msgspec.Struct, rename="camel"):
    """Through whom an indirect provider got the data (R23)."""

    reseller_id: Annotated[
        str, Meta(description="The reseller's tenant id.", examples=["b12c0000-0000-4000-8000-000000000002"])
    ]
    person: Annotated[str, Meta(description="Who handed the data over.", examples=["Kim Marsh"])]
    date: Annotated[str, Meta(description="On which day, without a time.", examples=["2018-09-02"])]


class EndingOut(msgspec.Struct, rename="camel"):
    """How a confirmation stopped counting, or when the customer refused."""

    reason: EndReason
    note: Annotated[str, Meta(description="What the partner noted.", examples=["Told us by phone."])]
    recorded_at: Annotated[str, Meta(description="When it was recorded, in UTC.", examples=["2019-04-02T09:30:00Z"])]
    recorded_by: Annotated[str, Meta(description="The user who recorded it: a directory object id.", examples=[_USER])]
    channel: Annotated[str, Meta(description="`api` or `dashboard`.", examples=["api"])]

    @classmethod
    def of(cls, ending: Ending) -> "EndingOut":
        """The ending, spelled."""
        return cls(ending.reason, ending.note, written_z(ending.recorded_at), ending.recorded_by, ending.channel)


class RecordedOut(msgspec.Struct, rename="camel"):
    """A confirmation as it was recorded."""

    confirmation_id: Annotated[
        str, Meta(description="The record's id.", examples=["6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10"])
    ]
    template_id: Annotated[str, Meta(description="The agreement template that was accepted.", examples=[_TEMPLATE])]
    type: Annotated[str, Meta(description="Its agreement type.", examples=["MicrosoftCloudAgreement"])]
    date_agreed: Annotated[
        str, Meta(description="When the customer accepted, in UTC, without a zone.", examples=["2018-09-03T00:00:00"])
    ]
    recorded_at: Annotated[
        str, Meta(description="When the partner recorded it, in UTC.", examples=["2018-09-03T10:00:00Z"])
    ]
    user_id: Annotated[str, Meta(description="The partner's user in whose name it was confirmed.", examples=[_USER])]
    recorded_by: Annotated[str, Meta(description="The user or application whose token recorded it.", examples=[_USER])]
    channel: Annotated[str, Meta(description="`api` or `dashboard`.", examples=["api"])]
    contact: Annotated[ContactOut | None, Meta(description="The person in the customer's organisation who accepted.")]
    confirmed_by: Annotated[
        EmployeeOut | None, Meta(description="The employee behind a designated account, once stated.", examples=[None])
    ]
    collected_through: Annotated[
        CollectionOut | None,
        Meta(description="Through which reseller an indirect provider got the data, if it said so.", examples=[None]),
    ]
    warnings: Annotated[
        list[AcceptorWarning],
        Meta(description="What spoke against the acceptor's address when it was recorded. It refused nothing."),
    ]
    text: Annotated[
        AcceptedTextOut | None,
        Meta(
            description="Which text was accepted; null where none was in force when it was recorded.", examples=[None]
        ),
    ]
    ended: Annotated[
        EndingOut | None, Meta(description="How it stopped counting; null while nothing ended it.", examples=[None])
    ]

    @classmethod
    def of(cls, recorded: Recorded) -> "RecordedOut":
        """The confirmation, spelled."""
        confirmation, contact, employee = (
            recorded.confirmation,
            recorded.confirmation.contact,
            recorded.confirmation.confirmed_by,
        )
        return cls(
            confirmation_id=confirmation.id,
            template_id=confirmation.template_id,
            type=confirmation.agreement_type,
            date_agreed=written_utc(confirmation.date_agreed),
            recorded_at=written_z(confirmation.recorded_at),
            user_id=confirmation.user_id,
            recorded_by=confirmation.recorded_by,
            channel=confirmation.channel,
            contact=None
            if contact is None
            else ContactOut(contact.first_name, contact.last_name, contact.email, contact.phone),
            confirmed_by=None if employee is None else EmployeeOut(employee.name, employee.email, employee.reference),
            collected_through=None
            if (got := recorded.collection) is None
            else CollectionOut(got.reseller_id, got.person, got.collected_on.date().isoformat()),
            warnings=list(recorded.warnings),
            text=None if recorded.text is None else AcceptedTextOut.of(recorded.text),
            ended=None if recorded.ended_by is None else EndingOut.of(recorded.ended_by),
        )


class AgreementStandingOut(msgspec.Struct, rename="camel"):
    """One agreement type of the programme."""

    agreement_type: Annotated[str, Meta(description="The agreement type.", examples=["MicrosoftCloudAgreement"])]
    template_id: Annotated[str, Meta(description="Its template.", examples=[_TEMPLATE])]
    state: Annotated[
        str, Meta(description="`current`, `outdated`, `overdue`, `missing` or `ended`.", examples=["current"])
    ]
    outdated_since: Annotated[
        str | None,
        Meta(description="Since when a newer major text binds the customer than the one confirmed.", examples=[None]),
    ]
    renew_by: Annotated[
        str | None,
        Meta(
            description="Before when an outdated confirmation must be renewed; null: before the next new order.",
            examples=[None],
        ),
    ]
    confirmation: Annotated[RecordedOut | None, Meta(description="The confirmation that counts; null when none does.")]
    history: Annotated[list[RecordedOut], Meta(description="Every confirmation, newest first, ended ones included.")]

    @classmethod
    def of(cls, standing: AgreementStanding) -> "AgreementStandingOut":
        """The agreement type's standing, spelled."""
        current = standing.confirmation
        history = [RecordedOut.of(recorded) for recorded in standing.history]
        return cls(
            agreement_type=standing.template.agreement_type,
            template_id=standing.template.id,
            state=standing.state,
            outdated_since=None if standing.outdated_since is None else written_z(standing.outdated_since),
            renew_by=None if standing.renew_by is None else written_z(standing.renew_by),
            confirmation=next((item for item in history if current and item.confirmation_id == current.id), None),
            history=history,
        )


class StandingOut(msgspec.Struct, rename="camel"):
    """Everything known about a customer's acceptance, as the caller's tenant recorded it."""

    customer_id: Annotated[
        str, Meta(description="The customer's tenant id.", examples=["ceda0000-0000-4000-8000-000000000011"])
    ]
    relationship_since: Annotated[
        str, Meta(description="Since when the partner serves the customer, in UTC.", examples=["2018-08-01T00:00:00Z"])
    ]
    agreements: Annotated[
        list[AgreementStandingOut], Meta(description="One entry per agreement type of the programme.")
    ]
    refusals: Annotated[
        list[EndingOut],
        Meta(description="When the customer was recorded as no longer agreeing, newest first.", examples=[[]]),
    ]

    @classmethod
    def of(cls, standing: CustomerStanding) -> "StandingOut":
        """The standing, spelled."""
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
        Meta(description="Required for `recorded_in_error`: the current confirmation of this template is taken back."),
    ] = None


class EmployeeIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The real employee behind a confirmation by a designated account (R28)."""

    name: Annotated[str, Meta(description="The employee's name.", examples=["Robin Vale"])]
    email: Annotated[str | None, Meta(description="E-mail address.", examples=["robin@alder.example"])] = None
    reference: Annotated[str | None, Meta(description="Your own reference.", examples=["staff 4711"])] = None


class UnknownEmployee(msgspec.Struct, rename="camel"):
    """A confirmation by a designated account whose employee nobody has stated."""

    customer_id: Annotated[
        str, Meta(description="The customer's tenant id.", examples=["ceda0000-0000-4000-8000-000000000011"])
    ]
    confirmation_id: Annotated[
        str, Meta(description="The confirmation's id.", examples=["6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10"])
    ]
    template_id: Annotated[str, Meta(description="The agreement template.", examples=[_TEMPLATE])]


def _after_refusal() -> Example:
    """What `end_standing` answers to its own example: a standing in which nothing counts any more."""
    ending = EndingOut(EndReason.NO_LONGER_AGREES, "Told us by phone.", "2019-04-02T09:30:00Z", _USER, "api")
    confirmed = RecordedOut(
        confirmation_id="6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10",
        template_id=_TEMPLATE,
        type="MicrosoftCloudAgreement",
        date_agreed="2018-09-03T00:00:00",
        recorded_at="2018-09-03T10:00:00Z",
        user_id=_USER,
        recorded_by=_USER,
        channel="api",
        contact=ContactOut("Nora", "Whitfield", "nora@cedar.example", "555-0111"),
        confirmed_by=None,
        collected_through=None,
        warnings=[],
        text=None,
        ended=ending,
    )
    agreement = AgreementStandingOut("MicrosoftCloudAgreement", _TEMPLATE, "ended", None, None, None, [confirmed])
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
async def end_standing(request: OwnRequest, customer_id: CustomerId, data: JSONBody[EndIn]) -> StandingOut:
    """Record that the customer no longer agrees, or take back a confirmation recorded in error. Nothing is deleted."""
    deployment: Deployment = request.app.state.deployment
    actor, programme, customer = actor_of(request), deployment.programme, as_guid(customer_id, "customerId")
    call = call_of(request, data)

    async def end(uow: UnitOfWork) -> Answer:
        if data.reason is EndReason.NO_LONGER_AGREES:
            standing = await record_refusal(uow, actor, programme, customer, data.note, call)
        elif data.template_id is None:
            raise InvalidProperty(name="templateId")
        else:
            template = as_guid(data.template_id, "templateId")
            standing = await take_back(uow, actor, programme, customer, template, data.note, call)
        return Answer(200, msgspec.json.encode(StandingOut.of(standing)))

    answered = await deployment.store.write(lambda uow: once(uow, actor, call, lambda: end(uow)))
    return msgspec.json.decode(answered.body, type=StandingOut)


@get(
    "/confirmations/without-employee",
    opt={"access": STANDING},
    tags=["standing"],
    summary="Confirmations whose employee is unknown",
    response_description="The confirmations.",
    responses=problems(403),
)
async def without_employee(request: OwnRequest) -> list[UnknownEmployee]:
    """Confirmations by designated accounts for which nobody stated the real employee (R28); at most 500."""
    deployment: Deployment = request.app.state.deployment
    actor = actor_of(request)
    found = await deployment.store.read(lambda uow: list_without_employee(uow, actor))
    return [UnknownEmployee(*row) for row in found]


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
    request: OwnRequest, confirmation_id: ConfirmationId, data: JSONBody[EmployeeIn]
) -> EmployeeOut:
    """Say which employee stands behind a confirmation by a designated account. Said once; it stays (R28)."""
    deployment: Deployment = request.app.state.deployment
    actor, confirmation = actor_of(request), as_guid(confirmation_id, "confirmationId")
    employee = Employee(data.name, data.email, data.reference)
    await deployment.store.write(lambda uow: state_employee(uow, actor, confirmation, employee))
    return EmployeeOut(data.name, data.email, data.reference)
