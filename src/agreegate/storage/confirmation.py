"""Confirmations as rows, in the order of recording, with their contacts and employees. `record.py` alone writes them."""

from datetime import datetime
from typing import NamedTuple

from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.confirmation import Collection, Confirmation
from agreegate.domain.customers.customer import text_language
from agreegate.domain.partner import PartnerId
from agreegate.domain.warning import AcceptorWarning
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, Value, from_micros, maybe_instant, to_micros
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of
from agreegate.storage.row import find, find_all, reader

LAST = (1 << 63) - 1
"""The highest possible sequence."""
_SELECTED = """
    c.confirmation_id, c.sequence, c.template_id, c.agreement_type, c.date_agreed_at, p.first_name, p.last_name, p.email,
    p.phone, c.user_id, c.recorded_by, c.channel, c.recorded_at, c.request_id, e.name, e.email, e.reference
"""
_BESIDE = """
    left join confirmation_contact p on p.confirmation_number = c.number
    left join confirmation_employee e on e.confirmation_number = c.number
      and e.number = (select max(l.number) from confirmation_employee l where l.confirmation_number = c.number)
"""
COLUMNS = f"{_SELECTED} from confirmation c {_BESIDE}"
_IS_CURRENT = "c.partner_id = n.partner_id and c.customer_id = n.customer_id and c.sequence = n.sequence"


as_confirmation = reader(Confirmation)
"""Makes the confirmation of a row of `COLUMNS`."""
_as_collection = reader(Collection)


def is_voided(c: str) -> str:
    """SQL: the confirmation of a row was recorded in error (R17)."""
    return f"""exists (select 1 from ending x where x.partner_id = {c}.partner_id and x.customer_id = {c}.customer_id
      and x.confirmation_sequence = {c}.sequence)"""


_OF_PRESENT_PERIOD = """r.partner_id = c.partner_id and r.customer_id = c.customer_id
    and r.ended_at is null and r.period = c.period"""
COUNTING = f"""
    join relationship r on {_OF_PRESENT_PERIOD}
    where c.sequence > coalesce(r.no_longer_agrees_sequence, 0) and not {is_voided("c")}
"""
"""SQL: the confirmation `c` counts (contract 4.3): of the present period, not voided, newer than the last time the customer no
longer agreed; like a confirmation that `Endings` in `domain/standing.py` ends by nothing."""


async def collections_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, first: int = 0, last: int = LAST
) -> dict[int, Collection]:
    """Return the resellers that collected the data of a customer's confirmations, by sequence of the confirmation.

    Args:
        first, last: only of confirmations with these sequences and between them.
    """
    rows = await _beside(
        uow, "confirmation_collection", "k.reseller_id, k.person, k.collected_at", partner, customer, first, last
    )
    return {sequence: _as_collection(columns) for sequence, *columns in rows}


async def warnings_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, first: int = 0, last: int = LAST
) -> dict[int, tuple[AcceptorWarning, ...]]:
    """Return the warnings about the acceptors of a customer's confirmations, by sequence of the confirmation.

    Args:
        first, last: only of confirmations with these sequences and between them.
    """
    found: dict[int, tuple[AcceptorWarning, ...]] = {}
    rows = await _beside(uow, "confirmation_warning", "k.warning", partner, customer, first, last)
    for sequence, warning in rows:
        found[sequence] = (*found.get(sequence, ()), AcceptorWarning(warning))
    return found


async def _beside(
    uow: UnitOfWork, table: str, columns: str, partner: PartnerId, customer: str, first: int, last: int
) -> list[Row]:
    """Return the rows `k` of a table about a customer's confirmations, with the confirmation's sequence first."""
    return await uow.fetch_all(
        f"select c.sequence, {columns} from confirmation c join {table} k on k.confirmation_number = c.number"
        f" where c.partner_id = $1 and c.customer_id = $2 and c.sequence between $3 and $4 order by c.sequence, {columns}",
        partner,
        customer,
        first,
        last,
    )


class ServedCustomer(NamedTuple):
    """A customer of a partner, as a confirmation of one template needs it."""

    period: int
    """The number of the relationship."""
    no_longer_agrees_at: datetime | None
    """The latest instant at which it was recorded that the customer no longer agrees."""
    country: str
    language: str
    """The language in which the customer reads texts."""
    texts_in_effect: bool
    """Whether a text of the template has taken effect in any country."""
    current: Confirmation | None
    """The confirmation that counts for the template's agreement type; None too where duplicates are allowed now."""


