"""Reseller requests as rows, and the customers of a reseller that lack a confirmation."""

from collections.abc import Sequence
from datetime import datetime

from agreegate.domain.partner import Partner, PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.reseller_request import ResellerRequest
from agreegate.storage.confirmation import is_voided
from agreegate.storage.customers.state import lacks_confirmation
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, from_micros, maybe_instant, to_micros
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of
from agreegate.storage.partner import COLUMNS, as_partner
from agreegate.storage.row import find, find_all, number_of, reader
from agreegate.storage.statement import Statement

_FEW = 5_000
"""Maximum customers of a reseller that are read and sorted for one page."""
_SAMPLE = 1_000
"""Customers of a reseller that are read to choose the order in which more than `_FEW` are read."""
# The concatenation has the engine begin with the reseller's customers, not with all of the provider's.
_SERVED = """
    from customer_reseller v
    join relationship r on r.partner_id = v.partner_id and r.customer_id = v.customer_id
    where v.partner_id || '' = $1 and v.reseller_id = $2 and r.ended_at is null"""
_LACKING = """
    c.customer_id, c.company_name, r.started_at
    from customer_reseller v
    join customer c on c.partner_id = v.partner_id and c.customer_id = v.customer_id
    join relationship r on r.partner_id = v.partner_id and r.customer_id = v.customer_id || ''
    where {partner} = $1 and v.reseller_id = $2 and r.ended_at is null and """
# A request is answered by the first confirmation after it that was not voided.
_ANSWER = f"""(
      select min(o.sequence) from confirmation o
      where o.partner_id = q.partner_id and o.customer_id = q.customer_id and o.sequence > q.after_sequence
        and not {is_voided("o")})"""
_OPEN = f"q.returned_at is null and {_ANSWER} is null"
_REQUEST = """
    q.request_id, q.reseller_id, q.customer_id, c.company_name, q.asked_at, coalesce(u.user_name, q.asked_by), q.received_at,
      q.returned_at, q.return_reason, a.recorded_at, coalesce(w.user_name, a.recorded_by)"""
_REQUESTS = f"""
    from reseller_request q
    join customer c on c.partner_id = q.partner_id and c.customer_id = q.customer_id
    left join partner_user u on u.partner_id = q.partner_id and u.user_id = q.asked_by
    left join confirmation a
      on a.partner_id = q.partner_id and a.customer_id = q.customer_id and a.sequence = {_ANSWER}
    left join partner_user w on w.partner_id = a.partner_id and w.user_id = a.recorded_by
    where q.partner_id = $1"""
_as_request = reader(ResellerRequest)


async def resellers_page(uow: UnitOfWork, provider: PartnerId, page_request: PageRequest) -> Page[Partner]:
    """Return a page of the resellers with an open link to the provider, by name."""
    linked = "select reseller_id from reseller_link where partner_id = $1 and ended_at is null"
    listing = Listing(f"{COLUMNS} from partner where partner_id in ({linked})", "name", "partner_id")
    return await page_of(uow, as_partner, listing, page_request, provider)


async def count_lacking(uow: UnitOfWork, provider: PartnerId, programme: Programme, reseller: str) -> int:
    """Count the customers served through a reseller that have no confirmation that opens the gate."""
    to = Statement(provider, reseller)
    lacks = lacks_confirmation(programme, uow.now, to)
    return await number_of(uow, f"select count(*) {_SERVED} and {lacks}", *to.values)


async def count_open_requests(uow: UnitOfWork, provider: PartnerId, reseller: str) -> tuple[int, datetime | None]:
    """Return the number of open requests to a reseller, for customers that it still serves, and when the oldest was made."""
    [(count, oldest)] = await uow.fetch_all(
        f"select count(*), min(q.asked_at) from reseller_request q where q.partner_id = $1 and q.reseller_id = $2"
        f" and {_OPEN} and exists (select 1 {_SERVED} and v.customer_id = q.customer_id)",
        provider,
        reseller,
    )
    return count, maybe_instant(oldest)


async def lacking_page(
    uow: UnitOfWork,
    provider: PartnerId,
    reseller: str,
    programme: Programme,
    page_request: PageRequest,
    *,
    unasked: bool = False,
    among: Sequence[str] = (),
) -> Page[Row]:
    """Return a page of a reseller's customers that have no confirmation that opens the gate, by name.

    Each row: id, name, when the relationship began.

    Args:
        unasked: only the customers for which the reseller has no open request.
        among: only these customers; empty: all customers.
    """
    to = Statement(provider, reseller)
    lacks = lacks_confirmation(programme, uow.now, to)
    # Few customers are read from the reseller's index and sorted. Many are read from the index of names, which soon fills a
    # page, unless almost no customer lacks a confirmation.
    by_name = await _serves_many(uow, provider, reseller) and await _many_lack(uow, lacks, to)
    select = _LACKING.format(partner="v.partner_id" if by_name else "v.partner_id || ''") + lacks
    if among:
        select += f" and v.customer_id in ({to.bind_all(among)})"
    if unasked:
        select += (
            " and not exists (select 1 from reseller_request q where q.partner_id = v.partner_id"
            f" and q.customer_id = v.customer_id and q.reseller_id = v.reseller_id and {_OPEN})"
        )
    listing = Listing(select, "c.company_key" if by_name else "c.company_key || ''", "c.customer_id")
    return await page_of(uow, tuple, listing, page_request, *to.values)


