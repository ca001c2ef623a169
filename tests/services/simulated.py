"""A record to simulate on, a model that looks at one row after another by the rules' own words, and what really happens."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.simulation import Count, Counts, Scenario
from agreegate.domain.agreements.text import TextVersion
from agreegate.domain.gate import decide
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme, StaleRule
from agreegate.domain.reason import Code
from agreegate.domain.standing import State, state_of
from agreegate.services.agreements.simulation import (
    Concerned,
    Simulation,
    foresee,
    list_concerned,
    simulate,
)
from agreegate.services.orders.renewal import run_renewals
from agreegate.storage.agreements.text import add_text_version, text_versions
from agreegate.storage.customers.standing import standing_of
from agreegate.storage.engine.unit_of_work import UnitOfWork, from_micros
from agreegate.storage.pagination import Page, PageRequest, PageStep
from tests import personas as cast
from tests.cast_rows import tables_of
from tests.memory import PROGRAMME, Memory
from tests.portfolio import Bought, Confirmed, Subscribed, fill
from tests.texts import AMERICA, FRANCE, KOSOVO, draft, file, outdated_since

NOW = datetime(2026, 11, 1, 9, 30, tzinfo=UTC)
DAY, WEEK, INSTANT = timedelta(days=1), timedelta(weeks=1), timedelta(microseconds=1)
EFFECT = datetime(2027, 1, 1, tzinfo=UTC)
FIRST = datetime(2018, 1, 1, tzinfo=UTC)
AGREED = datetime(2025, 5, 5, tzinfo=UTC)
EVERYWHERE = (AMERICA, FRANCE, KOSOVO)
CLOUD = PROGRAMME.template(cast.CLOUD_AGREEMENT)
assert CLOUD is not None


def scenario(**changes: Any) -> Scenario:
    fields: dict[str, Any] = {
        "template_id": CLOUD.id,
        "countries": frozenset({"US", "FR"}),
        "effective_from": EFFECT,
        "stale_rule": StaleRule.REFUSE,
    }
    return Scenario(**(fields | changes))


class Case:
    """A record in memory, and questions about it."""

    def __init__(self, bought: Sequence[Bought] = (), programme: Programme = PROGRAMME) -> None:
        self.memory = Memory(NOW)
        self.programme = programme
        self.bought = list(bought)

    async def publish(self, label: str, effective: datetime, **changes: Any) -> TextVersion:
        return await self.memory.do(add_text_version, draft(label, effective_from=effective, **changes), "tests")

    def fill(self) -> None:
        fill(self.memory.connection, self.bought)

    def dump(self) -> dict[str, list[Any]]:
        """Every row of every table."""
        connection = self.memory.connection
        return {name: connection.execute(f"select * from {name}").fetchall() for name in tables_of(connection)}

    async def simulate(
        self, asked: Scenario, partner: str = cast.OPERATOR, user: str = cast.OPERATOR_USER
    ) -> Simulation:
        actor = await self.memory.actor(partner, user)
        before = self.dump()
        found = await self.memory.store.read_slow(lambda uow: simulate(uow, actor, self.programme, asked))
        assert self.dump() == before, "nothing is changed by asking"
        return found

    async def affected(self, asked: Scenario, partner: str, size: int = 500) -> list[Concerned]:
        """Every page of them."""

        async def page(uow: UnitOfWork, page_request: PageRequest) -> Page[Concerned]:
            return await list_concerned(uow, partner, await foresee(uow, self.programme, asked), page_request)

        found: list[Concerned] = []
        page_request = PageRequest(size)
        while True:
            part = await self.memory.store.read_slow(lambda uow, page_request=page_request: page(uow, page_request))
            found += part.items
            if not part.more_after:
                return found
            page_request = PageRequest(size, PageStep.NEXT, last=part.last)

    def close(self) -> None:
        self.memory.connection.close()


# The model: one row after another, by the rules' own words.


def monday(instant: datetime) -> date:
    return (instant - timedelta(days=instant.weekday())).date()


@dataclass(frozen=True)
class Said:
    """What is counted, each by what it is counted under."""

    total: dict[Count, int]
    weeks: dict[date | None, dict[Count, int]]
    partners: dict[str, dict[Count, int]]
    resellers: dict[str | None, dict[Count, int]]


def said(found: Simulation) -> Said:
    """What a simulation says, for comparing."""
    plain = lambda counts: {key: dict(value) for key, value in counts.items()}  # noqa: E731
    return Said(
        dict(found.total),
        plain(found.weeks),
        plain({partner.id: counts for partner, counts in found.partners.items()}),
        plain({None if one is None else one[0]: counts for one, counts in found.resellers.items()}),
    )


def model(  # noqa: PLR0915 - one row after another
    case: Case, asked: Scenario, published: Sequence[TextVersion], unlinked: Sequence[str] = ()
) -> Said:
    begins, until = max(asked.effective_from, NOW), asked.effective_from + asked.weeks * WEEK
    own = next((v for v in published if v.id == asked.published), None)
    others = [v for v in published if v is not own]
    number = own.number if own else len(published) + 1
    rules = replace(case.programme, stale_rule=asked.stale_rule, stale_from=asked.stale_from)
    total: Counts = Counter()
    weeks: dict[date | None, Counts] = {}
    partners: dict[str, Counts] = {}
    resellers: dict[str | None, Counts] = {}
    for one in case.bought:
        accepted = next((c for c in one.confirmed if c.template == asked.template_id), None)
        if accepted is None or one.country not in asked.countries or not rules.opens_gate(asked.template_id, begins):
            continue
        rivals = [c for c in one.confirmed if c is not accepted]

        def since(c: Confirmed, at: datetime, country: str = one.country) -> datetime | None:
            """Since when a confirmation is outdated then by other versions."""
            versions = [v for v in others if v.template_id == c.template]
            return outdated_since(versions, country, c.accepted_by, at, text_of(c, published))

        def open_and_current(
            at: datetime, rivals: list[Confirmed] = rivals, since: Callable[..., datetime | None] = since
        ) -> bool:
            """Another confirmation opens the gate then, and no newer text binds the customer."""
            return any(rules.opens_gate(c.template, at) and since(c, at) is None for c in rivals)

        if open_and_current(begins):
            continue
        text = text_of(accepted, published)
        known = (accepted.accepted_by, 10**9) if text is None else text.rank
        through: list[str | None] = [r for r in one.resellers if r not in unlinked]
        places = [total, partners.setdefault(one.partner, Counter()),
                  *(resellers.setdefault(r, Counter()) for r in through or [None])]  # fmt: skip

        def count(figure: Count, places: list[Counts] = places) -> None:
            for place in places:
                place[figure] += 1

        if since(accepted, begins) is not None:
            count(Count.ALREADY)
            continue
        if not known < (asked.effective_from, number):
            continue

        def refuses(
            channel: Channel, at: datetime, open_and_current: Callable[[datetime], bool] = open_and_current
        ) -> bool:
            enforced = rules.enforce_from.get(channel)
            if not rules.denies_outdated(at) or enforced is None or at < enforced:
                return False
            return rules.opens_gate(asked.template_id, at) and not open_and_current(at)

        count(Count.CUSTOMERS)
        ends = [(end, sub.auto_renew) for sub in one.subscribed for end in ends_of(sub, begins, until)]
        first = min((end for end, _ in ends), default=None)
        weeks.setdefault(None if first is None else monday(first), Counter())[Count.CUSTOMERS] += 1
        for end, auto in ends:
            week = [weeks.setdefault(monday(end), Counter())]
            count(Count.AUTO_RENEWALS if auto else Count.ORDER_RENEWALS, [*places, *week])
            for channel, figure in ((Channel.API, Count.REFUSED_API), (Channel.DASHBOARD, Count.REFUSED_DASHBOARD)):
                if not auto and refuses(channel, end):
                    count(figure, [*places, *week])
        for expiry in one.carts:
            if expiry <= begins:
                continue
            week = [weeks.setdefault(monday(min(expiry, until) - INSTANT), Counter())]
            count(Count.CARTS, [*places, *week])
            for channel, figure in ((Channel.API, Count.REFUSED_API), (Channel.DASHBOARD, Count.REFUSED_DASHBOARD)):
                enforced = rules.enforce_from.get(channel)
                refusing = max(begins, asked.stale_from or begins, enforced or begins)
                if expiry > refusing and refuses(channel, refusing):
                    count(figure, [*places, *week])
    plain = lambda counts: {key: dict(value) for key, value in counts.items() if value}  # noqa: E731
    return Said(dict(total), plain(weeks), plain(partners), plain(resellers))


def text_of(confirmed: Confirmed, published: Sequence[TextVersion]) -> TextVersion | None:
    return next((v for v in published if v.number == confirmed.text and v.template_id == confirmed.template), None)


def ends_of(sub: Subscribed, begins: datetime, until: datetime) -> list[datetime]:
    """Every end of a commitment in the window, term by term."""
    found, commitment = [], sub.commitment
    while sub.status in ("active", "suspended") and commitment.ends_at < until:
        if commitment.ends_at >= begins:
            found.append(commitment.ends_at)
        if not sub.auto_renew:
            break
        commitment = commitment.renewed()
    return found


async def outdated(case: Case, at: datetime) -> set[tuple[str, str]]:
    """Which customers the record calls outdated or overdue at an instant."""
    case.memory.clock.now = at
    found = set()
    for one in case.bought:
        standing = await case.memory.do(standing_of, one.partner, one.customer)
        if state_of(standing, case.programme, Cloud.PUBLIC, at) in (State.OUTDATED, State.OVERDUE):
            found.add((one.partner, one.customer))
    return found


async def denied(case: Case, rules: Programme, one: Bought, channel: Channel, at: datetime) -> bool:
    """Whether the gate denies an order then for being outdated, and this agreement would open it."""
    case.memory.clock.now = at
    standing = await case.memory.do(standing_of, one.partner, one.customer)
    decision = decide(Transaction(Action.RENEWAL, channel), standing, rules, Cloud.PUBLIC, at)
    return rules.opens_gate(CLOUD.id, at) and any(
        reason.code is Code.CONFIRMATION_OUTDATED for reason in decision.reasons
    )


async def really(case: Case, asked: Scenario, rows: dict[str, list[Concerned]]) -> dict[date, dict[str, int]]:
    """Publish the version, move the clock through the window, and compare; renewals by week and outcome."""
    begins, until = max(asked.effective_from, NOW), asked.until
    reported = {(partner, row.affected.customer_id): row for partner, found in rows.items() for row in found}
    before = set() if asked.published else await outdated(case, begins)
    if not asked.published:
        files = {locale: file("9") for locale in EVERYWHERE if locale.country in asked.countries}
        await case.publish("really", asked.effective_from, files=files)
        assert await outdated(case, begins) - before == set(reported), "exactly those become outdated"
    rules = replace(case.programme, stale_rule=asked.stale_rule, stale_from=asked.stale_from)
    by_key = {(one.partner, one.customer): one for one in case.bought}
    for key, row in reported.items():
        one = by_key[key]
        for channel, refused in row.denied.items():
            stopped = [await denied(case, rules, one, channel, end) for end in row.affected.stake.order_renewals]
            enforced = case.programme.enforce_from.get(channel) or until
            refusing = max(begins, asked.stale_from or begins, enforced)
            carts = [
                e > refusing and await denied(case, rules, one, channel, refusing) for e in row.affected.stake.carts
            ]
            assert refused == sum(stopped) + sum(carts), (row, channel)
    case.memory.clock.now = until - INSTANT
    await run_renewals(case.memory.store, until - INSTANT)
    happened: dict[date, dict[str, int]] = {}
    each: dict[tuple[str, str], list[tuple[datetime, str]]] = {key: [] for key in reported}
    for partner, customer, outcome, due in await case.memory.rows(
        "select partner_id, customer_id, outcome, due_at from renewal order by due_at"
    ):
        at = from_micros(due)
        if (partner, customer) in reported and begins <= at < until:
            week = happened.setdefault(monday(at), {})
            week[outcome] = week.get(outcome, 0) + 1
            each[partner, customer].append((at, outcome))
    for key, row in reported.items():
        assert [at for at, outcome in each[key] if outcome == "renewed"] == list(row.affected.stake.auto_renewals)
        assert [at for at, outcome in each[key] if outcome == "expired"] == list(row.affected.stake.order_renewals)
        assert row.affected.stake.renew_by == min((at for at, _ in each[key]), default=None)
    return happened


def summed(rows: Sequence[Concerned]) -> dict[Count, int]:
    """What the rows of customers come to."""
    stakes = [row.affected.stake for row in rows]
    counts = {
        Count.CUSTOMERS: len(rows),
        Count.AUTO_RENEWALS: sum(len(stake.auto_renewals) for stake in stakes),
        Count.ORDER_RENEWALS: sum(len(stake.order_renewals) for stake in stakes),
        Count.CARTS: sum(len(stake.carts) for stake in stakes),
        Count.REFUSED_API: sum(row.denied[Channel.API] for row in rows),
        Count.REFUSED_DASHBOARD: sum(row.denied[Channel.DASHBOARD] for row in rows),
    }
    return {figure: count for figure, count in counts.items() if count}


async def held_together(case: Case, asked: Scenario, unlinked: Sequence[str] = ()) -> Simulation:
    """What is simulated is what the model says, and what happens."""
    published = [
        version for template in case.programme.templates for version in await case.memory.do(text_versions, template.id)
    ]
    found = await case.simulate(asked)
    assert said(found) == model(case, asked, published, unlinked)
    rows = {partner: await case.affected(asked, partner, size=2) for partner in (cast.ALDER, cast.HAZEL)}
    for partner, listed in rows.items():
        own = await case.simulate(asked, partner, "x")
        assert said(own).partners == {id_: c for id_, c in said(found).partners.items() if id_ == partner}
        assert own.total == next((c for one, c in found.partners.items() if one.id == partner), Counter())
        assert {figure: n for figure, n in own.total.items() if figure is not Count.ALREADY} == summed(listed)
    happened = await really(case, asked, rows)
    weeks = {week: counts for week, counts in found.weeks.items() if week is not None}
    for outcome, figure in (("renewed", Count.AUTO_RENEWALS), ("expired", Count.ORDER_RENEWALS)):
        assert {week: n for week, of in happened.items() if (n := of.get(outcome))} == {
            week: counts[figure] for week, counts in weeks.items() if counts[figure]
        }
    return found
