"""The demo's history: made-up facts with fixed dates, recorded through the same services as real ones."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid5

from agreegate.demo.text import (
    Sample,
    cloud_agreement_samples,
    customer_agreement_samples,
    keep_files,
    label_of,
    newer_sample_from,
    publish_sample,
    published_at,
)
from agreegate.domain.actor import Actor, Role, UserId
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.confirmation import Draft, PrimaryContact
from agreegate.domain.directory import ListedCustomer, ListedPartner
from agreegate.domain.orders.order import LineDraft, OrderDraft
from agreegate.domain.orders.term import months_after
from agreegate.domain.programme import Programme
from agreegate.services.confirmation import confirm
from agreegate.services.directory import apply_directory
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.orders.order import place_order
from agreegate.services.orders.renewal import run_renewals
from agreegate.services.standing import record_no_longer_agrees
from agreegate.storage.agreements.text_store import TextStore
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork
from agreegate.storage.partner import partner_of

ALDER = "a1de0000-0000-4000-8000-000000000001"
HAZEL = "4a2e0000-0000-4000-8000-000000000003"
ALDER_SALES = UserId("a1de0000-0000-4000-8000-0000000000a2")
HAZEL_ADMIN = UserId("4a2e0000-0000-4000-8000-0000000000c1")
CEDAR = "ceda0000-0000-4000-8000-000000000011"
DOGWOOD = "d09d0000-0000-4000-8000-000000000012"
FRENE = "f2e00000-0000-4000-8000-000000000015"
JUNIPER = "ac0e0000-0000-4000-8000-000000000016"

CLOUD_AGREEMENT = TemplateId("998b88de-aa99-4388-a42c-1b3517d49490")
CUSTOMER_AGREEMENT = TemplateId("117a77b0-9360-443b-8795-c6dedc750cf9")
OFFER = "bd938f12-058f-4927-bba3-ae36b1d2501c"

_LATER = "microsoft-customer-agreement"
"""The programme about the agreement that came afterwards."""
BEGINNING = datetime(2018, 8, 1, tzinfo=UTC)
BOUGHT = datetime(2018, 8, 15, 9, 0, tzinfo=UTC)
CONFIRMED = datetime(2018, 9, 3, 10, 0, tzinfo=UTC)
CONFIRMED_AGAIN_BEFORE = timedelta(days=7)
"""Time before the start when Cedar accepted the newer text."""
RENEWS_AFTER = timedelta(days=30)
"""Time after the start when Juniper's subscription renews; Juniper accepted an older text."""

