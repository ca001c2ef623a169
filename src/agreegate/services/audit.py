"""Read who did what (contract 4.12)."""

from datetime import datetime

from agreegate.domain.activity import Activity, ActivitySearch
from agreegate.domain.actor import Actor
from agreegate.domain.audit import AuditRecord, AuditSearch, audit_window
from agreegate.storage.activity import activity_of, users_of
from agreegate.storage.audit import audit_records_of
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest


async def list_audit_records(
    uow: UnitOfWork,
    actor: Actor,
    start: datetime | None,
    end: datetime | None,
    search: AuditSearch | None,
    page_request: PageRequest,
) -> Page[AuditRecord]:
    """A page of the partner's own records, newest first; of the last 30 days when no dates are given.

    Args:
        start, end: from the first on, up to but without the second.

    Raises:
        `audit.too-old`, `request.invalid-parameter`: the dates.
    """
    window = audit_window(start, end, uow.now)
    return await audit_records_of(uow, actor.partner.id, window, search, page_request)


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
