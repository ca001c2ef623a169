"""Confirmations: what makes one valid, when a repeat is a duplicate, and how one ends (R15–R17, R36, R47)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from agreegate.domain.actor import Channel, UserId
from agreegate.domain.agreements.accepted_text import AcceptedText, inferred, stated, version_named
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType, TemplateId
from agreegate.domain.agreements.text import TextVersion
from agreegate.domain.characters import fits_line
from agreegate.domain.customers.email import valid_email
from agreegate.domain.error import Rejected
from agreegate.domain.partner import PartnerId

ConfirmationId = NewType("ConfirmationId", str)

NAME_LENGTH = 50
PHONE_LENGTH = 50
NOTE_LENGTH = 1000

CLOCK_SKEW = timedelta(minutes=5)
"""How far a caller's clock may be ahead of Agreegate's (contract 4.2)."""
EASTERNMOST = timedelta(hours=14)
"""How far local time can be ahead of UTC: the tolerance for a date without a zone (contract 4.2)."""


@dataclass(frozen=True, slots=True)
class PrimaryContact:
    """The person at the customer who accepted (R15, R24), stored apart so that the data can be erased."""

    first_name: str
    last_name: str
    email: str
    phone: str | None = None

    def stripped(self) -> "PrimaryContact":
        """Return the contact without surrounding blanks; a blank phone becomes None."""
        phone = (self.phone or "").strip() or None
        return PrimaryContact(self.first_name.strip(), self.last_name.strip(), self.email.strip(), phone)


@dataclass(frozen=True, slots=True)
class Employee:
    """The employee of the partner who used a designated account (R28)."""

    name: str
    email: str | None = None
    reference: str | None = None

    def stripped(self) -> "Employee":
        """Return the employee without surrounding blanks; a blank e-mail address or reference becomes None."""
        email, reference = (self.email or "").strip() or None, (self.reference or "").strip() or None
        return Employee(self.name.strip(), email, reference)


@dataclass(frozen=True, slots=True)
class Collection:
    """The reseller that gave an indirect provider the data that it confirms (R22, R23)."""

    reseller_id: PartnerId
    person: str
    """The reseller's employee who gave the data."""
    collected_on: datetime
    """Midnight UTC of the day."""


@dataclass(frozen=True, slots=True)
class CollectionDraft:
    """An unchecked collection."""

    reseller_id: PartnerId
    person: str
    collected_on: datetime | None
    """Midnight UTC of the day. None: missing or unreadable."""

    def accepted(self) -> Collection:
        """Return the collection without surrounding blanks, once it has no violation."""
        assert self.collected_on is not None  # noqa: S101 - else it is a violation
        return Collection(self.reseller_id, self.person.strip(), self.collected_on)


@dataclass(frozen=True, slots=True)
class Draft:
    """An unchecked confirmation."""

    contact: PrimaryContact
    template_id: TemplateId
    date_agreed: datetime | None
    """None: missing or unreadable."""
    date_zoned: bool = True
    """False: the date came without a zone, and may be ahead by the easternmost local time."""
    version: str | None = None
    """Label or id of the accepted text, where a person names it (R35, R38); None: inferred from the date."""
    user_id: UserId | None = None
    """The confirming user; None: the caller (X8)."""
    employee: Employee | None = None
    collection: CollectionDraft | None = None


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The partner's record that a customer accepted; it never changes."""

    id: ConfirmationId
    sequence: int
    """Order of recording among the customer's confirmations and endings with this partner."""
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
    """The parts of the current confirmation that another one can repeat (decision 0017)."""

    contact: PrimaryContact | None
    """None once erased."""
    text: AcceptedText | None = None
    """None: no text was in force, which compares like an undetermined text."""
    outdated: bool = False
    """A newer major text binds the customer."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that the rules compare with a draft."""

    now: datetime
    template: AgreementTemplate | None
    """None: the programme has no template of the draft's id."""
    user_id: UserId | None
    """The confirming user; None: an application that names no user."""
    user_known: bool = True
    """The confirming user is a user of the partner."""
    designated: bool = False
    """The confirming user and the caller are designated accounts."""
    resellers: frozenset[PartnerId] | None = None
    """Linked resellers, at least the draft's if it is linked; None: the partner is no indirect provider."""
    published: Sequence[TextVersion] | None = None
    """The versions that may be named. None: no text has been in force anywhere yet, and the draft names no version."""
    country: str = ""
    language: str = ""
    """The customer's, from which the text is inferred."""
    current: Repeated | None = None
    """The current confirmation of the same template, if there is one."""
    period: int = 0
    """The relationship period."""
    no_longer_agrees_at: datetime | None = None
    """When the partner last recorded that the customer no longer agrees (R47)."""
    partner_domains: Sequence[str] = ()
    reseller_domains: Sequence[str] = ()
    """Mail domains of the partner and of its resellers (X14)."""
    latest_day: datetime | None = None
    """Midnight UTC of the last day that has begun where customer and partner are; None: their zones are not known."""


class EndReason(StrEnum):
    """Why a confirmation no longer counts."""

    NO_LONGER_AGREES = "no_longer_agrees"
    """The customer no longer agrees: ends every agreement type (R47)."""
    RECORDED_IN_ERROR = "recorded_in_error"
    """The partner voids it: the record stays, and the state before it returns (R17)."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The partner's record that a confirmation no longer counts; it never changes."""

    id: str
    sequence: int
    reason: EndReason
    confirmation_id: ConfirmationId | None
    """The voided confirmation; None: the customer no longer agrees, which ends every confirmation."""
    note: str
    recorded_by: str
    channel: Channel
    recorded_at: datetime


