"""Show the standing at one instant, from the records at another (R17, R27, R36, R47, R48)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agreegate.domain.actor import Actor
from agreegate.domain.as_of import Facts, MarkedConfirmation, Moment, StandingAsOf, decided_as_of
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.services.customers.customer_record import Entry, People, history_of, named_in
from agreegate.services.standing import Recorded
from agreegate.storage.agreements.accepted_text import accepted_texts_of
from agreegate.storage.agreements.text import text_versions_in
from agreegate.storage.as_of import (
    all_renewals_of,
    employees_stated_by,
    named,
    period_of_each,
    periods_of,
)
from agreegate.storage.confirmation import collections_of, confirmations_of, warnings_of
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.history import endings_of
from agreegate.storage.pagination import NEWEST, Page, PageRequest, page_in


@dataclass(frozen=True, slots=True)
class CustomerAsOf:
    """A standing as of an instant, with what was recorded beside each confirmation."""

    customer_id: str
    company_name: str
    country: str
    """Name and country are today's."""
    served: bool
    """The partner serves the customer today."""
    found: StandingAsOf
    recorded: Mapping[int, Recorded]
    """Each known confirmation, by sequence."""


async def standing_as_of(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    customer: str,
    on: Moment | None = None,
    known_at: Moment | None = None,
) -> CustomerAsOf:
    """Return the standing at `on`, from the records made by `known_at`; also for a customer whose relationship has ended.

    Args:
        on: the instant in question; None: `known_at`.
        known_at: only records made by then count; None: now.

    Raises:
        `confirmation.feature-absent`, `relationship.missing`.
        `as-of.known-ahead`: `known_at` is in the future.
    """
    programme.require(uow.now, actor.partner.cloud)
    partner = actor.partner.id
    periods = await periods_of(uow, partner, customer)
    who = await named(uow, partner, customer)
    if not periods or who is None:
        raise Rejected("relationship.missing", partner=partner, customer=customer)
    name, country = who
    known = uow.now if known_at is None else known_at.instant(uow.now)
    if known > uow.now:
        raise Rejected("as-of.known-ahead", name="known_at")
    texts = [one for template in programme.templates for one in await text_versions_in(uow, template.id, country)]
    accepted = await accepted_texts_of(uow, partner, customer)
    facts = Facts(
        country=country,
        periods=periods,
        confirmations=tuple(await confirmations_of(uow, partner, customer)),
        period_of=await period_of_each(uow, partner, customer),
        accepted=accepted,
        endings=tuple(await endings_of(uow, partner, customer)),
        renewals=await all_renewals_of(uow, partner, customer),
        texts=tuple(texts),
    )
    found = decided_as_of(facts, programme, actor.partner.cloud, known if on is None else on.instant(uow.now), known)
    collections, warned = await collections_of(uow, partner, customer), await warnings_of(uow, partner, customer)
    employees = await employees_stated_by(uow, partner, customer, known)

    def recorded(marked: MarkedConfirmation) -> Recorded:
        confirmation, sequence = marked.confirmation, marked.confirmation.sequence
        return Recorded(
            replace(confirmation, confirmed_by=employees.get(sequence)),
            marked.ended_by,
            collections.get(sequence),
            warned.get(sequence, ()),
            accepted.get(sequence),
        )

    return CustomerAsOf(
        customer,
        name,
        country,
        any(period.ended_at is None for period in periods),
        found,
        {one.confirmation.sequence: recorded(one) for agreement in found.agreements for one in agreement.history},
    )


@dataclass(frozen=True, slots=True)
class RecordAsOf:
    """A standing as of an instant, with one history and the names of people and resellers."""

    as_of: CustomerAsOf
    history: Page[Entry]
    """The known records, newest first."""
    people: People
    resellers: Mapping[str, str]
    """Today's names of the resellers that gave data (R23), by id."""


async def read_as_of(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    customer: str,
    on: Moment | None = None,
    known_at: Moment | None = None,
    page_request: PageRequest = NEWEST,
) -> RecordAsOf:
    """Return the record of one customer as of an instant; arguments and errors: see `standing_as_of`.

    Args:
        page_request: the page of the history.
    """
    as_of = await standing_as_of(uow, actor, programme, customer, on, known_at)
    history = history_of(
        as_of.found.no_longer_agreed,
        (
            (one.template, [(as_of.recorded[marked.confirmation.sequence], marked.mark) for marked in one.history])
            for one in as_of.found.agreements
        ),
    )
    shown = page_in(history, lambda entry: (entry.sequence, ""), page_request)
    return RecordAsOf(as_of, shown, *await named_in(uow, actor, shown.items))
