"""Lists of customers as the dashboard looks for them: by name, or by words among any number of customers.

Few that fit are collected and ordered by name. Where more than `MANY` fit, ordering them all would take too long: the
newest come first. Either way a page costs the same wherever in the list it is.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from agreegate.domain.customer_search import CustomerSearch, fits
from agreegate.domain.partner import PartnerId
from agreegate.storage.page import Page, Seek, Wanted
from agreegate.storage.unit_of_work import Row, UnitOfWork, Value

MANY = 2_000
"""More than so many that fit are not counted, and not ordered by name."""
FEW = 1_000
"""So few customers are looked through one by one."""
_OWN = "e.partner_id = $1"
_LINKED = "e.partner_id in (select l.partner_id from reseller_link l where l.reseller_id = $1 and l.ended_at is null)"
# Joined in the order written (`cross join`): the few of the page first, so that nothing else is read.
_SHOWN = """
    select n.entry, n.partner_id, p.name, n.customer_id, c.company_name, c.domain, n.country, n.coverage
    from ({found}) f cross join customer_entry n on n.entry = f.entry
    cross join customer c on c.partner_id = n.partner_id and c.customer_id = n.customer_id
    cross join partner p on p.partner_id = n.partner_id"""
_ONE_WORD = {ord("."): "\ue000", ord("-"): "\ue001"}
"""How the index of words keeps a domain name as one word."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A customer, as a list shows it."""

    number: int
    partner_id: PartnerId
    partner_name: str
    customer_id: str
    company_name: str
    domain: str
    country: str
    coverage: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many customers there are of one country and one coverage."""

    country: str
    coverage: str
    customers: int


@dataclass(frozen=True, slots=True, order=True)
class Fitting:
    """A customer that fits, with what its place in the list follows from."""

    company_key: str
    number: int
    country: str
    coverage: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a list is made of, found once for all of its pages."""

    entries: tuple[Fitting, ...] | None = None
    """Those that fit, by name, if they were counted."""
    match: str | None = None
    """The words that they fit, if they are too many to be counted; None for both: the whole list."""


async def tally(uow: UnitOfWork, partner: PartnerId) -> list[Tally]:
    """How many customers the partner serves today, by country and coverage."""
    return [
        Tally(*row)
        for row in await uow.all(
            "select country, coverage, customers from customer_tally where partner_id = $1 and customers > 0", partner
        )
    ]


async def choose(
    uow: UnitOfWork,
    asking: PartnerId,
    search: CustomerSearch,
    coverages: Collection[str] | None,
    fewer: int,
    *,
    many: int = MANY,
) -> Chosen:
    """What fits the words, the country and the reseller of a search.

    Args:
        asking: the partner, or the reseller, whose list it is.
        coverages: those that are asked for, if any are.
        fewer: how many customers have one of them.
        many: more than so many are not collected.
    """
    if search.customer is not None:
        rows = await uow.all(
            "select entry from customer_entry where partner_id = $1 and customer_id = $2", asking, search.customer
        )
        return await _collected(uow, _OWN, asking, rows)
    match = _match(asking, search)
    if match is None:
        return Chosen(() if search.text.strip() else None)
    rows = await uow.all("select rowid from customer_text where customer_text match $1 limit $2", match, many + 1)
    if len(rows) <= many:
        return await _collected(uow, _OWN, asking, rows)
    if coverages is not None and fewer <= FEW and search.reseller is None:
        return await _collected(uow, _OWN, asking, await _looked_through(uow, asking, search, coverages))
    return Chosen(match=match)


async def choose_as_reseller(uow: UnitOfWork, reseller: PartnerId, search: CustomerSearch) -> Chosen:
    """What fits among the customers that a reseller serves through any of its providers."""
    if search.customer is not None:
        rows = await uow.all(
            "select e.entry from customer_reseller v"
            " join customer_entry e on e.partner_id = v.partner_id and e.customer_id = v.customer_id"
            " where v.reseller_id = $1 and v.customer_id = $2",
            reseller,
            search.customer,
        )
        return await _collected(uow, _LINKED, reseller, rows)
    match = _match(reseller, replace(search, reseller=reseller))
    if search.text.strip() and not search.words and search.domain is None:
        return Chosen(())
    rows = await uow.all("select rowid from customer_text where customer_text match $1 limit $2", match, MANY + 1)
    return await _collected(uow, _LINKED, reseller, rows) if len(rows) <= MANY else Chosen(match=match)


