"""Customers: what a partner must say of one to create it, and the limits of each member (contract 3.7, 4.7, R19)."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType

from agreegate.domain.characters import nothing_to_read
from agreegate.domain.email import valid_email
from agreegate.domain.error import Rejected
from agreegate.domain.text import DEFAULT_LANGUAGE, primary_subtag

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
"""How many customers a sandbox account may have at one time (contract section 1)."""

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
"""Countries whose organisations must name their registration number and a phone, with the form of the number there.
Nowhere else may one be given (contract 3.7). The forms are those of each country's taxpayer numbers: our choice."""


class _WithoutAccents(dict[int, str | None]):
    """Maps characters for `str.translate`: accents to nothing, most others to themselves. Filled as characters are met."""

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
    """Where a customer is, and who is reached there. Without names it is only a place."""

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
    """A customer as the partner hands it in."""

    domain: str
    company_name: str
    email: str
    culture: str
    language: str
    address: Address
    registration_number: str | None = None


@dataclass(frozen=True, slots=True)
class BillingContact:
    """Whom bills and other mail reach. Personal data, kept apart, so that it can be erased."""

    profile_id: str
    etag: str
    email: str
    address: Address


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer, as one partner has it: the partner's own copy, of which only the tenant id is shared (D13)."""

    id: CustomerId
    commerce_id: str
    company_name: str
    domain: str
    """In lower case."""
    country: str
    language: str
    """Two or three letters, or a culture such as `pt-PT`: as the partner wrote it."""
    culture: str
    """Such as `fr-FR`."""
    registration_number: str | None = None
    billing: BillingContact | None = None
    """None once erased."""

    @property
    def text_language(self) -> str:
        """The language that the customer reads texts in."""
        return text_language(self.language, self.culture)


@dataclass(frozen=True, slots=True)
class CustomerSummary:
    """What a list of customers shows of each."""

    id: CustomerId
    company_name: str
    domain: str


class SearchField(StrEnum):
    """What customers are looked for by (contract 4.7)."""

    COMPANY_NAME = "company_name"
    DOMAIN = "domain"
    INDIRECT_RESELLER = "indirect_reseller"
    INDIRECT_PROVIDER = "indirect_provider"


@dataclass(frozen=True, slots=True)
class Search:
    """One condition on a list of customers. A partner, reseller or provider, is named by its whole tenant id."""

    field: SearchField
    value: str
    whole: bool = False
    """The member equals the value; else it starts with it. In any case of letters."""


