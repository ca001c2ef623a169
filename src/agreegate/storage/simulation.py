"""What a simulation reads: a partner's confirmations in the order of their key, with what each customer has in the window.

A million customers are counted without fetching a million rows: the statement says how many are alike. Instants that no
count can tell apart are brought to one first. A renewal that is certain to be the only one of its subscription becomes the
beginning of its *slot*: a week, cut where the gate's answers may change (`Foresight.turns`). A subscription whose later
terms count becomes the day it began on; its terms are projected in `domain/term.py`.
"""

import json
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from agreegate.domain.agreement import TemplateId
from agreegate.domain.partner import Partner, PartnerId
from agreegate.domain.simulation import WEEK, Alike, Foresight, Stake, week_of
from agreegate.domain.term import Commitment, TermDuration, ends_within
from agreegate.storage.page import Listing, Page, Wanted, page_of
from agreegate.storage.partner import as_partner
from agreegate.storage.standing import RANK
from agreegate.storage.unit_of_work import EPOCH, MICROSECOND, Row, UnitOfWork, Value, from_micros, to_micros

CUSTOMERS = 50_000
"""So many are looked through by one statement: what is in memory is bounded by it."""
_LAST = "\U0010ffff"
"""Comes after every id."""
_ALREADY = "!"
_NOTHING = Stake()
_NEVER = -(2**63)
_DAY, _WEEK = timedelta(days=1) // MICROSECOND, WEEK // MICROSECOND
_LEAST = {TermDuration.MONTH: 28, TermDuration.YEAR: 365, TermDuration.THREE_YEARS: 3 * 365}
"""Days that a term lasts at least."""

_LIVING = """subscription s where s.partner_id = n.partner_id and s.customer_id = n.customer_id
      and s.status in ('active', 'suspended')"""
_RESELLERS = """(select group_concat(r.reseller_id, ' ') from customer_reseller r
      where r.partner_id = n.partner_id and r.customer_id = n.customer_id)"""
_RIVALS = """(select group_concat(m.template_id, '/') from current_confirmation m
      where m.partner_id = n.partner_id and m.customer_id = n.customer_id and m.sequence > n.sequence)"""
_FLOORS = """with f(country, at, number) as materialized (
      select cast(value ->> 0 as text), cast(value ->> 1 as integer), cast(value ->> 2 as integer) from json_each({json}))"""
_CUSTOMER = "cross join customer c on c.partner_id = n.partner_id and c.customer_id = n.customer_id"


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


@dataclass(frozen=True, slots=True)
class Affected:
    """A customer whose confirmation becomes outdated."""

    customer_id: str
    company_name: str
    country: str
    resellers: tuple[PartnerId, ...]
    date_agreed: datetime
    text: str | None
    """The label of the accepted text; None where it is not known."""
    stake: Stake


async def portfolios(uow: UnitOfWork, template: TemplateId, partner: PartnerId | None) -> list[Portfolio]:
    """Every partner that may be concerned, by name.

    Args:
        partner: this one alone; None: everybody.
    """
    countries: dict[str, set[str]] = {}
    several: set[str] = set()
    for id_, country, coverage in await uow.all(
        "select partner_id, country, coverage from customer_tally where customers > 0 and ($1 is null or partner_id = $1)",
        partner,
    ):
        confirmed = coverage.split()
        if template in confirmed:
            countries.setdefault(id_, set()).add(country)
            if len(confirmed) > 1:
                several.add(id_)
    rows = await uow.all(
        "select partner_id, name, kind, cloud, account, mpn_id, domain, country, culture from partner"
        " where partner_id in (select value from json_each($1)) order by name, partner_id",
        json.dumps(sorted(countries)),
    )
    linked: dict[str, set[PartnerId]] = {}
    for id_, reseller in await uow.all("select partner_id, reseller_id from reseller_link where ended_at is null"):
        linked.setdefault(id_, set()).add(reseller)
    return [
        Portfolio(
            as_partner(row), frozenset(countries[row[0]]), frozenset(linked.get(row[0], ())), several=row[0] in several
        )
        for row in rows
    ]


async def names_of(uow: UnitOfWork, partners: Collection[PartnerId]) -> dict[PartnerId, str]:
    """Their names."""
    rows = await uow.all(
        "select partner_id, name from partner where partner_id in (select value from json_each($1))",
        json.dumps(sorted(partners)),
    )
    return {PartnerId(row[0]): row[1] for row in rows}