async def _collected(uow: UnitOfWork, whose: str, asking: PartnerId, rows: Iterable[Row]) -> Chosen:
    found = await uow.all(
        f"select e.company_key, e.entry, e.country, e.coverage from json_each($2) j"
        f" cross join customer_entry e on e.entry = j.value where {whose}",
        asking,
        json.dumps([row[0] for row in rows]),
    )
    return Chosen(tuple(sorted(Fitting(*row) for row in found)))


async def entries_of(
    uow: UnitOfWork,
    asking: PartnerId,
    chosen: Chosen,
    wanted: Wanted,
    *,
    country: str | None = None,
    coverages: Collection[str] | None = None,
    as_reseller: bool = False,
) -> Page[Entry]:
    """One page of a list; positions are entries.

    Args:
        country, coverages: what is asked for; None: any.
        as_reseller: the list is a reseller's, whose links to providers must be open.
    """
    if chosen.entries is not None:
        fitting = [
            one
            for one in chosen.entries
            if country in (None, one.country) and (coverages is None or one.coverage in coverages)
        ]
        return await _page_of(uow, fitting, wanted)
    start = {Seek.NEXT: wanted.last, Seek.PREVIOUS: wanted.first}.get(wanted.seek)
    here = None if start is None else await _place(uow, int(start[0]))
    if start is not None and here is None:
        wanted = replace(wanted, seek=Seek.FIRST)
    backwards = wanted.seek is Seek.LAST or (wanted.seek is Seek.PREVIOUS and here is not None)
    newest = chosen.match is not None
    turn = _Turn(here, wanted.size + 1, newest, descending=backwards is not newest)
    values: list[Value] = [asking]
    sql = _select(chosen, turn, values, country, coverages, as_reseller=as_reseller)
    rows = await uow.all(sql, *values)
    more, rows = len(rows) > wanted.size, rows[: wanted.size]
    if backwards:
        rows.reverse()
    if not rows:
        return Page()
    return Page(
        items=tuple(Entry(*row) for row in rows),
        first=(rows[0][0], ""),
        last=(rows[-1][0], ""),
        more_before=more if backwards else here is not None,
        more_after=here is not None if backwards else more,
    )


async def _page_of(uow: UnitOfWork, fitting: Sequence[Fitting], wanted: Wanted) -> Page[Entry]:
    """One page of those that were collected."""
    places = {one.number: place for place, one in enumerate(fitting)}
    start = {Seek.NEXT: wanted.last, Seek.PREVIOUS: wanted.first}.get(wanted.seek)
    here = None if start is None else places.get(int(start[0]))
    begin = 0
    if wanted.seek is Seek.LAST:
        begin = max(0, len(fitting) - wanted.size)
    elif here is not None:
        begin = here + 1 if wanted.seek is Seek.NEXT else max(0, here - wanted.size)
    shown = fitting[begin : here if wanted.seek is Seek.PREVIOUS and here is not None else begin + wanted.size]
    rows = await uow.all(
        f"{_SHOWN.format(found='select value as entry from json_each($1)')} order by n.company_key, n.entry",
        json.dumps([one.number for one in shown]),
    )
    if not rows:
        return Page()
    return Page(
        items=tuple(Entry(*row) for row in rows),
        first=(rows[0][0], ""),
        last=(rows[-1][0], ""),
        more_before=begin > 0,
        more_after=begin + len(shown) < len(fitting),
    )