def search_key(text: str) -> str:
    """Fold a text: the key by which names are ordered and found, the same for capitals, accents, widths and ligatures.

    *ß* folds to *ss*, *İ* to *i*, full width to half width. Marks that make another letter of their script stay: the voicing
    of kana, Indic signs, Thai vowels. Folding a key changes nothing.
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", folded.translate(_WITHOUT_ACCENTS))


def text_language(language: str, culture: str) -> str:
    """The language to look for texts in, where a partner gave these two. Clients send `en` when nobody chose a language.

    `pt` beside the culture `pt-BR` is `pt-BR`; `pt-PT` is `pt-PT`; `fr` beside `de-CH` is `fr`; `en` beside `de-CH` is `de-CH`.
    """
    spoken = primary_subtag(language)
    if spoken == primary_subtag(culture):
        return language if "-" in language else culture
    return culture if spoken == primary_subtag(DEFAULT_LANGUAGE) else language


def checked_domain(domain: str) -> str:
    """The domain name in lower case.

    Raises:
        `request.invalid-property`: it has not the form of one: two labels at least, of letters, digits and hyphens.
    """
    lower = domain.strip().lower()
    if len(lower) > DOMAIN_LENGTH or _DOMAIN.fullmatch(lower) is None:
        raise Rejected("request.invalid-property", name="domain")
    return lower


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
"""Each member of an address but its country: how long it is at least and at most."""


def checked_address(address: Address) -> Address:
    """The address with surrounding blanks removed, if each member keeps to its limits (contract 4.7).

    Raises:
        `request.invalid-property`.
    """
    country = _country(address.country, "address.country")
    members = {
        member: _text(getattr(address, member), f"address.{member}", least, most)
        for member, (least, most) in _PLACE.items()
    }
    return Address(country=country, **members)


def checked_draft(draft: CustomerDraft) -> CustomerDraft:
    """The draft in its canonical spelling, if a customer can be made of it (R19, contract 4.7).

    Raises:
        `request.invalid-property`: a member is missing, too long or not of its form.
        `customer.registration-missing`, `customer.registration-malformed`, `customer.registration-not-supported`,
            `customer.phone-missing`: what the customer's country asks for, or does not know (contract 3.7).
    """
    for fault in faults_of(draft):
        raise fault
    return replace(
        draft,
        domain=checked_domain(draft.domain),
        company_name=draft.company_name.strip(),
        email=draft.email.strip(),
        culture=_culture(draft.culture, "culture"),
        language=draft.language.strip(),
        address=checked_address(draft.address),
        registration_number=(draft.registration_number or "").strip() or None,
    )


def faults_of(draft: CustomerDraft) -> list[Rejected]:
    """Everything for which `checked_draft` refuses a draft, one refusal for each member at most; empty: it is fine."""
    address, found = draft.address, list[Rejected]()

    def look(rule: Callable[..., object], *arguments: object) -> None:
        try:
            rule(*arguments)
        except Rejected as fault:
            found.append(fault)

    look(_email, draft.email, "email")
    look(_language, draft.language, "language")
    look(_country, address.country, "address.country")
    for member, (least, most) in _PLACE.items():
        named = member in ("first_name", "last_name")
        look(_text, getattr(address, member), f"address.{member}", 1 if named else least, most)
    look(checked_domain, draft.domain)
    look(_text, draft.company_name, "company_name", 1, COMPANY_LENGTH)
    look(_culture, draft.culture, "culture")
    country = address.country.strip().upper()
    look(_registration, draft.registration_number, country, "registration_number")
    if country in REGISTRATION_FORMATS and not address.phone.strip():
        found.append(Rejected("customer.phone-missing", name="address.phone"))
    return found


def _email(written: str, name: str) -> None:
    if not valid_email(written.strip()):
        raise Rejected("request.invalid-property", name=name)


def _language(written: str, name: str) -> None:
    if _LANGUAGE.fullmatch(written.strip()) is None:
        raise Rejected("request.invalid-property", name=name)


def _country(written: str, name: str) -> str:
    country = written.strip().upper()
    if _COUNTRY.fullmatch(country) is None:
        raise Rejected("request.invalid-property", name=name)
    return country


def _registration(written: str | None, country: str, name: str) -> None:
    expected, number = REGISTRATION_FORMATS.get(country), (written or "").strip()
    if expected is None:
        if number:
            raise Rejected("customer.registration-not-supported", name=name)
    elif not number:
        raise Rejected("customer.registration-missing", name=name)
    elif re.fullmatch(expected, number, re.ASCII) is None:
        raise Rejected("customer.registration-malformed", name=name, format=expected)


def _culture(culture: str, name: str) -> str:
    """Language, script and country each in its own case, such as `en-US` or `sr-Latn-RS`."""
    found = _CULTURE.fullmatch(culture.strip())
    if found is None:
        raise Rejected("request.invalid-property", name=name)
    language, script, country = found.groups()
    return "-".join(filter(None, (language.lower(), script and script.title(), country.upper())))


def _text(value: str, name: str, least: int, most: int) -> str:
    """The value without surrounding blanks. Any script is welcome; control characters and nothing to read are not."""
    stripped = value.strip()
    if stripped and nothing_to_read(stripped):
        raise Rejected("request.invalid-property", name=name)
    if not least <= len(stripped) <= most or any(c < " " or c == "\x7f" for c in stripped):
        raise Rejected("request.invalid-property", name=name)
    return stripped
