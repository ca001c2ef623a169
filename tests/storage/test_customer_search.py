"""Customers are found by ordinary statements: the same ones whatever drives the search, few or many, and none left out."""

import random
from collections.abc import Callable
from functools import cache

import pytest

from agreegate.domain.customers.customer import Address, Customer, CustomerDraft, CustomerId, search_key
from agreegate.domain.customers.customer_search import CustomerSearch, index_words, spaced_words, words_in
from agreegate.domain.partner import PartnerId
from agreegate.domain.standing import State, state_of
from agreegate.storage.customers.customer import add_customer, countries_of
from agreegate.storage.customers.customer_list import Counted
from agreegate.storage.customers.customer_search import MOST_COUNTED, TooManyFit
from agreegate.storage.customers.relationship import end_relationship, open_relationship
from agreegate.storage.customers.standing import standings_of
from agreegate.storage.directory import change_customer
from agreegate.storage.engine import schema
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.pagination import NEWEST, PageRequest, PageStep
from tests import personas as cast
from tests.memory import PROGRAMME, Memory
from tests.storage.records import ALDER, SMALL_LIMITS, START, a_customer, old_record, read, write
from tests.world import API_ENFORCED

HORNBEAM = PartnerId(cast.HORNBEAM)
NAMES = [
    "Cedar",
    "Cedars",
    "Érable",
    "Großmann",
    "阿里信息",
    "北京阿里",
    "서울전자",
    "ABC商事",
    "O'Brien",
    "İzmir",
    "12345",
    "Ltd",
]
TYPED = ["ced", "cedars", "ERABLE", "grossm", "阿里", "里信", "전자", "商", "abc", "brien", "o b", "izm", "1234", "ltd ced", "c0",
         "c00", "0000", "ffff0", "cedar ced", "北京 ltd", "no", "&"]  # fmt: skip


FACTS = {
    "insert into customer_reseller values (:partner, :customer, :reseller, 0) on conflict do nothing": 0.4,
    "update relationship set no_longer_agrees_at = :at, no_longer_agrees_sequence = 1 where partner_id = :partner and customer_id = :customer": 0.02,
    "update relationship set ended_at = :at where partner_id = :partner and customer_id = :customer": 0.05,
    """insert into confirmation (partner_id, customer_id, sequence, confirmation_id, period, template_id, agreement_type,
         date_agreed_at, user_id, recorded_by, channel, recorded_at)
       values (:partner, :customer, 2, :customer, 1, :template, 'MicrosoftCloudAgreement', :at, '', '', 'api', :at)""": 1,
    """insert into current_confirmation (partner_id, customer_id, agreement_type, period, sequence, template_id, date_agreed_at,
         recorded_at, text_at, text_number, no_longer_agrees_at)
       select partner_id, customer_id, 'MicrosoftCloudAgreement', 1, 2, :template, :at, :at, :at, 1, no_longer_agrees_at
       from relationship where partner_id = :partner and customer_id = :customer""": 0.5,
    """update current_confirmation set text_at = cast(:at as bigint) + 10, text_number = 2
       where partner_id = :partner and customer_id = :customer""": 0.5,
    """insert into renewal (partner_id, customer_id, subscription_id, term, outcome, due_at, recorded_at)
       values (:partner, :customer, 's', 2, 'renewed', cast(:at as bigint) + 20, cast(:at as bigint) + 20)""": 0.2,
}
"""What happens to some of the customers, and to how many of them."""


def fitting(search: CustomerSearch) -> Callable[[str, str, str], bool]:
    """Whether a customer is found, said as plainly as can be: by its id, name and domain."""
    text, typed, domain, customer = search.text, search.words, search.domain, search.customer

    def has(words: list[str], one: str) -> bool:
        inside = one >= "\u1100"
        return any(one in word if inside else word.startswith(one) for word in words)

    def fits(id_: str, name: str, its_domain: str) -> bool:
        words = _words(name)
        return (
            not text
            or (bool(typed) and all(has(words, one) for one in typed))
            or (domain is not None and its_domain.startswith(domain))
            or (customer is not None and id_.startswith(customer))
        )

    return fits


