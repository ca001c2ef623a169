"""Confirmations: what makes one valid, when a repeat is a duplicate, and how one ends (R15–R17, R36, R47)."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from unicodedata import bidirectional, category, combining

from agreegate.domain.accepted_text import AcceptedText, same_text
from agreegate.domain.actor import Channel, UserId
from agreegate.domain.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.errors import (
    AgreedInFuture,
    AlreadyConfirmed,
    InvalidEmail,
    InvalidProperty,
    TemplateRetired,
)
from agreegate.domain.partner import PartnerId

ConfirmationId = NewType("ConfirmationId", str)

NAME_LENGTH = 50
EMAIL_LENGTH = 254
PHONE_LENGTH = 50
NOTE_LENGTH = 1000

CLOCK_SKEW = timedelta(minutes=5)
"""How far a caller's clock may run ahead of ours (contract 4.2)."""
EASTERNMOST = timedelta(hours=14)
"""How far local time can be ahead of UTC: the tolerance for a date written without a zone (contract 4.2)."""

# The classic form: a local part that is dotted (the characters RFC 5322 allows unquoted, and letters beyond ASCII as in
# RFC 6531) or quoted; then a dotted domain, or an IPv4 address in brackets. Only the form is checked (R16).
_ATOM = r"[^\s\x00-\x20()<>\[\]:;,\\\"@.\x7f]+"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_TOP_LABEL = r"[^\W\d_](?:[\w-]{0,61}[^\W_])?"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_EMAIL = re.compile(
    rf"(?:{_ATOM}(?:\.{_ATOM})*|\"(?:[^\x00-\x1f\"\\\x7f]|\\[^\x00-\x1f\x7f])+\")"
    rf"@(?:(?:{_LABEL}\.)+{_TOP_LABEL}|\[{_OCTET}(?:\.{_OCTET}){{3}}\])"
)

_SIGNS = frozenset("\u0375\u05f3\u05f4\u06fd\u06fe\u0f0b\u30fb")
"""Signs of scripts that a domain may have beside letters and digits (IDNA 2008, RFC 5892): `re` counts them as neither."""
_ANY_LETTER = "a"
_MIDDLE_DOT = "\u00b7"
_NON_JOINER, _JOINER = "\u200c", "\u200d"
_VIRAMA = 9
"""The combining class of signs after which letters are joined or kept apart, as in Sinhala."""

_CONTROL = frozenset({"Cc", "Cs"})
"""Control characters, and halves of a character, which no database keeps."""
_UNSEEN = _CONTROL | {"Cf"}
"""Likewise, and what is not seen: in an address it can only mislead. Names need it in some scripts."""
_BLANK = _UNSEEN | {"Zs", "Zl", "Zp"}
"""What is nothing to a reader, however much there is of it."""


@dataclass(frozen=True, slots=True)
class PrimaryContact:
    """The person in the customer organisation who accepted (R15, R24). Kept apart, so that it can be erased."""

    first_name: str
    last_name: str
    email: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Employee:
    """The real partner employee behind a designated account (R28)."""

    name: str
    email: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Collection:
    """Through whom an indirect provider got the data that it confirms (R22, R23). The exchange itself is not ours."""

    reseller_id: PartnerId
    person: str
    """Who handed the data over, at the reseller."""
    collected_on: datetime
    """Midnight UTC of the day."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A confirmation as the partner hands it in, before any rule has looked at it."""

    contact: PrimaryContact
    template_id: TemplateId
    date_agreed: datetime
    date_zoned: bool = True
    """False when the date came without a zone: it may then be ahead by the easternmost local time."""
    version: str | None = None
    """Label or id of the text that was accepted, where a person names it (R35, R38); None: the date tells it."""
    user_id: UserId | None = None
    """The confirming user when named; None: the caller itself (X8)."""
    employee: Employee | None = None
    collection: Collection | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The partner's record that a customer accepted. Never changed once recorded."""

    id: ConfirmationId
    sequence: int
    """Order of recording among this customer's confirmations and endings with this partner."""
    template_id: TemplateId
    agreement_type: AgreementType
    date_agreed: datetime
    contact: PrimaryContact | None
    """None once erased."""
    user_id: UserId
    """The confirming user (the wire's `userId`)."""
    recorded_by: str
    """The token's user or application."""
    channel: Channel
    recorded_at: datetime
    request_id: str | None = None
    confirmed_by: Employee | None = None


@dataclass(frozen=True, slots=True)
class Repeated:
    """The current confirmation of a template, as far as another one can repeat it (D17)."""

    contact: PrimaryContact | None
    """None once erased."""
    text: AcceptedText | None = None
    """None where no text was in force: then it is known as little as when it is undetermined."""
    outdated: bool = False
    """A newer major text binds the customer."""


class EndReason(StrEnum):
    """Why a confirmation stopped counting."""

    NO_LONGER_AGREES = "no_longer_agrees"
    """The customer's word: it ends every agreement type, and is never forgotten (R47)."""
    RECORDED_IN_ERROR = "recorded_in_error"
    """The partner's mistake: the record stays, the state before it returns (R17)."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The partner's record that a confirmation no longer counts. Never changed once recorded."""

    id: str
    sequence: int
    reason: EndReason
    confirmation_id: ConfirmationId | None
    """The one taken back; None for a refusal, which ends them all."""
    note: str
    recorded_by: str
    channel: Channel
    recorded_at: datetime


