"""Read who did what to which customer, for as far back as there are records."""

from agreegate.domain.activity import Activity, ActivitySearch
from agreegate.domain.actor import Actor
from agreegate.storage.activity import activity_of, users_of
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.unit_of_work import UnitOfWork

OFFERED = 500
"""Maximum number of users offered in the filter."""


async def list_activity(
    uow: UnitOfWork, actor: Actor, search: ActivitySearch, page_request: PageRequest
) -> Page[Activity]:
    """A page of what the partner's people and applications did, newest first; nobody else's (R26)."""
    return await activity_of(uow, actor.partner.id, search, page_request)


async def list_users(uow: UnitOfWork, actor: Actor) -> list[tuple[str, str]]:
    """Id and name of the users of the partner."""
    return await users_of(uow, actor.partner.id, OFFERED)
