"""The state of a customer: SQL that counts and filters many says what the domain says of each (decision 0026)."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from agreegate.domain.actor import Actor, Channel, UserId
from agreegate.domain.agreements.accepted_text import AcceptedText, Basis
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.confirmation import Confirmation, ConfirmationId, Ending, EndReason
from agreegate.domain.fact import AgreementEnded, ConfirmationRecorded, Counting, Fact
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import STATES
from agreegate.domain.standing import Endings, State, opening, state_of
from agreegate.storage.confirmation import confirmations_of
from agreegate.storage.customers import state
from agreegate.storage.customers.standing import CURRENT, NEWER_TEXTS, standing_of, standings_of
from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import InlineStore, connect
from agreegate.storage.engine.sqlite_unit import numbered
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, Value, from_micros, maybe_instant, to_micros
from agreegate.storage.question import customer_that_no_longer_agrees
from agreegate.storage.record import record
from agreegate.storage.statement import Statement

PARTNER = PartnerId("aaaaaaaa-0000-4000-8000-000000000001")
ACTOR = Actor(
    Partner(PARTNER, "", PartnerKind.DIRECT_BILL, Cloud.PUBLIC, Account.PRODUCTION, None, "", "US", "en-US"),
    user_id=UserId("u"),
)
DAY = timedelta(days=1)
START = datetime(2019, 1, 1, tzinfo=UTC)
INSTANTS = [START + DAY * days for days in (0, 30, 60, 90, 120, 150)]
"""Everything happens at one of these, or a microsecond beside it: so that every boundary is met."""
BESIDE = (timedelta(0), timedelta.resolution, -timedelta.resolution)
COUNTRIES = ("US", "FR")
TEMPLATES = tuple(
    AgreementTemplate(TemplateId(f"{place:08x}-0000-4000-8000-00000000000f"), AgreementType(f"Type{place}"), "", place,
                      None, opens_from, opens_until, None)
    for place, (opens_from, opens_until) in enumerate([(None, None), (INSTANTS[2], None), (None, INSTANTS[3])])
)  # fmt: skip
PROGRAMME = Programme(
    "test",
    1,
    "Test",
    START - DAY * 999,
    TEMPLATES[0].agreement_type,
    TEMPLATES,
    dict.fromkeys(Channel, START),
    frozenset(),
)

Found = tuple[State | None, list[str]]
"""A state; for customers who are outdated or overdue, the template of the confirmation by which the gate opens."""


class World:
    """Random facts of many customers, recorded as the product records them."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.connection = connect(":memory:")
        upgrade(self.connection)
        self.connection.pragma("foreign_keys", False)
        self.now = START
        self.store = InlineStore(self.connection, lambda: self.now)
        self.customers: list[str] = []

    def instant(self) -> int:
        return to_micros(self.random.choice(INSTANTS) + self.random.choice(BESIDE))

    def insert(self, table: str, **values: Value) -> None:
        places = ", ".join("?" * len(values))
        self.connection.execute(f"insert into {table} ({', '.join(values)}) values ({places})", tuple(values.values()))

    def publish(self) -> None:
        for template in TEMPLATES:
            for number in range(1, self.random.randint(1, 4)):
                where = self.random.sample(COUNTRIES, self.random.randint(1, 2))
                version = f"{template.id}-{number}"
                self.insert("text_version", template_id=template.id, version_id=version, label=str(number),
                            major=self.random.randint(0, 1), note="", effective_at=self.instant(), published_at=0,
                            published_by="", files=len(where))  # fmt: skip
                for country in where:
                    self.insert("text_file", number=self.connection.last_insert_rowid(), country=country, language="en",
                                digest="0" * 64, media_type="text/plain", size=1)  # fmt: skip

    async def add_customer(self, number: int) -> None:
        no_longer_agrees_at = self.instant() if self.random.random() < 0.3 else None
        key = self.relate(number, no_longer_agrees_at)
        for place, template in enumerate(self.random.sample(TEMPLATES, self.random.randint(0, 3))):
            await self.confirm(number, place + 2, template, self.text(template), maybe_instant(no_longer_agrees_at))
        for term in range(2, 2 + self.random.randint(0, 2)):
            self.insert("renewal", **key, subscription_id="s", term=term, due_at=self.instant(), recorded_at=self.instant(),
                        outcome=self.random.choice(["renewed", "renewed", "expired"]))  # fmt: skip

    def relate(self, number: int, no_longer_agrees_at: int | None) -> dict[str, Value]:
        customer = f"{number:08x}-0000-4000-8000-00000000000c"
        self.customers.append(customer)
        key: dict[str, Value] = {"partner_id": PARTNER, "customer_id": customer}
        self.insert("customer", **key, commerce_id="", company_name="", company_key="", domain="", language="en",
                    country=self.random.choice(COUNTRIES), culture="en-US", created_at=0)  # fmt: skip
        self.insert("relationship", **key, period=1, started_at=0, ended_at=None, no_longer_agrees_at=no_longer_agrees_at,
                    no_longer_agrees_sequence=None if no_longer_agrees_at is None else 1)  # fmt: skip
        return key

    async def confirm(
        self,
        number: int,
        sequence: int,
        template: AgreementTemplate,
        text: AcceptedText | None = None,
        no_longer_agrees_at: datetime | None = None,
    ) -> Confirmation:
        customer = self.customers[number]
        confirmation = Confirmation(
            ConfirmationId(f"{customer}-{sequence}"), sequence, template.id, template.agreement_type,
            from_micros(self.instant()), None, UserId(""), "", Channel.API, from_micros(self.instant()),
        )  # fmt: skip
        await self.record(ConfirmationRecorded(customer, Counting(confirmation, text, 1, no_longer_agrees_at)))
        return confirmation

    async def end(self, number: int, sequence: int, voided: Confirmation | None) -> Ending:
        reason = EndReason.NO_LONGER_AGREES if voided is None else EndReason.RECORDED_IN_ERROR
        id_, confirmation = f"{self.customers[number]}-{sequence}", None if voided is None else voided.id
        ending = Ending(id_, sequence, reason, confirmation, "", "", Channel.API, self.now)
        await self.record(AgreementEnded(self.customers[number], 1, ending, voided))
        return ending

    async def record(self, fact: Fact) -> None:
        await self.store.write(lambda uow: record(uow, ACTOR, fact))

    def text(self, template: AgreementTemplate) -> AcceptedText | None:
        versions = self.connection.execute(
            "select version_id, effective_at, number from text_version where template_id = ?", (template.id,)
        ).fetchall()
        if not versions or self.random.random() >= 0.7:
            return None
        version, effective_at, number = self.random.choice(versions)
        return AcceptedText(Basis.STATED, version, rank=(from_micros(effective_at), number))

    def found_by_sql(self, at: datetime) -> dict[str, Found]:
        to = Statement(PARTNER)
        expression = state.state_of(PROGRAMME, at, to)
        by_template = ", ".join(state.opens_by(template.id, PROGRAMME, at, to) for template in TEMPLATES)
        rows = self.rows(f"c.customer_id, {expression}, {by_template}", "true", to)
        return {customer: (State(found), self.opening(State(found), opens)) for customer, found, *opens in rows}

    def lacking_by_sql(self, at: datetime) -> set[str]:
        to = Statement(PARTNER)
        rows = self.rows("r.customer_id", state.lacks_confirmation(PROGRAMME, at, to), to)
        return {customer for (customer,) in rows}

    def found_in(self, asked: State, at: datetime) -> set[str]:
        to = Statement(PARTNER)
        rows = self.rows("c.customer_id", state.is_in(asked, PROGRAMME, at, to), to)
        return {customer for (customer,) in rows}

    async def example(self, at: datetime) -> str | None:
        self.now = at
        return await self.store.read(lambda uow: customer_that_no_longer_agrees(uow, ACTOR.partner, PROGRAMME))

    def rows(self, columns: str, condition: str, to: Statement) -> list[Row]:
        sql = f"""select {columns} from relationship r
            join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
            where r.partner_id = $1 and {condition}"""
        return self.connection.execute(numbered(sql), to.values).fetchall()

    def opening(self, found: State, opens: list[int]) -> list[str]:
        """The templates that open the gate, where that is asked for."""
        return [one.id for one, it_opens in zip(TEMPLATES, opens, strict=True) if it_opens and found in STATES]

    async def decided(self, at: datetime) -> dict[str, Found]:
        self.now = at

        async def read(uow: UnitOfWork) -> dict[str, Found]:
            standings = await standings_of(uow, PARTNER, self.customers)
            found: dict[str, Found] = {}
            for customer in self.customers:
                standing = await standing_of(uow, PARTNER, customer)
                assert standings[customer] == standing, "read together with others"
                opens, one = opening(standing, PROGRAMME, at), state_of(standing, PROGRAMME, Cloud.PUBLIC, at)
                found[customer] = one, [opens.template_id] if opens is not None and one in STATES else []
            return found

        return await self.store.read(read)


