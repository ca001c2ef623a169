"""The work list of a partner: its outdated confirmations in the order in which they must be renewed (R33–R37)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from agreegate.domain.accepted_text import Basis
from agreegate.domain.actor import Actor
from agreegate.domain.agreement import AgreementTemplate, TemplateId
from agreegate.domain.partner import PartnerId
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import (
    Group,
    Part,
    ReconfirmationSearch,
    days_left,
    gate_speaks_of,
    must_be_renewed,
    outdated_next,
    outdated_parts,
)
from agreegate.domain.standing import State
from agreegate.services.collection import require_confirmations
from agreegate.storage.customer_search import choose
from agreegate.storage.page import Page, Seek, Wanted
from agreegate.storage.reconfirmation import (
    NOTHING_SUBSCRIBED,
    Majors,
    Place,
    Position,
    Sought,
    after,
    any_major,
    count_places,
    fitting,
    groups_of,
    is_overdue,
    majors_for,
    places,
    places_of,
    shown,
)
from agreegate.storage.unit_of_work import UnitOfWork, from_micros, to_micros


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is looked at before another way is taken."""

    most: int = 10_000
    """More than so many are not counted, where they must be counted one by one."""
    few: int = 200
    """So few outdated confirmations are looked at one by one."""
    collected: int = 4_000
    """So many customers that fit what is typed are looked up; among more, the list is looked through."""
    looked_through: int = 5_000
    """So many lines at most are looked through for those that fit; then all that fit are looked up after all."""
    chunk: int = 500
    """Lines that are looked through at once."""


LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Reconfirmation:
    """An outdated confirmation, as the list shows it."""

    customer_id: str
    company_name: str
    domain: str
    country: str
    template: AgreementTemplate
    agreed_at: datetime
    basis: Basis | None
    """How it is known which text was accepted; None where none was in force when it was recorded."""
    label: str | None
    """Of the accepted text, where it is known."""
    outdated_since: datetime
    renew_by: datetime | None
    """Before when it must be renewed; None: before the next new order (R37)."""
    days_left: int | None
    overdue: bool
    resellers: tuple[str, ...]

    @property
    def state(self) -> State:
        """Outdated, or overdue."""
        return State.OVERDUE if self.overdue else State.OUTDATED


@dataclass(frozen=True, slots=True)
class Outdated:
    """How a customer stands whose confirmation is outdated."""

    state: State
    """Outdated, or overdue."""
    template_id: TemplateId
    """Of the confirmation, to be confirmed anew."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, for every page of it."""

    sought: Sought
    chosen: tuple[Place, ...] | None
    """Those that fit what is typed, if they were looked up."""
    total: int | None
    """How many fit, at most `Limits.most` where `more` says so; None where they are too many to count."""
    more: bool
    overdue: int
    """How many of all of the partner's are overdue, at most one more than `Limits.most`."""
    all: int
    """How many outdated confirmations the partner has, whatever is looked for."""
    next_at: datetime | None
    """When the next version to come outdates some; None: none is published."""
    countries: tuple[str, ...]
    templates: tuple[AgreementTemplate, ...]
    """Those that outdated confirmations are of: what can be chosen to see fewer."""


async def find_reconfirmations(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    search: ReconfirmationSearch,
    limits: Limits = LIMITS,
) -> Found:
    """Which of the partner's outdated confirmations fit a search.

    Raises:
        FeatureAbsent.
    """
    require_confirmations(programme, actor.partner, uow)
    partner = actor.partner.id
    groups, majors = await _to_renew(uow, partner, programme)
    every = _parts(groups, majors, uow.now)
    country = search.customers.country
    sought = _within(
        search,
        uow.now,
        [
            part
            for part in every
            if country in (None, part.group.country) and search.template in (None, part.group.template_id)
        ],
    )
    chosen = await _chosen(uow, partner, search, sought, limits)
    total, more = await _counted(uow, partner, search, sought, chosen, limits)
    coming = (outdated_next(group, majors.get((group.template_id, group.country), ()), uow.now) for group in groups)
    return Found(
        sought,
        chosen,
        total,
        more,
        overdue=await count_places(uow, partner, Sought(every, state=State.OVERDUE), limits.most + 1),
        all=await count_places(uow, partner, Sought(every)),
        next_at=min((at for at in coming if at is not None), default=None),
        countries=tuple(sorted({part.group.country for part in every})),
        templates=tuple(t for t in programme.templates if any(part.group.template_id == t.id for part in every)),
    )


