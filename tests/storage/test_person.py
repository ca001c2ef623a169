"""A search by names and persons finds all that fit and nobody else, whatever drives it; an upgrade keeps every person."""

import random
from collections.abc import Callable

import pytest

from agreegate.domain.customers.customer import search_key
from agreegate.domain.customers.customer_search import CustomerSearch, words_in
from agreegate.domain.customers.person import person_index, person_words
from agreegate.storage.customers.customer_search import MOST_COUNTED
from agreegate.storage.customers.person import take_over_persons
from agreegate.storage.engine import schema
from agreegate.storage.engine.sqlite import InlineStore
from agreegate.storage.pagination import PageRequest
from tests import personas as cast
from tests.memory import Memory
from tests.storage.records import ALDER, SMALL_LIMITS, a_customer, customer_id, old_record, read, write

FIRST = ["Nora", "Élodie", "太郎", "Cedar", "Ann-Marie"]
LAST = ["Whitfield", "Roy", "山田", "Groß"]
MAIL = ["office.example", "cedar.example", "gmail.example"]
COMPANY = ["Cedar", "Nora", "Roy & Sons", "山田商事"]
TYPED = ["nora", "cedar", "roy", "nora roy", "cedar nora", "elod gross", "山田", "山田太郎", "太 商", "n7", "n7@", "n7@office.example",
         "n1@gm", "office.ex", "@cedar", "gmail", "marie office", "s nora", "n n7", "cedar.ex", "%", "sample roy"]  # fmt: skip


def fitting(search: CustomerSearch) -> Callable[[str, str, list[tuple[str, str, str]]], bool]:
    """Whether a customer is found, said as plainly as can be: by its name, its domain and its persons."""
    plain = CustomerSearch(search.text)
    address = search_key(search.text).strip().removeprefix("@")
    searched_whole = " " not in address and search_key(search.text).strip() not in plain.words

    def begins(word: str, typed: str) -> bool:
        return typed in word if typed >= "\u1100" else word.startswith(typed)

    def fits(name: str, domain: str, persons: list[tuple[str, str, str]]) -> bool:
        every = [
            [*words_in(f"{first} {last} {mail.split('@')[0]} {last if last > '一' < first else '-'}{first}"),
             mail.split("@")[1], mail]
            for first, last, mail in persons
        ]  # fmt: skip
        every = [[search_key(word) for word in one] for one in every]
        of_persons = [] if "@" in search.text else [word for one in every for word in one]
        known = [*words_in(name), *of_persons]
        return (
            (bool(plain.words) and all(any(begins(word, typed) for word in known) for typed in plain.words))
            or (plain.domain is not None and domain.startswith(plain.domain))
            or (searched_whole and bool(address) and any(word.startswith(address) for one in every for word in one))
        )

    return fits


@pytest.mark.parametrize("customers", [150, MOST_COUNTED + 500])
async def test_a_search_finds_all_that_fit_and_nobody_else(customers: int) -> None:
    memory, chance = Memory(), random.Random(customers)
    made: dict[str, tuple[str, str, str, list[tuple[str, str, str]]]] = {}
    for number in range(customers):
        rare = number % (customers // 75) == 0
        name = chance.choice(COMPANY) if rare and chance.random() < 0.5 else f"Sample {number}"
        persons = [
            (chance.choice(FIRST), chance.choice(LAST), f"n{chance.randrange(12)}@{chance.choice(MAIL)}")
            for _ in range(chance.randrange(1, 3) if rare else 0)
        ]
        made[customer_id(number)] = name, f"c{number:05}.example", chance.choice(["US", "FR"]), persons
    write(memory, (a_customer(number, name, country) for number, (name, _, country, _) in enumerate(made.values())))
    with memory.connection:
        for id_, (name, _, _, persons) in made.items():
            for first, last, mail in persons:
                words = person_words(first, last, mail)
                memory.connection.execute(
                    "insert into person values (?, ?, ?) on conflict do nothing", (ALDER, id_, words)
                )
                memory.connection.executemany(
                    "insert into person_word values (?, ?, ?, ?) on conflict do nothing",
                    [(ALDER, word, id_, search_key(name)) for word in person_index(words)],
                )
    answered = 0
    for typed in TYPED:
        for country in (None, "FR"):
            search = CustomerSearch(typed, country=country, persons=True)
            page, counted = await read(memory.store, search, PageRequest(2 * MOST_COUNTED))
            fits = fitting(search)
            expected = {
                id_ for id_, (name, domain, where, persons) in made.items()
                if country in (None, where) and fits(name, domain, persons)
            }  # fmt: skip
            found = [entry.customer_id for entry in page.items if entry.customer_id in made]
            assert sorted(found) == sorted(expected), typed
            assert counted.customers == len(page.items)
            for limits in SMALL_LIMITS:
                walked, _ = await read(memory.store, search, PageRequest(2 * MOST_COUNTED), limits, counting=False)
                assert walked.items == page.items, "the way in which a list is read changes nothing"
            answered += bool(expected)
    assert answered > 20


@pytest.mark.parametrize("begun", [1, 11])
async def test_an_upgrade_keeps_every_person_and_lets_customers_be_found(begun: int) -> None:
    connection = old_record(begun)
    for customer, at, first_name in ((cast.CEDAR, 20, "Nora"), (cast.DOGWOOD, 10, "Ida")):
        connection.execute(
            """insert into confirmation (partner_id, customer_id, sequence, confirmation_id, period, template_id,
                 agreement_type, date_agreed_at, user_id, recorded_by, channel, recorded_at)
               values (?1, ?2, 1, ?2, 1, ?3, 'MicrosoftCloudAgreement', 0, '', '', 'api', ?4)""",
            (ALDER, customer, cast.CLOUD_AGREEMENT, at),
        )
        connection.execute(
            "insert into confirmation_contact (partner_id, customer_id, sequence, first_name, last_name, email, phone)"
            " values (?, ?, 1, ?, 'Roy', 'roy@office.example', '555')",
            (ALDER, customer, first_name),
        )
    schema.upgrade(connection)
    assert connection.execute("pragma foreign_key_check").fetchall() == []
    store = InlineStore(connection)
    found = "select word, customer_id from person_word where word in ('ida', 'nora') order by word"
    for expected in ([("ida", cast.DOGWOOD)], [("ida", cast.DOGWOOD), ("nora", cast.CEDAR)]):
        assert await store.write(lambda uow: take_over_persons(uow, 1)) == 1
        assert connection.execute(found).fetchall() == expected
    assert await store.write(lambda uow: take_over_persons(uow, 1)) == 0
