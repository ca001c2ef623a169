"""Confirmations and endings as rows: append only, with the one that counts beside them."""

from agreegate.domain.actor import Channel, UserId
from agreegate.domain.agreement import AgreementType, TemplateId
from agreegate.domain.confirmation import (
    Collection,
    Confirmation,
    ConfirmationId,
    Employee,
    Ending,
    PrimaryContact,
)
from agreegate.domain.partner import PartnerId
from agreegate.domain.warning import AcceptorWarning
from agreegate.storage.clock import note_recorded
from agreegate.storage.page import Listing, Page, Wanted, page_of
from agreegate.storage.standing import UNKNOWN_TEXT
from agreegate.storage.unit_of_work import Row, UnitOfWork, from_micros, to_micros

LAST = (1 << 63) - 1
"""No sequence is higher."""
COLUMNS = """
    c.confirmation_id, c.sequence, c.template_id, c.agreement_type, c.date_agreed_at, c.user_id, c.recorded_by, c.channel,
    c.recorded_at, c.request_id, p.first_name, p.last_name, p.email, p.phone, e.name, e.email, e.reference
    from confirmation c
    left join confirmation_contact p
      on p.partner_id = c.partner_id and p.customer_id = c.customer_id and p.sequence = c.sequence
    left join confirmation_employee e
      on e.partner_id = c.partner_id and e.customer_id = c.customer_id and e.sequence = c.sequence
      and e.number = (select max(l.number) from confirmation_employee l
        where l.partner_id = c.partner_id and l.customer_id = c.customer_id and l.sequence = c.sequence)
"""
_ACCEPTED_BY = """case
    when c.date_agreed_at % 86400000000 <> 0 then c.date_agreed_at
    when c.recorded_at >= c.date_agreed_at + 86399999999 then c.date_agreed_at + 86399999999
    when c.recorded_at > c.date_agreed_at then c.recorded_at
    else c.date_agreed_at end"""
"""The latest instant at which the customer can have accepted, as `accepted_by` in `domain/accepted_text.py` says."""
_OF_PRESENT_PERIOD = """r.partner_id = c.partner_id and r.customer_id = c.customer_id
    and r.ended_at is null and r.period = c.period"""
COUNTING = f"""
    join relationship r on {_OF_PRESENT_PERIOD}
    where c.sequence > coalesce(r.refused_sequence, 0)
      and not exists (select 1 from ending x where x.partner_id = c.partner_id and x.customer_id = c.customer_id
        and x.confirmation_sequence = c.sequence)
"""


async def next_sequence(uow: UnitOfWork, partner: PartnerId, customer: str) -> int:
    """Take the next place in this customer's history. The row that it changes also makes rivals wait for each other."""
    row = await uow.one(
        "insert into customer_sequence (partner_id, customer_id, last_sequence) values ($1, $2, 1)"
        " on conflict (partner_id, customer_id) do update set last_sequence = customer_sequence.last_sequence + 1"
        " returning last_sequence",
        partner,
        customer,
    )
    if row is None:
        raise LookupError(customer)
    return int(row[0])


async def add_confirmation(
    uow: UnitOfWork, partner: PartnerId, customer: str, period: int, confirmation: Confirmation
) -> None:
    """Record a confirmation with its contact and, when stated, the real employee."""
    await note_recorded(uow, partner)
    key = (partner, customer, confirmation.sequence)
    await uow.run(
        "insert into confirmation (partner_id, customer_id, sequence, confirmation_id, period, template_id,"
        " agreement_type, date_agreed_at, user_id, recorded_by, channel, request_id, recorded_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        *key,
        confirmation.id,
        period,
        confirmation.template_id,
        confirmation.agreement_type,
        to_micros(confirmation.date_agreed),
        confirmation.user_id,
        confirmation.recorded_by,
        confirmation.channel,
        confirmation.request_id,
        to_micros(confirmation.recorded_at),
    )
    if (contact := confirmation.contact) is not None:
        await uow.run(
            "insert into confirmation_contact (partner_id, customer_id, sequence, first_name, last_name, email, phone)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            *key,
            contact.first_name,
            contact.last_name,
            contact.email,
            contact.phone,
        )
    if confirmation.confirmed_by is not None:
        await add_employee(
            uow, partner, customer, confirmation.sequence, confirmation.confirmed_by, confirmation.recorded_by
        )


