"""Persons as a search finds them: their words, taken over from the confirmations in the order of recording."""

from collections.abc import Callable

from agreegate.domain.customers.customer_search import CustomerSearch, is_part_of_word
from agreegate.domain.customers.person import person_index, person_words
from agreegate.domain.partner import PartnerId
from agreegate.storage.customers.customer_range import BEYOND
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value

BEHIND = 10_000
"""Number of waiting confirmations above which pages call the search by person incomplete. Fewer are taken over within seconds."""
_NEXT = """
    select k.confirmation_number, c.partner_id, c.customer_id, c.company_key, k.first_name, k.last_name, k.email
    from confirmation_contact k join confirmation f on f.number = k.confirmation_number
    join customer c on c.partner_id = f.partner_id and c.customer_id = f.customer_id
    where k.confirmation_number > (select confirmation_number from person_progress)
    order by k.confirmation_number"""


async def persons_wait(uow: UnitOfWork, *, more_than: int = 0) -> bool:
    """Return whether more than `more_than` confirmations wait for their persons to be taken over."""
    row = await uow.fetch_one(
        "select 1 from confirmation_contact where confirmation_number > $1 + (select confirmation_number from person_progress)"
        " limit 1",
        more_than,
    )
    return row is not None


async def take_over_persons(uow: UnitOfWork, most: int) -> int:
    """Let customers be found by the persons of the next confirmations; return how many were taken over, at most `most`."""
    rows = await uow.fetch_all(f"{_NEXT} limit $1", most)
    for _, partner, customer, company_key, first_name, last_name, email in rows:
        words = person_words(first_name, last_name, email)
        added = await uow.execute(
            "insert into person (partner_id, customer_id, words) values ($1, $2, $3)"
            " on conflict (partner_id, customer_id, words) do nothing",
            partner,
            customer,
            words,
        )
        if added:
            index = sorted(person_index(words))
            await uow.execute(
                "insert into person_word (partner_id, customer_id, company_key, word) values "
                + ", ".join(f"($1, $2, $3, ${place})" for place in range(4, 4 + len(index)))
                + " on conflict (partner_id, word, customer_id) do nothing",
                partner,
                customer,
                company_key,
                *index,
            )
    if rows:
        *_, (last, *_) = rows
        await uow.execute("update person_progress set confirmation_number = $1", last)
    return len(rows)


async def rename_with_persons(uow: UnitOfWork, partner: PartnerId, customer: str, company_key: str) -> None:
    """Keep the new key of a customer's name beside the words of its persons."""
    for (words,) in await uow.fetch_all(
        "select words from person where partner_id = $1 and customer_id = $2", partner, customer
    ):
        index = sorted(person_index(words))
        await uow.execute(
            "update person_word set company_key = $3 where partner_id = $1 and customer_id = $2"
            f" and word in ({', '.join(f'${place}' for place in range(4, 4 + len(index)))})",
            partner,
            customer,
            company_key,
            *index,
        )


async def has_persons(uow: UnitOfWork, partner: PartnerId, search: CustomerSearch) -> bool:
    """Return whether a person that the partner recorded has a word that is looked for."""
    for typed in (*search.person_words, *search.addresses):
        row = await uow.fetch_one(
            "select 1 from person_word where partner_id = $1 and word >= $2 and word < $3 limit 1",
            partner,
            typed,
            typed + BEYOND,
        )
        if row is not None:
            return True
    return False


def has_person(customer: str, typed: str, bind: Callable[[Value], str]) -> str:
    """SQL: a person of a customer has a word that begins like this, or has it anywhere where words have no blanks between.

    Args:
        customer: the alias of a row with `partner_id` and `customer_id`.
        typed: a word, or the beginning of an e-mail address, folded.
    """
    found = typed.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    found = f"%{found}%" if is_part_of_word(typed) else f"% {found}%"
    return f"""exists (select 1 from person h where h.partner_id = {customer}.partner_id
        and h.customer_id = {customer}.customer_id and h.words like {bind(found)} escape '!')"""
