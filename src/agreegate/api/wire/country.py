"""A country's rules on the wire (contract 7.1)."""

from collections.abc import Sequence

from agreegate.api.wire import Body
from agreegate.domain.agreements.text import primary_subtag


def country_body(country: str, cultures: Sequence[str]) -> Body:
    """Return a country's rules for addresses. The contract's patterns (postal code, phone, tax id) are left out.

    Args:
        cultures: those of the vendor's table, the one that every country has first, and then the country's own.
    """
    return {
        "iso2Code": country,
        "defaultCulture": cultures[-1],
        "isStateRequired": False,
        "supportedStatesList": [],
        "supportedLanguagesList": list(dict.fromkeys(map(primary_subtag, cultures))),
        "supportedCulturesList": cultures,
        "isPostalCodeRequired": False,
        "isCityRequired": True,
        "isVatIdSupported": False,
        "countryCallingCodesList": [],
        "attributes": {"objectType": "CountryInformation"},
    }
