"""Compare the directory with a description, and apply it: an operator's commands."""

from collections.abc import Sequence

from agreegate.domain.actor import Actor, UserId
from agreegate.domain.customers.customer import CustomerId
from agreegate.domain.directory import (
    Change,
    ListedCustomer,
    ListedPartner,
    Subject,
    Verb,
    check,
    differences,
)
from agreegate.domain.error import Rejected
from agreegate.domain.fact import ResourceChanged
from agreegate.domain.orders.subscription import SubscriptionStatus
from agreegate.domain.partner import Cloud, PartnerId
from agreegate.locales import country_codes
from agreegate.services.customers.customer import new_copy, relate
from agreegate.storage.customers.customer import drop_resellers
from agreegate.storage.customers.customer_lock import lock_customers
from agreegate.storage.customers.relationship import end_relationship
from agreegate.storage.directory import (
    change_customer,
    close_user,
    link_reseller,
    listed_partners,
    put_partner,
    put_user,
    release_names,
    unlink_reseller,
)
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.orders.subscription import count_subscriptions
from agreegate.storage.record import record

COMMAND = "agreegate directory apply"
"""The application in audit records of an operator's command, which has no token."""


async def plan_directory(uow: UnitOfWork, described: Sequence[ListedPartner]) -> tuple[Change, ...]:
    """Return what applying the description would change.

    Raises:
        Rejected: see `check`.
        `directory.active-subscriptions`: an ended relationship's customer has active subscriptions.
    """
    customers = {listed.partner.id: [customer.id for customer in listed.customers] for listed in described}
    known = await listed_partners(uow, customers)
    check(known, described, {cloud: country_codes(cloud) for cloud in Cloud})
    changes = differences(known, described)
    for change in changes:
        if (
            change.subject is Subject.CUSTOMER
            and change.verb is Verb.ENDED
            and (count := await count_subscriptions(uow, change.partner.id, change.id, [SubscriptionStatus.ACTIVE]))
        ):
            raise Rejected("directory.active-subscriptions", name=_place_of(change, described), detail=count)
    return changes


async def apply_directory(uow: UnitOfWork, described: Sequence[ListedPartner]) -> tuple[Change, ...]:
    """Make the directory as described, all or nothing, and return the changes. A second time changes nothing.

    Every change leaves an audit record with its partner.

    Raises:
        Rejected: see `plan_directory`.
    """
    for listed in sorted(described, key=lambda each: each.partner.id):
        await lock_customers(uow, listed.partner.id, *(customer.id for customer in listed.customers))
    changes = await plan_directory(uow, described)
    by_id = _Described(described)
    for change in changes:
        if change.subject is Subject.PARTNER and change.verb is Verb.CHANGED:
            await release_names(uow, change.partner.id)
    for change in changes:
        await _apply(uow, change, by_id)
        await _audit(uow, change)
    return changes


class _Described:
    """The parts of a description, by id."""

    def __init__(self, described: Sequence[ListedPartner]) -> None:
        self.partners = {listed.partner.id: listed for listed in described}
        self.users = {(listed.partner.id, user.id): user for listed in described for user in listed.users}
        self.customers = {(listed.partner.id, c.id): c for listed in described for c in listed.customers}


async def _apply(uow: UnitOfWork, change: Change, described: _Described) -> None:
    partner, key = change.partner.id, (change.partner.id, change.id)
    match change.subject:
        case Subject.PARTNER:
            await put_partner(uow, described.partners[partner])
        case Subject.USER if key in described.users:
            await put_user(uow, partner, described.users[partner, UserId(change.id)])
        case Subject.USER:
            await close_user(uow, partner, change.id)
        case Subject.RESELLER if change.verb is Verb.ENDED:
            await unlink_reseller(uow, partner, change.id)
        case Subject.RESELLER:
            await link_reseller(uow, partner, change.id)
        case Subject.CUSTOMER if change.verb is Verb.ENDED:
            await end_relationship(uow, partner, change.id)
        case Subject.CUSTOMER:
            await _serve(uow, partner, described.customers[partner, CustomerId(change.id)])


async def _serve(uow: UnitOfWork, partner: PartnerId, listed: ListedCustomer) -> None:
    """Add or change a customer as described, and open the relationship if it is not open."""
    await relate(uow, partner, new_copy(uow, listed.id, listed.draft), listed.resellers)
    await change_customer(uow, partner, listed.id, listed.draft)
    await drop_resellers(uow, partner, listed.id, listed.resellers)


async def _audit(uow: UnitOfWork, change: Change) -> None:
    """Record a change, in which values of personal data are empty."""
    parted = change.subject is Subject.CUSTOMER and change.verb is Verb.ENDED
    operation = "end_relationship" if parted else f"{_OPERATIONS[change.verb]}_{change.subject}"
    before = {field.name: field.before for field in change.fields}
    after = {field.name: field.after for field in change.fields}
    customer = change.id if change.subject is Subject.CUSTOMER else None
    fact = ResourceChanged(operation, change.subject, customer, change.id, before or None, after or None)
    await record(uow, Actor(change.partner, application_id=COMMAND), fact)


_OPERATIONS = {Verb.ADDED: "add", Verb.CHANGED: "update", Verb.ENDED: "end", Verb.RESUMED: "resume"}


def _place_of(change: Change, described: Sequence[ListedPartner]) -> str:
    for number, listed in enumerate(described):
        for index, customer in enumerate(listed.customers):
            if (listed.partner.id, customer.id) == (change.partner.id, change.id):
                return f"partner[{number}].customer[{index}].state"
    return ""