async def list_reconfirmations(
    uow: UnitOfWork,
    actor: Actor,
    programme: Programme,
    search: ReconfirmationSearch,
    found: Found,
    wanted: Wanted,
    limits: Limits = LIMITS,
) -> Page[Reconfirmation]:
    """One page of what a search found, the soonest first. Positions: the commitment end, then customer and template."""
    partner = actor.partner.id
    start = {Seek.NEXT: wanted.last, Seek.PREVIOUS: wanted.first}.get(wanted.seek)
    backwards = wanted.seek is Seek.LAST or (wanted.seek is Seek.PREVIOUS and start is not None)
    sought = found.sought
    if start is not None:
        sought = after(sought, _position(start), backwards=backwards)
    some = await _some(uow, partner, search, sought, found.chosen, wanted.size + 1, limits, backwards=backwards)
    more, some = len(some) > wanted.size, some[: wanted.size]
    if backwards:
        some.reverse()
    if not some:
        return Page()
    lines = await shown(uow, partner, some)
    items = []
    for place in some:
        line = lines.get((place.customer_id, place.template_id))
        template = programme.template(place.template_id)
        if line is None or template is None:  # renewed or ended since the search
            continue
        renew_by = None if place.renew_at == NOTHING_SUBSCRIBED else from_micros(place.renew_at)
        items.append(
            Reconfirmation(
                customer_id=place.customer_id,
                company_name=line.company_name,
                domain=line.domain,
                country=line.country,
                template=template,
                agreed_at=line.agreed_at,
                basis=line.basis,
                label=line.label,
                outdated_since=place.part.since,
                renew_by=renew_by,
                days_left=None if renew_by is None else days_left(renew_by, uow.now),
                overdue=await is_overdue(uow, partner, place),
                resellers=line.resellers,
            )
        )
    return Page(
        items=tuple(items),
        first=_named(some[0]),
        last=_named(some[-1]),
        more_before=more if backwards else start is not None,
        more_after=start is not None if backwards else more,
    )


async def count_outdated(uow: UnitOfWork, partner: PartnerId | None, programme: Programme) -> int:
    """How many customers' confirmations, those that the gate goes by, are outdated (R34).

    Args:
        partner: whose customers; None: everybody's.
    """
    return await count_places(uow, partner, Sought(await _gates_parts(uow, partner, programme)))


async def outdated_among(
    uow: UnitOfWork, partner: PartnerId, programme: Programme, customers: Sequence[str]
) -> dict[str, Outdated]:
    """Which of some customers stand outdated or overdue, by the confirmation that the gate goes by."""
    parts = await _gates_parts(uow, partner, programme)
    if not parts or not customers:
        return {}
    found = await places_of(uow, partner, Sought(parts), customers)
    return {
        place.customer_id: Outdated(
            State.OVERDUE if await is_overdue(uow, partner, place) else State.OUTDATED, place.template_id
        )
        for place in found
    }


async def _gates_parts(uow: UnitOfWork, partner: PartnerId | None, programme: Programme) -> tuple[Part, ...]:
    if not await any_major(uow):
        return ()
    groups = [
        group
        for group in await groups_of(uow, partner)
        if gate_speaks_of(group.template_id, group.later, programme, uow.now)
    ]
    return _parts(groups, await majors_for(uow, groups), uow.now)


async def _to_renew(uow: UnitOfWork, partner: PartnerId, programme: Programme) -> tuple[list[Group], Majors]:
    """The groups whose confirmations must be renewed once they are outdated."""
    if not await any_major(uow):
        return [], {}
    groups = [
        group
        for group in await groups_of(uow, partner)
        if must_be_renewed(group.template_id, group.later, programme, uow.now)
    ]
    return groups, await majors_for(uow, groups)


