"""`/v1/auditrecords`: who did what to which customer (contract 4.12)."""

from agreegate.api.exchange import Exchange, Route, answer
from agreegate.api.instant import query_date, query_end, read_date
from agreegate.api.pagination import PAGE, page_collection, page_request_of
from agreegate.api.wire.audit import NAMES, record_body
from agreegate.api.wire.filter import audit_search
from agreegate.domain.actor import READ_AUDIT
from agreegate.domain.audit import as_read_by
from agreegate.services.audit import list_audit_records
from agreegate.services.idempotency import Answer
from agreegate.storage.engine.unit_of_work import UnitOfWork


async def audit_records(exchange: Exchange) -> Answer:
    """`GET /v1/auditrecords`: one page, newest first."""
    page_request = page_request_of(exchange)
    search = audit_search(exchange.query["filter"])
    first, last = exchange.query["startDate"], exchange.query["endDate"]
    start = read_date(query_date, first, "startDate", "request.invalid-parameter") if first else None
    end = read_date(query_end, last, "endDate", "request.invalid-parameter") if last else None
    actor = exchange.actor

    async def read(uow: UnitOfWork) -> Answer:
        page = await list_audit_records(uow, actor, start, end, search, page_request)
        items = [record_body(as_read_by(actor, record)) for record in page.items]
        return answer(200, page_collection(exchange, "/auditrecords", page_request, page, items))

    return await exchange.deployment.store.read_slow(read)


_PARAMETERS = (*PAGE, "startDate", "endDate", "filter")

ROUTES = (
    Route("GET", "/v1/auditrecords", READ_AUDIT, audit_records, costly=True, parameters=_PARAMETERS, names=NAMES),
)
