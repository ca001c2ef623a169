"""Outdated confirmations, found by their groups: as dear with a million of them as with a handful (R33–R37).

Whether a group is outdated is the domain's to say (`domain/reconfirmation.py`); how many it has is kept with it. A page is
put together from the groups' own orders, and nothing is read that is not shown. What is outdated, and overdue, is what
`storage/standing.py` says of each customer; a property test holds the two to each other.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from agreegate.domain.accepted_text import Basis
from agreegate.domain.agreement import TemplateId
from agreegate.domain.customer_search import CustomerSearch, fits
from agreegate.domain.partner import PartnerId
from agreegate.domain.reconfirmation import Group, Major, Part
from agreegate.domain.standing import State
from agreegate.storage.customer_search import Chosen
from agreegate.storage.unit_of_work import UnitOfWork, Value, from_micros, maybe_micros, to_micros

NOTHING_SUBSCRIBED = 999_999_999_999_999_999
"""Stands for the commitment end of a customer without a living subscription: after every instant there is."""
Majors = Mapping[tuple[str, str], Sequence[Major]]
"""The major versions for each template and country, those to come among them."""
Position = tuple[int, str, str]
"""Where a confirmation stands in the list: its customer's commitment end, customer and template."""

# $1 partner, $2 now, $3–$5 where the list begins, $6–$8 where it ends, both left out, $9 how many; then the part.
_LATE = """(i.renewed_at > {since} and (i.renewed_at <= $2 or exists (
      select 1 from renewal r where r.partner_id = $1 and r.customer_id = i.customer_id and r.outcome = 'renewed'
        and min(r.due_at, r.recorded_at) > max({since}, i.date_agreed_at) and min(r.due_at, r.recorded_at) <= $2)))"""
_WITHIN = """
    (i.commitment_end_at, i.customer_id) >= ($3, $4) and (i.commitment_end_at, i.customer_id, {template}) > ($3, $4, $5)
    and (i.commitment_end_at, i.customer_id) <= ($6, $7) and (i.commitment_end_at, i.customer_id, {template}) < ($6, $7, $8)"""
_OF_PART = """i.group_number = {group}
    and ({agreed_from} is null or i.accepted_by_at >= {agreed_from})
    and ({agreed_before} is null or i.accepted_by_at < {agreed_before})"""
_ONE = {"group": "$10", "template": "$11", "since": "$12", "agreed_from": "$13", "agreed_before": "$14"}
_EACH = {name: f"(p.value ->> {place})" for place, name in enumerate(_ONE)}
_ROW = "i.commitment_end_at, i.customer_id, i.date_agreed_at, i.renewed_at"
_PLACED = """
    select g.group_number, g.commitment_end_at, g.customer_id, g.date_agreed_at, g.accepted_by_at, g.renewed_at
    from ({customers}) f cross join grouped_confirmation g on g.partner_id = $1 and g.customer_id = f.customer_id"""
_BY_ID = "select j.value as customer_id from json_each($2) j"
_CONFIRMED = "e.partner_id = $1 and e.coverage not in ('', '!')"
_BY_ENTRY = (
    "select e.customer_id from json_each($2) j cross join customer_entry e on e.entry = j.value and " + _CONFIRMED
)
_BY_WORDS = (
    "select e.customer_id from customer_text t cross join customer_entry e on e.entry = t.rowid and "
    f"{_CONFIRMED} where t.customer_text match $2"
)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """An outdated confirmation in the list."""

    renew_at: int
    """The commitment end before which it must be renewed, or `NOTHING_SUBSCRIBED`."""
    customer_id: str
    template_id: TemplateId
    part: Part = field(compare=False)
    agreed_at: int = field(compare=False)
    renewed_at: int | None = field(compare=False)
    """When a renewal last ran after the acceptance."""

    @property
    def position(self) -> Position:
        """What the list is ordered by."""
        return self.renew_at, self.customer_id, self.template_id