@cache
def _words(name: str) -> list[str]:
    return list(words_in(name))


async def found(
    memory: Memory, search: CustomerSearch, page_request: PageRequest = NEWEST
) -> tuple[list[str], Counted]:
    """The names of one page of Alder's customers, and how many there are."""
    page, counted = await read(memory.store, search, page_request)
    return [entry.company_name for entry in page.items], counted


def draft(name: str, country: str = "US") -> CustomerDraft:
    return CustomerDraft("new.example", name, "a@new.example", "en-US", "en", Address(country, "City", "Line"))


async def test_a_customer_is_found_by_its_name_as_it_is_now() -> None:
    memory = Memory()
    customer = Customer(CustomerId(cast.NOBODY), "c", "Café Zürich 北京", "zurich.example", "CH", "de", "de-CH")
    await memory.do(add_customer, ALDER, customer)
    assert await found(memory, CustomerSearch("zur")) == ([], Counted(0)), "there is no relationship yet"
    await memory.do(open_relationship, ALDER, cast.NOBODY)
    for typed in ("zur", "CAFE", "京", "zurich.ex"):
        assert await found(memory, CustomerSearch(typed)) == (["Café Zürich 北京"], Counted(1))
    await memory.do(change_customer, ALDER, CustomerId(cast.NOBODY), draft("Brötli 東京"))
    for typed in ("brot", "東", "京", "new.ex"):
        assert await found(memory, CustomerSearch(typed)) == (["Brötli 東京"], Counted(1))
    for typed in ("zur", "caf", "北"):
        assert await found(memory, CustomerSearch(typed)) == ([], Counted(0))
    await memory.do(end_relationship, ALDER, cast.NOBODY)
    assert await found(memory, CustomerSearch("brot")) == ([], Counted(0))
    await memory.do(open_relationship, ALDER, cast.NOBODY)
    assert await found(memory, CustomerSearch("brot")) == (["Brötli 東京"], Counted(1))


async def test_a_name_without_a_word_is_found_by_domain_alone() -> None:
    memory = Memory()
    await memory.do(change_customer, ALDER, CustomerId(cast.CEDAR), draft("&&&"))
    assert await found(memory, CustomerSearch("new.")) == (["&&&"], Counted(1))
    assert await found(memory, CustomerSearch("&")) == ([], Counted(0))
    await memory.do(change_customer, ALDER, CustomerId(cast.CEDAR), draft("Cedar"))
    assert await found(memory, CustomerSearch("ced")) == (["Cedar"], Counted(1))


@pytest.mark.parametrize("begun", [1, 2, 5, 11])
async def test_an_upgrade_lets_the_customers_there_are_be_found(begun: int) -> None:
    connection = old_record(begun)
    assert schema.upgrade(connection) == sum(one.number > begun for one in schema.migrations())
    for partner, customer, name, key, words in connection.execute(
        "select partner_id, customer_id, company_name, company_key, name_words from customer"
    ).fetchall():
        assert (key, words) == (search_key(name), spaced_words(name))
        rows = connection.execute(
            "select word, company_key, name_words from customer_word where partner_id = ? and customer_id = ?",
            (partner, customer),
        ).fetchall()
        assert sorted(rows) == sorted((word, key, words) for word in index_words(name))
    assert connection.execute("pragma foreign_key_check").fetchall() == []
    store = InlineStore(connection)

    for typed in ("grossm", "erable", "里"):
        page, _ = await read(store, CustomerSearch(typed))
        assert [entry.company_name for entry in page.items] == ["Großmann ÉRABLE 阿里"]


