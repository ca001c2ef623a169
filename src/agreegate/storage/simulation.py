"""What a simulation reads: a partner's confirmations in the order of their key, with what each customer has in the window.

A million customers are counted without fetching a million rows: the statement says how many are alike. Instants that no
count can tell apart are brought to one first. A renewal that is certain to be the only one of its subscription becomes the
beginning of its *slot*: a week, cut where the gate's answers may change (`Foresight.turns`). A subscription whose later
terms count becomes the day it began on; its terms are projected in `domain/term.py`.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from agreegate.domain.agreement import TemplateId
from agreegate.domain.partner import Partner, PartnerId
from agreegate.domain.simulation import WEEK, Alike, Foresight, Rank, Rival, Stake, week_of
from agreegate.domain.term import Commitment, TermDuration, ends_within
from agreegate.storage.floor import countries_of
from agreegate.storage.partner import as_partner
from agreegate.storage.standing import PORTION, RANK
from agreegate.storage.state import newer_text
from agreegate.storage.unit_of_work import (
    EPOCH,
    MICROSECOND,
    UnitOfWork,
    Value,
    from_micros,
    to_micros,
)

R = TypeVar("R")
CUSTOMERS = 50_000
"""So many are looked through by one statement: what is in memory is bounded by it."""
_LAST = "\U0010ffff"
"""Comes after every id."""
_ALREADY = "!"
_NOTHING = Stake()
_DAY, _WEEK = timedelta(days=1) // MICROSECOND, WEEK // MICROSECOND
_LEAST = {TermDuration.MONTH: 28, TermDuration.YEAR: 365, TermDuration.THREE_YEARS: 3 * 365}
"""Days that a term lasts at least."""

LIVING = "s.status in ('active', 'suspended')"
_RESELLERS = """(select string_agg(r.reseller_id, ' ') from customer_reseller r
      where r.partner_id = n.partner_id and r.customer_id = n.customer_id)"""
_COUNTRY = "(select c.country from customer c where c.partner_id = m.partner_id and c.customer_id = m.customer_id)"
OUTDATED_FROM = f"""(select min(v.effective_at) from text_version v where v.template_id = m.template_id and v.major = 1
        and (v.effective_at, v.number) > (m.text_at, m.text_number)
        and exists (select 1 from text_file f where f.number = v.number
          and f.country = {_COUNTRY}))"""
"""SQL: when the first published major text takes effect that outdates the confirmation `m`."""
_JOINED = "join customer c on c.partner_id = n.partner_id and c.customer_id = n.customer_id"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A partner with customers who confirmed the agreement, and what is known of all of them together."""

    partner: Partner
    countries: frozenset[str]
    """Where its customers are."""
    resellers: frozenset[PartnerId]
    """Those that it has an open link with."""
    several: bool
    """Whether any of them confirmed another agreement too."""


async def portfolios(uow: UnitOfWork, foresight: Foresight, partner: PartnerId | None) -> list[Portfolio]:
    """Every partner that may be concerned, by name.

    Args:
        partner: this one alone; None: everybody.
    """
    values: list[Value] = [foresight.scenario.template_id]
    whose = "" if partner is None else " and p.partner_id = $2"
    rows = await uow.all(
        f"""select p.partner_id, p.name, p.kind, p.cloud, p.account, p.mpn_id, p.domain, p.country, p.culture
            from partner p where exists (select 1 from current_confirmation n
              where n.partner_id = p.partner_id and n.template_id = $1){whose} order by p.name, p.partner_id""",
        *values,
        *([] if partner is None else [partner]),
    )
    linked: dict[str, set[PartnerId]] = {}
    for id_, reseller in await uow.all("select partner_id, reseller_id from reseller_link where ended_at is null"):
        linked.setdefault(id_, set()).add(reseller)
    return [
        Portfolio(
            found,
            frozenset(await countries_of(uow, found.id)),
            frozenset(linked.get(found.id, ())),
            several=await _confirmed_others(uow, found.id, foresight),
        )
        for found in map(as_partner, rows)
    ]


async def _confirmed_others(uow: UnitOfWork, partner: PartnerId, foresight: Foresight) -> bool:
    for template in foresight.programme.templates:
        if template.id != foresight.scenario.template_id:
            found = await uow.one(
                "select 1 from current_confirmation n where n.partner_id = $1 and n.template_id = $2 limit 1",
                partner,
                template.id,
            )
            if found is not None:
                return True
    return False


async def names_of(uow: UnitOfWork, partners: Collection[PartnerId]) -> dict[PartnerId, str]:
    """Their names."""
    found: dict[PartnerId, str] = {}
    for some in portions(sorted(partners)):
        listed = ", ".join(f"${place}" for place in range(1, len(some) + 1))
        rows = await uow.all(f"select partner_id, name from partner where partner_id in ({listed})", *some)
        found |= {PartnerId(id_): name for id_, name in rows}
    return found