def violations_of(draft: Draft, facts: Facts) -> list[Rejected]:
    """Return every violation of a confirmation; a client that can show one gets the first.

    Each violation names its member as the domain does: `contact.first_name`, `contact.last_name`, `contact.email`,
    `contact.phone`, `employee`, `employee.name`, `employee.email`, `employee.reference`, `template_id`, `date_agreed`,
    `collection`, `collection.person`, `collection.collected_on`, `collection.reseller_id`, `version`.
    """
    found = [*violations_of_contact(draft.contact)]
    if draft.employee is not None:
        found += violations_of_employee(draft.employee)
    if facts.template is None:
        found.append(Rejected("confirmation.template-unknown", name="template_id"))
    elif facts.template.retired(facts.now):
        found.append(
            Rejected("confirmation.template-retired", agreement=facts.template.title, template=facts.template.id)
        )
    found += _date(draft.date_agreed, facts, "date_agreed", zoned=draft.date_zoned)
    if draft.collection is not None:
        found += _collection(draft.collection, facts)
    if facts.user_id is None:
        found.append(Rejected("access.user-required"))
    elif not facts.user_known:
        found.append(Rejected("confirmation.user-unknown", user=facts.user_id))
    if draft.employee is not None and not facts.designated:
        found.append(Rejected("confirmation.not-designated", name="employee"))
    named = None if facts.published is None else draft.version
    if named is not None and version_named(facts.published or (), named) is None:
        found.append(Rejected("text.version-unknown", name="version"))
    if not found and facts.template is not None and facts.current is not None:
        text = confirmed_text(draft, facts)
        if repeats(draft.contact.stripped(), text, facts.current, facts.template, facts.now):
            found.append(Rejected("confirmation.already-exists"))
    return found


def violations_of_contact(contact: PrimaryContact) -> list[Rejected]:
    """Return the violations of a contact: a blank or long name, or a malformed e-mail address (R15, R16)."""
    contact = contact.stripped()
    return [
        *_text(contact.first_name, "contact.first_name", NAME_LENGTH),
        *_text(contact.last_name, "contact.last_name", NAME_LENGTH),
        *([] if contact.email else [Rejected("request.invalid-property", name="contact.email")]),
        *_email(contact.email, "contact.email"),
        *_text(contact.phone, "contact.phone", PHONE_LENGTH),
    ]


def violations_of_employee(employee: Employee) -> list[Rejected]:
    """Return the violations of an employee; only the name is required (R28)."""
    employee = employee.stripped()
    return [
        *_text(employee.name, "employee.name", 2 * NAME_LENGTH),
        *_email(employee.email, "employee.email"),
        *_text(employee.reference, "employee.reference", NAME_LENGTH),
    ]


def confirmed_text(draft: Draft, facts: Facts) -> AcceptedText | None:
    """Return the confirmed text: the named one, else the one inferred from date, country and language.

    None where no text has been in force yet and the draft names none.

    Raises:
        `text.version-unknown`: no version that may be named has this label or id.
    """
    if facts.published is None or draft.date_agreed is None:
        return None
    if draft.version is not None:
        return stated(facts.published, draft.version, facts.country, facts.language)
    return inferred(facts.published, facts.country, facts.language, draft.date_agreed, facts.now)


def repeats(
    contact: PrimaryContact,
    text: AcceptedText | None,
    current: Repeated,
    template: AgreementTemplate,
    now: datetime,
) -> bool:
    """Whether the programme refuses a confirmation as a duplicate: same names, e-mail, phone and text (decision 0017).

    The date of acceptance is not compared. Reconfirming an outdated text is never a duplicate.

    Args:
        contact: of the new confirmation, without surrounding blanks.
        text: of the new confirmation; None where none is in force.
        current: the current confirmation of the same template.
    """
    if current.outdated or not template.refuses_duplicates(now) or contact != current.contact:
        return False
    # Two unknown texts count as one, because nothing distinguishes them.
    return (text and text.version_id) == (current.text and current.text.version_id)


def _collection(collection: CollectionDraft, facts: Facts) -> Iterator[Rejected]:
    """Only an indirect provider collects, from its own resellers, and not on a future day (R22, R23)."""
    if facts.resellers is None:
        yield Rejected("request.invalid-property", name="collection")
        return
    yield from _text(collection.person.strip(), "collection.person", 2 * NAME_LENGTH)
    yield from _date(collection.collected_on, facts, "collection.collected_on", zoned=False)
    if collection.reseller_id not in facts.resellers:
        yield Rejected("customer.reseller-not-linked", name="collection.reseller_id")


def _date(date: datetime | None, facts: Facts, name: str, *, zoned: bool) -> Iterator[Rejected]:
    """A date is required and must not be in the future (X11, contract 4.2)."""
    latest = facts.now + CLOCK_SKEW if zoned else facts.latest_day or facts.now + EASTERNMOST
    if date is None:
        yield Rejected("request.invalid-property", name=name)
    elif date > latest:
        yield Rejected("confirmation.agreed-in-future", name=name)


def _email(address: str | None, name: str) -> Iterator[Rejected]:
    if address and not valid_email(address):
        yield Rejected("confirmation.invalid-email", name=name)


def _text(value: str | None, name: str, most: int) -> Iterator[Rejected]:
    """A text of any script must show something and hold no control character. None is no violation.

    Args:
        value: without surrounding blanks.
    """
    if value is None or (0 < len(value) <= most and value.isascii() and value.isprintable()):
        return  # a short way for most names
    if not fits_line(value, 1, most):
        yield Rejected("request.invalid-property", name=name)
