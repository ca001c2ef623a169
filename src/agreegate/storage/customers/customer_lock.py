"""Locks: what a unit of work checks about a customer or an account stays so until it has recorded what follows."""

from agreegate.domain.clock import TOLERANCE
from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import MICROSECOND, Lock, UnitOfWork

_LOCK = f"select lock_customer($1, $2, {TOLERANCE // MICROSECOND})"
"""SQL: lock the customer, then return the clock; migration `0002_lock_customer` of PostgreSQL has the function."""


async def lock_customers(uow: UnitOfWork, partner: PartnerId, *customers: str) -> None:
    """Let other units of work about these customers of the partner wait until this one ends.

    A unit takes this lock before it reads the clock and what it decides about. Customers that the partner does not have are
    passed over. Every unit locks in the order of the ids, so that no two wait for each other.
    """
    for customer in sorted(set(customers)):
        await uow.lock(Lock.CUSTOMER, _LOCK, partner, customer)


async def lock_sandbox(uow: UnitOfWork, partner: PartnerId) -> None:
    """Let other units of work that count the customers of this sandbox account wait until this one ends."""
    await uow.lock(Lock.SANDBOX, "select 1 from partner where partner_id = $1 for no key update", partner)
