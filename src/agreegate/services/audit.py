"""List audit records and activity (contract 4.12)."""

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
    """Return a page of the partner's audit records in a window, newest first.

    Raises:
        `audit.too-old`, `request.invalid-parameter`: see `audit_window`.
    """
    window = audit_window(start, end, uow.now)
    return await audit_records_of(uow, actor.partner.id, window, search, page_request)


OFFERED = 500
"""Maximum number of users offered in the filter."""


async def list_activity(
    uow: UnitOfWork, actor: Actor, search: ActivitySearch, page_request: PageRequest
) -> Page[Activity]:
    """Return a page of the activity of the partner's own users and applications, newest first (R26)."""
    return await activity_of(uow, actor.partner.id, search, page_request)


async def list_users(uow: UnitOfWork, actor: Actor) -> list[tuple[str, str]]:
    """Return id and name of the partner's users."""
    return await users_of(uow, actor.partner.id, OFFERED)
