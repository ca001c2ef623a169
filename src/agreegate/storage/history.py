"""The history of a customer's acceptance: its endings, pages of its confirmations, and queries whose cost stays bounded."""

from agreegate.domain.agreements.agreement import AgreementType
from agreegate.domain.confirmation import Confirmation, Ending
from agreegate.domain.partner import PartnerId
from agreegate.storage.confirmation import COLUMNS, COUNTING, LAST, as_confirmation, confirmation_where, is_voided
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of
from agreegate.storage.row import find_all, reader

_as_ending = reader(Ending)


async def confirmations_page(
    uow: UnitOfWork, partner: PartnerId, customer: str, page_request: PageRequest
) -> Page[Confirmation]:
    """Return a page of the confirmations that a partner recorded for a customer, newest first."""
    listing = Listing(
        f"{COLUMNS} where c.partner_id = $1 and c.customer_id = $2",
        "c.sequence",
        "c.confirmation_id",
        newest_first=True,
    )
    return await page_of(uow, as_confirmation, listing, page_request, partner, customer)


async def confirmation_of(uow: UnitOfWork, partner: PartnerId, customer: str, sequence: int) -> Confirmation | None:
    """Return a confirmation by its sequence."""
    clause = "where c.partner_id = $1 and c.customer_id = $2 and c.sequence = $3"
    return await confirmation_where(uow, clause, partner, customer, sequence)


async def newest_confirmation(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: AgreementType
) -> Confirmation | None:
    """Return the newest confirmation of an agreement type, ended or not."""
    clause = "where c.partner_id = $1 and c.customer_id = $2 and c.agreement_type = $3 order by c.sequence desc limit 1"
    return await confirmation_where(uow, clause, partner, customer, agreement_type)


async def newest_counting(
    uow: UnitOfWork,
    partner: PartnerId,
    customer: str,
    agreement_type: AgreementType | None = None,
    before: int | None = None,
) -> Confirmation | None:
    """Return the newest confirmation that the wire lists.

    Args:
        agreement_type: only of this type; None: of every type.
        before: only one with a lower sequence.
    """
    return await confirmation_where(
        uow,
        f"{COUNTING} and c.partner_id = $1 and c.customer_id = $2"
        " and (cast($3 as text) is null or c.agreement_type = $3)"
        " and (cast($4 as bigint) is null or c.sequence < $4) order by c.sequence desc limit 1",
        partner,
        customer,
        agreement_type,
        before,
    )


async def was_confirmed(uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: AgreementType) -> bool:
    """Whether a confirmation of an agreement type exists that was not voided."""
    row = await uow.fetch_one(
        "select 1 from confirmation c where c.partner_id = $1 and c.customer_id = $2 and c.agreement_type = $3"
        f" and not {is_voided('c')} limit 1",
        partner,
        customer,
        agreement_type,
    )
    return row is not None


async def ended_by_no_longer_agreeing(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: AgreementType
) -> bool:
    """Whether a confirmation of an agreement type ended because the customer no longer agreed (R47), before it was voided."""
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
    """Return the sequence of the confirmation after another one; `LAST`: the other one is the newest."""
    [(newer,)] = await uow.fetch_all(
        "select min(sequence) from confirmation where partner_id = $1 and customer_id = $2 and sequence > $3",
        partner,
        customer,
        sequence,
    )
    return LAST if newer is None else int(newer)


async def counted_until(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: AgreementType, before: int
) -> int:
    """Return the sequence up to which a confirmation of an agreement type counted that was recorded before another.

    0: no confirmation counted when the other one, with the sequence `before`, was recorded.
    """
    [(counted, ended)] = await uow.fetch_all(
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
    return 0 if counted is None else min(int(counted), LAST if ended is None else int(ended))


async def endings_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> list[Ending]:
    """Return the endings that a partner recorded for a customer, newest first."""
    return await _endings(uow, partner, customer, "true")


async def endings_about(uow: UnitOfWork, partner: PartnerId, customer: str, first: int, last: int) -> list[Ending]:
    """Return what ended the confirmations from one sequence to another, newest first.

    Where the customer no longer agreed after the last of them, only the first such ending is included: it ended them all.
    """
    return await _endings(
        uow,
        partner,
        customer,
        "x.sequence > $3 and (x.confirmation_sequence between $3 and $4"
        " or (x.reason = 'no_longer_agrees' and x.sequence <= coalesce((select min(y.sequence) from ending y"
        "  where y.partner_id = $1 and y.customer_id = $2 and y.reason = 'no_longer_agrees' and y.sequence > $4), $4)))",
        first,
        last,
    )


async def newest_ending(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: AgreementType
) -> Ending | None:
    """Return the newest ending that concerns an agreement type; that a customer no longer agrees concerns every type."""
    condition = "(x.confirmation_sequence is null or c.agreement_type = $3)"
    return next(iter(await _endings(uow, partner, customer, condition, agreement_type, most=1)), None)


async def no_longer_agrees_between(
    uow: UnitOfWork, partner: PartnerId, customer: str, after: int, before: int, size: int
) -> list[Ending]:
    """Return the endings because the customer no longer agreed, newest first, with a sequence between two others."""
    condition = "x.reason = 'no_longer_agrees' and x.sequence > $3 and x.sequence < $4"
    return await _endings(uow, partner, customer, condition, after, before, most=size)


async def _endings(
    uow: UnitOfWork, partner: PartnerId, customer: str, condition: str, *parameters: Value, most: int = LAST
) -> list[Ending]:
    """Return the endings `x` that meet a condition, newest first; `c` is the voided confirmation, if any."""
    return await find_all(
        uow,
        _as_ending,
        "select x.ending_id, x.sequence, x.reason, c.confirmation_id, x.note, x.recorded_by, x.channel, x.recorded_at"
        " from ending x left join confirmation c on c.partner_id = x.partner_id and c.customer_id = x.customer_id"
        "  and c.sequence = x.confirmation_sequence"
        f" where x.partner_id = $1 and x.customer_id = $2 and {condition} order by x.sequence desc limit {most}",
        partner,
        customer,
        *parameters,
    )
