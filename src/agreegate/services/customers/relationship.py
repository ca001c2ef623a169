"""Whether a customer is the caller's: asked first, and answered alike for all customers that are not (decision 0018)."""

from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.error import Rejected
from agreegate.storage.customers.standing import OpenRelationship, relationship_since
from agreegate.storage.engine.unit_of_work import UnitOfWork, from_micros


async def require_relationship(uow: UnitOfWork, actor: Actor, customer: str) -> OpenRelationship:
    """Return the open relationship of the caller's tenant with the customer.

    Raises:
        `relationship.missing`: the customer is someone else's, was the caller's once, or does not exist.
    """
    relationship = await relationship_since(uow, actor.partner.id, customer)
    if relationship is None:
        raise Rejected("relationship.missing", partner=actor.partner.id, customer=customer)
    return relationship


async def served_since(uow: UnitOfWork, actor: Actor, customer: str) -> datetime:
    """Return when the present relationship of the caller's tenant with the customer began.

    Raises:
        `relationship.missing`.
    """
    return from_micros((await require_relationship(uow, actor, customer)).started_at)
