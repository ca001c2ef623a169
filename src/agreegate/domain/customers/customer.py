"""Customers: the data that a partner needs to create one, and the limits of each member (contract 3.7, 4.7, R19)."""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from agreegate.domain.agreements.text import DEFAULT_LANGUAGE, MEANT, primary_subtag
from agreegate.domain.characters import fits_line
from agreegate.domain.customers.email import valid_email
from agreegate.domain.error import Rejected

CustomerId = NewType("CustomerId", str)
"""A customer's tenant id: a GUID in lower case."""

COMPANY_LENGTH = 200
NAME_LENGTH = 50
LINE_LENGTH = 200
CITY_LENGTH = 80
STATE_LENGTH = 2
POSTAL_CODE_LENGTH = 20
PHONE_LENGTH = 50
DOMAIN_LENGTH = 253
SANDBOX_CUSTOMERS = 75
"""Maximum number of customers of a sandbox account (contract section 1)."""

REGISTRATION_FORMATS = {
    "AM": r"^\d{8}$",
    "AZ": r"^\d{10}$",
    "BY": r"^\d{9}$",
    "HU": r"^(\d{8}|\d{11}|\d{8}-\d-\d{2})$",
    "KG": r"^\d{14}$",
    "KZ": r"^\d{12}$",
    "MD": r"^\d{13}$",
    "RU": r"^(\d{10}|\d{12})$",
    "TJ": r"^\d{9}$",
    "UA": r"^(\d{8}|\d{10}|\d{12})$",
    "UZ": r"^\d{9}$",
}
"""Countries whose organisations must give a registration number and a phone, with the form of the number (contract 3.7).
In other countries no number may be given. The forms are those of each country's taxpayer numbers: our choice."""


class _WithoutAccents(dict[int, str | None]):
    """Maps characters for `str.translate`: accents to nothing, most other characters to themselves."""

    def __missing__(self, code: int) -> str | None:
        place = unicodedata.combining(chr(code))
        self[code] = None if _POINTS_FROM <= place <= _POINTS_TO or place >= _ACCENTS_FROM else chr(code)
        return self[code]


_POINTS_FROM, _POINTS_TO = 10, 35
"""Canonical combining classes of the vowel signs of Hebrew and Arabic."""
_ACCENTS_FROM = 200
"""The first canonical combining class of accents."""
_LETTERS = {"æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ł": "l", "ŧ": "t", "ı": "i"}
"""Letters that Unicode does not decompose, and what a reader without them types."""
_WITHOUT_ACCENTS = _WithoutAccents({ord(letter): plain for letter, plain in _LETTERS.items()})

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z0-9-]*[a-z]){_LABEL}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?")
_CULTURE = re.compile(r"([A-Za-z]{2,3})(?:-([A-Za-z]{4}))?-([A-Za-z]{2}|[0-9]{3})")


@dataclass(frozen=True, slots=True)
class Address:
    """A customer's address, with the contact there. Without names it is only a place."""

    country: str
    """Two capitals."""
    city: str
    line1: str
    state: str = ""
    line2: str = ""
    postal_code: str = ""
    first_name: str = ""
    last_name: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class CustomerDraft:
    """A customer to create."""

    domain: str
    company_name: str
    email: str
    culture: str
    language: str
    address: Address
    registration_number: str | None = None


@dataclass(frozen=True, slots=True)
class BillingContact:
    """The contact for bills and other mail: personal data, stored apart so that it can be erased."""

    profile_id: str
    etag: str
    email: str
    address: Address


@dataclass(frozen=True, slots=True)
class Customer:
    """One partner's copy of a customer. Partners share only the tenant id (decision 0013)."""

    id: CustomerId
    commerce_id: str
    company_name: str
    domain: str
    """In lower case."""
    country: str
    language: str
    """As the partner wrote it: two or three letters, or a culture such as `pt-PT`."""
    culture: str
    """Such as `fr-FR`."""
    registration_number: str | None = None
    billing: BillingContact | None = None
    """None once erased."""

    @property
    def text_language(self) -> str:
        """The language in which the customer reads texts."""
        return text_language(self.language, self.culture)


@dataclass(frozen=True, slots=True)
class CustomerSummary:
    """A customer in a list."""

    id: CustomerId
    company_name: str
    domain: str


class SearchField(StrEnum):
    """The member that a search compares (contract 4.7)."""

    COMPANY_NAME = "company_name"
    DOMAIN = "domain"
    INDIRECT_RESELLER = "indirect_reseller"
    INDIRECT_PROVIDER = "indirect_provider"


@dataclass(frozen=True, slots=True)
class Search:
    """One condition on a list of customers. A reseller or provider is named by its whole tenant id."""

    field: SearchField
    value: str
    whole: bool = False
    """The member equals the value, in any case of letters; else it starts with the value."""


def search_key(text: str) -> str:
    """Return the key by which names are ordered and found, the same for capitals, accents, widths and ligatures.

    *ß* folds to *ss*, *İ* to *i*, full width to half width. Marks that make another letter of their script stay: the voicing
    of kana, Indic signs, Thai vowels. U+0000 is left out: PostgreSQL takes no text with it. Folding a key changes nothing.
    """
    text = text.replace("\0", "")
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", folded.translate(_WITHOUT_ACCENTS))


def text_language(language: str, culture: str) -> str:
    """Return the language of a customer's texts. Clients send `en` when nobody chose a language.

    `pt` beside the culture `pt-BR` is `pt-BR`; `pt-PT` is `pt-PT`; `fr` beside `de-CH` is `fr`; `en` beside `de-CH` is `de-CH`.
    """
    chosen_language = primary_subtag(language)
    if chosen_language == primary_subtag(culture):
        return language if "-" in language else culture
    return culture if chosen_language == primary_subtag(DEFAULT_LANGUAGE) else language


