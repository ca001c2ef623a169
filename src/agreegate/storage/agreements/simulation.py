"""What a simulation reads: the customers who confirmed the agreement, each with its terms and carts in the window.

SQL groups customers by facts: the texts that a customer accepted, as places between the major texts; the terms that end; the
open carts; the resellers. `domain/agreements/simulation.py` decides the effect on a group. SQL rounds instants that no count
distinguishes: the end of a term to its week; the beginning of a subscription with later terms to its day; both not across an
instant at which the gate's answers may change (`Foresight.changes_at`). `domain/orders/term.py` projects the later terms.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from agreegate.domain.agreements.simulation import WEEK, Confirmations, Count, Foresight, Major, Rank, Stake
from agreegate.domain.orders.term import Commitment, TermDuration, ends_within
from agreegate.domain.partner import Partner, PartnerId
from agreegate.storage.customers.customer import countries_of
from agreegate.storage.customers.standing import RANK
from agreegate.storage.engine.unit_of_work import MICROSECOND, UnitOfWork, from_micros, to_micros
from agreegate.storage.orders.subscription import LIVING
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of
from agreegate.storage.partner import COLUMNS, as_partner, linked_resellers
from agreegate.storage.statement import BEYOND, Statement, portions

CUSTOMERS = 50_000
"""Maximum number of customers that one statement groups; it bounds the memory that is used."""
_DAY, _WEEK = timedelta(days=1) // MICROSECOND, WEEK // MICROSECOND
_MONDAY = 4 * _DAY
"""The first Monday after the epoch."""
_LOWEST: Rank = (datetime.min.replace(tzinfo=UTC), 0)
"""A rank below that of every text."""
_LEAST = {TermDuration.MONTH: 28, TermDuration.YEAR: 365, TermDuration.THREE_YEARS: 3 * 365}
"""Minimum number of days of a term."""
_RESELLERS = """(select string_agg(r.reseller_id, ' ') from customer_reseller r
      where r.partner_id = $1 and r.customer_id = n.customer_id)"""
_JOINED = "join customer c on c.partner_id = $1 and c.customer_id = n.customer_id"


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A partner with customers who confirmed the agreement."""

    partner: Partner
    countries: frozenset[str]
    """Countries of its customers."""
    resellers: Mapping[PartnerId, str]
    """Names of the resellers with an open link to the partner."""


@dataclass(frozen=True, slots=True)
class Affected:
    """A customer whose confirmation becomes outdated."""

    customer_id: str
    company_name: str
    country: str
    date_agreed: datetime
    text: str | None
    """The label of the accepted text; None: the text is unknown."""
    resellers: tuple[PartnerId, ...]
    stake: Stake


Alike = tuple[tuple[PartnerId, ...], Stake, int]
"""A group of customers with the same facts: their resellers, what each customer has, the number of customers."""


async def portfolios(uow: UnitOfWork, foresight: Foresight, partner: PartnerId | None) -> list[Portfolio]:
    """Return the partners with a customer who confirmed the agreement, by name.

    Args:
        partner: only this partner; None: every partner.
    """
    to = Statement(foresight.template.id)
    whose = "" if partner is None else f" and p.partner_id = {to.bind(partner)}"
    rows = await uow.fetch_all(
        f"""select {COLUMNS} from partner p where exists (select 1 from current_confirmation n
              where n.partner_id = p.partner_id and n.template_id = $1){whose} order by p.name, p.partner_id""",
        *to.values,
    )
    return [
        Portfolio(
            found,
            frozenset(await countries_of(uow, found.id)),
            {one.id: one.name for one in await linked_resellers(uow, found.id)},
        )
        for found in map(as_partner, rows)
    ]


async def alike_customers(uow: UnitOfWork, query: "FactQuery", portfolio: Portfolio) -> AsyncIterator[list[Alike]]:
    """Yield the customers who confirmed the agreement, grouped by their facts."""
    after: str | None = ""
    while after is not None and query.concerns(portfolio):
        ends = await uow.fetch_all(
            "select customer_id from current_confirmation where partner_id = $1 and customer_id > $2"
            " order by customer_id limit 1 offset $3",
            portfolio.partner.id, after, CUSTOMERS,
        )  # fmt: skip
        until = next((customer for (customer,) in ends), None)
        to = Statement(portfolio.partner.id)
        range_ = f"n.customer_id > {to.bind(after)} and n.customer_id <= {to.bind(until or BEYOND)}"
        rows = await uow.fetch_all(
            f"""select {query.facts(portfolio)}, count(*)
                from {query.customers(to, portfolio, range_)} group by 1, 2, 3, 4""",
            *to.values,
        )
        yield [(*query.read(portfolio, *facts), customers) for *facts, customers in rows]
        after = until


