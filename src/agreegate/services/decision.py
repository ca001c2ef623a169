"""Read what the gate decided about a customer, and why (design section 4)."""

from agreegate.domain.actor import Actor
from agreegate.domain.error import Rejected
from agreegate.services.relationship import require_relationship
from agreegate.storage.decision import KeptDecision, decision_of, decisions_of
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.unit_of_work import UnitOfWork


async def list_decisions(uow: UnitOfWork, actor: Actor, customer: str, page_request: PageRequest) -> Page[KeptDecision]:
    """A page of the decisions about one of the caller's customers, newest first.

    Raises:
        `relationship.missing`: the customer is not one of this partner's (D18).
    """
    await require_relationship(uow, actor, customer)
    return await decisions_of(uow, actor.partner.id, customer, page_request)


async def show_decision(uow: UnitOfWork, actor: Actor, customer: str, decision: str) -> KeptDecision:
    """One of them.

    Raises:
        `relationship.missing`.
        `request.not-found`: there is no such decision about this customer.
    """
    await require_relationship(uow, actor, customer)
    found = await decision_of(uow, actor.partner.id, customer, decision)
    if found is None:
        raise Rejected("request.not-found")
    return found