def checked_domain(domain: str) -> str:
    """Return the domain name in lower case.

    Raises:
        `request.invalid-property`: see `valid_domain`.
    """
    lower = domain.strip().lower()
    if not valid_domain(lower):
        raise Rejected("request.invalid-property", name="domain")
    return lower


def valid_domain(domain: str) -> bool:
    """Whether the text is a domain name in lower case: two labels at least, of letters, digits and hyphens."""
    return len(domain) <= DOMAIN_LENGTH and _DOMAIN.fullmatch(domain) is not None


_PLACE = {
    "city": (1, CITY_LENGTH),
    "line1": (1, LINE_LENGTH),
    "state": (0, STATE_LENGTH),
    "line2": (0, LINE_LENGTH),
    "postal_code": (0, POSTAL_CODE_LENGTH),
    "first_name": (0, NAME_LENGTH),
    "last_name": (0, NAME_LENGTH),
    "phone": (0, PHONE_LENGTH),
}
"""Minimum and maximum length of each member of an address but its country."""
_NAMES = ("first_name", "last_name")


def checked_address(address: Address, countries: Collection[str]) -> Address:
    """Return the address without surrounding blanks, if each member keeps to its limits (contract 4.7).

    Args:
        countries: the codes of the countries that a customer can be in.

    Raises:
        `request.invalid-property`, `customer.country-unknown`, `customer.country-meant`.
    """
    kept = _normalised_address(address)
    for name in _malformed_members(kept):
        raise Rejected("request.invalid-property", name=name)
    for violation in country_violations(kept.country, "address.country", countries):
        raise violation
    return kept


def checked_draft(draft: CustomerDraft, countries: Collection[str]) -> CustomerDraft:
    """Return the normalised draft, if it can become a customer (R19, contract 4.7).

    Args:
        countries: the codes of the countries that a customer can be in.

    Raises:
        `request.invalid-property`: a member is missing, too long or not of its form.
        `customer.country-unknown`, `customer.country-meant`: see `country_violations`.
        `customer.registration-missing`, `customer.registration-malformed`, `customer.registration-not-supported`,
            `customer.phone-missing`: what the customer's country requires, or does not have (contract 3.7).
    """
    for violation in violations_of(draft, countries):
        raise violation
    return normalised(draft)


def normalised(draft: CustomerDraft) -> CustomerDraft:
    """Return the draft without blanks around members, and with codes in their usual case."""
    return replace(
        draft,
        domain=draft.domain.strip().lower(),
        company_name=draft.company_name.strip(),
        email=draft.email.strip(),
        culture=_normalised_culture(draft.culture.strip()),
        language=draft.language.strip(),
        address=_normalised_address(draft.address),
        registration_number=(draft.registration_number or "").strip() or None,
    )


def violations_of(draft: CustomerDraft, countries: Collection[str]) -> list[Rejected]:
    """Return everything for which `checked_draft` refuses a draft, at most once for each member."""
    kept = normalised(draft)
    fits = {
        "email": valid_email(kept.email),
        "language": _LANGUAGE.fullmatch(kept.language),
        **dict.fromkeys(_malformed_members(kept.address, names=1), False),
        "domain": valid_domain(kept.domain),
        "company_name": fits_line(kept.company_name, 1, COMPANY_LENGTH),
        "culture": _CULTURE.fullmatch(kept.culture),
    }
    return [
        *(Rejected("request.invalid-property", name=name) for name, fit in fits.items() if not fit),
        *country_violations(kept.address.country, "address.country", countries),
        *_registration_violations(kept),
    ]


def country_violations(country: str, name: str, countries: Collection[str]) -> Iterator[Rejected]:
    """Find two capitals that are none of the countries; names the right code where that is known."""
    if _COUNTRY.fullmatch(country) and country not in countries:
        if country in MEANT:
            yield Rejected("customer.country-meant", name=name, country=country, nearest=MEANT[country])
        else:
            yield Rejected("customer.country-unknown", name=name, country=country)


def _registration_violations(draft: CustomerDraft) -> Iterator[Rejected]:
    expected, number = REGISTRATION_FORMATS.get(draft.address.country), draft.registration_number
    if expected is None:
        if number:
            yield Rejected("customer.registration-not-supported", name="registration_number")
        return
    if not number:
        yield Rejected("customer.registration-missing", name="registration_number")
    elif re.fullmatch(expected, number, re.ASCII) is None:
        yield Rejected("customer.registration-malformed", name="registration_number", format=expected)
    if not draft.address.phone:
        yield Rejected("customer.phone-missing", name="address.phone")


def _malformed_members(address: Address, names: int = 0) -> Iterator[str]:
    """Return the members of an address that are not of their form.

    Args:
        names: minimum length of a person's names.
    """
    if _COUNTRY.fullmatch(address.country) is None:
        yield "address.country"
    for member, (least, most) in _PLACE.items():
        if not fits_line(getattr(address, member), names if member in _NAMES else least, most):
            yield f"address.{member}"


def _normalised_address(address: Address) -> Address:
    members = {member: getattr(address, member).strip() for member in _PLACE}
    return Address(country=address.country.strip().upper(), **members)


def _normalised_culture(culture: str) -> str:
    """Write language, script and country each in its usual case, such as `en-US` or `sr-Latn-RS`."""
    found = _CULTURE.fullmatch(culture)
    if found is None:
        return culture
    language, script, country = found.groups()
    return "-".join(filter(None, (language.lower(), script and script.title(), country.upper())))
