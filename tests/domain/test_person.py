"""The words by which a search finds the person who accepted for a customer."""

import pytest

from agreegate.domain.customers.customer_search import LONGEST_ADDRESS, LONGEST_WORD, CustomerSearch
from agreegate.domain.customers.person import person_index, person_words


@pytest.mark.parametrize(
    ("first_name", "last_name", "email", "words"),
    [
        (
            "Nora",
            "Whitfield",
            "N.Whitfield@Cedar.example",
            {"nora", "whitfield", "n", "@n.whitfield@cedar.example", "cedar.example"},
        ),
        (
            "Élodie",
            "Müller-Groß",
            "emg+crm@frêne.example",
            {"elodie", "muller", "gross", "emg", "crm", "@emg+crm@frene.example", "frene.example"},
        ),
        (
            "太郎",
            "山田",
            "t@x.example",
            {"太郎", "郎", "山田", "田", "山田太郎", "田太郎", "t", "@t@x.example", "x.example"},
        ),
        ("Kim", "김", "k@x.example", {"kim", "김", "k", "@k@x.example", "x.example"}),
        ("&", "", "a@b.example", {"a", "@a@b.example", "b.example"}),
    ],
)
def test_a_person_has_the_words_of_names_and_address(
    first_name: str, last_name: str, email: str, words: set[str]
) -> None:
    found = person_words(first_name, last_name, email)
    assert person_index(found) == words
    assert set(found.split()) <= words
    assert all(any(whole.endswith(word) for whole in found.split()) for word in words)


def test_long_words_and_addresses_are_cut() -> None:
    found = person_words("N" * 50, "", f"{'n' * 64}@{'x' * 60}.example")
    assert person_index(found) == {
        "n" * LONGEST_WORD,
        "@" + "n" * (LONGEST_ADDRESS - 1),
        ("x" * 60 + ".example")[:LONGEST_ADDRESS],
    }
    assert CustomerSearch(f"{'N' * 64}@x", persons=True).addresses == (
        "@" + "n" * (LONGEST_ADDRESS - 1),
        "n" * LONGEST_ADDRESS,
    )


@pytest.mark.parametrize(
    ("typed", "words", "addresses"),
    [
        ("Nora", ("nora",), ()),
        ("nora whit", ("nora", "whit"), ()),
        ("Nora.Whit", ("nora", "whit"), ("@nora.whit", "nora.whit")),
        ("Nora.Whitfield@CEDAR.ex", (), ("@nora.whitfield@cedar.ex", "nora.whitfield@cedar.ex")),
        ("@cedar.ex", (), ("@cedar.ex", "cedar.ex")),
        ("nora@cedar x", (), ()),
        ("山田", ("山田",), ()),
        ("", (), ()),
    ],
)
def test_what_is_typed_is_searched_among_persons(
    typed: str, words: tuple[str, ...], addresses: tuple[str, ...]
) -> None:
    search = CustomerSearch(typed, persons=True)
    assert (search.person_words, search.addresses) == (words, addresses)
    assert (CustomerSearch(typed).person_words, CustomerSearch(typed).addresses) == ((), ())