async def served_customer(
    uow: UnitOfWork, partner: PartnerId, customer: str, template: AgreementTemplate | None
) -> ServedCustomer | None:
    """Return the facts with which a new confirmation is compared; None: the partner does not serve the customer.

    Args:
        template: None: the draft names no template of the programme.
    """
    row = await uow.fetch_one(
        f"select r.period, r.no_longer_agrees_at, k.country, k.language, k.culture, exists (select 1 from text_version v"
        f" where v.template_id = $3 and v.effective_at <= $4), n.sequence, {_SELECTED} from relationship r"
        " join customer k on k.partner_id = r.partner_id and k.customer_id = r.customer_id"
        " left join current_confirmation n on n.partner_id = r.partner_id and n.customer_id = r.customer_id"
        f" and n.agreement_type = $5 left join confirmation c on {_IS_CURRENT} {_BESIDE}"
        " where r.partner_id = $1 and r.customer_id = $2 and r.ended_at is null",
        partner,
        customer,
        "" if template is None else template.id,
        to_micros(uow.now),
        "" if template is None or not template.refuses_duplicates(uow.now) else template.agreement_type,
    )
    if row is None:
        return None
    period, no_longer_agrees_at, country, language, culture, in_effect, sequence, *columns = row
    current = None if sequence is None else as_confirmation(columns)
    return ServedCustomer(
        period, maybe_instant(no_longer_agrees_at), country, text_language(language, culture), bool(in_effect), current
    )


async def confirmation_where(uow: UnitOfWork, clause: str, *parameters: Value) -> Confirmation | None:
    """Return the first confirmation `c` that a clause of SQL selects, beginning with `where` or a join."""
    return await find(uow, as_confirmation, f"select {COLUMNS} {clause}", *parameters)


async def current_confirmation(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: str
) -> Confirmation | None:
    """Return the confirmation that counts for an agreement type."""
    return await confirmation_where(
        uow,
        f"join current_confirmation n on {_IS_CURRENT}"
        " where c.partner_id = $1 and c.customer_id = $2 and n.agreement_type = $3",
        partner,
        customer,
        agreement_type,
    )


async def confirmation_at(uow: UnitOfWork, partner: PartnerId, confirmation_id: str) -> tuple[str, Confirmation] | None:
    """Return the customer and the confirmation of an id of this partner."""
    row = await uow.fetch_one(
        f"select c.customer_id, {COLUMNS} where c.partner_id = $1 and c.confirmation_id = $2", partner, confirmation_id
    )
    if row is None:
        return None
    customer, *columns = row
    return customer, as_confirmation(columns)


async def confirmations_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, *, counting: bool = False
) -> list[Confirmation]:
    """Return the confirmations that a partner recorded for a customer, newest first.

    Args:
        counting: only the confirmations that the wire lists (contract 4.3): of the present period, not voided, and not
            ended because the customer no longer agreed.
    """
    among = f"{COUNTING} and" if counting else "where"
    sql = f"select {COLUMNS} {among} c.partner_id = $1 and c.customer_id = $2 order by c.sequence desc"
    return await find_all(uow, as_confirmation, sql, partner, customer)


async def still_counting(uow: UnitOfWork, partner: PartnerId, confirmation_id: str) -> bool:
    """Whether the wire lists a confirmation: neither the confirmation nor its relationship has ended."""
    sql = f"select 1 from confirmation c {COUNTING} and c.partner_id = $1 and c.confirmation_id = $2"
    return await uow.fetch_one(sql, partner, confirmation_id) is not None


async def of_present_period(uow: UnitOfWork, partner: PartnerId, confirmation_id: str) -> bool:
    """Whether the relationship in which a confirmation was recorded is still open."""
    sql = (
        f"select 1 from confirmation c join relationship r on {_OF_PRESENT_PERIOD}"
        " where c.partner_id = $1 and c.confirmation_id = $2"
    )
    return await uow.fetch_one(sql, partner, confirmation_id) is not None


async def without_employee(
    uow: UnitOfWork, partner: PartnerId, page_request: PageRequest
) -> Page[tuple[str, str, str]]:
    """Return a page of the confirmations by a designated account for which no employee is stated (R28), newest first.

    Each is a customer, the confirmation's id and its template. Confirmations of ended relationships are left out: no
    employee can be stated for them.
    """
    listing = Listing(
        "c.customer_id, c.confirmation_id, c.template_id from confirmation c"
        " join partner_user u on u.partner_id = c.partner_id and u.user_id = c.user_id and u.designated = 1"
        f" join relationship r on {_OF_PRESENT_PERIOD}"
        " where c.partner_id = $1"
        " and not exists (select 1 from confirmation_employee e where e.confirmation_number = c.number)",
        "c.recorded_at",
        "c.confirmation_id",
        newest_first=True,
    )
    return await page_of(uow, tuple, listing, page_request, partner)


async def direct_acceptances(uow: UnitOfWork, partner: PartnerId, customer: str) -> dict[str, datetime]:
    """Return when the customer accepted without the partner, by agreement type."""
    rows = await uow.fetch_all(
        "select agreement_type, accepted_at from direct_acceptance where partner_id = $1 and customer_id = $2",
        partner,
        customer,
    )
    return {kind: from_micros(accepted_at) for kind, accepted_at in rows}
