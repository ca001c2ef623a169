"""A customer's standing, how it ends, and the employee behind a designated account, in our own API."""

import msgspec
from litestar import get, post
from litestar.params import FromPath, JSONBody

from agreegate.api.deployment import Deployment
from agreegate.api.instant import written_utc, written_z
from agreegate.api.own import OwnRequest, actor_of, call_of
from agreegate.api.paths import as_guid
from agreegate.domain.actor import STANDING
from agreegate.domain.confirmation import Employee, Ending, EndReason
from agreegate.domain.errors import InvalidProperty
from agreegate.services.call import Answer, once
from agreegate.services.confirmation import list_without_employee, state_employee
from agreegate.services.standing import (
    AgreementStanding,
    CustomerStanding,
    Recorded,
    record_refusal,
    show_standing,
    take_back,
)
from agreegate.storage.unit_of_work import UnitOfWork

CustomerId = FromPath[str]


class ContactOut(msgspec.Struct, rename="camel"):
    """The person who accepted."""

    first_name: str
    last_name: str
    email: str
    phone_number: str | None


class EmployeeOut(msgspec.Struct, rename="camel"):
    """The real employee behind a designated account (R28)."""

    name: str
    email: str | None = None
    reference: str | None = None


class EndingOut(msgspec.Struct, rename="camel"):
    """How a confirmation stopped counting, or when the customer refused."""

    reason: EndReason
    note: str
    recorded_at: str
    recorded_by: str
    channel: str

    @classmethod
    def of(cls, ending: Ending) -> "EndingOut":
        """The ending, spelled."""
        return cls(ending.reason, ending.note, written_z(ending.recorded_at), ending.recorded_by, ending.channel)


class RecordedOut(msgspec.Struct, rename="camel"):
    """A confirmation as it was recorded."""

    confirmation_id: str
    template_id: str
    type: str
    date_agreed: str
    recorded_at: str
    user_id: str
    recorded_by: str
    channel: str
    contact: ContactOut | None
    confirmed_by: EmployeeOut | None
    ended: EndingOut | None

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
            ended=None if recorded.ended_by is None else EndingOut.of(recorded.ended_by),
        )


class AgreementStandingOut(msgspec.Struct, rename="camel"):
    """One agreement type of the programme."""

    agreement_type: str
    template_id: str
    state: str
    confirmation: RecordedOut | None
    history: list[RecordedOut]

    @classmethod
    def of(cls, standing: AgreementStanding) -> "AgreementStandingOut":
        """The agreement type's standing, spelled."""
        current = standing.confirmation
        history = [RecordedOut.of(recorded) for recorded in standing.history]
        return cls(
            agreement_type=standing.template.agreement_type,
            template_id=standing.template.id,
            state=standing.state,
            confirmation=next((item for item in history if current and item.confirmation_id == current.id), None),
            history=history,
        )


class StandingOut(msgspec.Struct, rename="camel"):
    """Everything known about a customer's acceptance, as the caller's tenant recorded it."""

    customer_id: str
    relationship_since: str
    agreements: list[AgreementStandingOut]
    refusals: list[EndingOut]

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
    note: str = ""
    template_id: str | None = None
    """Required for `recorded_in_error`: the current confirmation of this template is taken back."""


class EmployeeIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The real employee behind a confirmation by a designated account (R28)."""

    name: str
    email: str | None = None
    reference: str | None = None


class UnknownEmployee(msgspec.Struct, rename="camel"):
    """A confirmation by a designated account whose employee nobody has stated."""

    customer_id: str
    confirmation_id: str
    template_id: str


@get("/customers/{customer_id:str}/standing", opt={"access": STANDING}, tags=["standing"], summary="Read a standing")
async def read_standing(request: OwnRequest, customer_id: CustomerId) -> StandingOut:
    """What is recorded about a customer's acceptance, newest first, with its history."""
    deployment: Deployment = request.app.state.deployment
    actor, customer = actor_of(request), as_guid(customer_id, "customerId")
    return StandingOut.of(
        await deployment.store.read(lambda uow: show_standing(uow, actor, deployment.programme, customer))
    )


@post(
    "/customers/{customer_id:str}/standing/end",
    status_code=200,
    opt={"access": STANDING},
    tags=["standing"],
    summary="End confirmations",
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
)
async def state_confirming_employee(
    request: OwnRequest, confirmation_id: FromPath[str], data: JSONBody[EmployeeIn]
) -> EmployeeOut:
    """Say which employee stands behind a confirmation by a designated account. Said once; it stays (R28)."""
    deployment: Deployment = request.app.state.deployment
    actor, confirmation = actor_of(request), as_guid(confirmation_id, "confirmationId")
    employee = Employee(data.name, data.email, data.reference)
    await deployment.store.write(lambda uow: state_employee(uow, actor, confirmation, employee))
    return EmployeeOut(data.name, data.email, data.reference)
