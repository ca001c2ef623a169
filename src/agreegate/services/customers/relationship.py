"""Whether a customer is the caller's: asked before anything else, and answered alike for all who are not (D18)."""

from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.error import Rejected
from agreegate.storage.engine.unit_of_work import UnitOfWork, from_micros
from agreegate.storage.standing import relationship_since


async def require_relationship(uow: UnitOfWork, actor: Actor, customer: str) -> None:
    """Go on only for a customer with an open relationship to the caller's tenant.

    Raises:
        `relationship.missing`: the customer is someone else's, was the caller's once, or does not exist.
    """
    if await relationship_since(uow, actor.partner.id, customer) is None:
        raise Rejected("relationship.missing", partner=actor.partner.id, customer=customer)


async def served_since(uow: UnitOfWork, actor: Actor, customer: str) -> datetime:
    """When the present relationship of the caller's tenant with the customer began.

    Raises:
        `relationship.missing`.
    """
    relationship = await relationship_since(uow, actor.partner.id, customer)
    if relationship is None:
        raise Rejected("relationship.missing", partner=actor.partner.id, customer=customer)
    return from_micros(relationship.started_at)
