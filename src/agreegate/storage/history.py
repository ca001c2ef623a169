"""The history of a customer's acceptance: endings, a page of confirmations, and looks that stay short however long it is."""

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementType
from agreegate.domain.confirmation import Confirmation, Ending, EndReason
from agreegate.domain.partner import PartnerId
from agreegate.storage.confirmation import COLUMNS, COUNTING, LAST, as_confirmation
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, from_micros
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of

_ENDINGS = """
    select x.ending_id, x.sequence, x.reason, c.confirmation_id, x.note, x.recorded_by, x.channel, x.recorded_at
    from ending x left join confirmation c
      on c.partner_id = x.partner_id and c.customer_id = x.customer_id and c.sequence = x.confirmation_sequence
    where x.partner_id = $1 and x.customer_id = $2"""


async def confirmations_page(
    uow: UnitOfWork, partner: PartnerId, customer: str, page_request: PageRequest
) -> Page[Confirmation]:
    """A page of the confirmations ever recorded by this partner for this customer, newest first."""
    listing = Listing(
        f"select c.sequence, c.confirmation_id, {COLUMNS} where c.partner_id = $1 and c.customer_id = $2",
        "c.sequence",
        "c.confirmation_id",
        newest_first=True,
    )
    found = await page_of(uow, listing, page_request, partner, customer)
    items = tuple(as_confirmation(columns) for _, _, *columns in found.items)
    return Page(items, found.first, found.last, found.more_before, found.more_after)


async def confirmation_of(uow: UnitOfWork, partner: PartnerId, customer: str, sequence: int) -> Confirmation | None:
    """One confirmation by its sequence."""
    row = await uow.fetch_one(
        f"select {COLUMNS} where c.partner_id = $1 and c.customer_id = $2 and c.sequence = $3",
        partner,
        customer,
        sequence,
    )
    return None if row is None else as_confirmation(row)


async def newest_confirmation(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: AgreementType
) -> Confirmation | None:
    """The newest confirmation of an agreement type, ended or not."""
    row = await uow.fetch_one(
        f"select {COLUMNS} where c.partner_id = $1 and c.customer_id = $2 and c.agreement_type = $3"
        " order by c.sequence desc limit 1",
        partner,
        customer,
        agreement_type,
    )
    return None if row is None else as_confirmation(row)


async def newest_counting(
    uow: UnitOfWork,
    partner: PartnerId,
    customer: str,
    agreement_type: AgreementType | None = None,
    before: int | None = None,
) -> Confirmation | None:
    """The newest of `counting_confirmations`.

    Args:
        agreement_type: only of this type; None: of every type.
        before: only one with a lower sequence.
    """
    row = await uow.fetch_one(
        f"select {COLUMNS} {COUNTING} and c.partner_id = $1 and c.customer_id = $2"
        " and ($3 is null or c.agreement_type = $3) and ($4 is null or c.sequence < $4) order by c.sequence desc limit 1",
        partner,
        customer,
        agreement_type,
        before,
    )
    return None if row is None else as_confirmation(row)


async def was_confirmed(uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: AgreementType) -> bool:
    """Whether an agreement type was ever confirmed for this customer, other than in error."""
    row = await uow.fetch_one(
        "select 1 from confirmation c where c.partner_id = $1 and c.customer_id = $2 and c.agreement_type = $3"
        " and not exists (select 1 from ending x where x.partner_id = c.partner_id and x.customer_id = c.customer_id"
        "  and x.confirmation_sequence = c.sequence) limit 1",
        partner,
        customer,
        agreement_type,
    )
    return row is not None


async def ended_by_no_longer_agreeing(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: AgreementType
) -> bool:
    """Whether a refusal ended a confirmation of an agreement type that had not been taken back before (R47)."""
    row = await uow.fetch_one(
        "select 1 from confirmation c where c.partner_id = $1 and c.customer_id = $2 and c.agreement_type = $3"
        " and exists (select 1 from ending r where r.partner_id = c.partner_id and r.customer_id = c.customer_id"
        "  and r.reason = 'no_longer_agrees' and r.sequence > c.sequence"
        "  and not exists (select 1 from ending x where x.partner_id = c.partner_id and x.customer_id = c.customer_id"
        "   and x.confirmation_sequence = c.sequence and x.sequence < r.sequence)) limit 1",
        partner,
        customer,
        agreement_type,
    )
    return row is not None