async def alike_customers(
    uow: UnitOfWork, portfolio: Portfolio, foresight: Foresight, known: dict[str, Stake]
) -> AsyncIterator[list[Alike]]:
    """The customers who become outdated or are already, by how they are alike; without their carts.

    Args:
        known: what was found to mean the same before, for this foresight; it is added to.
    """
    asked = _Asked(portfolio, foresight, known)
    if not asked.concerned:
        return
    held, begin, end = asked.held(), asked.bound(""), asked.bound("")
    sql = f"""{asked.floors}
      select iif({asked.already}, '{_ALREADY}', coalesce({held}, '')) || '|' || coalesce({asked.resellers}, ''), count(*)
      from current_confirmation n {asked.joined}
      where n.partner_id = $1 and n.customer_id > {begin} and n.customer_id <= {end} and {asked.concerns}
      group by 1"""  # one text, because rows are put in order by it
    after = ""
    while after != _LAST:
        row = await uow.one(
            "select customer_id from current_confirmation where partner_id = $1 and customer_id > $2"
            " order by customer_id limit 1 offset $3",
            portfolio.partner.id, after, CUSTOMERS,
        )  # fmt: skip
        until = _LAST if row is None else row[0]
        yield [asked.alike(row) for row in await uow.all(sql, *asked.values[:-2], after, until)]
        after = until


async def alike_carts(uow: UnitOfWork, portfolio: Portfolio, foresight: Foresight) -> list[Alike]:
    """The open carts of customers who become outdated, each as customers who have nothing else."""
    asked = _Asked(portfolio, foresight)
    if not asked.concerned:
        return []
    rows = await uow.all(
        f"""{asked.floors}
          select k.expires_at, {asked.resellers}, {asked.rivals}, count(*) from cart k
          cross join current_confirmation n on n.partner_id = k.partner_id and n.customer_id = k.customer_id {asked.joined}
          where k.partner_id = $1 and k.status = 'Active' and k.expires_at > $5 and {asked.becomes}
          group by 1, 2, 3""",
        *asked.values,
    )
    return [
        Alike(row[3], Stake(carts=(from_micros(row[0]),), rivals=_templates(row[2])), asked.linked(row[1]))
        for row in rows
    ]


async def affected_customers(
    uow: UnitOfWork, portfolio: Portfolio, foresight: Foresight, wanted: Wanted
) -> Page[Affected]:
    """A page of the customers who become outdated, by name, each with what it has in the window."""
    asked = _Asked(portfolio, foresight, joined=True)
    if not asked.concerned:
        return Page()
    select = f"""{asked.floors}
      select c.company_key, c.customer_id, c.company_name, c.country, n.date_agreed_at,
        (select v.label from text_version v where v.template_id = n.template_id and v.number = n.text_number),
        {asked.resellers}, {asked.rivals},
        (select json_group_array(json_array(s.auto_renew, s.started_at, s.terms, s.months, s.term_duration,
          s.renewal_term_duration)) from {_LIVING}),
        (select json_group_array(k.expires_at) from cart k where k.partner_id = n.partner_id
          and k.customer_id = n.customer_id and k.status = 'Active' and k.expires_at > $5)
      from customer c
      cross join current_confirmation n on n.partner_id = c.partner_id and n.customer_id = c.customer_id
      cross join f on f.country = c.country
      where c.partner_id = $1 and {asked.becomes}"""
    found = await page_of(uow, Listing(select, "c.company_key", "c.customer_id"), wanted, *asked.values)
    items = tuple(asked.affected(row) for row in found.items)
    return Page(items, found.first, found.last, found.more_before, found.more_after)


