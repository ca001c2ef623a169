"""The directory becomes what a file describes: once, all or nothing, and nothing with records is deleted."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path

import pytest

from agreegate.directory import read, written
from agreegate.domain.actor import Actor, Role, UserId
from agreegate.domain.customers.customer import Address, CustomerDraft, CustomerId
from agreegate.domain.directory import Change, ListedPartner, Subject, Verb
from agreegate.domain.error import Rejected
from agreegate.domain.orders.subscription import Subscription, SubscriptionId, SubscriptionStatus
from agreegate.domain.orders.term import BillingCycle, Commitment, TermDuration
from agreegate.domain.partner import PartnerId
from agreegate.programme import load
from agreegate.services.customers.customer import (
    create_customer,
    get_customer,
    list_customers,
    new_copy,
    relate,
    resellers_of_customer,
)
from agreegate.services.directory import apply_directory, plan_directory
from agreegate.services.idempotency import IdempotentCall
from agreegate.services.orders.subscription import list_subscriptions
from agreegate.services.reseller_request import Cursor, ask_for_data, list_needed
from agreegate.storage.customers.standing import standing_of
from agreegate.storage.directory import listed_partners
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork
from agreegate.storage.orders.subscription import add_subscription
from agreegate.storage.pagination import PageRequest
from agreegate.storage.partner import add_user, linked_resellers, partner_of, roles_of
from agreegate.toml_input import TomlFile
from tests.personas import ALDER, ALDER_SALES, BIRCH, CEDAR, DOGWOOD, FRENE, HAZEL, HORNBEAM
from tests.rejection import rejected

CAST = (files("agreegate") / "demo" / "cast.toml").read_text(encoding="utf-8")
EXAMPLE = (Path(__file__).parents[2] / "docs" / "directory.example.toml").read_text(encoding="utf-8")

SALES = ALDER_SALES


@pytest.fixture
def store() -> InlineStore:
    return InlineStore.in_memory(lambda: datetime(2018, 8, 7, tzinfo=UTC))


def described(text: str) -> tuple[ListedPartner, ...]:
    return read(TomlFile(text, "x.toml"))


async def apply(store: InlineStore, text: str) -> tuple[Change, ...]:
    return await store.write(lambda uow: apply_directory(uow, described(text)))


async def rows(store: InlineStore, sql: str) -> list[Row]:
    async def work(uow: UnitOfWork) -> list[Row]:
        return await uow.fetch_all(sql)

    return await store.read(work)


def changes_in(changes: tuple[Change, ...]) -> list[tuple[Verb, Subject, str]]:
    return [(change.verb, change.subject, change.id) for change in changes]


@pytest.mark.parametrize("text", [CAST, EXAMPLE], ids=["cast", "example"])
async def test_a_second_time_changes_nothing(store: InlineStore, text: str) -> None:
    first = await apply(store, text)
    assert {change.verb for change in first} == {Verb.ADDED}
    records = await rows(store, "select count(*) from audit_record")

    assert await apply(store, text) == ()
    assert await rows(store, "select count(*) from audit_record") == records


@pytest.mark.parametrize("text", [CAST, EXAMPLE], ids=["cast", "example"])
async def test_what_is_shown_can_be_applied(store: InlineStore, text: str) -> None:
    await apply(store, text)
    shown = written(await store.read(listed_partners))

    assert await apply(store, shown) == ()

    other = InlineStore.in_memory()
    await apply(other, shown)
    assert written(await other.read(listed_partners)) == shown


@pytest.mark.rule("R28")
async def test_the_cast_is_the_published_one(store: InlineStore) -> None:
    await apply(store, CAST)

    users = await rows(store, "select user_name, designated from partner_user order by user_name")
    assert [name for name, _ in users] == [
        "admin@alder.example", "admin@fir.example", "admin@hazel.example", "admin@maple.example",
        "helpdesk@alder.example", "marketplace@alder.example", "operator@programme.example", "sales@alder.example",
        "sales@birch.example", "ventes@hornbeam.example",
    ]  # fmt: skip
    assert [name for name, designated in users if designated] == ["marketplace@alder.example"]
    alder = await store.read(lambda uow: partner_of(uow, ALDER))
    assert alder is not None
    linked = await store.read(lambda uow: linked_resellers(uow, alder.id))
    assert [reseller.id for reseller in linked] == [BIRCH, HORNBEAM]
    assert (await store.read(lambda uow: standing_of(uow, alder.id, CEDAR))).related
    hazel = await store.read(lambda uow: partner_of(uow, HAZEL))
    assert hazel is not None
    assert not (await store.read(lambda uow: standing_of(uow, hazel.id, DOGWOOD))).related


async def test_a_plan_tells_the_same_and_changes_nothing(store: InlineStore) -> None:
    planned = await store.read(lambda uow: plan_directory(uow, described(CAST)))

    assert await rows(store, "select 1 from partner") == []
    assert await apply(store, CAST) == planned


async def test_what_the_file_no_longer_names_is_ended_not_deleted(store: InlineStore) -> None:
    await apply(store, CAST)
    without = (
        CAST.replace(f', "{HORNBEAM}"]', "]")
        .replace(f'resellers = ["{HORNBEAM}"]\n', "")
        .replace(f'[[partner.user]]\nid = "{SALES}"\nname = "sales@alder.example"\nroles = ["sales_agent"]\n', "")
    )
    dogwood = without.index('[[partner.customer]]\nid = "d09d')
    without = without[:dogwood] + without[without.index('[[partner.customer]]\nid = "f2e0') :]

    changes = await apply(store, without)

    assert changes_in(changes) == [
        (Verb.ENDED, Subject.USER, SALES),
        (Verb.ENDED, Subject.RESELLER, HORNBEAM),
        (Verb.CHANGED, Subject.CUSTOMER, CEDAR),
        (Verb.CHANGED, Subject.CUSTOMER, FRENE),
    ]
    alder = await store.read(lambda uow: partner_of(uow, ALDER))
    assert alder is not None
    assert await store.read(lambda uow: roles_of(uow, alder.id, SALES)) is None
    assert [reseller.id for reseller in await store.read(lambda uow: linked_resellers(uow, alder.id))] == [BIRCH]
    assert (await store.read(lambda uow: standing_of(uow, alder.id, DOGWOOD))).related, "left alone"
    assert await rows(store, f"select active from partner_user where user_id = '{SALES}'") == [(0,)]

    assert changes_in(await apply(store, CAST))[:2] == [
        (Verb.RESUMED, Subject.USER, SALES),
        (Verb.ADDED, Subject.RESELLER, HORNBEAM),
    ]


@pytest.mark.fault("F6")
@pytest.mark.rule("R22", "R26")
async def test_a_reseller_taken_off_a_customer_sees_it_no_longer(store: InlineStore) -> None:
    programme = load()
    await apply(store, CAST)
    alder, birch, hornbeam = [
        await store.read(lambda uow, id_=id_: acting(uow, id_)) for id_ in (ALDER, BIRCH, HORNBEAM)
    ]

    async def seen(actor: Actor) -> tuple[list[str], int]:
        listed = await store.read(lambda uow: list_customers(uow, actor, None, PageRequest()))
        needed = await store.read(lambda uow: list_needed(uow, actor, programme, ALDER, Cursor()))
        return [one.company_name for one in listed.items], len(needed.items)

    await store.write(
        lambda uow: ask_for_data(
            uow, IdempotentCall(alder, "POST", "/", uow.new_id(), "", ""), programme, BIRCH, [CEDAR]
        )
    )
    assert await seen(birch) == (["Cedar Bakery"], 1)
    before = await seen(hornbeam)

    assert changes_in(await apply(store, CAST.replace(f'["{BIRCH}", "{HORNBEAM}"]\n\n[partner.customer', f'["{HORNBEAM}"]\n\n[partner.customer'))) == [
        (Verb.CHANGED, Subject.CUSTOMER, CEDAR)
    ]  # fmt: skip

    assert await seen(birch) == ([], 0)
    for read_by in (get_customer, list_subscriptions, resellers_of_customer):
        with rejected("relationship.missing"):
            await store.read(lambda uow, read_by=read_by: read_by(uow, birch, CEDAR))
    assert await seen(hornbeam) == before
    assert [one.id for one in await store.read(lambda uow: resellers_of_customer(uow, alder, CEDAR))] == [HORNBEAM]
    assert BIRCH in [one.id for one in await store.read(lambda uow: linked_resellers(uow, alder.partner.id))]


async def acting(uow: UnitOfWork, partner: str) -> Actor:
    found = await partner_of(uow, partner)
    assert found is not None
    return Actor(found, frozenset({Role.ADMIN_AGENT}), UserId(SALES))


async def test_a_user_first_seen_with_a_token_is_left_alone(store: InlineStore) -> None:
    await apply(store, CAST)

    async def first_seen(uow: UnitOfWork) -> int:
        return await uow.execute(
            "insert into partner_user (partner_id, user_id, user_name, created_at) values ($1, $2, $3, 0)",
            ALDER,
            "a1de0000-0000-4000-8000-0000000000ff",
            "new@alder.example",
        )

    await store.write(first_seen)
    assert await apply(store, CAST) == ()


async def test_customers_end_and_return_in_a_new_period(store: InlineStore) -> None:
    await apply(store, CAST)
    ended = CAST.replace('company_name = "Dogwood Legal"', 'company_name = "Dogwood Legal"\nstate = "ended"')

    assert changes_in(await apply(store, ended)) == [(Verb.ENDED, Subject.CUSTOMER, DOGWOOD)]
    assert await apply(store, ended) == ()
    assert changes_in(await apply(store, CAST)) == [(Verb.RESUMED, Subject.CUSTOMER, DOGWOOD)]
    assert await rows(store, f"select period, ended_at from relationship where customer_id = '{DOGWOOD}'") == [
        (2, None)
    ]


async def test_a_customer_with_active_subscriptions_is_not_ended(store: InlineStore) -> None:
    await apply(store, CAST)

    async def subscribe(uow: UnitOfWork) -> None:
        await uow.execute(
            "insert into order_ (partner_id, customer_id, order_id, billing_cycle, currency_code, status, created_at)"
            " values ($1, $2, 'o', 'monthly', 'USD', 'completed', 0)",
            ALDER,
            DOGWOOD,
        )
        commitment = Commitment.begin(uow.now, TermDuration.YEAR)
        subscription = Subscription(
            SubscriptionId(uow.new_id()), DOGWOOD, "o", "x", "x", "x", 1, BillingCycle.MONTHLY,
            SubscriptionStatus.ACTIVE, True, commitment, uow.now,
        )  # fmt: skip
        await add_subscription(uow, PartnerId(ALDER), subscription)

    await store.write(subscribe)
    ended = CAST.replace('company_name = "Dogwood Legal"', 'company_name = "Dogwood Legal"\nstate = "ended"')

    with pytest.raises(Rejected) as refused:
        await apply(store, ended)
    assert refused.value.code == "directory.active-subscriptions"
    assert refused.value.parameters == {"name": "partner[0].customer[1].state", "detail": 1}


async def test_what_is_shown_can_always_be_applied_again(store: InlineStore) -> None:
    """Whatever was recorded through other doors, or by earlier rules."""
    await apply(store, CAST)
    await apply(store, CAST.replace(f', "{HORNBEAM}"]', "]").replace(f'resellers = ["{HORNBEAM}"]\n', ""))
    address = Address("UK", "London", "1\u00a0bis", first_name="\u200fA", last_name="B")
    old = CustomerDraft("old.example", "Old Ltd", "a@old.example", "en-GB", "en", address)

    async def create(uow: UnitOfWork, name: str) -> None:
        alder = Actor(await partner_of(uow, ALDER))
        british = replace(address, country="GB")
        draft = replace(old, domain=f"c{ord(name[0])}.example", company_name=name, address=british)
        await create_customer(uow, IdempotentCall(alder, "POST", "/", uow.new_id(), "", ""), draft, PartnerId(BIRCH))

    for name in (
        "株式会社\u3000山田商店",
        "Société\u00a0X\u202f!",
        "نرم\u200cافزار",
        'a "b" \\ c',
        "क्\u200dष \u200f",
    ):
        await store.write(partial(create, name=name))

    async def record(uow: UnitOfWork) -> None:
        await relate(uow, PartnerId(ALDER), new_copy(uow, CustomerId(uow.new_id()), old), [PartnerId(BIRCH)])
        for number, name in enumerate(("", "who is this", " admin@alder.example ", "x@y.example", "X@y.example")):
            await add_user(uow, PartnerId(ALDER), UserId(f"00000000-0000-4000-8000-00000000000{number}"), name)
        await uow.execute("delete from customer_contact where partner_id = $1 and customer_id = $2", ALDER, CEDAR)
        await uow.execute("update partner set country = 'UK' where partner_id = $1", HAZEL)

    await store.write(record)
    shown = written(await store.read(listed_partners))

    assert await apply(store, shown) == ()
    renamed = shown.replace("Old Ltd", "New Ltd")
    assert [field.name for change in await apply(store, renamed) for field in change.fields] == ["company_name"]
    with pytest.raises(Rejected) as refused:
        await apply(store, renamed.replace('country = "GB"', 'country = "UK"', 1))
    assert (refused.value.code, refused.value.parameters["nearest"]) == ("customer.country-meant", "GB")
    with pytest.raises(Rejected) as refused:
        await apply(store, renamed.replace('name = "x@y.example"', 'name = "who is that"'))
    assert refused.value.code == "directory.not-email"
    with pytest.raises(Rejected) as refused:
        await apply(store, renamed.replace('company_name = "Cedar Bakery"', 'company_name = "Cedar"'))
    assert (refused.value.code, str(refused.value.parameters["name"])[-8:]) == ("toml.missing", ".contact")


async def test_partners_can_exchange_their_domains(store: InlineStore) -> None:
    await apply(store, CAST)
    exchanged = (
        CAST.replace('domain = "hazel.example"', "domain = X")
        .replace('domain = "maple.example"', 'domain = "hazel.example"')
        .replace("domain = X", 'domain = "maple.example"')
    )

    changes = await apply(store, exchanged)

    assert [field.name for change in changes for field in change.fields] == ["domain", "mail_domains"] * 2
    assert await apply(store, exchanged) == ()


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('mpn_id = "5550003"', 'mpn_id = "5550001"', "directory.taken"),
        ('domain = "hazel.example"\nmpn', 'domain = "alder.example"\nmpn', "directory.taken"),
        ('"4a2e0000-0000-4000-8000-0000000000c1"\nname = "admin@hazel.example"',
         '"4a2e0000-0000-4000-8000-0000000000c1"\nname = "ADMIN@alder.example"', "directory.taken"),
        ('roles = ["programme_operator"]', 'roles = ["admin_agent"]', "directory.role-of-operator"),
        ('kind = "indirect_provider"', 'kind = "direct_bill"', "directory.resellers-of-provider"),
        ('name = "Birch IT"\nkind = "indirect_reseller"', 'name = "Birch IT"\nkind = "direct_bill"',
         "directory.not-a-reseller"),
        ('name = "Birch IT"\n', 'name = "Birch IT"\ncloud = "germany"\n', "directory.other-cloud"),
        ('name = "Hazel Cloud"\nkind = "direct_bill"', 'name = "Hazel Cloud"\nkind = "indirect_reseller"',
         "directory.customers-of-seller"),
        (f'resellers = ["{HORNBEAM}"]', f'resellers = ["{HAZEL}"]', "directory.not-linked"),
        (f'id = "{DOGWOOD}"', f'id = "{CEDAR}"', "directory.taken"),
    ],
)  # fmt: skip
async def test_contradictions_change_nothing(store: InlineStore, old: str, new: str, key: str) -> None:
    assert old in CAST
    with pytest.raises(Rejected) as refused:
        await apply(store, CAST.replace(old, new, 1))
    assert refused.value.code == key
    assert await rows(store, "select 1 from partner") == []


async def test_audit_records_name_the_command_and_no_person(store: InlineStore) -> None:
    await apply(store, CAST)
    await apply(store, CAST.replace("Nora", "Norah").replace('"sales@alder', '"verkauf@alder').replace("555-0112", "1"))

    records = await rows(
        store,
        "select application_id, user_id, resource_type, operation_type, resource_old_value, resource_new_value"
        " from audit_record order by operation_at, audit_id",
    )
    assert {(record[0], record[1]) for record in records} == {("agreegate directory apply", None)}
    assert ("partner_user", "update_partner_user") in {record[2:4] for record in records}
    values = " ".join(str(record[4:]) for record in records)
    assert "contact" in values
    for personal in ("Nora", "verkauf", "sales@", "555-01"):
        assert personal not in values
