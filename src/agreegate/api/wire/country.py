"""A country's rules on the wire (contract 7.1)."""

from collections.abc import Sequence

from agreegate.api.wire import ObjectType, Wire
from agreegate.domain.agreements.text import primary_subtag


class CountryRules(Wire):
    """The rules of a country for addresses. The contract's patterns (postal code, phone, tax id) are left out."""

    iso2_code: str
    default_culture: str
    is_state_required: bool
    supported_states_list: list[str]
    supported_languages_list: list[str]
    supported_cultures_list: list[str]
    is_postal_code_required: bool
    is_city_required: bool
    is_vat_id_supported: bool
    country_calling_codes_list: list[str]
    attributes: ObjectType

    @classmethod
    def of(cls, country: str, cultures: Sequence[str]) -> "CountryRules":
        """Return the rules of a country.

        Args:
            cultures: those of the vendor's table, the one that every country has first, and then the country's own.
        """
        return cls(
            iso2_code=country,
            default_culture=cultures[-1],
            is_state_required=False,
            supported_states_list=[],
            supported_languages_list=list(dict.fromkeys(map(primary_subtag, cultures))),
            supported_cultures_list=list(cultures),
            is_postal_code_required=False,
            is_city_required=True,
            is_vat_id_supported=False,
            country_calling_codes_list=[],
            attributes=ObjectType("CountryInformation"),
        )
