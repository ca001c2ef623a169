"""Confirmations as rows: append only, in the order of recording, with what was kept beside them. `record.py` writes them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from agreegate.domain.actor import Channel, UserId
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.confirmation import Collection, Confirmation, ConfirmationId, Employee, PrimaryContact
from agreegate.domain.customers.customer import text_language
from agreegate.domain.partner import PartnerId
from agreegate.domain.warning import AcceptorWarning
from agreegate.storage.engine.unit_of_work import UnitOfWork, from_micros, maybe_instant, to_micros
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of

LAST = (1 << 63) - 1
"""No sequence is higher."""
_SELECTED = """
    c.confirmation_id, c.sequence, c.template_id, c.agreement_type, c.date_agreed_at, c.user_id, c.recorded_by, c.channel,
    c.recorded_at, c.request_id, p.first_name, p.last_name, p.email, p.phone, e.name, e.email, e.reference
"""
_BESIDE = """
    left join confirmation_contact p on p.confirmation_number = c.number
    left join confirmation_employee e on e.confirmation_number = c.number
      and e.number = (select max(l.number) from confirmation_employee l where l.confirmation_number = c.number)
"""
COLUMNS = f"{_SELECTED} from confirmation c {_BESIDE}"
_IS_CURRENT = "c.partner_id = n.partner_id and c.customer_id = n.customer_id and c.sequence = n.sequence"


def as_confirmation(columns: Sequence[Any]) -> Confirmation:
    """A row of `COLUMNS`."""
    (id_, sequence, template, kind, agreed, user, recorded_by, channel, recorded, request_id, first_name, last_name, email,
     phone, employee, employee_email, reference) = columns  # fmt: skip
    return Confirmation(
        id=ConfirmationId(id_),
        sequence=sequence,
        template_id=TemplateId(template),
        agreement_type=AgreementType(kind),
        date_agreed=from_micros(agreed),
        contact=None if first_name is None else PrimaryContact(first_name, last_name, email, phone),
        user_id=UserId(user),
        recorded_by=recorded_by,
        channel=Channel(channel),
        recorded_at=from_micros(recorded),
        request_id=request_id,
        confirmed_by=None if employee is None else Employee(employee, employee_email, reference),
    )


_OF_PRESENT_PERIOD = """r.partner_id = c.partner_id and r.customer_id = c.customer_id
    and r.ended_at is null and r.period = c.period"""
COUNTING = f"""
    join relationship r on {_OF_PRESENT_PERIOD}
    where c.sequence > coalesce(r.no_longer_agrees_sequence, 0)
      and not exists (select 1 from ending x where x.partner_id = c.partner_id and x.customer_id = c.customer_id
        and x.confirmation_sequence = c.sequence)
"""


async def collections_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, first: int = 0, last: int = LAST
) -> dict[int, Collection]:
    """Through whom the data of this customer's confirmations came, by the confirmation's sequence.

    Args:
        first, last: only of confirmations with these sequences and between them.
    """
    rows = await uow.fetch_all(
        "select c.sequence, k.reseller_id, k.person, k.collected_at from confirmation c"
        " join confirmation_collection k on k.confirmation_number = c.number"
        " where c.partner_id = $1 and c.customer_id = $2 and c.sequence between $3 and $4",
        partner,
        customer,
        first,
        last,
    )
    return {
        sequence: Collection(PartnerId(reseller), person, from_micros(collected))
        for sequence, reseller, person, collected in rows
    }


async def warnings_of(
    uow: UnitOfWork, partner: PartnerId, customer: str, first: int = 0, last: int = LAST
) -> dict[int, tuple[AcceptorWarning, ...]]:
    """What spoke against the acceptors of this customer's confirmations, by the confirmation's sequence.

    Args:
        first, last: only of confirmations with these sequences and between them.
    """
    found: dict[int, tuple[AcceptorWarning, ...]] = {}
    for sequence, warning in await uow.fetch_all(
        "select c.sequence, w.warning from confirmation c"
        " join confirmation_warning w on w.confirmation_number = c.number"
        " where c.partner_id = $1 and c.customer_id = $2 and c.sequence between $3 and $4"
        " order by c.sequence, w.warning",
        partner,
        customer,
        first,
        last,
    ):
        found[sequence] = (*found.get(sequence, ()), AcceptorWarning(warning))
    return found


class ServedCustomer(NamedTuple):
    """A customer of a partner, as a confirmation of one template needs it."""

    period: int
    """Of the relationship."""
    no_longer_agrees_at: datetime | None
    """Since when the customer no longer agrees, if that was ever recorded."""
    country: str
    language: str
    """That the customer reads texts in."""
    texts_in_effect: bool
    """A text of the template has taken effect, wherever."""
    current: Confirmation | None
    """That counts for the template's agreement type, with its contact; None too where repeats are not refused now."""


