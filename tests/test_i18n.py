"""Which of our languages a caller reads."""

import tracemalloc

import pytest

from agreegate.i18n import language_of


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
        ("\xff", "en"),
        (f"fr,{'x' * 100_000}", "fr"),
    ],
)
def test_the_best_language_is_chosen(header: str | None, language: str) -> None:
    assert language_of(header) == language


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