async def last_voided(uow: UnitOfWork, provider: PartnerId, customers: Sequence[str]) -> dict[str, datetime]:
    """Return when a confirmation of the present relationship was last voided, by customer."""
    to = Statement(provider)
    rows = await uow.fetch_all(
        f"""select e.customer_id, max(e.recorded_at) from ending e
            join relationship r on r.partner_id = e.partner_id and r.customer_id = e.customer_id and r.period = e.period
            where e.partner_id = $1 and e.customer_id in ({to.bind_all(customers)}) and e.reason = 'recorded_in_error'
            group by e.customer_id""",
        *to.values,
    )
    return {customer: from_micros(at) for customer, at in rows}


async def serves(uow: UnitOfWork, provider: PartnerId, reseller: str, customer: str) -> bool:
    """Whether the provider serves the customer through the reseller today."""
    sql = f"select 1 {_SERVED} and v.customer_id = $3"
    return await uow.fetch_one(sql, provider, reseller, customer) is not None


async def serves_anybody(uow: UnitOfWork, provider: PartnerId, reseller: str) -> bool:
    """Whether the provider serves customers through the reseller today."""
    return await uow.fetch_one(f"select 1 {_SERVED} limit 1", provider, reseller) is not None


async def add_request(
    uow: UnitOfWork, provider: PartnerId, reseller: PartnerId, customer: str, asked_by: str
) -> str | None:
    """Add a request to a reseller for a customer's data; return its id, or None: the reseller has an open request."""
    request = uow.new_id()
    added = await uow.execute(
        "insert into reseller_request"
        " (partner_id, request_id, reseller_id, customer_id, asked_at, asked_by, after_sequence)"
        " select c.partner_id, $2, $3, c.customer_id, $5, $6, coalesce(s.last_sequence, 0) from customer c"
        " left join customer_sequence s on s.partner_id = c.partner_id and s.customer_id = c.customer_id"
        " where c.partner_id = $1 and c.customer_id = $4 and not exists ("
        " select 1 from reseller_request q where q.partner_id = $1 and q.customer_id = $4 and q.reseller_id = $3"
        f" and {_OPEN})",
        provider,
        request,
        reseller,
        customer,
        to_micros(uow.now),
        asked_by,
    )
    return request if added else None


async def note_received(uow: UnitOfWork, provider: PartnerId, request: str, user: str) -> bool:
    """Record that the data came; return False if a request's data came or the request was returned before."""
    noted = await uow.execute(
        "update reseller_request set received_at = $3, received_by = $4"
        " where partner_id = $1 and request_id = $2 and received_at is null and returned_at is null",
        provider,
        request,
        to_micros(uow.now),
        user,
    )
    return noted > 0


async def note_returned(uow: UnitOfWork, provider: PartnerId, request: str, user: str, reason: str) -> bool:
    """Record that no usable data come, and why; return False if the request was returned before."""
    noted = await uow.execute(
        "update reseller_request set returned_at = $3, returned_by = $4, return_reason = $5"
        " where partner_id = $1 and request_id = $2 and returned_at is null",
        provider,
        request,
        to_micros(uow.now),
        user,
        reason,
    )
    return noted > 0


async def request_of(uow: UnitOfWork, provider: PartnerId, request: str) -> ResellerRequest | None:
    """Return a request of the provider."""
    return await find(uow, _as_request, f"select {_REQUEST} {_REQUESTS} and q.request_id = $2", provider, request)


async def requests_page(
    uow: UnitOfWork, provider: PartnerId, reseller: str, page_request: PageRequest
) -> Page[ResellerRequest]:
    """Return a page of the requests to a reseller, newest first."""
    select = f"{_REQUEST} {_REQUESTS} and q.reseller_id = $2"
    listing = Listing(select, "q.asked_at", "q.request_id", newest_first=True)
    return await page_of(uow, _as_request, listing, page_request, provider, reseller)


async def requests_asked_at(
    uow: UnitOfWork, provider: PartnerId, reseller: str, asked_at: datetime
) -> list[ResellerRequest]:
    """Return the requests to a reseller of one instant, by the customer's name."""
    condition = "q.reseller_id = $2 and q.asked_at = $3 order by c.company_key, q.customer_id"
    sql = f"select {_REQUEST} {_REQUESTS} and {condition}"
    return await find_all(uow, _as_request, sql, provider, reseller, to_micros(asked_at))


async def last_request(uow: UnitOfWork, provider: PartnerId, reseller: str, customer: str) -> ResellerRequest | None:
    """Return the newest request to a reseller for a customer."""
    condition = "q.customer_id = $2 and q.reseller_id = $3 order by q.asked_at desc, q.request_id limit 1"
    return await find(uow, _as_request, f"select {_REQUEST} {_REQUESTS} and {condition}", provider, customer, reseller)


async def _serves_many(uow: UnitOfWork, provider: PartnerId, reseller: str) -> bool:
    rows = "select 1 from customer_reseller v where v.partner_id || '' = $1 and v.reseller_id = $2"
    return await number_of(uow, f"select count(*) from ({rows} limit {_FEW + 1}) s", provider, reseller) > _FEW


async def _many_lack(uow: UnitOfWork, lacks: str, to: Statement) -> bool:
    [(count, lacking)] = await uow.fetch_all(
        "select count(*), sum(s.lacks) from ("
        f" select case when {lacks} then 1 else 0 end as lacks {_SERVED} limit {_SAMPLE}) s",
        *to.values,
    )
    return count > 0 and bool(lacking * 10 >= count)