async def add_employee(
    uow: UnitOfWork, partner: PartnerId, customer: str, sequence: int, employee: Employee, stated_by: str
) -> None:
    """Keep who really confirmed beside a record made by a designated account (R28), after all that was stated before."""
    await uow.run(
        "insert into confirmation_employee"
        " (partner_id, customer_id, sequence, number, name, email, reference, stated_by, stated_at)"
        " select $1, $2, $3, coalesce(max(number), 0) + 1, $4, $5, $6, $7, $8 from confirmation_employee"
        " where partner_id = $1 and customer_id = $2 and sequence = $3",
        partner,
        customer,
        sequence,
        employee.name,
        employee.email,
        employee.reference,
        stated_by,
        to_micros(uow.now),
    )


async def add_collection(
    uow: UnitOfWork, partner: PartnerId, customer: str, sequence: int, collection: Collection
) -> None:
    """Keep through whom the data of a confirmation came (R22, R23)."""
    await uow.run(
        "insert into confirmation_collection (partner_id, customer_id, sequence, reseller_id, person, collected_at)"
        " values ($1, $2, $3, $4, $5, $6)",
        partner,
        customer,
        sequence,
        collection.reseller_id,
        collection.person,
        to_micros(collection.collected_on),
    )


async def add_warning(
    uow: UnitOfWork, partner: PartnerId, customer: str, sequence: int, warning: AcceptorWarning
) -> None:
    """Keep what spoke against the acceptor of a confirmation (X14)."""
    await uow.run(
        "insert into confirmation_warning (partner_id, customer_id, sequence, warning) values ($1, $2, $3, $4)",
        partner,
        customer,
        sequence,
        warning,
    )


async def collections_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, first: int = 0, last: int = LAST
) -> dict[int, Collection]:
    """Through whom the data of this customer's confirmations came, by the confirmation's sequence.

    Args:
        first, last: only of confirmations with these sequences and between them.
    """
    rows = await uow.all(
        "select sequence, reseller_id, person, collected_at from confirmation_collection"
        " where partner_id = $1 and customer_id = $2 and sequence between $3 and $4",
        partner,
        customer,
        first,
        last,
    )
    return {row[0]: Collection(PartnerId(row[1]), row[2], from_micros(row[3])) for row in rows}


async def warnings_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, first: int = 0, last: int = LAST
) -> dict[int, tuple[AcceptorWarning, ...]]:
    """What spoke against the acceptors of this customer's confirmations, by the confirmation's sequence.

    Args:
        first, last: only of confirmations with these sequences and between them.
    """
    found: dict[int, tuple[AcceptorWarning, ...]] = {}
    for sequence, warning in await uow.all(
        "select sequence, warning from confirmation_warning where partner_id = $1 and customer_id = $2"
        " and sequence between $3 and $4 order by sequence, warning",
        partner,
        customer,
        first,
        last,
    ):
        found[sequence] = (*found.get(sequence, ()), AcceptorWarning(warning))
    return found


async def add_ending(
    uow: UnitOfWork, partner: PartnerId, customer: str, period: int, ending: Ending, taken_back: int | None
) -> None:
    """Record that a confirmation (by its sequence), or every one (None), no longer counts."""
    await note_recorded(uow, partner)
    await uow.run(
        "insert into ending (partner_id, customer_id, sequence, ending_id, period, reason, confirmation_sequence, note,"
        " recorded_by, channel, recorded_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        partner,
        customer,
        ending.sequence,
        ending.id,
        period,
        ending.reason,
        taken_back,
        ending.note,
        ending.recorded_by,
        ending.channel,
        to_micros(ending.recorded_at),
    )


async def make_current(uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: str, sequence: int) -> None:
    """Let a recorded confirmation be the one that counts for its agreement type (R27)."""
    await uow.run(
        "insert into current_confirmation (partner_id, customer_id, agreement_type, period, sequence, template_id,"
        " date_agreed_at, recorded_at, refused_at, text_at, text_number)"
        " select c.partner_id, c.customer_id, c.agreement_type, c.period, c.sequence, c.template_id, c.date_agreed_at,"
        f" c.recorded_at, r.refused_at, coalesce(v.effective_at, {_ACCEPTED_BY}), coalesce(v.number, {UNKNOWN_TEXT})"
        " from confirmation c join relationship r on r.partner_id = c.partner_id and r.customer_id = c.customer_id"
        " left join confirmation_text t on t.partner_id = c.partner_id and t.customer_id = c.customer_id"
        "  and t.sequence = c.sequence"
        " left join text_version v on v.version_id = t.version_id"
        " where c.partner_id = $1 and c.customer_id = $2 and c.agreement_type = $3 and c.sequence = $4"
        " on conflict (partner_id, customer_id, agreement_type) do update set period = excluded.period,"
        " sequence = excluded.sequence, template_id = excluded.template_id, date_agreed_at = excluded.date_agreed_at,"
        " recorded_at = excluded.recorded_at, refused_at = excluded.refused_at, text_at = excluded.text_at,"
        " text_number = excluded.text_number",
        partner,
        customer,
        agreement_type,
        sequence,
    )