async def affected_customers(
    uow: UnitOfWork, portfolio: Portfolio, foresight: Foresight, page_request: PageRequest
) -> Page[Affected]:
    """Return a page of the customers who become outdated, by name, each with what it has in the window."""
    query = FactQuery(foresight, exact=True)
    if not query.concerns(portfolio):
        return Page()
    to = Statement(portfolio.partner.id)
    select = f"""c.customer_id from customer c
      where c.partner_id = $1
        and (select {query.counts_as(to, portfolio, Count.CUSTOMERS)} from current_confirmation n
          where n.partner_id = $1 and n.customer_id = c.customer_id)"""
    found = await page_of(uow, tuple, Listing(select, "c.company_key", "c.customer_id"), page_request, *to.values)
    ids = [customer for (customer,) in found.items]
    items: dict[str, Affected] = {}
    for some in portions(ids):
        to = Statement(portfolio.partner.id)
        listed = to.bind_all(some)
        rows = await uow.fetch_all(
            f"""select c.customer_id, c.company_name, c.country, o.date_agreed_at, v.label, {query.facts(portfolio)}
                from {query.customers(to, portfolio, f"n.customer_id in ({listed})")} {_JOINED}
                join current_confirmation o on o.partner_id = $1 and o.customer_id = n.customer_id
                  and o.template_id || '' = {to.bind(foresight.template.id)}
                left join text_version v on v.number = o.text_number""",
            *to.values,
        )
        for id_, name, country, agreed, text, *facts in rows:
            items[id_] = Affected(id_, name, country, from_micros(agreed), text, *query.read(portfolio, *facts))
    return found.holding(items[one] for one in ids)


