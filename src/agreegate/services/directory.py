"""Fill the directory from a description, or show it: what an operator does at the command line."""

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
"""Who the audit records say it was: an operator's command, nobody's token."""


async def plan_directory(uow: UnitOfWork, wanted: Sequence[ListedPartner]) -> tuple[Change, ...]:
    """What applying the description would change. Nothing is changed.

    Raises:
        Rejected: the description cannot be applied, and why.
    """
    customers = {listed.partner.id: [customer.id for customer in listed.customers] for listed in wanted}
    known = await listed_partners(uow, customers)
    check(known, wanted, {cloud: country_codes(cloud) for cloud in Cloud})
    changes = differences(known, wanted)
    for change in changes:
        if (
            change.subject is Subject.CUSTOMER
            and change.verb is Verb.ENDED
            and (count := await count_subscriptions(uow, change.partner.id, change.id, [SubscriptionStatus.ACTIVE]))
        ):
            raise Rejected("directory.active-subscriptions", name=_place_of(change, wanted), detail=count)
    return changes


async def apply_directory(uow: UnitOfWork, wanted: Sequence[ListedPartner]) -> tuple[Change, ...]:
    """Make the directory as described: all of it or nothing; what was changed. A second time changes nothing.

    Every change leaves an audit record with the partner that it concerns.

    Raises:
        Rejected: the description cannot be applied, and why.
    """
    changes = await plan_directory(uow, wanted)
    described = _Described(wanted)
    for change in changes:
        if change.subject is Subject.PARTNER and change.verb is Verb.CHANGED:
            await release_names(uow, change.partner.id)
    for change in changes:
        await _do(uow, change, described)
        await _audit(uow, change)
    return changes


async def show_directory(uow: UnitOfWork) -> tuple[ListedPartner, ...]:
    """Every partner with its users, links and customers."""
    return await listed_partners(uow)


class _Described:
    """What the file describes, by id."""

    def __init__(self, wanted: Sequence[ListedPartner]) -> None:
        self.partners = {listed.partner.id: listed for listed in wanted}
        self.users = {(listed.partner.id, user.id): user for listed in wanted for user in listed.users}
        self.customers = {(listed.partner.id, c.id): c for listed in wanted for c in listed.customers}


async def _do(uow: UnitOfWork, change: Change, described: _Described) -> None:
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
    """Add the customer, or make it as described, and open the relationship where it is not."""
    await relate(uow, partner, new_copy(uow, listed.id, listed.draft), listed.resellers)
    await change_customer(uow, partner, listed.id, listed.draft)
    await drop_resellers(uow, partner, listed.id, listed.resellers)


async def _audit(uow: UnitOfWork, change: Change) -> None:
    """Values of personal data are empty in a change already, and so they are here."""
    operation = _REMOVED if (change.subject, change.verb) == _PARTED else f"{_OPERATIONS[change.verb]}_{change.subject}"
    before = {field.name: field.before for field in change.fields}
    after = {field.name: field.after for field in change.fields}
    customer = change.id if change.subject is Subject.CUSTOMER else None
    noted = ResourceChanged(operation, change.subject, customer, change.id, before or None, after or None)
    await record(uow, Actor(change.partner, application_id=COMMAND), noted)


_PARTED = (Subject.CUSTOMER, Verb.ENDED)
_REMOVED = "end_relationship"
_OPERATIONS = {Verb.ADDED: "add", Verb.CHANGED: "update", Verb.ENDED: "end", Verb.RESUMED: "resume"}


def _place_of(change: Change, wanted: Sequence[ListedPartner]) -> str:
    for number, listed in enumerate(wanted):
        for index, customer in enumerate(listed.customers):
            if (listed.partner.id, customer.id) == (change.partner.id, change.id):
                return f"partner[{number}].customer[{index}].state"
    return ""
