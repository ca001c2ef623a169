"""The vendor's table of countries and the languages that agreements have there. A leaf: the one reader of the one file."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from agreegate.domain.agreements.text import DEFAULT_LANGUAGE, Locale
from agreegate.domain.partner import Cloud

FILE = "agreement-locales.csv"


@dataclass(frozen=True, slots=True)
class Country:
    """A row of the table. Some codes are not ISO's (contract section 6)."""

    name: str
    """In English."""
    code: str
    """`NA` is Namibia."""
    languages: tuple[str, ...]
    """`en-US` first: every country has it."""


CHINA = Country("China", "CN", (DEFAULT_LANGUAGE, "zh-CN"))
"""Not in the vendor's table: only partners of the China cloud have customers there."""


@cache
def countries() -> tuple[Country, ...]:
    """Return every row, in the table's order."""
    lines = (files("agreegate") / FILE).read_text(encoding="utf-8").splitlines()
    return tuple(
        Country(row["country_name"], row["country_code"], tuple(row["language_codes"].split(";")))
        for row in csv.DictReader(lines)
    )


@cache
def locales() -> frozenset[Locale]:
    """Return every pair of country and language of the table."""
    return frozenset(Locale(country.code, language) for country in countries() for language in country.languages)


@cache
def countries_of(cloud: Cloud) -> tuple[Country, ...]:
    """Return the countries of partners of a cloud and their customers."""
    return (*countries(), CHINA) if cloud is Cloud.CHINA else countries()


@cache
def country_codes(cloud: Cloud) -> frozenset[str]:
    """Return the codes of `countries_of`."""
    return frozenset(country.code for country in countries_of(cloud))
