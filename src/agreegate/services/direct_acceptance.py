"""Whether a customer accepted the Customer Agreement with the vendor itself (contract 4.5)."""

from agreegate.domain.actor import Actor
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.storage.direct_acceptance import accepted_directly
from agreegate.storage.standing import relationship_since
from agreegate.storage.unit_of_work import UnitOfWork

CUSTOMER_AGREEMENT = "MicrosoftCustomerAgreement"
"""The one type that customers can accept so; the operation's path names it."""


async def signed_directly(uow: UnitOfWork, actor: Actor, programme: Programme, customer: str) -> bool:
    """Whether the customer signed the Customer Agreement directly. It opens no gate, and no list has it (contract 4.3).

    Raises:
        `confirmation.feature-absent`: before the programme starts.
        `relationship.missing`: the customer is not one of this partner's (D18).
    """
    if not programme.exists(uow.now):
        raise Rejected("confirmation.feature-absent")
    partner = actor.partner.id
    if await relationship_since(uow, partner, customer) is None:
        raise Rejected("relationship.missing", partner=partner, customer=customer)
    return await accepted_directly(uow, partner, customer, CUSTOMER_AGREEMENT)