Step = Callable[[UnitOfWork], Awaitable[object]]
Record = Callable[[UnitOfWork, IdempotentCall, Programme], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened in the demo's past."""

    at: datetime
    partner: str
    user: UserId
    record: Record


class Past:
    """A clock that stands still, so that each fact is recorded at its own instant."""

    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> datetime:
        """Return the instant that is being recorded."""
        return self.now


async def seed(
    store: Store,
    past: Past,
    programme: Programme,
    cast: Sequence[ListedPartner],
    texts: TextStore,
    start: datetime,
) -> None:
    """Fill an empty record with the cast, its texts, and its past up to `start`; renewals up to it have happened.

    Facts later than `start` are left out.

    Args:
        past: the clock of `store`.
    """
    past.now = min(BEGINNING, start, _renewing_soon(start))
    await store.write(lambda uow: apply_directory(uow, cast))
    contacts = {str(customer.id): _acceptor(customer) for listed in cast for customer in listed.customers}
    published: list[tuple[datetime, Step]] = [
        (
            published_at(sample, start),
            partial(publish_sample, programme=programme, sample=sample, kept=await keep_files(texts, sample)),
        )
        for sample in _samples(programme, start)
    ]
    facts = [
        (fact.at, _step(fact, number, programme))
        for number, fact in enumerate(sorted(_facts(programme, contacts, start), key=lambda fact: fact.at))
    ]
    for at, step in sorted(published + facts, key=lambda dated: dated[0]):
        if at <= start:
            past.now = at
            await store.write(step)
    past.now = start
    await run_renewals(store, start)


def _samples(programme: Programme, start: datetime) -> list[Sample]:
    """Return the texts of the programme's own agreement."""
    if programme.name == _LATER:
        return customer_agreement_samples(CUSTOMER_AGREEMENT)
    if programme.template(CLOUD_AGREEMENT) is None:
        return []
    return cloud_agreement_samples(CLOUD_AGREEMENT, BEGINNING, start)


def _acceptor(customer: ListedCustomer) -> PrimaryContact:
    """Return the made-up person who accepted: the customer's own contact."""
    address = customer.draft.address
    return PrimaryContact(address.first_name, address.last_name, customer.draft.email, address.phone or None)


def _step(fact: Fact, number: int, programme: Programme) -> Step:
    async def step(uow: UnitOfWork) -> None:
        partner = await partner_of(uow, fact.partner)
        if partner is None:
            raise LookupError(fact.partner)
        actor = Actor(partner, frozenset({Role.ADMIN_AGENT}), fact.user)
        identity = str(uuid5(UUID(fact.partner), f"fact {number}"))
        await fact.record(uow, IdempotentCall(actor, "POST", "/demo", identity, identity, identity), programme)

    return step


def _renewing_soon(start: datetime) -> datetime:
    """Return when Juniper bought for a year, so that it renews in 30 days for the first time."""
    return months_after((start + RENEWS_AFTER).replace(microsecond=0), -12)


def _facts(programme: Programme, contacts: Mapping[str, PrimaryContact], start: datetime) -> list[Fact]:
    """Return the past of a programme. That of the Customer Agreement is later, and confirms that agreement."""
    later = programme.name == _LATER
    template = CUSTOMER_AGREEMENT if later else CLOUD_AGREEMENT
    confirmed = datetime(2020, 3, 2, 10, 0, tzinfo=UTC) if later else CONFIRMED
    ended = datetime(2020, 5, 4, tzinfo=UTC) if later else datetime(2018, 10, 20, tzinfo=UTC)
    facts = [
        Fact(BOUGHT, ALDER, ALDER_SALES, _order(CEDAR, 12)),
        Fact(BOUGHT, HAZEL, HAZEL_ADMIN, _order(CEDAR, 3)),
        Fact(BOUGHT, ALDER, ALDER_SALES, _order(DOGWOOD, 8)),
    ]
    if programme.template(template) is not None:
        facts += [
            Fact(confirmed, ALDER, ALDER_SALES, _confirmation(CEDAR, template, contacts[CEDAR], confirmed)),
            Fact(confirmed, ALDER, ALDER_SALES, _confirmation(FRENE, template, contacts[FRENE], confirmed)),
            Fact(ended, ALDER, ALDER_SALES, _no_longer_agrees(FRENE)),
        ]
    return facts + _cedar_again(programme, contacts[CEDAR], start) + _juniper(programme, contacts[JUNIPER], start)


def _cedar_again(programme: Programme, contact: PrimaryContact, start: datetime) -> list[Fact]:
    """Return Cedar's second confirmation of the Cloud Agreement, for the newer text; none before the first one."""
    again = start - CONFIRMED_AGAIN_BEFORE
    if programme.name == _LATER or programme.template(CLOUD_AGREEMENT) is None or again <= CONFIRMED:
        return []
    newer = label_of(newer_sample_from(start))
    return [Fact(again, ALDER, ALDER_SALES, _confirmation(CEDAR, CLOUD_AGREEMENT, contact, again, newer))]


def _juniper(programme: Programme, contact: PrimaryContact, start: datetime) -> list[Fact]:
    """Return a customer that accepted an older text than the one that binds it at the start, and renews soon."""
    facts = [Fact(_renewing_soon(start), ALDER, ALDER_SALES, _order(JUNIPER, 20))]
    if programme.template(CLOUD_AGREEMENT) is not None:
        agreed = min(CONFIRMED, newer_sample_from(start) - timedelta(days=1))
        facts.append(Fact(CONFIRMED, ALDER, ALDER_SALES, _confirmation(JUNIPER, CLOUD_AGREEMENT, contact, agreed)))
    if programme.name == _LATER:
        confirmed = datetime(2019, 10, 7, 10, 0, tzinfo=UTC)
        facts.append(
            Fact(confirmed, ALDER, ALDER_SALES, _confirmation(JUNIPER, CUSTOMER_AGREEMENT, contact, confirmed))
        )
    return facts


def _order(customer: str, seats: int) -> Record:
    draft = OrderDraft((LineDraft(0, OFFER, seats, "Office work (made up)"),))
    return lambda uow, call, programme: place_order(uow, call, programme, customer, draft)


def _confirmation(
    customer: str, template: TemplateId, contact: PrimaryContact, agreed: datetime, version: str | None = None
) -> Record:
    draft = Draft(contact, template, agreed.replace(hour=0, minute=0, second=0, microsecond=0), version=version)
    return lambda uow, call, programme: confirm(uow, call, programme, customer, draft)


def _no_longer_agrees(customer: str) -> Record:
    return lambda uow, call, programme: record_no_longer_agrees(uow, call, programme, customer, "Made up for the demo.")