def moments() -> Iterator[datetime]:
    for instant in INSTANTS:
        yield from (instant + beside for beside in BESIDE)


@pytest.mark.parametrize("customers", [500, pytest.param(10_000, marks=pytest.mark.faults)])
async def test_sql_finds_the_state_that_the_domain_decides(customers: int) -> None:
    met = set()
    for seed in range(10):
        world = World(seed)
        world.publish()
        for number in range(customers):
            await world.add_customer(number)
        for at in moments():
            decided = await world.decided(at)
            assert world.found_by_sql(at) == decided, f"seed {seed} at {at}"
            lacking = {
                one for one, (found, _) in decided.items() if found in (State.NOT_CONFIRMED, State.NO_LONGER_AGREES)
            }
            assert world.lacking_by_sql(at) == lacking, f"seed {seed} at {at}"
            for asked in State:
                requested = {customer for customer, (found, _) in decided.items() if found is asked}
                assert world.found_in(asked, at) == requested, f"seed {seed} at {at}: {asked}"
            ended = (customer for customer, (found, _) in decided.items() if found is State.NO_LONGER_AGREES)
            assert await world.example(at) == min(ended, default=None), f"seed {seed} at {at}"
            met |= {found for found, _ in decided.values()}
    assert met == set(State)


@pytest.mark.rule("R17", "R47")
async def test_sql_counts_the_confirmations_that_the_domain_says_nothing_ended() -> None:
    world = World(0)
    for number, events in enumerate(product(("confirm", "void the oldest", "no longer agrees"), repeat=4)):
        world.relate(number, None)
        confirmed: list[Confirmation] = []
        endings: list[Ending] = []
        left: list[Confirmation] = []
        for sequence, event in enumerate(events, 1):
            if event == "confirm":
                refused = any(one.confirmation_id is None for one in endings)
                at = world.now if refused else None
                left.append(await world.confirm(number, sequence, TEMPLATES[0], no_longer_agrees_at=at))
                confirmed.append(left[-1])
            elif event == "no longer agrees" or left:
                endings.append(await world.end(number, sequence, left.pop(0) if event.startswith("void") else None))
        counting = await world.store.read(
            lambda uow, number=number: confirmations_of(uow, PARTNER, world.customers[number], counting=True)  # type: ignore[misc]
        )
        ended = Endings(endings)
        assert {one.id for one in counting} == {one.id for one in confirmed if ended.first_of(one) is None}, events


ONE_CUSTOMER = """from relationship r join customer c on c.partner_id = r.partner_id and c.customer_id = r.customer_id
    where r.partner_id = 'p' and r.customer_id = 'c'"""


@pytest.mark.parametrize("opening", [TEMPLATES, TEMPLATES[:1]])
def test_the_facts_of_one_customer_are_read_by_the_customer(opening: tuple[AgreementTemplate, ...]) -> None:
    connection = connect(":memory:")
    upgrade(connection)
    to = Statement()
    of_all = state.state_of(replace(PROGRAMME, templates=opening), INSTANTS[3], to)
    for sql, parameters in (
        (CURRENT, ["p", "c"]),
        (NEWER_TEXTS, ["p", "c", 0]),
        (f"select {of_all} {ONE_CUSTOMER}", to.values),
    ):
        plan = [row[3] for row in connection.execute(f"explain query plan {numbered(sql)}", parameters)]
        tables = [step for step in plan if step.startswith(("SEARCH", "SCAN")) and step.split()[1] not in ("v", "f")]
        assert tables, plan
        assert all("customer_id=?" in step for step in tables), plan