@pytest.mark.rule("R26")
@pytest.mark.parametrize(("customers", "more"), [(200, 100), (MOST_COUNTED + 1_000, 15)])
async def test_a_search_finds_all_that_fit_and_nobody_else(customers: int, more: int) -> None:
    """Few customers are driven by all of them, more by what is rarest, or read by name: the answers are the same."""
    memory, chance = Memory(API_ENFORCED), random.Random(customers)
    write(memory, (
        a_customer(number, " ".join(chance.choices(NAMES, k=2)) if number % 20 == 0 else f"Sample {number}",
                   chance.choice(["US", "US", "FR", "DE"]))
        for number in range(customers)
    ))  # fmt: skip
    with memory.connection:
        for number, at, countries in ((1, START, "US FR"), (2, START + 10, "US FR"), (3, START + 11, "FR")):
            memory.connection.execute(
                "insert into text_version (template_id, number, version_id, label, major, note, effective_at, published_at,"
                " published_by, files) values (?, ?, ?, ?, 1, '', ?, 0, '', 2)",
                (cast.CLOUD_AGREEMENT, number, str(number), str(number), at),
            )
            memory.connection.executemany(
                "insert into text_file (number, country, language, digest, media_type, size)"
                " values (?, ?, 'en', ?, 'text/plain', 1)",
                [(number, country, "0" * 64) for country in countries.split()],
            )
        for sql, share in FACTS.items():
            served = memory.connection.execute(
                "select customer_id from relationship where partner_id = ? and ended_at is null", (cast.ALDER,)
            ).fetchall()
            memory.connection.executemany(
                sql,
                [
                    {
                        "partner": cast.ALDER,
                        "customer": id_,
                        "at": START,
                        "reseller": cast.HORNBEAM,
                        "template": cast.CLOUD_AGREEMENT,
                    }
                    for (id_,) in served
                    if chance.random() < share
                ],
            )
    rows = memory.connection.execute(
        "select c.customer_id, c.company_name, c.domain, c.country, exists (select 1 from customer_reseller v"
        " where v.partner_id = c.partner_id and v.customer_id = c.customer_id and v.reseller_id = ?)"
        " from customer c join relationship r on r.partner_id = c.partner_id and r.customer_id = c.customer_id"
        " where c.partner_id = ? and r.ended_at is null",
        (cast.HORNBEAM, cast.ALDER),
    ).fetchall()
    partner = (await memory.actor(cast.ALDER)).partner
    standings = await memory.do(standings_of, ALDER, [row[0] for row in rows])
    states = {id_: state_of(one, PROGRAMME, partner.cloud, API_ENFORCED) for id_, one in standings.items()}
    assert set(states.values()) == set(State)

    searches = [CustomerSearch(text) for text in ("", "s", *chance.sample(TYPED, min(more, len(TYPED))))]
    searches += [CustomerSearch(state=state) for state in State]
    searches += [
        CustomerSearch(
            chance.choice(["", "", "s", *TYPED]), chance.choice([None, *State]), chance.choice([None, "FR", "JP"]),
            chance.choice([None, HORNBEAM]),
        )
        for _ in range(more)
    ]  # fmt: skip
    for search in searches:
        fits = fitting(search)
        expected = sorted(
            (search_key(name), id_)
            for id_, name, domain, country, served in rows
            if fits(id_, name, domain)
            and search.country in (None, country)
            and (search.reseller is None or served)
            and search.state in (None, states[id_])
        )
        try:
            page, counted = await read(memory.store, search, PageRequest(50))
        except TooManyFit:
            assert (
                sum(any(word.startswith(search.text) for word in index_words(row[1])) for row in rows)
                > MOST_COUNTED / 2
            )
            continue
        assert [entry.customer_id for entry in page.items] == [id_ for _, id_ in expected[:50]], search
        assert page.more_after is (len(expected) > 50)
        last, _ = await read(memory.store, search, PageRequest(50, PageStep.LAST))
        assert [entry.customer_id for entry in last.items] == [id_ for _, id_ in expected[-50:]], search
        assert counted in (Counted(len(expected)), Counted(None), Counted(MOST_COUNTED, more=True)), search
        assert counted != Counted(None) or search.state is not None
        assert not counted.more or len(expected) > MOST_COUNTED
        for limits in SMALL_LIMITS:
            first, _ = await read(memory.store, search, PageRequest(50), limits, counting=False)
            last, _ = await read(memory.store, search, PageRequest(50, PageStep.LAST), limits, counting=False)
            assert [entry.customer_id for entry in first.items] == [id_ for _, id_ in expected[:50]], search
            assert [entry.customer_id for entry in last.items] == [id_ for _, id_ in expected[-50:]], search


