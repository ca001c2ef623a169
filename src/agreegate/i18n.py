"""Sentences in English and French, by message key, from the catalogues in `locale/`."""

import re
import tomllib
from collections.abc import Mapping
from datetime import datetime, time
from functools import cache, lru_cache
from importlib.resources import files
from unicodedata import combining, normalize

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_decimal
from babel.plural import PluralRule

LANGUAGES = ("en", "fr")
DEFAULT_LANGUAGE = "en"
_NAMED_HERE = frozenset({"BQ", "SJ", "XE", "XJ", "XS"})
"""Countries that the vendor's table divides otherwise than ISO 3166 does (contract section 6)."""
_PRIMARY = re.compile(r"[a-z]+")
LONGEST_HEADER = 200
"""Maximum characters of a header that are read: results are cached by header, and strangers send any header."""


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Return every sentence of one language by message key; a sentence that counts by key and plural category: `key.one`."""
    sentences: dict[str, str] = {}
    areas = (files("agreegate") / "locale" / language).iterdir()
    for file in (area for area in areas if area.name.endswith(".toml")):  # an editor leaves others beside them
        for key, sentence in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if isinstance(sentence, str):
                sentences[key] = sentence
            else:
                sentences |= {f"{key}.{form}": words for form, words in sentence.items()}
    return sentences


def text(key: str, language: str, **parameters: object) -> str:
    """Return the sentence of a key, its `{placeholders}` filled.

    Args:
        key: the message key.
        language: one of `LANGUAGES`.
        parameters: what fills the sentence. `agreement` is an agreement's title: each language has its own name for it.

    Raises:
        KeyError: no such message. A test holds keys, catalogues and placeholders together.
    """
    sentences = catalogue(language)
    if title := parameters.get("agreement"):
        name = str(title).lower().replace(" ", "-")
        parameters["agreement"] = sentences.get(f"agreement.name.{name}", title)
    return sentences[key].format_map(parameters)


def language_of(header: str | None) -> str:
    """Return the best language for an `X-Locale` or `Accept-Language` value; English when none fits."""
    return _best_language(header[:LONGEST_HEADER] if header else "")


@lru_cache(maxsize=1024)
def _best_language(header: str) -> str:
    best, best_weight = DEFAULT_LANGUAGE, 0.0
    for part in header.split(","):
        tag, _, weight_text = part.partition(";q=")
        language = _PRIMARY.match(tag.strip().lower())
        try:
            weight = float(weight_text) if weight_text else 1.0
        except ValueError:
            weight = 0.0
        if language and language[0] in LANGUAGES and weight > best_weight:
            best, best_weight = language[0], weight
    return best


@lru_cache(maxsize=1024)
def date_text(instant: datetime, language: str) -> str:
    """Return the date of an instant as its readers write it, such as `7 November 2018`; in French the first day is `1er`."""
    written = format_date(instant, "d MMMM y", locale=language)
    return f"1er{written[1:]}" if language == "fr" and instant.day == 1 else written


def instant_text(instant: datetime, language: str) -> str:
    """Date and time of an instant in UTC, such as `7 November 2018, 09:30 UTC`."""
    return f"{date_text(instant, language)}, {time_text(instant)}"


def moment_text(instant: datetime, language: str) -> str:
    """Return the day of an instant; with its time, unless that is midnight in UTC."""
    return instant_text(instant, language) if instant.time() != time() else date_text(instant, language)


def time_text(instant: datetime) -> str:
    """Return the time of an instant in UTC, such as `09:30 UTC`."""
    return f"{instant:%H:%M} UTC"


def number_text(number: int, language: str) -> str:
    """Return a number as its readers write it: `1,000,000`, or `1 000 000` in French."""
    return str(format_decimal(number, locale=language))


def count_text(key: str, count: int, language: str, **parameters: object) -> str:
    """Return the sentence for a number of things, in the language's plural; `{count}` is the number.

    A category without a sentence, such as `many` in French, has that of `other`.

    Raises:
        KeyError: no such message.
    """
    form = f"{key}.{_plural(language)(count)}"
    shown = form if form in catalogue(language) else f"{key}.other"
    return text(shown, language, count=number_text(count, language), **parameters)


@cache
def _plural(language: str) -> PluralRule:
    return Locale(language).plural_form


def plain(written: str) -> str:
    """Return the text in small letters without accents, for finding and ordering."""
    return "".join(sign for sign in normalize("NFKD", written) if not combining(sign)).casefold()


def country_text(code: str, language: str) -> str:
    """Return a country's name, such as `France`; the code itself where the reader's language has no name for it."""
    return (
        text(f"country.{code}", language) if code in _NAMED_HERE else str(Locale(language).territories.get(code, code))
    )


def culture_text(culture: str, language: str) -> str:
    """Return a language and its country as readers name them, such as `French (France)`; else the code itself."""
    try:
        named = Locale.parse(culture, sep="-").get_display_name(language)
    except (ValueError, UnknownLocaleError):
        return culture
    return f"{named[:1].upper()}{named[1:]}" if named else culture
