"""Agreement metadata, confirmations and documents on the wire (contract 4.1–4.4)."""

from collections.abc import Sequence
from datetime import datetime

from agreegate.api.confirmed_by import NAME as CONFIRMED_BY
from agreegate.api.instant import parse_instant, written_bare, written_utc
from agreegate.api.paths import as_guid
from agreegate.api.wire import Body, Wire, collection, link
from agreegate.domain.actor import UserId
from agreegate.domain.agreements.agreement import AgreementTemplate, TemplateId
from agreegate.domain.agreements.text import Locale
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


class Contact(Wire):
    """The person who accepted."""

    first_name: str
    last_name: str
    email: str
    phone_number: str | None = None


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


def recorded_body(confirmation: Confirmation) -> Body:
    """Return the echo of a POST: the date in UTC with `Z` (contract 4.2). A contact that is erased is null."""
    contact = confirmation.contact
    return {
        "primaryContact": None
        if contact is None
        else Contact(contact.first_name, contact.last_name, contact.email, contact.phone),
        "templateId": confirmation.template_id,
        "dateAgreed": written_utc(confirmation.date_agreed),
        "type": confirmation.agreement_type,
        "userId": confirmation.user_id,
    }


def listed_body(confirmation: Confirmation, programme: Programme) -> Body:
    """Return an item of a list: the date without a zone, and the link to the agreement (contract 4.3)."""
    template = programme.template(confirmation.template_id)
    shown = recorded_body(confirmation) | {"dateAgreed": written_bare(confirmation.date_agreed)}
    return shown if template is None else shown | {"agreementLink": template.link}


def document_body(display: str, download: str, locale: Locale) -> Body:
    """Return where a template's text is, for five minutes (contract 4.4)."""
    return {
        "displayUri": display,
        "downloadUri": download,
        "language": locale.language,
        "country": locale.country,
    }


def metadata_list(templates: Sequence[AgreementTemplate], query: str) -> Body:
    """Return the answer of `GET /v1/agreements`."""
    items = [
        {
            "templateId": template.id,
            "agreementType": template.agreement_type,
            "agreementLink": template.link,
            "versionRank": template.version_rank,
        }
        for template in templates
    ]
    return collection(items, {"self": link("/agreements" + query)})


def _date(written: str) -> tuple[datetime, bool]:
    try:
        parsed = parse_instant(written)
    except ValueError:
        raise Rejected("request.invalid-instant", name="dateAgreed") from None
    if parsed is None:
        raise Rejected("request.invalid-property", name="dateAgreed")
    return parsed.instant, parsed.zoned
