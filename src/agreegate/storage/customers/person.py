"""The words by which a search finds customers by person, copied from the confirmations in the order of recording."""

from agreegate.domain.customers.customer_search import CustomerSearch, is_part_of_word
from agreegate.domain.customers.person import person_index, person_words
from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import Lock, UnitOfWork
from agreegate.storage.row import insert, number_of
from agreegate.storage.statement import Statement

_LAST = 2**63 - 1
"""A number that no confirmation has."""
BEHIND = 10_000
"""Number of waiting confirmations above which pages call the search by person incomplete; fewer take seconds."""


async def persons_wait(uow: UnitOfWork, *, more_than: int = 0) -> bool:
    """Whether the persons of more than `more_than` confirmations wait to be copied."""
    row = await uow.fetch_one(
        "select 1 from confirmation_contact where confirmation_number > $1 + (select confirmation_number from person_progress)"
        " limit 1",
        more_than,
    )
    return row is not None


async def newest_waiting(uow: UnitOfWork) -> int:
    """Return the greatest number of a confirmation whose persons wait to be copied; 0: none waits."""
    return await number_of(
        uow,
        "select coalesce(max(confirmation_number), 0) from confirmation_contact"
        " where confirmation_number > (select confirmation_number from person_progress)",
    )


async def last_taken_over(uow: UnitOfWork) -> int:
    """Return the number of the confirmation up to which all persons are copied."""
    return await number_of(uow, "select confirmation_number from person_progress")


async def take_over_persons(uow: UnitOfWork, most: int) -> int:
    """Copy the words of the persons of the next confirmations, at most `most`; return the number of confirmations."""
    await uow.lock(Lock.PERSONS, "select 1 from person_progress for update")
    last_complete = _LAST if uow.single_writer else await _complete_up_to(uow)
    rows = await uow.fetch_all(
        "select k.confirmation_number, c.partner_id, c.customer_id, c.company_key, k.first_name, k.last_name, k.email"
        " from confirmation_contact k join confirmation f on f.number = k.confirmation_number"
        " join customer c on c.partner_id = f.partner_id and c.customer_id = f.customer_id"
        " where k.confirmation_number > (select confirmation_number from person_progress) and k.confirmation_number <= $2"
        " order by k.confirmation_number limit $1",
        most,
        last_complete,
    )
    for _, partner, customer, company_key, first_name, last_name, email in rows:
        words = person_words(first_name, last_name, email)
        unless_there = "(partner_id, customer_id, words) do nothing"
        if await insert(uow, "person", unless_there, partner_id=partner, customer_id=customer, words=words):
            to = Statement(partner, customer, company_key)
            index = ", ".join(f"($1, $2, $3, {to.bind(word)})" for word in sorted(person_index(words)))
            await uow.execute(
                f"insert into person_word (partner_id, customer_id, company_key, word) values {index}"
                " on conflict (partner_id, word, customer_id) do nothing",
                *to.values,
            )
    if rows:
        *_, (last, *_) = rows
        await uow.execute("update person_progress set confirmation_number = $1", last)
    return len(rows)


async def _complete_up_to(uow: UnitOfWork) -> int:
    """Return the number up to which every confirmation that will ever be committed is committed.

    PostgreSQL gives numbers before it commits, in any order. A number up to a committed one was given to a transaction with an
    id below the snapshot's `xmax` of that moment: every unit that records has locked its customer, and so has an id, before.
    Once all of those have ended, nothing up to that number is missing. Only then is the next number looked for.
    """
    number, reached = await _horizon(uow)
    waits = await uow.fetch_one(
        "select 1 from confirmation_contact where confirmation_number > (select confirmation_number from person_progress)"
        " and confirmation_number <= $1 limit 1",
        number,
    )
    if reached and waits is None:
        await uow.execute(
            "update person_horizon set confirmation_number = (select coalesce(max(confirmation_number), 0)"
            " from confirmation_contact), horizon = cast(cast(pg_snapshot_xmax(pg_current_snapshot()) as text) as bigint)"
        )
        number, reached = await _horizon(uow)
    return number if reached else 0


async def _horizon(uow: UnitOfWork) -> tuple[int, bool]:
    """Return the number, and whether all other transactions before its horizon have ended."""
    [(number, reached)] = await uow.fetch_all(
        "select h.confirmation_number, not exists (select 1 from pg_snapshot_xip(pg_current_snapshot()) as o(xid)"
        " where cast(cast(o.xid as text) as bigint) < h.horizon) from person_horizon h"
    )
    return int(number), bool(reached)


async def rename_with_persons(uow: UnitOfWork, partner: PartnerId, customer: str, company_key: str) -> None:
    """Change the key of a customer's name that stands beside the words of its persons."""
    await uow.lock(Lock.PERSONS, "select 1 from person_progress for share")
    for (words,) in await uow.fetch_all(
        "select words from person where partner_id = $1 and customer_id = $2", partner, customer
    ):
        to = Statement(partner, customer, company_key)
        await uow.execute(
            "update person_word set company_key = $3 where partner_id = $1 and customer_id = $2"
            f" and word in ({to.bind_all(sorted(person_index(words)))})",
            *to.values,
        )


async def has_persons(uow: UnitOfWork, partner: PartnerId, search: CustomerSearch) -> bool:
    """Whether the search names a word of a person that the partner recorded."""
    for typed in (*search.person_words, *search.addresses):
        to = Statement(partner)
        sql = f"select 1 from person_word where partner_id = $1 and {to.begins('word', typed)} limit 1"
        if await uow.fetch_one(sql, *to.values) is not None:
            return True
    return False


def has_person(customer: str, typed: str, to: Statement) -> str:
    """SQL: a word of a customer's person begins with the typed text; or contains it, in languages without blanks.

    Args:
        customer: the alias of a row with `partner_id` and `customer_id`.
        typed: a word, or the beginning of an e-mail address, folded.
    """
    fits = to.contains("h.words", typed if is_part_of_word(typed) else f" {typed}")
    return f"""exists (select 1 from person h where h.partner_id = {customer}.partner_id
        and h.customer_id = {customer}.customer_id and {fits})"""
