"""What was recorded about a customer's acceptance, in one sequence, with the people who did it (R17, R27, R48)."""

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
from agreegate.storage.history import stood_until
from agreegate.storage.pagination import NEWEST, PageRequest
from agreegate.storage.partner import KnownUser, partner_of, users_named

People = Mapping[str, KnownUser]
"""Users of the partner by id. An id that is missing is an application's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was recorded: a confirmation, that it was an error, or that the customer no longer agrees."""

    sequence: int
    recorded_at: datetime
    recorded_by: str
    template: AgreementTemplate | None
    """None: it concerns every agreement."""
    recorded: Recorded | None = None
    """The confirmation that was recorded; None: something ended."""
    mark: Mark | None = None
    """What became of that confirmation."""
    again: bool = False
    """One of the same agreement was there when it was recorded: it corrects or renews that one."""
    ending: Ending | None = None
    """How confirmations ended; None: one was recorded."""


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """Everything that one partner recorded about a customer's acceptance."""

    standing: CustomerStanding
    history: tuple[Entry, ...]
    """Newest first; as many as the page of the history has."""
    directly: Mapping[str, datetime]
    """When the customer accepted with the vendor itself, by agreement type (contract 4.5). It opens no gate."""
    people: People
    resellers: Mapping[str, str]
    """The names of those through whom data came (R23), by id."""


async def read_record(
    uow: UnitOfWork, actor: Actor, programme: Programme, customer: str, page_request: PageRequest = NEWEST
) -> CustomerRecord:
    """The record of one customer. Reading it leaves no trace: the audit trail holds changes (contract 4.12).

    Args:
        wanted: the page of the history.

    Raises:
        `confirmation.feature-absent`, `relationship.missing`.
    """
    standing = await show_standing(uow, actor, programme, customer, page_request)
    stood = {}
    for one in standing.agreements:
        if one.history:
            kind, oldest = one.template.agreement_type, one.history[-1].confirmation.sequence
            stood[kind] = await stood_until(uow, actor.partner.id, customer, kind, oldest)
    history = history_of(
        standing.refusals, ((one.template, _marked(one, standing)) for one in standing.agreements), stood
    )
    directly = await direct_acceptances(uow, actor.partner.id, customer)
    return CustomerRecord(standing, history, directly, *await named_in(uow, actor, history))


async def named_in(uow: UnitOfWork, actor: Actor, history: Iterable[Entry]) -> tuple[People, dict[str, str]]:
    """Who did what a history tells, and the names of the resellers through whom data came; both as they are today."""
    entries = tuple(history)
    ids = {entry.recorded_by for entry in entries}
    ids |= {entry.recorded.confirmation.user_id for entry in entries if entry.recorded is not None}
    return await people(uow, actor, ids), await _resellers(uow, entries)


async def people(uow: UnitOfWork, actor: Actor, ids: Iterable[str]) -> People:
    """The users of the caller's tenant among those who did something."""
    return await users_named(uow, actor.partner.id, sorted(set(ids)))


async def _resellers(uow: UnitOfWork, history: Iterable[Entry]) -> dict[str, str]:
    collections = [entry.recorded.collection for entry in history if entry.recorded is not None]
    ids = sorted({collection.reseller_id for collection in collections if collection is not None})
    found = [await partner_of(uow, id_) for id_ in ids]
    return {reseller.id: reseller.name for reseller in found if reseller is not None}


def history_of(
    refusals: Iterable[Ending],
    agreements: Iterable[tuple[AgreementTemplate, Sequence[tuple[Recorded, Mark]]]],
    stood: Mapping[AgreementType, int] = {},
) -> tuple[Entry, ...]:
    """What was recorded, newest first.

    Args:
        agreements: the confirmations of each template, with what became of them.
        stood: up to which sequence a confirmation of each type stood that is older than all of these.
    """
    entries = [_ending(ending, None) for ending in refusals]
    for template, marked in agreements:
        there_until = stood.get(template.agreement_type, 0)  # up to which sequence one of the older ones stood
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
                    again=there_until > confirmation.sequence,
                )
            )
            there_until = max(there_until, LAST if ending is None else ending.sequence)
            if ending is not None and ending.reason is EndReason.RECORDED_IN_ERROR:
                entries.append(_ending(ending, template))
    return tuple(sorted(entries, key=lambda entry: entry.sequence, reverse=True))


def _marked(agreement: AgreementStanding, standing: CustomerStanding) -> list[tuple[Recorded, Mark]]:
    counts = agreement.confirmation
    return [(one, _mark(one, standing, counts=one.confirmation == counts)) for one in agreement.history]


def _ending(ending: Ending, template: AgreementTemplate | None) -> Entry:
    return Entry(ending.sequence, ending.recorded_at, ending.recorded_by, template, ending=ending)


def _mark(recorded: Recorded, standing: CustomerStanding, *, counts: bool) -> Mark:
    if counts:
        return Mark.COUNTS
    if recorded.ended_by is not None:
        voided = recorded.ended_by.reason is EndReason.RECORDED_IN_ERROR
        return Mark.VOIDED if voided else Mark.REFUSED
    earlier = recorded.confirmation.recorded_at < standing.relationship_since
    return Mark.EARLIER if earlier else Mark.REPLACED
