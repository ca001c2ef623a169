"""Read the history of a customer's acceptance, with the names of people and resellers (R17, R27, R48)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType
from agreegate.domain.confirmation import Ending, EndReason
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Mark
from agreegate.services.standing import AgreementStanding, CustomerStanding, Recorded, show_standing
from agreegate.storage.confirmation import LAST, direct_acceptances
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.history import counted_until
from agreegate.storage.pagination import NEWEST, PageRequest
from agreegate.storage.partner import KnownUser, partner_of, users_named

People = Mapping[str, KnownUser]
"""Users of the partner by id. A missing id is an application's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: a confirmation, or an ending."""

    sequence: int
    recorded_at: datetime
    recorded_by: str
    template: AgreementTemplate | None
    """None: the customer no longer agrees, which concerns every agreement."""
    recorded: Recorded | None = None
    """The confirmation; None: an ending."""
    mark: Mark | None = None
    """What became of the confirmation."""
    again: bool = False
    """It corrects or renews another confirmation of the agreement."""
    ending: Ending | None = None
    """The ending; None: a confirmation."""


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """The records of one partner about a customer's acceptance."""

    standing: CustomerStanding
    history: tuple[Entry, ...]
    """The records on the page of the history, newest first."""
    directly: Mapping[str, datetime]
    """When the customer accepted directly with the vendor, by agreement type (contract 4.5). It opens no gate."""
    people: People
    resellers: Mapping[str, str]
    """The names of the resellers that gave data (R23), by id."""


async def read_record(
    uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, page_request: PageRequest = NEWEST
) -> CustomerRecord:
    """Return the record of one customer. Audit records keep changes only, not reading (contract 4.12).

    Args:
        page_request: the page of the history.

    Raises:
        `confirmation.feature-absent`, `relationship.missing`.
    """
    standing = await show_standing(uow, actor, programme, customer, page_request)
    counted = {}
    for one in standing.agreements:
        if one.history:
            kind, oldest = one.template.agreement_type, one.history[-1].confirmation.sequence
            counted[kind] = await counted_until(uow, actor.partner.id, customer, kind, oldest)
    marked = (
        (one.template, [(each, _mark(each, one, standing)) for each in one.history]) for one in standing.agreements
    )
    history = history_of(standing.no_longer_agreed, marked, counted)
    directly = await direct_acceptances(uow, actor.partner.id, customer)
    return CustomerRecord(standing, history, directly, *await named_in(uow, actor, history))


async def named_in(uow: UnitOfWork, actor: Actor, history: Iterable[Entry]) -> tuple[People, dict[str, str]]:
    """Return today's users and reseller names of a history."""
    entries = tuple(history)
    ids = {entry.recorded_by for entry in entries}
    ids |= {entry.recorded.confirmation.user_id for entry in entries if entry.recorded is not None}
    return await people(uow, actor, ids), await _resellers(uow, entries)


async def people(uow: UnitOfWork, actor: Actor, ids: Iterable[str]) -> People:
    """Return the users of the caller's tenant among some ids."""
    return await users_named(uow, actor.partner.id, sorted(set(ids)))


async def _resellers(uow: UnitOfWork, history: Iterable[Entry]) -> dict[str, str]:
    collections = [entry.recorded.collection for entry in history if entry.recorded is not None]
    ids = sorted({collection.reseller_id for collection in collections if collection is not None})
    found = [await partner_of(uow, id_) for id_ in ids]
    return {reseller.id: reseller.name for reseller in found if reseller is not None}


def history_of(
    no_longer_agreed: Iterable[Ending],
    agreements: Iterable[tuple[AgreementTemplate, Sequence[tuple[Recorded, Mark]]]],
    counted: Mapping[AgreementType, int] = {},
) -> tuple[Entry, ...]:
    """Return a history, newest first.

    Args:
        agreements: the confirmations of each template, with what became of them.
        counted: by type, the sequence up to which an older confirmation counted that is not among these.
    """
    entries = [_ending(ending, None) for ending in no_longer_agreed]
    for template, marked in agreements:
        counts_until = counted.get(template.agreement_type, 0)
        for recorded, mark in sorted(marked, key=lambda one: one[0].confirmation.sequence):
            confirmation, ending = recorded.confirmation, recorded.ended_by
            entries.append(
                Entry(
                    confirmation.sequence,
                    confirmation.recorded_at,
                    confirmation.recorded_by,
                    template,
                    recorded,
                    mark,
                    again=counts_until > confirmation.sequence,
                )
            )
            counts_until = max(counts_until, LAST if ending is None else ending.sequence)
            if ending is not None and ending.reason is EndReason.RECORDED_IN_ERROR:
                entries.append(_ending(ending, template))
    return tuple(sorted(entries, key=lambda entry: entry.sequence, reverse=True))


def _ending(ending: Ending, template: AgreementTemplate | None) -> Entry:
    return Entry(ending.sequence, ending.recorded_at, ending.recorded_by, template, ending=ending)


def _mark(recorded: Recorded, agreement: AgreementStanding, standing: CustomerStanding) -> Mark:
    if recorded.confirmation == agreement.confirmation:
        return Mark.COUNTS
    if recorded.ended_by is not None:
        voided = recorded.ended_by.reason is EndReason.RECORDED_IN_ERROR
        return Mark.VOIDED if voided else Mark.NO_LONGER_AGREED
    earlier = recorded.confirmation.recorded_at < standing.relationship_since
    return Mark.EARLIER if earlier else Mark.REPLACED
