"""Agreement metadata, confirmations and documents on the wire (contract 4.1–4.4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Self

from msgspec.structs import replace

from agreegate.api.confirmed_by import NAME as CONFIRMED_BY
from agreegate.api.instant import parse_instant, written_bare, written_utc
from agreegate.api.paths import as_guid
from agreegate.api.wire import Collection, Link, ObjectType, Wire
from agreegate.domain.actor import UserId
from agreegate.domain.agreements.agreement import AgreementTemplate, TemplateId
from agreegate.domain.confirmation import Confirmation, Draft, Employee, PrimaryContact
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme

NAMES = {
    "contact.first_name": "primaryContact.firstName",
    "contact.last_name": "primaryContact.lastName",
    "contact.email": "primaryContact.email",
    "contact.phone": "primaryContact.phoneNumber",
    "employee": CONFIRMED_BY,
    "employee.name": CONFIRMED_BY,
    "employee.email": CONFIRMED_BY,
    "employee.reference": CONFIRMED_BY,
    "template_id": "templateId",
    "date_agreed": "dateAgreed",
}
"""The domain's names of a confirmation's members, as the wire calls them. The wire has no text's version and no collection."""


class AgreementMetadata(Wire):
    """One agreement template, as a list of them shows it."""

    template_id: str
    agreement_type: str
    agreement_link: str
    version_rank: int

    @classmethod
    def of(cls, template: AgreementTemplate) -> "AgreementMetadata":
        """Return the template's row."""
        return cls(template.id, template.agreement_type, template.link, template.version_rank)


class Contact(Wire):
    """The person who accepted."""

    first_name: str
    last_name: str
    email: str
    phone_number: str | None = None

    @classmethod
    def of(cls, contact: PrimaryContact | None) -> Self | None:
        """Return the contact as it was recorded; None once it is erased."""
        return None if contact is None else cls(contact.first_name, contact.last_name, contact.email, contact.phone)


class AgreementIn(Wire):
    """A confirmation as a client posts it. `type` is not read: the template decides it (contract 4.2)."""

    primary_contact: Contact
    template_id: str
    date_agreed: str
    user_id: str | None = None

    def to_draft(self, employee: Employee | None) -> Draft:
        """Return what the client confirms.

        Raises:
            `request.invalid-property`: the template or user id is no GUID, or the date is missing or unreadable.
        """
        contact = self.primary_contact
        agreed = _date(self.date_agreed)
        return Draft(
            contact=PrimaryContact(contact.first_name, contact.last_name, contact.email, contact.phone_number),
            template_id=TemplateId(as_guid(self.template_id, "templateId", "request.invalid-property")),
            date_agreed=agreed[0],
            date_zoned=agreed[1],
            user_id=UserId(as_guid(self.user_id, "userId", "request.invalid-property")) if self.user_id else None,
            employee=employee,
        )


class AgreementOut(Wire):
    """A confirmation as it is answered: after a POST with `userId`, in a list with `agreementLink` too."""

    primary_contact: Contact | None
    template_id: str
    date_agreed: str
    type: str
    user_id: str | None = None
    agreement_link: str | None = None

    @classmethod
    def recorded(cls, confirmation: Confirmation) -> "AgreementOut":
        """Return the echo of a POST: the date in UTC with `Z` (contract 4.2)."""
        return cls(
            primary_contact=Contact.of(confirmation.contact),
            template_id=confirmation.template_id,
            date_agreed=written_utc(confirmation.date_agreed),
            type=confirmation.agreement_type,
            user_id=confirmation.user_id,
        )

    @classmethod
    def listed(cls, confirmation: Confirmation, programme: Programme) -> "AgreementOut":
        """Return an item of a list: the date without a zone (contract 4.3)."""
        template = programme.template(confirmation.template_id)
        return replace(
            cls.recorded(confirmation),
            date_agreed=written_bare(confirmation.date_agreed),
            agreement_link=None if template is None else template.link,
        )


class TemplateDocument(Wire):
    """Where a template's text is, for five minutes (contract 4.4)."""

    display_uri: str
    download_uri: str
    language: str
    country: str


def metadata_list(templates: Sequence[AgreementTemplate], query: str) -> Collection:
    """Return the answer of `GET /v1/agreements`."""
    return Collection(
        total_count=len(templates),
        items=[AgreementMetadata.of(template) for template in templates],
        links={"self": Link.to("/agreements" + query)},
        attributes=ObjectType("Collection"),
    )


def _date(written: str) -> tuple[datetime, bool]:
    try:
        parsed = parse_instant(written)
    except ValueError:
        raise Rejected("request.invalid-instant", name="dateAgreed") from None
    if parsed is None:
        raise Rejected("request.invalid-property", name="dateAgreed")
    return parsed.instant, parsed.zoned
