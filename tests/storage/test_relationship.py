"""A relationship begins, ends, and begins again as a new period."""

from datetime import UTC, datetime, timedelta

import pytest

from agreegate.domain.actor import Actor, Channel, UserId
from agreegate.domain.agreement import AgreementType, TemplateId
from agreegate.domain.confirmation import Confirmation, ConfirmationId
from agreegate.domain.fact import ConfirmationRecorded, Counting
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.storage.record import next_sequence, record
from agreegate.storage.relationship import end_relationship, open_relationship
from agreegate.storage.sqlite import InlineStore
from agreegate.storage.standing import relationship_since, standing_of
from agreegate.storage.unit_of_work import Row, UnitOfWork, from_micros, maybe_instant

ALDER = PartnerId("a1de0000-0000-4000-8000-000000000001")
ACTOR = Actor(
    Partner(
        ALDER, "Alder", PartnerKind.DIRECT_BILL, Cloud.PUBLIC, Account.PRODUCTION, None, "alder.example", "US", "en-US"
    ),
    user_id=UserId("u"),
)
CEDAR = "ceda0000-0000-4000-8000-000000000011"
START = datetime(2018, 9, 3, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is told."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


async def _customer(uow: UnitOfWork) -> None:
    await uow.run(
        "insert into partner (partner_id, name, kind, cloud, account, domain, country, culture, profile_etag, created_at)"
        " values ($1, 'Alder', 'indirect_provider', 'public', 'production', 'alder.example', 'US', 'en-US', '1', 0)",
        ALDER,
    )
    await uow.run(
        "insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, domain, country,"
        " language, culture, created_at) values ($1, $2, $2, 'Cedar', 'cedar', 'cedar.example', 'US', 'en', 'en-US', 0)",
        ALDER,
        CEDAR,
    )


async def _confirm(uow: UnitOfWork) -> None:
    related = await relationship_since(uow, ALDER, CEDAR)
    assert related is not None
    confirmation = Confirmation(
        ConfirmationId(uow.new_id()),
        await next_sequence(uow, ALDER, CEDAR),
        TemplateId("t"),
        AgreementType("MicrosoftCloudAgreement"),
        uow.now,
        None,
        UserId("u"),
        "u",
        Channel.API,
        uow.now,
    )
    counting = Counting(confirmation, None, related.period, maybe_instant(related.refused_at))
    await record(uow, ACTOR, ConfirmationRecorded(CEDAR, counting))


@pytest.fixture
async def store() -> InlineStore:
    store = InlineStore.in_memory(Clock())
    await store.write(_customer)
    return store


async def test_first_period_is_one_and_an_open_one_stays(store: InlineStore) -> None:
    clock = store.clock
    assert isinstance(clock, Clock)
    assert await store.write(lambda uow: open_relationship(uow, ALDER, CEDAR)) == 1
    clock.now += timedelta(days=1)
    assert await store.write(lambda uow: open_relationship(uow, ALDER, CEDAR)) == 1

    row = await store.read(lambda uow: relationship_since(uow, ALDER, CEDAR))
    assert row is not None
    assert from_micros(row[1]) == START


@pytest.mark.rule("R26")
async def test_confirmations_do_not_come_back_with_the_customer(
    store: InlineStore,
) -> None:
    clock = store.clock
    assert isinstance(clock, Clock)
    await store.write(lambda uow: open_relationship(uow, ALDER, CEDAR))
    await store.write(_confirm)
    assert (await store.read(lambda uow: standing_of(uow, ALDER, CEDAR))).current

    clock.now += timedelta(days=30)
    assert await store.write(lambda uow: end_relationship(uow, ALDER, CEDAR))
    assert not (await store.read(lambda uow: standing_of(uow, ALDER, CEDAR))).related
    assert not await store.write(lambda uow: end_relationship(uow, ALDER, CEDAR)), "ended once"

    clock.now += timedelta(days=30)
    assert await store.write(lambda uow: open_relationship(uow, ALDER, CEDAR)) == 2
    standing = await store.read(lambda uow: standing_of(uow, ALDER, CEDAR))
    assert standing.related
    assert standing.current == ()

    async def periods(uow: UnitOfWork) -> list[Row]:
        return await uow.all("select period, started_at, ended_at from relationship_period")

    [(period, started, ended)] = await store.read(periods)
    assert period == 1
    assert (from_micros(started), from_micros(ended)) == (
        START,
        START + timedelta(days=30),
    )