async def clear_current(uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: str | None = None) -> None:
    """Let no confirmation count: of one agreement type, or (None) of any."""
    await uow.run(
        "delete from current_confirmation where partner_id = $1 and customer_id = $2"
        " and ($3 is null or agreement_type = $3)",
        partner,
        customer,
        agreement_type,
    )


async def current_confirmation(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: str
) -> Confirmation | None:
    """The confirmation that counts for one agreement type, with its contact."""
    row = await uow.one(
        f"select {COLUMNS} join current_confirmation n"
        " on n.partner_id = c.partner_id and n.customer_id = c.customer_id and n.sequence = c.sequence"
        " where c.partner_id = $1 and c.customer_id = $2 and n.agreement_type = $3",
        partner,
        customer,
        agreement_type,
    )
    return None if row is None else as_confirmation(row)


async def confirmation_at(uow: UnitOfWork, partner: PartnerId, confirmation_id: str) -> tuple[str, Confirmation] | None:
    """One confirmation by its id, with the customer it is of; only the partner's own."""
    row = await uow.one(
        f"select c.customer_id, {COLUMNS} where c.partner_id = $1 and c.confirmation_id = $2", partner, confirmation_id
    )
    return None if row is None else (row[0], as_confirmation(row[1:]))


async def confirmations_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> list[Confirmation]:
    """Every confirmation ever recorded by this partner for this customer, newest first."""
    rows = await uow.all(
        f"select {COLUMNS} where c.partner_id = $1 and c.customer_id = $2 order by c.sequence desc", partner, customer
    )
    return [as_confirmation(row) for row in rows]


async def counting_confirmations(uow: UnitOfWork, partner: PartnerId, customer: str) -> list[Confirmation]:
    """What the wire lists: of the present period, not taken back, not ended by a refusal; newest first (contract 4.3)."""
    rows = await uow.all(
        f"select {COLUMNS} {COUNTING} and c.partner_id = $1 and c.customer_id = $2 order by c.sequence desc",
        partner,
        customer,
    )
    return [as_confirmation(row) for row in rows]


async def still_counting(uow: UnitOfWork, partner: PartnerId, confirmation_id: str) -> bool:
    """Whether a confirmation is one that the wire lists: not ended, nor its relationship."""
    row = await uow.one(
        f"select 1 from confirmation c {COUNTING} and c.partner_id = $1 and c.confirmation_id = $2",
        partner,
        confirmation_id,
    )
    return row is not None


async def of_present_period(uow: UnitOfWork, partner: PartnerId, confirmation_id: str) -> bool:
    """Whether the relationship in which a confirmation was recorded goes on."""
    row = await uow.one(
        f"select 1 from confirmation c join relationship r on {_OF_PRESENT_PERIOD}"
        " where c.partner_id = $1 and c.confirmation_id = $2",
        partner,
        confirmation_id,
    )
    return row is not None


async def without_employee(uow: UnitOfWork, partner: PartnerId, wanted: Wanted) -> Page[tuple[str, str, str]]:
    """A page of the confirmations by a designated account for which no employee is stated (R28), newest first.

    Each with its customer, its id and its template. Only those of present relationships: of the others none can be stated.
    """
    listing = Listing(
        "select c.recorded_at, c.confirmation_id, c.customer_id, c.template_id from confirmation c"
        " join partner_user u on u.partner_id = c.partner_id and u.user_id = c.user_id and u.designated = 1"
        f" join relationship r on {_OF_PRESENT_PERIOD}"
        " where c.partner_id = $1 and not exists (select 1 from confirmation_employee e"
        "  where e.partner_id = c.partner_id and e.customer_id = c.customer_id and e.sequence = c.sequence)",
        "c.recorded_at",
        "c.confirmation_id",
        newest_first=True,
    )
    found = await page_of(uow, listing, wanted, partner)
    items = tuple((row[2], row[1], row[3]) for row in found.items)
    return Page(items, found.first, found.last, found.more_before, found.more_after)


def as_confirmation(row: Row) -> Confirmation:
    """A row of `COLUMNS`."""
    contact = None if row[10] is None else PrimaryContact(row[10], row[11], row[12], row[13])
    return Confirmation(
        id=ConfirmationId(row[0]),
        sequence=row[1],
        template_id=TemplateId(row[2]),
        agreement_type=AgreementType(row[3]),
        date_agreed=from_micros(row[4]),
        contact=contact,
        user_id=UserId(row[5]),
        recorded_by=row[6],
        channel=Channel(row[7]),
        recorded_at=from_micros(row[8]),
        request_id=row[9],
        confirmed_by=None if row[14] is None else Employee(row[14], row[15], row[16]),
    )