class _Asked:
    """One partner's part of a question in SQL: its expressions, and the values that they are bound to.

    `$1` partner, `$2` template, `$3` and `$4` the version's rank, `$5` and `$6` the window.
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
        self._foresight = foresight
        present = {country: foresight.floors[country] for country in portfolio.countries if country in foresight.floors}
        self.concerned = bool(present)
        at, number = foresight.rank
        self.values: list[Value] = [
            portfolio.partner.id, foresight.scenario.template_id, to_micros(at), number,
            to_micros(foresight.begins), to_micros(foresight.until),
        ]  # fmt: skip
        # Customers need not be looked up where all of them are concerned alike: that is half of the time.
        if joined or len(present) < len(portfolio.countries) or len(set(present.values())) > 1:
            listed = [(country, *_floor(floor)) for country, floor in present.items()]
            self.floors = _FLOORS.format(json=self.bound(json.dumps(listed)))
            self.joined = f"{_CUSTOMER} cross join f on f.country = c.country"
            floor = "f.at, f.number"
        else:
            self.floors = self.joined = ""
            floor = ", ".join(self.bound(part) for part in _floor(next(iter(present.values()), None)))
        newer = f"($3, $4) > ({RANK})"
        self.already = f"({floor}) > ({RANK})"
        self.becomes = f"n.template_id = $2 and {newer} and not {self.already}"
        self.concerns = f"n.template_id = $2 and ({newer} or {self.already})"
        self.resellers = _RESELLERS if portfolio.resellers else "null"
        self.rivals = _RIVALS if portfolio.several and foresight.refuses_from else "null"
        self._turns = foresight.turns
        self._known = {} if known is None else known
        self._monday = EPOCH + (week_of(foresight.begins) - EPOCH.date())

    def bound(self, value: Value) -> str:
        """One value more, as its place in the statement."""
        self.values.append(value)
        return f"${len(self.values)}"

    def held(self) -> str:
        """What a customer has, in one text: a word for each subscription that counts.

        `a7`: renews by itself in slot 7 alone. `o7/…`: to be renewed by an order in slot 7; the rivals follow.
        `p…/14/P1M`: began then, is in its 14th month, and goes on by the month.
        """
        passed = " + ".join(f"(s.commitment_end_at >= {self.bound(to_micros(turn))})" for turn in self._turns)
        week = f"(s.commitment_end_at - {self.bound(to_micros(self._monday))}) / {_WEEK}"
        slot = f"({week} * {len(self._turns) + 1} + {passed or 0})"
        least = " ".join(f"when '{term}' then {days * _DAY}" for term, days in _LEAST.items())
        once = f"s.commitment_end_at >= $5 and s.commitment_end_at + case s.renewal_term_duration {least} end >= $6"
        return f"""(select group_concat(case
            when s.auto_renew = 0 then 'o' || {slot} || coalesce('/' || {self.rivals}, '')
            when {once} then 'a' || {slot}
            else 'p' || {self._day()} || '/' || s.months || '/' || s.renewal_term_duration end, ' ')
          from {_LIVING} and s.commitment_end_at < $6 and (s.auto_renew = 1 or s.commitment_end_at >= $5))"""

    def _day(self) -> str:
        """When a subscription began, to the day; of the time, only what tells an end from an edge of a slot."""
        edges = (self._foresight.begins, self._foresight.until, *self._turns)
        times = sorted({to_micros(edge) % _DAY for edge in edges} - {0}, reverse=True)
        time = f"((s.started_at % {_DAY} + {_DAY}) % {_DAY})"
        later = " ".join(f"when {time} >= {edge} then {edge}" for edge in times)
        return f"(s.started_at - {time} + case {later} else 0 end)" if later else f"(s.started_at - {time})"

    def alike(self, row: Row) -> Alike:
        """A row of how many customers are alike."""
        held, _, resellers = row[0].partition("|")
        if held == _ALREADY:
            return Alike(row[1], _NOTHING, self.linked(resellers), already=True)
        if held not in self._known:
            self._known[held] = self._stake(held)
        return Alike(row[1], self._known[held], self.linked(resellers))

    def _stake(self, held: str) -> Stake:
        auto: list[datetime] = []
        orders: list[datetime] = []
        rivals: tuple[TemplateId, ...] = ()
        for word in held.split():
            kind, (first, _, rest) = word[0], word[1:].partition("/")
            match kind:
                case "a":
                    auto.append(self._beginning(int(first)))
                case "o":
                    orders.append(self._beginning(int(first)))
                    rivals = _templates(rest)
                case _:
                    months, _, term = rest.partition("/")
                    auto += self._ends(from_micros(int(first)), int(months), TermDuration(term))
        return Stake(tuple(auto), tuple(orders), rivals=rivals)

    def affected(self, row: Row) -> Affected:
        """A row of one customer."""
        _, id_, name, country, agreed, text, resellers, rivals, held, carts = row
        auto: list[datetime] = []
        orders: list[datetime] = []
        for renews, started_at, terms, months, term, renewal_term in json.loads(held):
            commitment = Commitment(
                from_micros(started_at), terms, months, TermDuration(term), TermDuration(renewal_term)
            )
            if renews:
                auto += ends_within(commitment, self._foresight.begins, self._foresight.until)
            elif self._foresight.begins <= commitment.ends_at < self._foresight.until:
                orders.append(commitment.ends_at)
        expiries = tuple(from_micros(expiry) for expiry in json.loads(carts))
        stake = Stake(tuple(sorted(auto)), tuple(sorted(orders)), expiries, _templates(rivals))
        return Affected(id_, name, country, self.linked(resellers), from_micros(agreed), text, stake)

    def linked(self, resellers: str | None) -> tuple[PartnerId, ...]:
        """Of the resellers through which a customer is served, those that the partner still has a link with."""
        return tuple(PartnerId(r) for r in (resellers or "").split() if r in self._portfolio.resellers)

    def _beginning(self, slot: int) -> datetime:
        """The first instant of a slot: whatever holds then, holds until its end."""
        week, passed = divmod(slot, len(self._turns) + 1)
        edges = [self._foresight.begins, self._monday + week * WEEK, *self._turns[:passed][-1:]]
        return max(edges)

    def _ends(self, began: datetime, months: int, term: TermDuration) -> list[datetime]:
        commitment = Commitment(began, 1, months, term, term)
        return ends_within(commitment, self._foresight.begins, self._foresight.until)


def _floor(floor: tuple[datetime, int] | None) -> tuple[int, int]:
    """A rank as it is kept; without one, what nothing ranks below."""
    return (_NEVER, 0) if floor is None else (to_micros(floor[0]), floor[1])


def _templates(rivals: str | None) -> tuple[TemplateId, ...]:
    return tuple(TemplateId(one) for one in (rivals or "").split("/") if one)