async def alike_customers(
    uow: UnitOfWork, portfolio: Portfolio, foresight: Foresight, known: dict[str, Stake]
) -> AsyncIterator[list[Alike]]:
    """The customers who become outdated or are already, by how they are alike; without their carts.

    Args:
        known: what was found to mean the same before, for this foresight; it is added to.
    """
    asked = Asked(portfolio, foresight, known)
    if not asked.concerned:
        return
    held, begin, end = asked.held(), asked.bound(""), asked.bound("")
    sql = f"""
      select case when {asked.already} then '{_ALREADY}' else coalesce({held}, '') end
        || '|' || coalesce({asked.resellers}, ''), count(*)
      from current_confirmation n {asked.joined}
      where n.partner_id = $1 and n.customer_id > {begin} and n.customer_id <= {end} and {asked.concerns}
      group by 1"""  # one text, because rows are put in order by it
    after = ""
    while after != _LAST:
        ends = await uow.all(
            "select customer_id from current_confirmation where partner_id = $1 and customer_id > $2"
            " order by customer_id limit 1 offset $3",
            portfolio.partner.id, after, CUSTOMERS,
        )  # fmt: skip
        until = next((customer for (customer,) in ends), _LAST)
        yield [asked.alike(*row) for row in await uow.all(sql, *asked.values[:-2], after, until)]
        after = until


async def alike_carts(uow: UnitOfWork, portfolio: Portfolio, foresight: Foresight) -> list[Alike]:
    """The open carts of customers who become outdated, each as customers who have nothing else."""
    asked = Asked(portfolio, foresight)
    if not asked.concerned:
        return []
    rows = await uow.all(
        f"""select k.expires_at, {asked.resellers}, {asked.rivals}, count(*) from cart k
          join current_confirmation n on n.partner_id = k.partner_id and n.customer_id = k.customer_id {asked.joined}
          where k.partner_id = $1 and k.status = 'active' and k.expires_at > $5 and {asked.becomes}
          group by 1, 2, 3""",
        *asked.values,
    )
    return [
        Alike(count, Stake(carts=(from_micros(expires_at),), rivals=_rivals(rivals)), asked.linked(resellers))
        for expires_at, resellers, rivals, count in rows
    ]


def portions(every: Sequence[R]) -> Iterable[Sequence[R]]:
    """Parts of a list that one statement can name."""
    return (every[begin : begin + PORTION] for begin in range(0, len(every), PORTION))


