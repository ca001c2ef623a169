"""Read who did what (contract 4.12)."""

from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.audit import AuditRecord, AuditSearch, audit_window
from agreegate.storage.audit import audit_records_of
from agreegate.storage.pagination import Page, PageRequest
from agreegate.storage.unit_of_work import UnitOfWork


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