def valid_email(address: str) -> bool:
    """Whether the text has the form of an e-mail address (R16). Nothing is asked of the mail system."""
    if len(address) > EMAIL_LENGTH:
        return False
    if not address.isascii():
        local, at, domain = address.rpartition("@")
        address = local + at + _letters_of(domain)
        if not _UNSEEN.isdisjoint(map(category, address)):
            return False
    return _EMAIL.fullmatch(address) is not None


def _letters_of(domain: str) -> str:
    """The domain with a letter for each mark, and for each sign that IDNA 2008 allows where it is. The form refuses others."""
    return "".join(
        _ANY_LETTER
        if sign in _SIGNS
        or category(sign).startswith("M")
        or (sign == _MIDDLE_DOT and before.lower() == after.lower() == "l")
        or (sign in (_NON_JOINER, _JOINER) and combining(before) == _VIRAMA)
        or (sign == _NON_JOINER and _arabic(before) and _arabic(after))
        else sign
        for before, sign, after in zip(f" {domain}", domain, f"{domain} "[1:], strict=False)
    )


def _arabic(sign: str) -> bool:
    """Whether it is a letter of Arabic or of a script whose letters join likewise."""
    return bidirectional(sign) == "AL"


def nothing_to_read(text: str) -> bool:
    """Whether a reader would see nothing: there is no character, or none that shows."""
    return all(category(character) in _BLANK for character in text)


def checked_contact(contact: PrimaryContact) -> PrimaryContact:
    """The contact with surrounding blanks removed, if every required member is there and of its form (R15, R16).

    Raises:
        InvalidProperty: a name is blank or longer than 50 characters, or a member holds control characters.
        InvalidEmail: the address is not of the form of one.
    """
    first_name = _text(contact.first_name, "primaryContact.firstName", NAME_LENGTH)
    last_name = _text(contact.last_name, "primaryContact.lastName", NAME_LENGTH)
    email = contact.email.strip()
    if not email:
        raise InvalidProperty(name="primaryContact.email")
    if not valid_email(email):
        raise InvalidEmail(name="primaryContact.email")
    phone = _text(contact.phone, "primaryContact.phoneNumber", PHONE_LENGTH) if (contact.phone or "").strip() else None
    return PrimaryContact(first_name, last_name, email, phone)


def checked_employee(employee: Employee) -> Employee:
    """The employee with surrounding blanks removed (R28).

    Raises:
        InvalidProperty: there is no name, something is too long, or holds control characters.
        InvalidEmail: an address is given and is not of the form of one.
    """
    name = _text(employee.name, "confirmedBy.name", 2 * NAME_LENGTH)
    email = (employee.email or "").strip() or None
    if email is not None and not valid_email(email):
        raise InvalidEmail(name="confirmedBy.email")
    reference = (
        _text(employee.reference, "confirmedBy.ref", NAME_LENGTH) if (employee.reference or "").strip() else None
    )
    return Employee(name, email, reference)


def checked_collection(collection: Collection, now: datetime) -> Collection:
    """The collection with surrounding blanks removed, if a person is named and the day has come (R23).

    Raises:
        InvalidProperty: nobody is named, the name is too long, or holds control characters.
        AgreedInFuture: the day lies ahead, however far east.
    """
    person = _text(collection.person, "collectedThrough.person", 2 * NAME_LENGTH)
    if collection.collected_on > now + EASTERNMOST:
        raise AgreedInFuture(name="collectedThrough.date")
    return replace(collection, person=person)


def check_draft(draft: Draft, template: AgreementTemplate, now: datetime) -> None:
    """Refuse a date in the future and a retired template (X11, contract 4.2).

    Raises:
        AgreedInFuture, TemplateRetired.
    """
    if template.retired(now):
        raise TemplateRetired(agreement=template.title, template=template.id)
    if draft.date_agreed > now + (CLOCK_SKEW if draft.date_zoned else EASTERNMOST):
        raise AgreedInFuture(name="dateAgreed")


def check_duplicate(
    contact: PrimaryContact,
    text: AcceptedText | None,
    current: Repeated | None,
    template: AgreementTemplate,
    now: datetime,
) -> None:
    """Refuse an identical repeat where the programme does: same names, e-mail, phone and text (contract 4.2, D17).

    The date of acceptance tells nothing apart by itself. Whoever confirms an outdated text anew repeats nothing, whatever
    is handed in.

    Args:
        contact: the one handed in.
        text: the one that is confirmed; None where none is in force.
        current: the current confirmation of the same template; None when there is none.

    Raises:
        AlreadyConfirmed.
    """
    if current is None or current.outdated or not template.refuses_duplicates(now):
        return
    if contact == current.contact and same_text(text, current.text):
        raise AlreadyConfirmed


def _text(value: str | None, name: str, most: int) -> str:
    """The value without surrounding blanks. Any script is welcome; control characters and nothing to read are not."""
    stripped = (value or "").strip()
    kinds = {category(character) for character in stripped[: most + 1]}
    if len(stripped) > most or nothing_to_read(stripped) or not kinds.isdisjoint(_CONTROL):
        raise InvalidProperty(name=name)
    return stripped
