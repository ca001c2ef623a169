"""Confirm, and read what was confirmed: `/v1/agreements` and `/v1/customers/{id}/agreements` (contract 4.1–4.3, R45)."""

import re

from agreegate.api.exchange import JSON, Exchange, Route, answer
from agreegate.api.wire.agreement import AgreementIn, AgreementOut, agreement_list, metadata_list
from agreegate.domain.actor import AGREEMENT_METADATA, CONFIRM, READ_CONFIRMATIONS
from agreegate.domain.agreement import AgreementTemplate
from agreegate.domain.confirmation import Employee
from agreegate.domain.errors import FeatureAbsent, InvalidProperty
from agreegate.services.call import Answer, once
from agreegate.services.confirmation import confirm, list_confirmations
from agreegate.storage.unit_of_work import UnitOfWork

# Each blank can belong to one part only, else a header of many blanks is tried in millions of ways. Parts are stripped later.
_CONFIRMED_BY = re.compile(r"(?P<name>\s*[^<>;\s][^<>;]*)(?:<(?P<email>[^<>]*)>\s*)?(?:;\s*ref=(?P<ref>[^;]*))?")


async def agreement_metadata(exchange: Exchange) -> Answer:
    """`GET /v1/agreements`: the templates of the asked type; the programme's first type when none is asked for."""
    programme = exchange.deployment.programme

    async def exists(uow: UnitOfWork) -> bool:
        return programme.exists(uow.now)

    if not await exchange.deployment.store.read(exists):
        raise FeatureAbsent
    asked = exchange.query.get("agreementtype")
    return answer(200, metadata_list(_templates(exchange), f"?agreementType={asked}" if asked else ""))


async def confirm_acceptance(exchange: Exchange) -> Answer:
    """`POST /v1/customers/{id}/agreements`: record that the customer accepted (contract 4.2)."""
    customer = exchange.guid("customer_id", "Customer Id")
    body = await exchange.read(AgreementIn)
    draft = body.to_draft(_employee(exchange.incoming.header(b"agreegate-confirmed-by")))
    call, actor, programme = exchange.call(body), exchange.actor, exchange.deployment.programme

    async def recorded(uow: UnitOfWork) -> Answer:
        return answer(201, AgreementOut.recorded(await confirm(uow, actor, programme, customer, draft, call)))

    return await exchange.deployment.store.write(lambda uow: once(uow, actor, call, lambda: recorded(uow)))


async def customer_agreements(exchange: Exchange) -> Answer:
    """`GET /v1/customers/{id}/agreements`: this partner's confirmations, newest first (contract 4.3)."""
    customer = exchange.guid("customer_id", "Customer Id")
    kinds = {template.agreement_type for template in _templates(exchange)}
    deployment, actor = exchange.deployment, exchange.actor
    found = await deployment.store.read(
        lambda uow: list_confirmations(uow, actor, deployment.programme, customer, None)
    )
    return answer(200, agreement_list([c for c in found if c.agreement_type in kinds], deployment.programme))


def _templates(exchange: Exchange) -> tuple[AgreementTemplate, ...]:
    """The templates that `agreementType` asks for: `*` is everything, in any case (contract 4.1).

    Raises:
        InvalidProperty: the programme has no such type.
    """
    programme = exchange.deployment.programme
    asked = exchange.query.get("agreementtype", "")
    if asked == "*":
        return programme.templates
    template = programme.of_type(asked or programme.default_agreement_type)
    if template is None:
        raise InvalidProperty(name="agreementType")
    return (template,)


def _employee(header: str | None) -> Employee | None:
    """The employee named by `Agreegate-Confirmed-By: name <mail>; ref=…` (R28).

    Raises:
        InvalidProperty: the header is there and cannot be read.
    """
    if header is None or not header.strip():
        return None
    try:
        named = _CONFIRMED_BY.fullmatch(header.encode("latin-1").decode("utf-8"))
    except UnicodeDecodeError:
        named = None
    if named is None:
        raise InvalidProperty(name="Agreegate-Confirmed-By")
    return Employee(named["name"], named["email"], named["ref"])


ROUTES = (
    Route("GET", "/v1/agreements", AGREEMENT_METADATA, agreement_metadata, JSON),
    Route("GET", "/v1/customers/{customer_id}/agreements", READ_CONFIRMATIONS, customer_agreements, JSON),
    Route("POST", "/v1/customers/{customer_id}/agreements", CONFIRM, confirm_acceptance, JSON),
)
