"""Confirmations: what makes one valid, when a repeat is a duplicate, and how one ends (R15–R17, R36, R47)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from agreegate.domain.actor import Channel, UserId
from agreegate.domain.agreements.accepted_text import AcceptedText, inferred, same_text, stated, version_named
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
"""How far a caller's clock may run ahead of ours (contract 4.2)."""
EASTERNMOST = timedelta(hours=14)
"""How far local time can be ahead of UTC: the tolerance for a date written without a zone (contract 4.2)."""


@dataclass(frozen=True, slots=True)
class PrimaryContact:
    """The person in the customer organisation who accepted (R15, R24). Kept apart, so that it can be erased."""

    first_name: str
    last_name: str
    email: str
    phone: str | None = None

    def stripped(self) -> "PrimaryContact":
        """The contact without surrounding blanks; a blank phone is none."""
        phone = (self.phone or "").strip() or None
        return PrimaryContact(self.first_name.strip(), self.last_name.strip(), self.email.strip(), phone)


@dataclass(frozen=True, slots=True)
class Employee:
    """The real partner employee behind a designated account (R28)."""

    name: str
    email: str | None = None
    reference: str | None = None

    def stripped(self) -> "Employee":
        """The employee without surrounding blanks; a blank e-mail address or reference is none."""
        email, reference = (self.email or "").strip() or None, (self.reference or "").strip() or None
        return Employee(self.name.strip(), email, reference)


@dataclass(frozen=True, slots=True)
class Collection:
    """Through whom an indirect provider got the data that it confirms (R22, R23). The exchange itself is not ours."""

    reseller_id: PartnerId
    person: str
    """Who handed the data over, at the reseller."""
    collected_on: datetime
    """Midnight UTC of the day."""


@dataclass(frozen=True, slots=True)
class CollectionDraft:
    """A collection as the provider hands it in, before any rule has looked at it."""

    reseller_id: PartnerId
    person: str
    collected_on: datetime | None
    """Midnight UTC of the day. None: it is missing, or cannot be read."""

    def accepted(self) -> Collection:
        """The collection without surrounding blanks, once no rule is broken."""
        assert self.collected_on is not None  # noqa: S101 - else it is a violation
        return Collection(self.reseller_id, self.person.strip(), self.collected_on)


@dataclass(frozen=True, slots=True)
class Draft:
    """A confirmation as the partner hands it in, before any rule has looked at it."""

    contact: PrimaryContact
    template_id: TemplateId
    date_agreed: datetime | None
    """None: it is missing, or cannot be read."""
    date_zoned: bool = True
    """False when the date came without a zone: it may then be ahead by the easternmost local time."""
    version: str | None = None
    """Label or id of the text that was accepted, where a person names it (R35, R38); None: the date tells it."""
    user_id: UserId | None = None
    """The confirming user when named; None: the caller itself (X8)."""
    employee: Employee | None = None
    collection: CollectionDraft | None = None


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


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules compare a draft with."""

    now: datetime
    template: AgreementTemplate | None
    """None: the programme has no template of the draft's id."""
    user_id: UserId | None
    """The confirming user, named or the caller; None: an application that names no user."""
    user_known: bool = True
    """The confirming user is one of the partner's."""
    designated: bool = False
    """The confirming user and the caller are designated accounts."""
    resellers: frozenset[PartnerId] | None = None
    """Linked resellers, at least the draft's if it is one; None: the partner is no indirect provider."""
    published: Sequence[TextVersion] | None = None
    """The versions that may be named. None: none is compared; no text was in force anywhere yet and none is named."""
    country: str = ""
    language: str = ""
    """Of the customer: the text is inferred from them."""
    current: Repeated | None = None
    """The current confirmation of the same template; None: there is none."""
    period: int = 0
    """Of the relationship."""
    no_longer_agrees_at: datetime | None = None
    """Since when the customer no longer agrees, if that was ever recorded (R47)."""
    partner_domains: Sequence[str] = ()
    reseller_domains: Sequence[str] = ()
    """Mail domains of the partner, and of the resellers that work with it (X14)."""
    latest_day: datetime | None = None
    """Midnight UTC of the last day that has begun where customer and partner are; None: it is not known where they are."""


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


