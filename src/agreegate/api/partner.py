"""Partners on the wire: profiles, relationships, agreement status (contract 4.6, 4.8)."""

from agreegate.api.exchange import JSON, Exchange, Route, answer
from agreegate.api.pagination import whole_list
from agreegate.api.paths import as_guid
from agreegate.api.wire.filter import relationship_search
from agreegate.api.wire.partner import (
    RELATIONSHIP_TYPES,
    agreement_signed_body,
    mpn_body,
    organization_body,
    relationship_body,
)
from agreegate.domain.actor import PARTNER_AGREEMENT, READ_PARTNER
from agreegate.domain.error import Rejected
from agreegate.services.idempotency import Answer
from agreegate.services.partner import (
    mpn_partner,
    organization_profile,
    partner_agreement_signed,
    partner_relationships,
)

_RELATIONSHIP_TYPES = {name.replace("_", ""): kind for kind, name in RELATIONSHIP_TYPES.items()}


async def organization(exchange: Exchange) -> Answer:
    """`GET /v1/profiles/organization`."""
    actor = exchange.actor
    profile = await exchange.deployment.store.read(lambda uow: organization_profile(uow, actor))
    return answer(200, organization_body(profile))


async def mpn(exchange: Exchange) -> Answer:
    """`GET /v1/profiles/mpn`: the caller's own, or of the partner whose `mpnId` is given."""
    mpn_id, actor = _mpn_id(exchange), exchange.actor
    partner = await exchange.deployment.store.read(lambda uow: mpn_partner(uow, actor, mpn_id))
    return answer(200, mpn_body(partner, named=mpn_id is not None))


async def relationships(exchange: Exchange) -> Answer:
    """`GET /v1/relationships`: the partners that the caller is linked with as `relationship_type` says; `filter` by name."""
    name = exchange.query["relationship_type"].replace("_", "").lower()
    kind = _RELATIONSHIP_TYPES.get(name)
    if kind is None:
        raise Rejected("request.invalid-parameter", name="relationship_type")
    actor, search = exchange.actor, relationship_search(exchange.query["filter"])
    return await whole_list(
        exchange,
        lambda uow: partner_relationships(uow, actor, kind, search),
        lambda partner: relationship_body(partner, kind),
    )


async def agreement_status(exchange: Exchange) -> Answer:
    """`GET /v1/compliance/csp/agreementstatus`: by exactly one of `mpnId` and `tenantId`."""
    mpn_text, tenant_text = exchange.query["mpnId"], exchange.query["tenantId"]
    if not mpn_text and not tenant_text:
        raise Rejected("partner.not-named")
    if mpn_text and tenant_text:
        raise Rejected("partner.named-twice")
    mpn_id = _mpn_id(exchange)
    tenant = as_guid(tenant_text, "Tenant Id") if tenant_text else None
    actor = exchange.actor
    signed = await exchange.deployment.store.read(
        lambda uow: partner_agreement_signed(uow, actor, mpn_id=mpn_id, tenant=tenant)
    )
    return answer(200, agreement_signed_body(signed))


def _mpn_id(exchange: Exchange) -> str | None:
    """Return the partner network id of the query, or None.

    Raises:
        `partner.mpn-not-numeric`.
    """
    text = exchange.query["mpnId"]
    if text and not (text.isascii() and text.isdigit()):
        raise Rejected("partner.mpn-not-numeric")
    return text or None


ROUTES = (
    Route("GET", "/v1/profiles/organization", READ_PARTNER, organization),
    Route("GET", "/v1/profiles/mpn", READ_PARTNER, mpn, parameters=("mpnId",), unserved=("verifyAdvisor",)),
    Route(
        "GET",
        "/v1/relationships",
        READ_PARTNER,
        relationships,
        costly=True,
        parameters=("relationship_type", "filter"),
    ),
    Route(
        "GET",
        "/v1/compliance/csp/agreementstatus",
        PARTNER_AGREEMENT,
        agreement_status,
        JSON,
        parameters=("mpnId", "tenantId"),
        names={"mpn_id": "MPN Id", "tenant_id": "Tenant Id"},
    ),
)
