"""The lock of a customer: what is checked about it stays so until what follows from the check is recorded."""

from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import UnitOfWork


async def lock_customers(uow: UnitOfWork, partner: PartnerId, *customers: str) -> bool:
    """Let other units of work about these customers of the partner wait until this one ends.

    A unit takes this lock before it reads what it decides about. Customers that the partner does not have are passed over.
    Every unit locks in the order of the ids, so that no two wait for each other.

    Returns:
        Whether others may have changed what this unit read before it had the lock.
    """
    may_differ = False
    for customer in sorted(set(customers)):
        may_differ = await uow.lock(
            "select 1 from customer where partner_id = $1 and customer_id = $2 for no key update", partner, customer
        )
    return may_differ