async def test_every_page_follows_the_one_before_both_ways() -> None:
    memory = Memory()
    write(memory, (a_customer(number, f"Sample {number % 7}", "US") for number in range(90)))
    for search in (CustomerSearch(), CustomerSearch("sample"), CustomerSearch(country="US")):
        whole, _ = await read(memory.store, search, PageRequest(500))
        seen, page = [], (await read(memory.store, search, PageRequest(20)))[0]
        pages = [page]
        while page.more_after:
            page, _ = await read(memory.store, search, PageRequest(20, PageStep.NEXT, last=page.last))
            pages.append(page)
        seen = [entry for page in pages for entry in page.items]
        assert tuple(seen) == whole.items
        for before, page in zip(reversed(pages[:-1]), reversed(pages[1:]), strict=True):
            assert (await read(memory.store, search, PageRequest(20, PageStep.PREVIOUS, first=page.first)))[
                0
            ].items == before.items


async def test_more_letters_are_asked_for_where_the_rarest_word_begins_too_many_names() -> None:
    memory = Memory()
    write(
        memory,
        (a_customer(number, f"Sample {'Rare' if number < 10 else 'Often'}", "US") for number in range(MOST_COUNTED)),
    )
    page, counted = await read(memory.store, CustomerSearch("sample"), PageRequest(50))
    assert (len(page.items), counted) == (50, Counted(MOST_COUNTED)), "so many are still looked through"
    write(memory, (a_customer(number, "Sample Often", "FR") for number in range(MOST_COUNTED, MOST_COUNTED + 10)))
    for typed in ("sample", "s", "sample sam", "c"):
        with pytest.raises(TooManyFit):
            await read(memory.store, CustomerSearch(typed), PageRequest(50))
    assert (await read(memory.store, CustomerSearch("sample rare"), PageRequest(50)))[1] == Counted(10)
    assert (await read(memory.store, CustomerSearch("sam", country="FR"), PageRequest(50)))[1] == Counted(10)
    assert (await read(memory.store, CustomerSearch("s", reseller=HORNBEAM), PageRequest(50)))[1] == Counted(0)
    assert (await read(memory.store, CustomerSearch("c0123"), PageRequest(50)))[1] == Counted(10)
    assert (await read(memory.store, CustomerSearch(), PageRequest(50)))[1] == Counted(MOST_COUNTED, more=True)


async def test_a_place_that_is_nowhere_is_the_beginning() -> None:
    memory = Memory()
    first = await read(memory.store, CustomerSearch(), PageRequest(1))
    for place in ((cast.NOBODY, cast.ALDER), (cast.ELM, cast.HAZEL), ("", "")):
        assert await read(memory.store, CustomerSearch(), PageRequest(1, PageStep.NEXT, last=place)) == first
        assert (await read(memory.store, CustomerSearch(), PageRequest(1, PageStep.PREVIOUS, first=place)))[
            0
        ].items == first[0].items


async def test_the_countries_of_the_customers_served_today_can_be_chosen() -> None:
    memory = Memory()
    assert await memory.do(countries_of, ALDER) == ["FR", "US"]
    await memory.do(end_relationship, ALDER, cast.FRENE)
    assert await memory.do(countries_of, ALDER) == ["US"]
    assert await memory.do(countries_of, PartnerId(cast.MAPLE)) == []