def _parts(groups: Sequence[Group], majors: Majors, now: datetime) -> tuple[Part, ...]:
    return tuple(
        part
        for group in groups
        for part in outdated_parts(group, majors.get((group.template_id, group.country), ()), now)
    )


def _within(search: ReconfirmationSearch, now: datetime, parts: Sequence[Part]) -> Sought:
    """What is wanted of some parts: by when it is due, and whether it is overdue."""
    every = Sought(tuple(parts), state=search.state)
    if search.due is None:
        return every
    before = search.due.before(now)
    if before is None:
        return Sought(every.parts, low=(NOTHING_SUBSCRIBED, "", ""), state=search.state)
    return Sought(every.parts, high=(to_micros(before), "", ""), state=search.state)


def _narrow(search: ReconfirmationSearch) -> bool:
    """Whether a customer must be looked at to see if it fits."""
    return bool(search.customers.text.strip()) or search.customers.reseller is not None


async def _counted(
    uow: UnitOfWork,
    partner: PartnerId,
    search: ReconfirmationSearch,
    sought: Sought,
    chosen: tuple[Place, ...] | None,
    limits: Limits,
) -> tuple[int | None, bool]:
    """How many fit, and whether there are more than so many."""
    if chosen is not None:
        return len(chosen), False
    if _narrow(search):
        return None, False
    if sought.all_of_them:
        return await count_places(uow, partner, sought), False
    counted = await count_places(uow, partner, sought, limits.most + 1)
    return min(counted, limits.most), counted > limits.most


async def _chosen(
    uow: UnitOfWork, partner: PartnerId, search: ReconfirmationSearch, sought: Sought, limits: Limits
) -> tuple[Place, ...] | None:
    """Those that fit what is typed and the reseller, if such customers are few enough; None: look through the list."""
    if not _narrow(search):
        return None
    if (customer := search.customers.customer) is not None:
        of_it = await places_of(uow, partner, sought, [customer])
        return tuple(await fitting(uow, partner, replace(search.customers, text=""), of_it))
    number = await count_places(uow, partner, sought, limits.collected + 1)
    if number > limits.few:
        found = await choose(uow, partner, search.customers, None, 0, many=limits.collected)
        if found.entries is not None:
            return tuple(await places_of(uow, partner, sought, found))
    if number > limits.collected:
        return None
    return tuple(await fitting(uow, partner, search.customers, await places(uow, partner, sought, number)))


async def _some(
    uow: UnitOfWork,
    partner: PartnerId,
    search: ReconfirmationSearch,
    sought: Sought,
    chosen: tuple[Place, ...] | None,
    size: int,
    limits: Limits,
    *,
    backwards: bool,
) -> list[Place]:
    """The first places of the list, or the last, the very last first."""
    if chosen is not None:
        within = [one for one in chosen if sought.low < one.position < sought.high]
        return (within[::-1] if backwards else within)[:size]
    if not _narrow(search):
        return await places(uow, partner, sought, size, backwards=backwards)
    some: list[Place] = []
    looked_through, rest = 0, sought
    while looked_through < limits.looked_through:
        chunk = await places(uow, partner, rest, limits.chunk, backwards=backwards)
        some += await fitting(uow, partner, search.customers, chunk)
        if len(some) >= size or len(chunk) < limits.chunk:
            return some[:size]
        looked_through += len(chunk)
        rest = after(rest, chunk[-1].position, backwards=backwards)
    found = await choose(uow, partner, search.customers, None, 0, many=limits.collected)
    every = tuple(await places_of(uow, partner, sought, found))
    return await _some(uow, partner, search, sought, every, size, limits, backwards=backwards)


def _position(start: tuple[str | int, str]) -> Position:
    customer, _, template = start[1].partition(".")
    return int(start[0]), customer, template


def _named(place: Place) -> tuple[int, str]:
    return place.renew_at, f"{place.customer_id}.{place.template_id}"