@dataclass(frozen=True, slots=True)
class _Turn:
    """Where a page begins, and which way it goes."""

    here: tuple[str, int] | None
    limit: int
    newest: bool
    descending: bool

    def beyond(self, values: list[Value], entry: str) -> str:
        """The condition that leaves out what comes before the page."""
        if self.here is None:
            return ""
        sign = "<" if self.descending else ">"
        if self.newest:
            values.append(self.here[1])
            return f" and {entry}.entry {sign} ${len(values)}"
        values.extend(self.here)
        return f" and ({entry}.company_key, {entry}.entry) {sign} (${len(values) - 1}, ${len(values)})"

    def order(self, entry: str) -> str:
        """The order of the page, and its length."""
        way = " desc" if self.descending else ""
        names = f"{entry}.entry{way}" if self.newest else f"{entry}.company_key{way}, {entry}.entry{way}"
        return f" order by {names} limit {self.limit}"


def _select(
    chosen: Chosen,
    turn: _Turn,
    values: list[Value],
    country: str | None,
    coverages: Collection[str] | None,
    *,
    as_reseller: bool,
) -> str:
    def bound(value: Value) -> str:
        values.append(value)
        return f"${len(values)}"

    own = "e.partner_id = $1"
    if as_reseller:
        own = (
            "e.partner_id in (select l.partner_id from reseller_link l where l.reseller_id = $1 and l.ended_at is null)"
        )
    asked = ""
    if country is not None:
        asked += f" and @.country = {bound(country)}"
    if coverages is not None:
        asked += f" and @.coverage in (select value from json_each({bound(json.dumps(sorted(coverages)))}))"
    if chosen.match is not None:
        found = f"""select e.entry from customer_text t cross join customer_entry e on e.entry = t.rowid
            where t.customer_text match {bound(chosen.match)} and {own}{asked.replace("@", "e")}"""
        beyond = turn.beyond(values, "e").replace("e.entry", "t.rowid")
        found += beyond + turn.order("e").replace("e.entry", "t.rowid")
    elif asked:
        # The first of each country and coverage, straight from their index, hold the first of all of them.
        found = f"""select i.entry from customer_tally y cross join customer_entry i on i.entry in (
              select e.entry from customer_entry e where e.partner_id = y.partner_id and e.country = y.country
                and e.coverage = y.coverage{turn.beyond(values, "e")}{turn.order("e")})
            where y.partner_id = $1 and y.customers > 0{asked.replace("@", "y")}{turn.order("i")}"""
    else:
        found = f"select e.entry from customer_entry e where {own}{turn.beyond(values, 'e')}{turn.order('e')}"
    return _SHOWN.format(found=found) + turn.order("n")


async def _place(uow: UnitOfWork, entry: int) -> tuple[str, int] | None:
    row = await uow.one("select company_key, entry from customer_entry where entry = $1", entry)
    return None if row is None else (row[0], row[1])


async def _looked_through(
    uow: UnitOfWork, partner: PartnerId, search: CustomerSearch, coverages: Collection[str]
) -> list[Row]:
    rows = await uow.all(
        "select e.entry, c.company_name, c.domain from customer_tally y cross join customer_entry e"
        " on e.partner_id = y.partner_id and e.country = y.country and e.coverage = y.coverage"
        " cross join customer c on c.partner_id = e.partner_id and c.customer_id = e.customer_id"
        " where y.partner_id = $1 and ($2 is null or y.country = $2)"
        "  and y.coverage in (select value from json_each($3))",
        partner,
        search.country,
        json.dumps(sorted(coverages)),
    )
    return [row for row in rows if fits(search, row[1], row[2])]


def _match(asking: PartnerId, search: CustomerSearch) -> str | None:
    """The words, domain, country and reseller as the index of words asks for them; None: nothing that needs it.

    A word has at most its beginning typed. What is typed is quoted, so it is never taken for an operator.
    """
    text = []
    if search.words:
        text.append(f"({' AND '.join(f'name : {_quoted(word)} *' for word in search.words)})")
    if search.domain is not None:
        text.append(f"domain : {_quoted(search.domain.translate(_ONE_WORD))} *")
    if not text and search.reseller is None:
        return None
    parts = [f"facets : {_quoted(asking.replace('-', ''))}"]
    if search.reseller is not None and search.reseller != asking:
        parts.append(f"facets : {_quoted(search.reseller.replace('-', ''))}")
    if search.country is not None:
        parts.append(f"facets : {_quoted(search.country)}")
    if text:
        parts.append(f"({' OR '.join(text)})")
    return " AND ".join(parts)


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'