@dataclass(frozen=True, slots=True)
class Sought:
    """Which outdated confirmations are wanted."""

    parts: tuple[Part, ...]
    low: Position = (-NOTHING_SUBSCRIBED, "", "")
    """They come after it."""
    high: Position = (NOTHING_SUBSCRIBED + 1, "", "")
    """They come before it."""
    state: State | None = None
    """Only the overdue, or only those that are not; None: all."""

    @property
    def all_of_them(self) -> bool:
        """Whether nothing but the parts narrows them down."""
        return self.state is None and (self.low, self.high) == (Sought(()).low, Sought(()).high)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a line of the list says besides its place."""

    company_name: str
    domain: str
    country: str
    agreed_at: datetime
    basis: Basis | None
    """How it is known which text was accepted; None where no text was in force when it was recorded."""
    label: str | None
    resellers: tuple[str, ...]
    """Names of those through which the partner serves the customer."""


async def groups_of(uow: UnitOfWork, partner: PartnerId | None) -> list[Group]:
    """The groups of a partner's confirmations, or (None) of everybody's."""
    whose = "partner_id = $1" if partner else "$1 is null"
    return [
        Group(row[0], TemplateId(row[1]), row[2], tuple(row[3].split()), from_micros(row[4]), row[5], row[6])
        for row in await uow.all(
            "select group_number, template_id, country, later, text_at, text_number, confirmations"
            f" from confirmation_group where {whose} and confirmations > 0",
            partner,
        )
    ]


async def majors_for(uow: UnitOfWork, groups: Iterable[Group]) -> Majors:
    """Every major version of the groups' templates for their countries."""
    wanted = sorted({(group.template_id, group.country) for group in groups})
    found: dict[tuple[str, str], list[Major]] = defaultdict(list)
    for template, country, effective_at, number in await uow.all(
        "select v.template_id, w.value ->> 1, v.effective_at, v.number from json_each($1) w cross join text_version v"
        " where v.template_id = (w.value ->> 0) and v.major = 1 and exists (select 1 from text_file f"
        "  where f.template_id = v.template_id and f.number = v.number and f.country = (w.value ->> 1))",
        json.dumps(wanted),
    ):
        found[template, country].append(Major(from_micros(effective_at), number))
    return found


async def any_major(uow: UnitOfWork) -> bool:
    """Whether a major version was ever published: without one nothing is outdated, nor will be."""
    return await uow.one("select 1 from text_version where major = 1 limit 1") is not None


async def count_places(uow: UnitOfWork, partner: PartnerId | None, sought: Sought, most: int | None = None) -> int:
    """How many there are.

    Args:
        partner: whose; None: everybody's, whose parts are asked for.
        most: no more than so many are counted one by one; None: all are. Whole groups are never counted.
    """
    parts = sought.parts
    counted = 0
    if sought.all_of_them:
        counted = sum(part.group.confirmations for part in parts if part.whole)
        parts = tuple(part for part in parts if not part.whole)
    if not parts or (most is not None and counted >= most):
        return counted
    sql = f"""select count(*) from (select 1 from json_each($10) p cross join confirmation_entry i
        where {_conditions(_EACH, sought.state)} limit $9)"""
    row = await uow.one(
        sql, *_values(uow, partner, sought, -1 if most is None else most - counted), _as_json(parts, range(len(parts)))
    )
    return counted + (0 if row is None else int(row[0]))