def violations_of(draft: Draft, facts: Facts) -> list[Rejected]:
    """Everything that is wrong with a confirmation, in the order in which a single error is chosen; empty: it can be recorded.

    Each error names its member by a name of the domain: `contact.first_name`, `contact.last_name`, `contact.email`,
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
    if not found and _repeats(draft, facts):
        found.append(Rejected("confirmation.already-exists"))
    return found


def violations_of_contact(contact: PrimaryContact) -> list[Rejected]:
    """What is wrong with a contact: a name is blank or longer than 50 characters, the address has no form of one (R15, R16)."""
    contact = contact.stripped()
    return [
        *_text(contact.first_name, "contact.first_name", NAME_LENGTH),
        *_text(contact.last_name, "contact.last_name", NAME_LENGTH),
        *([] if contact.email else [Rejected("request.invalid-property", name="contact.email")]),
        *_email(contact.email, "contact.email"),
        *_text(contact.phone, "contact.phone", PHONE_LENGTH),
    ]


def violations_of_employee(employee: Employee) -> list[Rejected]:
    """What is wrong with an employee: only the name is required (R28)."""
    employee = employee.stripped()
    return [
        *_text(employee.name, "employee.name", 2 * NAME_LENGTH),
        *_email(employee.email, "employee.email"),
        *_text(employee.reference, "employee.reference", NAME_LENGTH),
    ]


def confirmed_text(draft: Draft, facts: Facts) -> AcceptedText | None:
    """Which text is confirmed: the one that is named, else the one that date, country and language tell.

    None where no text has been in force yet and none is named: nothing can be said.

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
    current: Repeated | None,
    template: AgreementTemplate,
    now: datetime,
) -> bool:
    """Whether a confirmation is a repeat that the programme refuses: same names, e-mail, phone and text (contract 4.2, D17).

    The date of acceptance tells nothing apart by itself. Reconfirming an outdated text is never a repeat.

    Args:
        contact: the one handed in, without surrounding blanks.
        text: the one that is confirmed; None where none is in force.
        current: the current confirmation of the same template; None when there is none.
    """
    if current is None or current.outdated or not template.refuses_duplicates(now):
        return False
    return contact == current.contact and same_text(text, current.text)


def _repeats(draft: Draft, facts: Facts) -> bool:
    if facts.template is None or facts.current is None:
        return False
    text = confirmed_text(draft, facts)
    return repeats(draft.contact.stripped(), text, facts.current, facts.template, facts.now)


def _collection(collection: CollectionDraft, facts: Facts) -> Iterator[Rejected]:
    """Only an indirect provider collects, from its own resellers, and on a day that has come (R22, R23)."""
    if facts.resellers is None:
        yield Rejected("request.invalid-property", name="collection")
        return
    yield from _text(collection.person.strip(), "collection.person", 2 * NAME_LENGTH)
    yield from _date(collection.collected_on, facts, "collection.collected_on", zoned=False)
    if collection.reseller_id not in facts.resellers:
        yield Rejected("customer.reseller-not-linked", name="collection.reseller_id")


def _date(date: datetime | None, facts: Facts, name: str, *, zoned: bool) -> Iterator[Rejected]:
    """A date that is there and does not lie ahead (X11, contract 4.2)."""
    latest = facts.now + CLOCK_SKEW if zoned else facts.latest_day or facts.now + EASTERNMOST
    if date is None:
        yield Rejected("request.invalid-property", name=name)
    elif date > latest:
        yield Rejected("confirmation.agreed-in-future", name=name)


def _email(address: str | None, name: str) -> Iterator[Rejected]:
    if address and not valid_email(address):
        yield Rejected("confirmation.invalid-email", name=name)


def _text(value: str | None, name: str, most: int) -> Iterator[Rejected]:
    """Any script is welcome; control characters and nothing to read are not. None needs no text.

    Args:
        value: without blanks around it.
    """
    if value is None or (0 < len(value) <= most and value.isascii() and value.isprintable()):
        return  # printable ASCII without blanks around shows something and holds no control character: most names
    if not fits_line(value, 1, most):
        yield Rejected("request.invalid-property", name=name)