class FactQuery:
    """Writes SQL that reads the facts about a partner's customers, and reads its rows."""

    def __init__(self, foresight: Foresight, *, exact: bool = False) -> None:
        """Prepare the query.

        Args:
            exact: do not round instants.
        """
        self.foresight = foresight
        self._edges = () if exact else (foresight.begins, *foresight.changes_at, foresight.until)
        alike: dict[frozenset[Major], list[str]] = defaultdict(list)
        for country in sorted(foresight.scenario.countries):
            alike[frozenset(one for one in foresight.majors if country in one.countries)].append(country)
        self._countries = list(alike.values())
        """Countries in groups: in the countries of a group the same major texts bind."""
        self._ranks = {one.id: (_LOWEST, *foresight.ranks(one.id)) for one in foresight.programme.templates}
        self._words = {
            f"{kind}.{place}.{text}": Confirmations(country, ((template, rank),))
            for kind, (country, *_) in enumerate(self._countries)
            for place, (template, ranks) in enumerate(self._ranks.items())
            for text, rank in enumerate(ranks)
        }
        """By the word that a statement writes for a confirmation, its meaning."""
        self._stakes: dict[tuple[str, str | None, str | None], Stake] = {}

    def concerns(self, portfolio: Portfolio) -> bool:
        """Whether the version may outdate confirmations of a partner's customers."""
        opens = self.foresight.template.opens_gate(self.foresight.begins)
        return opens and not portfolio.countries.isdisjoint(self.foresight.scenario.countries)

    def customers(self, to: Statement, portfolio: Portfolio, whose: str) -> str:
        """SQL: the customers `n` of a partner whom the version concerns, with `texts`, the words of their confirmations.

        Args:
            whose: SQL: a condition on the confirmations `n`.
        """
        joined = ""
        # Where the same texts bind all customers, they are not looked up: that saves a quarter of the time.
        if not any(portfolio.countries.issubset(some) for some in self._countries):
            here = sorted(portfolio.countries & self.foresight.scenario.countries)
            joined = f"{_JOINED} and c.country in ({to.bind_all(here)})"
        words = self._each(to, portfolio, {word: f"'{word}'" for word in self._words})
        return f"""(select n.customer_id, string_agg({words}, ' ') as texts from current_confirmation n {joined}
            where n.partner_id = $1 and {whose}
            group by n.customer_id having {self.counts_as(to, portfolio, *Count)}) n
          left join (select k.customer_id, string_agg(cast(k.expires_at as text), ' ') as expiries from cart k
            where k.partner_id = $1 and k.status = 'active' and k.expires_at > {to_micros(self.foresight.begins)}
            group by k.customer_id) k on k.customer_id = n.customer_id"""

    def counts_as(self, to: Statement, portfolio: Portfolio, *effects: Count) -> str:
        """SQL: of a customer's confirmations `n`, one has one of the effects, and none leaves the customer confirmed."""
        foresight = self.foresight
        worth = {
            word: "2" if foresight.is_confirmed(one, foresight.majors) else str(int(foresight.effect(one) in effects))
            for word, one in self._words.items()
        }
        return f"max({self._each(to, portfolio, worth)}) = 1"

    def _each(self, to: Statement, portfolio: Portfolio, values: Mapping[str, str]) -> str:
        """SQL: the value for the word of the confirmation `n`: the country's group, the agreement, the place among its texts."""
        by_country = []
        for kind, countries in enumerate(self._countries):
            if not (here := sorted(portfolio.countries.intersection(countries))):
                continue
            cases = ""
            for place, (template, ranks) in enumerate(self._ranks.items()):
                reached = " ".join(
                    f"when ({RANK}) >= ({to_micros(at)}, {number}) then {values[f'{kind}.{place}.{text}']}"
                    for text, (at, number) in reversed([*enumerate(ranks)])
                )
                cases += f" when {to.bind(template)} then case {reached} end"
            value = f"case n.template_id{cases} end"
            if len(here) == len(portfolio.countries):
                return value
            by_country.append(f"when c.country in ({to.bind_all(here)}) then {value}")
        return f"case {' '.join(by_country)} end"

    def facts(self, portfolio: Portfolio) -> str:
        """SQL: the facts about the customer `n`; `read` reads them.

        Its terms are words: `o/…` ends then and must be renewed by an order; `a/…` renews automatically then, and not again in
        the window; `p/…/14/P1M` began then, is in its 14th month, and continues by the month.
        """
        begins, until = to_micros(self.foresight.begins), to_micros(self.foresight.until)
        resellers = _RESELLERS if portfolio.resellers else "cast(null as text)"
        least = " ".join(f"when '{term}' then {days * _DAY}" for term, days in _LEAST.items())
        once = f"s.commitment_end_at >= {begins} and s.commitment_end_at + case s.renewal_term_duration {least} end >= {until}"
        counts = f"{LIVING} and s.commitment_end_at < {until} and (s.auto_renew = 1 or s.commitment_end_at >= {begins})"
        return f"""n.texts, (select string_agg(case when not ({counts}) then null
            when s.auto_renew = 0 then 'o/' || {self._end()} when {once} then 'a/' || {self._end()}
            else 'p/' || {self._beginning()} || '/' || s.months || '/' || s.renewal_term_duration end, ' ')
          from subscription s where s.partner_id = $1 and s.customer_id = n.customer_id), k.expiries, {resellers}"""

    def _end(self) -> str:
        """SQL: the end of a term, rounded down to the beginning of its week, or to a later edge in this week."""
        if not self._edges:
            return "s.commitment_end_at"
        week = f"(s.commitment_end_at - (s.commitment_end_at - {_MONDAY}) % {_WEEK})"
        edges = sorted(map(to_micros, self._edges), reverse=True)
        cut = " ".join(f"when s.commitment_end_at >= {edge} and {week} < {edge} then {edge}" for edge in edges)
        return f"case {cut} else {week} end"

    def _beginning(self) -> str:
        """SQL: when a subscription began, to the day; of the time, only on which side of each edge it is."""
        if not self._edges:
            return "s.started_at"
        time = f"((s.started_at % {_DAY} + {_DAY}) % {_DAY})"
        times = sorted({to_micros(edge) % _DAY for edge in self._edges} - {0}, reverse=True)
        later = " ".join(f"when {time} >= {edge} then {edge}" for edge in times)
        return f"(s.started_at - {time} + case {later} else 0 end)" if later else f"(s.started_at - {time})"

    def read(
        self, portfolio: Portfolio, texts: str, terms: str | None, expiries: str | None, resellers: str | None
    ) -> tuple[tuple[PartnerId, ...], Stake]:
        """Return the resellers of a customer, and what it has, from the columns of `facts`."""
        if (stake := self._stakes.get((texts, terms, expiries))) is None:
            stake = self._stakes[texts, terms, expiries] = self._stake(texts, terms or "", expiries or "")
        return tuple(PartnerId(one) for one in (resellers or "").split() if one in portfolio.resellers), stake

    def _stake(self, texts: str, terms: str, expiries: str) -> Stake:
        every = [self._words[word] for word in sorted(texts.split())]
        first, *_ = every
        confirmed = Confirmations(first.country, tuple(one for each in every for one in each.accepted))
        auto: list[datetime] = []
        orders: list[datetime] = []
        for word in terms.split():
            match word.split("/"):
                case ["o", end]:
                    orders.append(from_micros(int(end)))
                case ["a", end]:
                    auto.append(from_micros(int(end)))
                case [_, began, months, length]:
                    term = TermDuration(length)
                    commitment = Commitment(from_micros(int(began)), 1, int(months), term, term)
                    auto += ends_within(commitment, self.foresight.begins, self.foresight.until)
        carts = sorted(from_micros(int(one)) for one in expiries.split())
        return Stake(confirmed, tuple(sorted(auto)), tuple(sorted(orders)), tuple(carts))
