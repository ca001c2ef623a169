"""Whether a customer accepted with the vendor itself (contract 4.5)."""

from agreegate.api.exchange import JSON, Exchange, Route, answer
from agreegate.api.wire.partner import DirectSignedStatus
from agreegate.domain.actor import DIRECT_ACCEPTANCE
from agreegate.services.direct_acceptance import signed_directly
from agreegate.services.idempotency import Answer


async def direct_signed_status(exchange: Exchange) -> Answer:
    """`GET /v1/customers/{id}/directSignedMicrosoftCustomerAgreementStatus`."""
    customer, deployment, actor = exchange.guid("customer_id", "Customer Id"), exchange.deployment, exchange.actor
    signed = await deployment.store.read(lambda uow: signed_directly(uow, actor, deployment.programme, customer))
    return answer(200, DirectSignedStatus(signed))


ROUTES = (
    Route(
        "GET",
        "/v1/customers/{customer_id}/directSignedMicrosoftCustomerAgreementStatus",
        DIRECT_ACCEPTANCE,
        direct_signed_status,
        JSON,
    ),
)
