"""Confirmations on the wire: `/v1/agreements` and `/v1/customers/{id}/agreements` (contract 4.1–4.3, R45).

`POST /api/customers/{id}/confirmations` of our own API is here too; its bodies are in `confirmation_record.py`. It also takes
the accepted text (R38) and the reseller that handed the data over.
"""

from dataclasses import replace
from typing import Annotated

from litestar import Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import HeaderParameter, JSONBody

from agreegate.api.confirmation_record import EXAMPLE_RECORDED, NAMES, ConfirmationIn, RecordedOut
from agreegate.api.confirmed_by import NAME as CONFIRMED_BY
from agreegate.api.confirmed_by import confirmed_by
from agreegate.api.exchange import JSON, Exchange, Route, answer
from agreegate.api.pagination import whole_list
from agreegate.api.paths import as_guid
from agreegate.api.problem_details import problems
from agreegate.api.rest import CustomerId, RestRequest, actor_of, call_of, once
from agreegate.api.wire.agreement import NAMES as WIRE_NAMES
from agreegate.api.wire.agreement import AgreementIn, listed_body, metadata_list, recorded_body
from agreegate.api.wire.partner import directly_signed_body
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import (
    AGREEMENT_METADATA,
    CONFIRM,
    CONFIRM_BY_REST,
    DIRECT_ACCEPTANCE,
    READ_CONFIRMATIONS,
)
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.confirmation import Confirmation
from agreegate.domain.error import Rejected
from agreegate.services.confirmation import confirm, list_confirmations, signed_directly
from agreegate.services.idempotency import Answer
from agreegate.services.standing import show_recorded
from agreegate.storage.engine.unit_of_work import UnitOfWork


async def agreement_metadata(exchange: Exchange) -> Answer:
    """`GET /v1/agreements`: the template of `agreementType`, which defaults to the programme's default type.

    `*` lists the templates that can be confirmed now. A retired type is listed by its name, so that clients find the link
    of what customers accepted.
    """
    programme, now = exchange.deployment.programme, exchange.deployment.store.clock()
    if not programme.exists(now):
        raise Rejected("confirmation.feature-absent")
    type_, found = exchange.query["agreementType"], _templates(exchange)
    if type_ == "*":
        found = tuple(template for template in found if not template.retired(now))
    return answer(200, metadata_list(found, f"?agreementType={type_}" if type_ else ""))


async def confirm_acceptance(exchange: Exchange) -> Answer:
    """`POST /v1/customers/{id}/agreements`: record that the customer accepted (contract 4.2)."""
    customer = exchange.customer()
    body = await exchange.read(AgreementIn)
    employee = confirmed_by(exchange.incoming.header(b"agreegate-confirmed-by"))
    call = exchange.call(body if employee is None else (body, employee.stripped()))
    draft, programme = body.to_draft(employee), exchange.deployment.programme

    async def recorded(uow: UnitOfWork) -> Answer:
        confirmation = await confirm(uow, call, programme, customer, draft)
        return answer(201, recorded_body(confirmation), confirmation.id)

    return await exchange.once(call, recorded)


async def customer_agreements(exchange: Exchange) -> Answer:
    """`GET /v1/customers/{id}/agreements`: this partner's confirmations, newest first (contract 4.3)."""
    customer = exchange.customer()
    kinds = {template.agreement_type for template in _templates(exchange)}
    deployment, actor = exchange.deployment, exchange.actor

    async def read(uow: UnitOfWork) -> list[Confirmation]:
        found = await list_confirmations(uow, actor, deployment.programme, customer)
        return [confirmation for confirmation in found if confirmation.agreement_type in kinds]

    return await whole_list(exchange, read, lambda one: listed_body(one, deployment.programme))


@post(
    "/customers/{customer_id:str}/confirmations",
    status_code=201,
    opt={"access": CONFIRM_BY_REST},
    tags=["confirmations"],
    summary="Confirm",
    responses={
        201: ResponseSpec(
            RecordedOut,
            generate_examples=False,
            description="The confirmation as it is recorded, and as the standing shows it.",
            examples=[Example(value=EXAMPLE_RECORDED)],
        ),
        **problems(400, 403, 404, 409, 413),
    },
)
async def record_confirmation(
    request: RestRequest,
    customer_id: CustomerId,
    data: JSONBody[ConfirmationIn],
    employee: Annotated[
        str | None,
        HeaderParameter(
            name=CONFIRMED_BY,
            description="The real employee, where a designated account confirms: the same as `confirmedBy`, in one line.",
            examples=[Example(value="Robin Vale <robin@alder.example>; ref=4711")],
        ),
    ] = None,
) -> Response[RecordedOut]:
    """Record that the customer accepted, and which text where you name it. It counts at once, on both channels (R41)."""
    programme, customer = deployment_of(request).programme, as_guid(customer_id, "customerId")
    actor, draft, names = actor_of(request), data.to_draft(), NAMES
    if (stated := confirmed_by(employee)) is None:
        call = call_of(request, data)
    else:
        if draft.employee is not None and draft.employee.stripped() != stated.stripped():
            raise Rejected("request.invalid-property", name=CONFIRMED_BY)
        draft, names = replace(draft, employee=stated), _NAMES_WITH_HEADER
        call = call_of(request, (data, stated.stripped()))

    async def recorded(uow: UnitOfWork) -> Answer:
        confirmation = await confirm(uow, call, programme, customer, draft)
        shown = await show_recorded(uow, actor, programme, customer, confirmation.id)
        return answer(201, RecordedOut.of(shown), confirmation.id)

    return await once(request, call, recorded, names)


async def direct_signed_status(exchange: Exchange) -> Answer:
    """`GET /v1/customers/{id}/directSignedMicrosoftCustomerAgreementStatus`."""
    customer, deployment, actor = exchange.customer(), exchange.deployment, exchange.actor
    signed = await deployment.store.read(lambda uow: signed_directly(uow, actor, deployment.programme, customer))
    return answer(200, directly_signed_body(signed))


def _templates(exchange: Exchange) -> tuple[AgreementTemplate, ...]:
    """Return the templates of `agreementType`, in any case: `*` is every template (contract 4.1).

    Raises:
        `request.invalid-property`: the programme has no such type.
    """
    programme = exchange.deployment.programme
    type_ = exchange.query["agreementType"]
    if type_ == "*":
        return programme.templates
    template = programme.of_type(type_ or programme.default_agreement_type)
    if template is None:
        raise Rejected("request.invalid-property", name="agreementType")
    return (template,)


_NAMES_WITH_HEADER = NAMES | {name: CONFIRMED_BY for name in NAMES if name.startswith("employee")}
"""`NAMES` where the header, not the body, names the employee."""
_CUSTOMER = "/v1/customers/{customer_id}/agreements"
_DIRECT = "/v1/customers/{customer_id}/directSignedMicrosoftCustomerAgreementStatus"
_TYPE = ("agreementType",)

ROUTES = (
    Route("GET", "/v1/agreements", AGREEMENT_METADATA, agreement_metadata, JSON, parameters=_TYPE),
    Route("GET", _CUSTOMER, READ_CONFIRMATIONS, customer_agreements, JSON, parameters=_TYPE),
    Route("POST", _CUSTOMER, CONFIRM, confirm_acceptance, JSON, names=WIRE_NAMES),
    Route("GET", _DIRECT, DIRECT_ACCEPTANCE, direct_signed_status, JSON),
)
