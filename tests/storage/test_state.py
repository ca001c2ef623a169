"""The state of a customer: SQL that counts and filters many says what the domain says of each (decision 0026)."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agreegate.domain.actor import Actor, Channel, UserId
from agreegate.domain.agreements.accepted_text import AcceptedText, Basis
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.confirmation import Confirmation, ConfirmationId
from agreegate.domain.fact import ConfirmationRecorded, Counting
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.domain.reconfirmation import STATES
from agreegate.domain.standing import State, opening, state_of
from agreegate.storage.customers import state
from agreegate.storage.customers.standing import CURRENT, NEWER_TEXTS, standing_of, standings_of
from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import InlineStore, connect
from agreegate.storage.engine.sqlite_unit import numbered
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, Value, from_micros, maybe_instant, to_micros
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
        customer = f"{number:08x}-0000-4000-8000-00000000000c"
        self.customers.append(customer)
        key: dict[str, Value] = {"partner_id": PARTNER, "customer_id": customer}
        self.insert("customer", **key, commerce_id="", company_name="", company_key="", domain="", language="en",
                    country=self.random.choice(COUNTRIES), culture="en-US", created_at=0)  # fmt: skip
        no_longer_agrees_at = self.instant() if self.random.random() < 0.3 else None
        self.insert("relationship", **key, period=1, started_at=0, ended_at=None, no_longer_agrees_at=no_longer_agrees_at,
                    no_longer_agrees_sequence=None if no_longer_agrees_at is None else 1)  # fmt: skip
        for place, template in enumerate(self.random.sample(TEMPLATES, self.random.randint(0, 3))):
            confirmation = Confirmation(
                ConfirmationId(f"{customer}-{place}"), place + 2, template.id, template.agreement_type,
                from_micros(self.instant()), None, UserId(""), "", Channel.API, from_micros(self.instant()),
            )  # fmt: skip
            fact = ConfirmationRecorded(
                customer, Counting(confirmation, self.text(template), 1, maybe_instant(no_longer_agrees_at))
            )
            await self.store.write(lambda uow, fact=fact: record(uow, ACTOR, fact))  # type: ignore[misc]
        for term in range(2, 2 + self.random.randint(0, 2)):
            self.insert("renewal", **key, subscription_id="s", term=term, due_at=self.instant(), recorded_at=self.instant(),
                        outcome=self.random.choice(["renewed", "renewed", "expired"]))  # fmt: skip

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
            lacking = {one for one, (found, _) in decided.items() if found in (State.MISSING, State.ENDED)}
            assert world.lacking_by_sql(at) == lacking, f"seed {seed} at {at}"
            for asked in State:
                wanted = {customer for customer, (found, _) in decided.items() if found is asked}
                assert world.found_in(asked, at) == wanted, f"seed {seed} at {at}: {asked}"
            met |= {found for found, _ in decided.values()}
    assert met == set(State)


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
