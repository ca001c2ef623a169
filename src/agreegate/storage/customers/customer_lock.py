"""The lock of a customer: what is checked about it stays so until what follows from the check is recorded."""

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
