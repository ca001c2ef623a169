"""Simulate a version without changing anything: the customers it would outdate, and their renewals and carts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from agreegate.domain.actor import Actor, Channel
from agreegate.domain.agreements.agreement import AgreementTemplate
from agreegate.domain.agreements.simulation import (
    Counts,
    Denials,
    Foresight,
    Reckoning,
    Scenario,
    checked_scenario,
)
from agreegate.domain.agreements.text import TextDraft, TextVersion
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Partner, PartnerId, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.locales import locales
from agreegate.services.agreements.text import list_texts
from agreegate.storage.agreements.simulation import (
    Affected,
    FactQuery,
    Portfolio,
    affected_customers,
    alike_customers,
    portfolios,
)
from agreegate.storage.agreements.text import text_versions
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.pagination import Page, PageRequest


@dataclass(frozen=True, slots=True)
class Simulation:
    """The counts of a simulation."""

    foresight: Foresight
    confirmed: bool
    """A customer has a current confirmation of the agreement."""
    total: Counts
    weeks: Mapping[date | None, Counts]
    """By Monday, in order, without empty weeks; last, as None, customers without a renewal in the window."""
    partners: Mapping[Partner, Counts]
    """By name."""
    resellers: Mapping[tuple[PartnerId, str] | None, Counts]
    """By id and name, in the order of names; last, as None, customers without a reseller."""


@dataclass(frozen=True, slots=True)
class Concerned:
    """A customer that the version would outdate."""

    partner: Partner
    affected: Affected
    resellers: tuple[str, ...]
    """The names of the resellers that serve the customer."""
    denied: Mapping[Channel, int]
    """The number of its renewals by order and carts that the gate would deny."""


async def upcoming_versions(uow: UnitOfWork, programme: Programme) -> list[tuple[AgreementTemplate, TextVersion]]:
    """Return the published versions that take effect in the future, the next one first."""
    listed = await list_texts(uow, programme)
    ahead = [(template, one) for template, versions in listed for one in versions if one.effective_from > uow.now]
    return sorted(ahead, key=lambda found: found[1].rank)


async def version_named(uow: UnitOfWork, programme: Programme, named: str) -> TextVersion:
    """Return the only published version with this id or label, of any agreement.

    Raises:
        `simulation.version-unknown`, `simulation.version-ambiguous`.
    """
    found = [one for one in await _versions(uow, programme) if named in (one.id, one.label)]
    if not found:
        raise Rejected("simulation.version-unknown", name="version", label=named)
    if len(found) > 1:
        ids = ", ".join(one.id for one in found)
        raise Rejected("simulation.version-ambiguous", name="version", label=named, ids=ids)
    return found[0]


async def version_of(uow: UnitOfWork, draft: TextDraft) -> TextDraft:
    """Return the published version that a draft repeats, else the draft; files are not compared.

    Raises:
        `text.label-taken`: another version has the label.
    """
    published = await text_versions(uow, draft.template_id)
    taken = next((one for one in published if one.label == draft.label), None)
    if taken is None:
        return draft
    if (taken.major, taken.effective_from, set(taken.files)) != (draft.major, draft.effective_from, set(draft.files)):
        raise Rejected("text.label-taken", label=draft.label)
    return taken


async def simulate(uow: UnitOfWork, actor: Actor, programme: Programme, scenario: Scenario) -> Simulation:
    """Simulate a scenario: for the operator with all customers, for a partner with its own.

    Raises:
        Rejected: see `checked_scenario`.
    """
    foresight = await foresee(uow, programme, scenario)
    reckoning = Reckoning(foresight)
    whose = None if actor.partner.kind is PartnerKind.OPERATOR else actor.partner.id
    partners: dict[PartnerId, Partner] = {}
    names: dict[PartnerId, str] = {}
    query = FactQuery(foresight)
    for portfolio in await portfolios(uow, foresight, whose) if scenario.major else ():
        partners[portfolio.partner.id] = portfolio.partner
        names |= portfolio.resellers
        async for some in alike_customers(uow, query, portfolio):
            for resellers, stake, customers in some:
                reckoning.add(portfolio.partner, resellers, stake, customers)
    by_partner, by_reseller, by_week = reckoning.partners, reckoning.resellers, reckoning.weeks
    named: dict[tuple[PartnerId, str] | None, Counts] = {
        (id_, name): by_reseller[id_]
        for id_, name in sorted(names.items(), key=lambda each: (each[1], each[0]))
        if id_ in by_reseller
    }
    if None in by_reseller:
        named[None] = by_reseller[None]
    return Simulation(
        foresight,
        bool(partners),
        reckoning.total,
        {week: by_week[week] for week in sorted(by_week, key=lambda one: (one is None, one or date.min))},
        {partner: by_partner[id_] for id_, partner in partners.items() if id_ in by_partner},
        named,
    )


async def foresee(uow: UnitOfWork, programme: Programme, scenario: Scenario) -> Foresight:
    """Return the scenario beside the published versions.

    Raises:
        Rejected: see `checked_scenario`.
    """
    versions = await _versions(uow, programme)
    itself = next((one for one in versions if one.id == scenario.published), None)
    checked_scenario(scenario, programme, locales(), uow.now, itself)
    return Foresight.of(scenario, programme, versions, uow.now)


async def list_concerned(
    uow: UnitOfWork, partner: PartnerId, foresight: Foresight, page_request: PageRequest
) -> Page[Concerned]:
    """Return a page of the partner's customers that the version would outdate, by name."""
    found = await portfolios(uow, foresight, partner) if foresight.scenario.major else []
    if not found:
        return Page()
    [portfolio] = found
    page = await affected_customers(uow, portfolio, foresight, page_request)
    denials = Denials(foresight)
    return page.holding(_concerned(portfolio, one, denials) for one in page.items)


async def _versions(uow: UnitOfWork, programme: Programme) -> list[TextVersion]:
    return [one for _, versions in await list_texts(uow, programme) for one in versions]


def _concerned(portfolio: Portfolio, affected: Affected, denials: Denials) -> Concerned:
    partner, names = portfolio.partner, [portfolio.resellers[one] for one in affected.resellers]
    denied = {channel: sum(map(len, denials.of(affected.stake, partner.cloud, channel))) for channel in Channel}
    return Concerned(partner, affected, tuple(sorted(names)), denied)
