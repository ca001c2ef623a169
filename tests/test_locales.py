"""The table of countries and languages, with what is odd about it (contract section 6)."""

from agreegate.domain.agreements.text import Locale
from agreegate.locales import countries, locales


def test_every_row_is_there_once_with_english_first() -> None:
    codes = [country.code for country in countries()]
    assert len(codes) == len(set(codes)) == 246
    assert {country.languages[0] for country in countries()} == {"en-US"}
    assert all(len(country.languages) == len(set(country.languages)) for country in countries())
    assert len({locale.language for locale in locales()}) == 40


def test_odd_codes_are_codes_like_any_other() -> None:
    names = {country.code: country.name for country in countries()}
    assert [names[code] for code in ("XE", "XJ", "XK", "XS", "NA", "NO")] == [
        "Sint Eustatius", "Jan Mayen", "Kosovo", "Saba", "Namibia", "Norway"
    ]  # fmt: skip
    assert Locale("RS", "sr-Latn-RS") in locales()
    assert Locale("TW", "zh-HK") in locales()
    assert names.keys().isdisjoint({"CN", "CU", "IR", "KP", "SD", "SY"})
