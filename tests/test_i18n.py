"""Which of our languages a caller reads, and how dates are written in it."""

import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest

from agreegate.i18n import catalogue, count_text, date_text, language_of, moment_text, text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("fr-FR", "fr"),
        ("FR", "fr"),
        ("de-DE, fr;q=0.5, en;q=0.4", "fr"),
        ("de-DE,fr;q=0.5,en;q=0.6", "en"),
        ("fr;q=0", "en"),
        ("fr;q=much", "en"),
        ("fr_FR", "fr"),
        ("fr; q=0.5", "fr"),
        ("frr-DE", "en"),
        ("fur", "en"),
        ("\xff", "en"),
        (f"fr,{'x' * 100_000}", "fr"),
    ],
)
def test_the_best_language_is_chosen(header: str | None, language: str) -> None:
    assert language_of(header) == language


@pytest.mark.parametrize(
    ("day", "english", "french"),
    [
        (1, "1 October 2019", "1er octobre 2019"),
        (10, "10 October 2019", "10 octobre 2019"),
        (21, "21 October 2019", "21 octobre 2019"),
    ],
)
def test_dates_are_written_as_they_are_read(day: int, english: str, french: str) -> None:
    instant = datetime(2019, 10, day, tzinfo=UTC)
    assert (date_text(instant, "en"), date_text(instant, "fr")) == (english, french)
    assert moment_text(instant, "en") == english
    assert moment_text(instant + timedelta(minutes=5), "fr") == f"{french}, 00:05 UTC"


@pytest.mark.parametrize(
    ("count", "english", "french"),
    [
        (0, "0 customers.", "0 client."),
        (1, "1 customer.", "1 client."),
        (2, "2 customers.", "2 clients."),
        (1_000_000, "1,000,000 customers.", "1\u202f000\u202f000 clients."),
    ],
)
def test_a_number_of_things_is_written_as_each_language_counts(count: int, english: str, french: str) -> None:
    assert (count_text("customers.count", count, "en"), count_text("customers.count", count, "fr")) == (english, french)


@pytest.mark.parametrize(
    ("title", "english", "french"),
    [
        ("Microsoft Cloud Agreement", "Microsoft Cloud Agreement", "Contrat Microsoft Cloud"),
        ("Microsoft Customer Agreement", "Microsoft Customer Agreement", "Contrat client Microsoft"),
        ("Acme Terms", "Acme Terms", "Contrat Acme Terms"),
    ],
)
def test_each_language_has_its_own_name_for_an_agreement(title: str, english: str, french: str) -> None:
    assert [text("agreement.title", language, agreement=title) for language in ("en", "fr")] == [english, french]


def test_in_french_an_agreement_is_always_a_contrat() -> None:
    for key, sentence in catalogue("fr").items():
        assert sentence.count("{agreement}") == sentence.lower().count("contrat {agreement}"), key


def test_what_strangers_send_is_not_kept() -> None:
    """Anybody can send a header of a megabyte, a thousand times."""
    tracemalloc.start()
    try:
        for number in range(20):
            language_of(f"{number}{'x' * 1_000_000}")
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 1_000_000
