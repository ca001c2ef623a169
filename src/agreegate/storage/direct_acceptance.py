"""What customers accepted with the vendor itself, as rows (contract 4.5). Nothing writes them yet."""

from datetime import datetime

from agreegate.domain.partner import PartnerId
from agreegate.storage.unit_of_work import UnitOfWork, from_micros


async def accepted_directly(uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: str) -> bool:
    """Whether the customer accepted an agreement of this type without the partner."""
    row = await uow.fetch_one(
        "select 1 from direct_acceptance where partner_id = $1 and customer_id = $2 and agreement_type = $3",
        partner,
        customer,
        agreement_type,
    )
    return row is not None


async def direct_acceptances(uow: UnitOfWork, partner: PartnerId, customer: str) -> dict[str, datetime]:
    """When the customer accepted without the partner, by agreement type."""
    rows = await uow.fetch_all(
        "select agreement_type, accepted_at from direct_acceptance where partner_id = $1 and customer_id = $2",
        partner,
        customer,
    )
    return {kind: from_micros(accepted_at) for kind, accepted_at in rows}