class Asked:
    """One partner's part of a question in SQL: its expressions, and the values that they are bound to.

    `$1` partner, `$2` template, `$3` and `$4` the version's rank, `$5` the beginning of the window.
    """

    def __init__(
        self,
        portfolio: Portfolio,
        foresight: Foresight,
        known: dict[str, Stake] | None = None,
        *,
        joined: bool = False,
    ) -> None:
        self._portfolio = portfolio
        self.foresight = foresight
        self.template = foresight.scenario.template_id
        present = {country: foresight.floors[country] for country in portfolio.countries if country in foresight.floors}
        self.concerned = bool(present) and foresight.programme.opens_gate(self.template, foresight.begins)
        at, number = foresight.rank
        self.values: list[Value] = [
            portfolio.partner.id, self.template, to_micros(at), number, to_micros(foresight.begins),
        ]  # fmt: skip
        newer = f"($3, $4) > ({RANK})"
        # Customers need not be looked up where all of them are concerned alike: that is half of the time.
        countries: dict[Rank | None, list[str]] = defaultdict(list)
        for country, floor in present.items():
            countries[floor].append(country)
        if joined or len(present) < len(portfolio.countries) or len(countries) > 1:
            self.joined = _JOINED
            self.already = self._by_country({floor: self._below(floor) for floor in countries}, countries)
            here = self._by_country(dict.fromkeys(countries, "true"), countries)
        else:
            self.joined, here = "", "true"
            self.already = self._below(next(iter(countries), None))
        # In `case`, so that the rows of a customer are read and not an index over the texts of all customers.
        own = f"case n.template_id when $2 then {here}{self._no_rival()} else false end"
        self.becomes = f"{own} and {newer} and not {self.already}"
        self.concerns = f"{own} and ({newer} or {self.already})"
        self.resellers = _RESELLERS if portfolio.resellers else "cast(null as text)"
        self.rivals = "cast(null as text)"
        if portfolio.several and foresight.refuses_from:
            self.rivals = f"""(select string_agg(m.template_id || '@' || coalesce(cast({OUTDATED_FROM} as text), ''), '/')
              from current_confirmation m where m.partner_id = n.partner_id and m.customer_id = n.customer_id
                and m.template_id || '' <> $2)"""
        self._turns = foresight.turns
        self._known = {} if known is None else known
        self._monday = EPOCH + (week_of(foresight.begins) - EPOCH.date())

    def _below(self, floor: Rank | None) -> str:
        """SQL: the confirmation `n` is outdated already."""
        if floor is None:
            return "false"
        at, number = floor
        return f"({self.bound(to_micros(at))}, {self.bound(number)}) > ({RANK})"

    def _by_country(self, conditions: Mapping[Rank | None, str], countries: Mapping[Rank | None, list[str]]) -> str:
        """SQL: the condition for the country of the customer `c`; false for countries that are not concerned."""
        cases = " ".join(
            f"when c.country in ({', '.join(self.bound(country) for country in countries[floor])}) then {condition}"
            for floor, condition in conditions.items()
        )
        return f"case {cases} else false end"

    def _no_rival(self) -> str:
        """SQL: no other confirmation that opens the gate is current when the window begins; begins with `and`."""
        rivals = self.foresight.rival_templates
        if not self._portfolio.several or not rivals:
            return ""
        listed = ", ".join(self.bound(template) for template in rivals)
        return f""" and not exists (select 1 from current_confirmation m where m.partner_id = n.partner_id
              and m.customer_id = n.customer_id and m.template_id || '' in ({listed})
              and not exists (select 1 from text_version v where {newer_text("$5", "m", _COUNTRY)}))"""

    def bound(self, value: Value) -> str:
        """One value more, as its place in the statement."""
        self.values.append(value)
        return f"${len(self.values)}"

    def held(self) -> str:
        """What a customer has, in one text: a word for each subscription that counts.

        `a7`: renews by itself in slot 7 alone. `o7/…`: to be renewed by an order in slot 7; the rivals follow.
        `p…/14/P1M`: began then, is in its 14th month, and goes on by the month.
        """
        until = self.bound(to_micros(self.foresight.until))
        passed = " + ".join(
            f"case when s.commitment_end_at >= {self.bound(to_micros(turn))} then 1 else 0 end" for turn in self._turns
        )
        week = f"(s.commitment_end_at - {self.bound(to_micros(self._monday))}) / {_WEEK}"
        slot = f"({week} * {len(self._turns) + 1} + {passed or 0})"
        least = " ".join(f"when '{term}' then {days * _DAY}" for term, days in _LEAST.items())
        once = (
            f"s.commitment_end_at >= $5 and s.commitment_end_at + case s.renewal_term_duration {least} end >= {until}"
        )
        counts = f"{LIVING} and s.commitment_end_at < {until} and (s.auto_renew = 1 or s.commitment_end_at >= $5)"
        return f"""(select string_agg(case when not ({counts}) then null
            when s.auto_renew = 0 then 'o' || {slot} || coalesce('/' || {self.rivals}, '')
            when {once} then 'a' || {slot}
            else 'p' || {self._day()} || '/' || s.months || '/' || s.renewal_term_duration end, ' ')
          from subscription s where s.partner_id = n.partner_id and s.customer_id = n.customer_id)"""

    def _day(self) -> str:
        """When a subscription began, to the day; of the time, only what tells an end from an edge of a slot."""
        edges = (self.foresight.begins, self.foresight.until, *self._turns)
        times = sorted({to_micros(edge) % _DAY for edge in edges} - {0}, reverse=True)
        time = f"((s.started_at % {_DAY} + {_DAY}) % {_DAY})"
        later = " ".join(f"when {time} >= {edge} then {edge}" for edge in times)
        return f"(s.started_at - {time} + case {later} else 0 end)" if later else f"(s.started_at - {time})"

    def alike(self, described: str, customers: int) -> Alike:
        """A row of how many customers are alike."""
        held, _, resellers = described.partition("|")
        if held == _ALREADY:
            return Alike(customers, _NOTHING, self.linked(resellers), already=True)
        if held not in self._known:
            self._known[held] = self._stake(held)
        return Alike(customers, self._known[held], self.linked(resellers))

    def _stake(self, held: str) -> Stake:
        auto: list[datetime] = []
        orders: list[datetime] = []
        rivals: tuple[Rival, ...] = ()
        for word in held.split():
            first, _, rest = word[1:].partition("/")
            match word[:1]:
                case "a":
                    auto.append(self._beginning(int(first)))
                case "o":
                    orders.append(self._beginning(int(first)))
                    rivals = _rivals(rest)
                case _:
                    months, _, term = rest.partition("/")
                    auto += self._ends(from_micros(int(first)), int(months), TermDuration(term))
        return Stake(tuple(auto), tuple(orders), rivals=rivals)

    def linked(self, resellers: str | None) -> tuple[PartnerId, ...]:
        """Of the resellers through which a customer is served, those that the partner still has a link with."""
        return tuple(PartnerId(r) for r in (resellers or "").split() if r in self._portfolio.resellers)

    def _beginning(self, slot: int) -> datetime:
        """The first instant of a slot: whatever holds then, holds until its end."""
        week, passed = divmod(slot, len(self._turns) + 1)
        edges = [self.foresight.begins, self._monday + week * WEEK, *self._turns[:passed][-1:]]
        return max(edges)

    def _ends(self, began: datetime, months: int, term: TermDuration) -> list[datetime]:
        commitment = Commitment(began, 1, months, term, term)
        return ends_within(commitment, self.foresight.begins, self.foresight.until)


def _rivals(rivals: str | None) -> tuple[Rival, ...]:
    """Other confirmations, as `Asked.rivals` writes them."""
    found = (one.partition("@") for one in (rivals or "").split("/") if one)
    return tuple(Rival(TemplateId(template), from_micros(int(at)) if at else None) for template, _, at in found)
