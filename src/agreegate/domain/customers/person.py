"""The words by which a search finds the person who accepted (R15)."""

from agreegate.domain.customers.customer import search_key
from agreegate.domain.customers.customer_search import LONGEST_ADDRESS, index_words, is_part_of_word, spaced_words


def person_words(first_name: str, last_name: str, email: str) -> str:
    """Return the words of a person, folded, each after a blank, for searches by several words.

    They are the words of the names and of the local part, the e-mail address after an `@`, and its domain. A Chinese, Japanese
    or Korean name is also found without a blank between family name and given name.
    """
    local, _, domain = email.rpartition("@")
    parts = [first_name, last_name, local]
    if is_part_of_word(search_key(last_name)) and is_part_of_word(search_key(first_name)):
        parts.append(f"{last_name}{first_name}")
    whole = ("".join(search_key(one).split())[:LONGEST_ADDRESS] for one in (f"@{email}", domain))
    words = dict.fromkeys((*spaced_words(" ".join(parts)).split(), *whole))
    return "".join(f" {word}" for word in words)


def person_index(words: str) -> frozenset[str]:
    """Return the words of the index for a person; a search finds the person by the beginning of each.

    Args:
        words: from `person_words`.
    """
    return frozenset().union(*({word} if "@" in word or "." in word else index_words(word) for word in words.split()))