async def newer_than(uow: UnitOfWork, partner: PartnerId, customer: str, sequence: int) -> int:
    """The sequence of the confirmation after another one; `LAST` when that is the newest."""
    [(newer,)] = await uow.fetch_all(
        "select min(sequence) from confirmation where partner_id = $1 and customer_id = $2 and sequence > $3",
        partner,
        customer,
        sequence,
    )
    return LAST if newer is None else int(newer)


async def stood_until(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: AgreementType, before: int
) -> int:
    """Up to which sequence some confirmation of an agreement type stood that was recorded before another; 0 when none did.

    Only what stood at `before` matters: what a refusal had ended by then is left out.
    """
    [(stood, refused)] = await uow.fetch_all(
        "select max(coalesce(x.sequence, $5)), min(f.sequence) from confirmation c"
        " left join ending x on x.partner_id = c.partner_id and x.customer_id = c.customer_id"
        "  and x.confirmation_sequence = c.sequence"
        " left join (select min(y.sequence) as sequence from ending y where y.partner_id = $1 and y.customer_id = $2"
        "  and y.reason = 'no_longer_agrees' and y.sequence > $4) f on true"
        " where c.partner_id = $1 and c.customer_id = $2 and c.agreement_type = $3 and c.sequence < $4"
        "  and c.sequence > coalesce((select max(z.sequence) from ending z where z.partner_id = $1"
        "   and z.customer_id = $2 and z.reason = 'no_longer_agrees' and z.sequence < $4), 0)",
        partner,
        customer,
        agreement_type,
        before,
        LAST,
    )
    return 0 if stood is None else min(int(stood), LAST if refused is None else int(refused))


async def endings_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> list[Ending]:
    """Every ending this partner recorded for this customer, newest first."""
    return [_ending(row) for row in await uow.fetch_all(f"{_ENDINGS} order by x.sequence desc", partner, customer)]


async def endings_about(uow: UnitOfWork, partner: PartnerId, customer: str, first: int, last: int) -> list[Ending]:
    """What ended the confirmations with two sequences and between them, newest first.

    Of the refusals after the last of them only the first is there: no later one ended any of them.
    """
    rows = await uow.fetch_all(
        f"{_ENDINGS} and x.sequence > $3 and (x.confirmation_sequence between $3 and $4"
        " or (x.reason = 'no_longer_agrees' and x.sequence <= coalesce((select min(y.sequence) from ending y"
        "  where y.partner_id = $1 and y.customer_id = $2 and y.reason = 'no_longer_agrees' and y.sequence > $4), $4)))"
        " order by x.sequence desc",
        partner,
        customer,
        first,
        last,
    )
    return [_ending(row) for row in rows]


async def newest_ending(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: AgreementType
) -> Ending | None:
    """The newest ending that concerns an agreement type: that the customer no longer agrees concerns every one."""
    row = await uow.fetch_one(
        f"{_ENDINGS} and (x.confirmation_sequence is null or c.agreement_type = $3) order by x.sequence desc limit 1",
        partner,
        customer,
        agreement_type,
    )
    return None if row is None else _ending(row)


async def refusals_between(
    uow: UnitOfWork, partner: PartnerId, customer: str, after: int, before: int, size: int
) -> list[Ending]:
    """When the customer was recorded as no longer agreeing, newest first: between two sequences, without them."""
    rows = await uow.fetch_all(
        f"{_ENDINGS} and x.reason = 'no_longer_agrees' and x.sequence > $3 and x.sequence < $4"
        " order by x.sequence desc limit $5",
        partner,
        customer,
        after,
        before,
        size,
    )
    return [_ending(row) for row in rows]


def _ending(row: Row) -> Ending:
    id_, sequence, reason, voided, note, recorded_by, channel, recorded_at = row
    return Ending(
        id_, sequence, EndReason(reason), voided, note, recorded_by, Channel(channel), from_micros(recorded_at)
    )