async def served_customer(
    uow: UnitOfWork, partner: PartnerId, customer: str, template: AgreementTemplate | None
) -> ServedCustomer | None:
    """What a confirmation is compared with, by one statement; None: the partner does not serve the customer.

    Args:
        template: None: the draft names none that there is.
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


async def current_confirmation(
    uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: str
) -> Confirmation | None:
    """The confirmation that counts for one agreement type, with its contact."""
    row = await uow.fetch_one(
        f"select {COLUMNS} join current_confirmation n on {_IS_CURRENT}"
        " where c.partner_id = $1 and c.customer_id = $2 and n.agreement_type = $3",
        partner,
        customer,
        agreement_type,
    )
    return None if row is None else as_confirmation(row)


async def confirmation_at(uow: UnitOfWork, partner: PartnerId, confirmation_id: str) -> tuple[str, Confirmation] | None:
    """One confirmation by its id, with the customer it is of; only the partner's own."""
    row = await uow.fetch_one(
        f"select c.customer_id, {COLUMNS} where c.partner_id = $1 and c.confirmation_id = $2", partner, confirmation_id
    )
    if row is None:
        return None
    customer, *columns = row
    return customer, as_confirmation(columns)


async def confirmations_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> list[Confirmation]:
    """Every confirmation ever recorded by this partner for this customer, newest first."""
    rows = await uow.fetch_all(
        f"select {COLUMNS} where c.partner_id = $1 and c.customer_id = $2 order by c.sequence desc", partner, customer
    )
    return [as_confirmation(row) for row in rows]


async def counting_confirmations(uow: UnitOfWork, partner: PartnerId, customer: str) -> list[Confirmation]:
    """What the wire lists: of the present period, not taken back, not ended by a refusal; newest first (contract 4.3)."""
    rows = await uow.fetch_all(
        f"select {COLUMNS} {COUNTING} and c.partner_id = $1 and c.customer_id = $2 order by c.sequence desc",
        partner,
        customer,
    )
    return [as_confirmation(row) for row in rows]


async def still_counting(uow: UnitOfWork, partner: PartnerId, confirmation_id: str) -> bool:
    """Whether a confirmation is one that the wire lists: not ended, nor its relationship."""
    row = await uow.fetch_one(
        f"select 1 from confirmation c {COUNTING} and c.partner_id = $1 and c.confirmation_id = $2",
        partner,
        confirmation_id,
    )
    return row is not None


async def of_present_period(uow: UnitOfWork, partner: PartnerId, confirmation_id: str) -> bool:
    """Whether the relationship in which a confirmation was recorded goes on."""
    row = await uow.fetch_one(
        f"select 1 from confirmation c join relationship r on {_OF_PRESENT_PERIOD}"
        " where c.partner_id = $1 and c.confirmation_id = $2",
        partner,
        confirmation_id,
    )
    return row is not None


async def without_employee(
    uow: UnitOfWork, partner: PartnerId, page_request: PageRequest
) -> Page[tuple[str, str, str]]:
    """A page of the confirmations by a designated account for which no employee is stated (R28), newest first.

    Each with its customer, its id and its template. Only those of present relationships: of the others none can be stated.
    """
    listing = Listing(
        "select c.recorded_at, c.confirmation_id, c.customer_id, c.template_id from confirmation c"
        " join partner_user u on u.partner_id = c.partner_id and u.user_id = c.user_id and u.designated = 1"
        f" join relationship r on {_OF_PRESENT_PERIOD}"
        " where c.partner_id = $1"
        " and not exists (select 1 from confirmation_employee e where e.confirmation_number = c.number)",
        "c.recorded_at",
        "c.confirmation_id",
        newest_first=True,
    )
    found = await page_of(uow, listing, page_request, partner)
    items = tuple((customer, confirmation, template) for _, confirmation, customer, template in found.items)
    return Page(items, found.first, found.last, found.more_before, found.more_after)


async def accepted_directly(uow: UnitOfWork, partner: PartnerId, customer: str, agreement_type: str) -> bool:
    """Whether the customer accepted an agreement of this type without the partner."""
    row = await uow.fetch_one(
        "select 1 from direct_acceptance where partner_id = $1 and customer_id = $2 and agreement_type = $3",
        partner,
        customer,
        agreement_type,
    )
    return row is not None


async def direct_acceptances(uow: UnitOfWork, partner: PartnerId, customer: str) -> dict[str, datetime]:
    """When the customer accepted without the partner, by agreement type."""
    rows = await uow.fetch_all(
        "select agreement_type, accepted_at from direct_acceptance where partner_id = $1 and customer_id = $2",
        partner,
        customer,
    )
    return {kind: from_micros(accepted_at) for kind, accepted_at in rows}
