"""What only the as-of page reads: past relationships, renewals, and when an employee was stated."""

from datetime import datetime

from agreegate.domain.as_of import Period, Renewal
from agreegate.domain.confirmation import Employee
from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import UnitOfWork, to_micros
from agreegate.storage.row import find_all, reader

_as_period = reader(Period)
_as_renewal = reader(Renewal)


async def periods_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> tuple[Period, ...]:
    """Return the relationship periods of a partner with a customer, in order; none: it never was the partner's customer."""
    rows = await find_all(
        uow,
        _as_period,
        "select period, started_at, ended_at from relationship_period where partner_id = $1 and customer_id = $2"
        " union all select period, started_at, ended_at from relationship where partner_id = $1 and customer_id = $2"
        " order by period",
        partner,
        customer,
    )
    return tuple(rows)


async def period_of_each(uow: UnitOfWork, partner: PartnerId, customer: str) -> dict[int, int]:
    """Return the period in which each confirmation was recorded, by sequence of the confirmation."""
    rows = await uow.fetch_all(
        "select sequence, period from confirmation where partner_id = $1 and customer_id = $2", partner, customer
    )
    return dict(rows)


async def all_renewals_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> tuple[Renewal, ...]:
    """Return the renewals of a customer's subscriptions, in the order of recording."""
    rows = await find_all(
        uow,
        _as_renewal,
        "select due_at, recorded_at from renewal where partner_id = $1 and customer_id = $2 and outcome = 'renewed'"
        " order by recorded_at, due_at",
        partner,
        customer,
    )
    return tuple(rows)


async def employees_stated_by(
    uow: UnitOfWork, partner: PartnerId, customer: str, instant: datetime
) -> dict[int, Employee]:
    """Return the employees stated by an instant (R28), by sequence of the confirmation; of several, the last stated."""
    rows = await uow.fetch_all(
        "select c.sequence, e.name, e.email, e.reference from confirmation c"
        " join confirmation_employee e on e.confirmation_number = c.number"
        " where c.partner_id = $1 and c.customer_id = $2 and e.stated_at <= $3 order by c.sequence, e.number",
        partner,
        customer,
        to_micros(instant),
    )
    return {sequence: Employee(name, email, reference) for sequence, name, email, reference in rows}


async def named(uow: UnitOfWork, partner: PartnerId, customer: str) -> tuple[str, str] | None:
    """Return name and country of a customer from the partner's copy, even after the relationship ended."""
    row = await uow.fetch_one(
        "select company_name, country from customer where partner_id = $1 and customer_id = $2", partner, customer
    )
    if row is None:
        return None
    name, country = row
    return name, country