async def places(
    uow: UnitOfWork, partner: PartnerId, sought: Sought, size: int, *, backwards: bool = False
) -> list[Place]:
    """The first of them, at most so many; or the last, the very last first."""
    if sought.state is State.OVERDUE:
        return await _overdue(uow, partner, sought, size, backwards=backwards)
    found: list[Place] = []
    while len(found) < size:
        # Only parts whose first place is among the first so many have any of them.
        heads = await _heads(uow, partner, sought, backwards=backwards)
        heads = heads[: size - len(found)]
        if not heads:
            break
        each = min(size - len(found), 2 * size // len(heads) + 2)  # more would seldom be needed of one
        read: list[Place] = []
        cut: list[Place] = []
        for _, part in heads:
            some = await _of_part(uow, partner, sought, part, each, backwards=backwards)
            read += some
            cut += some[-1:] if len(some) == each else []
        if cut:
            bound = max(cut) if backwards else min(cut)
            read = [one for one in read if (one >= bound if backwards else one <= bound)]
        found += sorted(read, reverse=backwards)[: size - len(found)]
        if not cut:
            break
        sought = after(sought, found[-1].position, backwards=backwards)
    return found


def after(sought: Sought, position: Position, *, backwards: bool = False) -> Sought:
    """Those that come after a place of the list, or before it."""
    if backwards:
        return Sought(sought.parts, sought.low, min(sought.high, position), sought.state)
    return Sought(sought.parts, max(sought.low, position), sought.high, sought.state)


async def places_of(
    uow: UnitOfWork, partner: PartnerId, sought: Sought, customers: Sequence[str] | Chosen
) -> list[Place]:
    """Those of some customers, in order: of customers by id, or of those that a search has chosen."""
    asked: str | None
    if not isinstance(customers, Chosen):
        whose, asked = _BY_ID, json.dumps(list(customers))
    elif customers.entries is not None:
        whose, asked = _BY_ENTRY, json.dumps([one.number for one in customers.entries])
    else:
        whose, asked = _BY_WORDS, customers.match
    by_group: dict[int, list[Part]] = defaultdict(list)
    for part in sought.parts:
        by_group[part.group.number].append(part)
    found = []
    for group, renew_at, customer, agreed_at, accepted_by_at, renewed_at in await uow.all(
        _PLACED.format(customers=whose), partner, asked
    ):
        at = _part_at(by_group.get(group, ()), accepted_by_at)
        if at is None or not sought.low < (renew_at, customer, at.group.template_id) < sought.high:
            continue
        place = Place(renew_at, customer, at.group.template_id, at, agreed_at, renewed_at)
        if sought.state is None or (sought.state is State.OVERDUE) is await is_overdue(uow, partner, place):
            found.append(place)
    return sorted(found)


async def is_overdue(uow: UnitOfWork, partner: PartnerId, place: Place) -> bool:
    """Whether a renewal has run although the confirmation was outdated; the same as `OUTDATED` says."""
    now, since = to_micros(uow.now), to_micros(place.part.since)
    if place.renewed_at is None or place.renewed_at <= since:
        return False
    if place.renewed_at <= now:
        return True
    row = await uow.one(  # the clock was set back: that renewal is still to come, and others may have run
        "select 1 from renewal where partner_id = $1 and customer_id = $2 and outcome = 'renewed'"
        " and min(due_at, recorded_at) > $3 and min(due_at, recorded_at) <= $4 limit 1",
        partner,
        place.customer_id,
        max(since, place.agreed_at),
        now,
    )
    return row is not None


async def fitting(uow: UnitOfWork, partner: PartnerId, search: CustomerSearch, some: Sequence[Place]) -> list[Place]:
    """Those of some places whose customers fit what is typed, and the reseller."""
    rows = await uow.all(
        "select c.customer_id, c.company_name, c.domain, $3 is null or exists (select 1 from customer_reseller v"
        "  where v.partner_id = $1 and v.customer_id = c.customer_id and v.reseller_id = $3)"
        " from json_each($2) j cross join customer c on c.partner_id = $1 and c.customer_id = j.value",
        partner,
        json.dumps(sorted({place.customer_id for place in some})),
        search.reseller,
    )
    typed = bool(search.text.strip())
    known = {row[0] for row in rows if row[3] and (not typed or fits(search, row[1], row[2]))}
    return [place for place in some if place.customer_id in known]


async def shown(uow: UnitOfWork, partner: PartnerId, some: Collection[Place]) -> dict[tuple[str, str], Shown]:
    """What the lines of the list say, by customer and template."""
    rows = await uow.all(
        """select c.customer_id, n.template_id, c.company_name, c.domain, c.country, n.date_agreed_at, t.basis, v.label, (
             select json_group_array(o.name order by o.name) from customer_reseller x
             join partner o on o.partner_id = x.reseller_id where x.partner_id = c.partner_id and x.customer_id = c.customer_id)
           from json_each($2) j
           cross join customer c on c.partner_id = $1 and c.customer_id = (j.value ->> 0)
           cross join current_confirmation n on n.partner_id = $1 and n.customer_id = c.customer_id
             and n.template_id = (j.value ->> 1)
           left join confirmation_text t on t.partner_id = n.partner_id and t.customer_id = n.customer_id
             and t.sequence = n.sequence
           left join text_version v on v.version_id = t.version_id""",
        partner,
        json.dumps([(place.customer_id, place.template_id) for place in some]),
    )
    return {
        (row[0], row[1]): Shown(
            row[2], row[3], row[4], from_micros(row[5]), row[6] and Basis(row[6]), row[7], tuple(json.loads(row[8]))
        )
        for row in rows
    }


async def _heads(
    uow: UnitOfWork, partner: PartnerId, sought: Sought, *, backwards: bool
) -> list[tuple[Position, Part]]:
    """Each part with the place that comes first in it, in their order."""
    first = f"""select i.commitment_end_at, i.customer_id from confirmation_entry i
        where {_conditions(_EACH, sought.state)} {_order(backwards)} limit 1"""
    rows = await uow.all(
        f"""select p.value ->> 5, e.commitment_end_at, e.customer_id, p.value ->> 1
            from json_each($10) p cross join confirmation_entry e
            where e.group_number = (p.value ->> 0) and (e.commitment_end_at, e.customer_id) = ({first})""",
        *_values(uow, partner, sought, 1),
        _as_json(sought.parts, range(len(sought.parts))),
    )
    return sorted(
        (((at, customer, template), sought.parts[part]) for part, at, customer, template in rows),
        key=lambda head: head[0],
        reverse=backwards,
    )


async def _of_part(
    uow: UnitOfWork, partner: PartnerId, sought: Sought, part: Part, size: int, *, backwards: bool
) -> list[Place]:
    rows = await uow.all(
        f"select {_ROW} from confirmation_entry i where {_conditions(_ONE, sought.state)} {_order(backwards)} limit $9",
        *_values(uow, partner, sought, size),
        *_as_values(part),
    )
    return [Place(row[0], row[1], part.group.template_id, part, row[2], row[3]) for row in rows]


async def _overdue(uow: UnitOfWork, partner: PartnerId, sought: Sought, size: int, *, backwards: bool) -> list[Place]:
    """Those after whose renewal the groups are ordered besides; sorted here."""
    way = " desc" if backwards else ""
    rows = await uow.all(
        f"""select {_ROW}, p.value ->> 5 from json_each($10) p cross join confirmation_entry i
            where {_conditions(_EACH, sought.state)}
            order by i.commitment_end_at{way}, i.customer_id{way}, p.value ->> 1{way} limit $9""",
        *_values(uow, partner, sought, size),
        _as_json(sought.parts, range(len(sought.parts))),
    )
    found = []
    for renew_at, customer, agreed_at, renewed_at, number in rows:
        part = sought.parts[number]
        found.append(Place(renew_at, customer, part.group.template_id, part, agreed_at, renewed_at))
    return found


def _conditions(names: Mapping[str, str], state: State | None) -> str:
    found = f"{_OF_PART} and {_WITHIN}"
    if state is State.OVERDUE:  # read by when a renewal ran, not by the commitment's end
        found = found.replace("(i.commitment_end_at", "(+i.commitment_end_at") + f" and {_LATE}"
    elif state is not None:
        found += f" and (i.renewed_at is null or not {_LATE})"
    return found.format_map(names)


def _order(backwards: bool) -> str:
    way = " desc" if backwards else ""
    return f"order by i.commitment_end_at{way}, i.customer_id{way}"


def _values(uow: UnitOfWork, partner: PartnerId | None, sought: Sought, size: int) -> list[Value]:
    return [partner, to_micros(uow.now), *sought.low, *sought.high, size]


def _as_values(part: Part) -> list[Value]:
    return [
        part.group.number,
        part.group.template_id,
        to_micros(part.since),
        maybe_micros(part.agreed_from),
        maybe_micros(part.agreed_before),
    ]


def _as_json(parts: Sequence[Part], numbers: Iterable[int]) -> str:
    return json.dumps([[*_as_values(part), number] for part, number in zip(parts, numbers, strict=True)])


def _part_at(parts: Iterable[Part], accepted_by_at: int) -> Part | None:
    """The part of its group that a confirmation belongs to, by the latest instant of its acceptance."""
    latest = from_micros(accepted_by_at)
    for part in parts:
        if part.whole or (
            (part.agreed_from is None or part.agreed_from <= latest)
            and (part.agreed_before is None or latest < part.agreed_before)
        ):
            return part
    return None
