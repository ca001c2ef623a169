"""The bodies of our own API for confirmations: the request that records one, and the recorded confirmation.

The bodies of the wire are in `wire/agreement.py`.
"""

from datetime import datetime, time
from typing import Annotated

import msgspec
from msgspec import Meta

from agreegate.api.agreements.accepted_text import AcceptedTextOut
from agreegate.api.instant import read_date, stated_instant, written_utc, written_z
from agreegate.api.paths import as_guid
from agreegate.domain.agreements.accepted_text import Basis
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.confirmation import CollectionDraft, Draft, Employee, Ending, EndReason, PrimaryContact
from agreegate.domain.error import Rejected
from agreegate.domain.partner import PartnerId
from agreegate.domain.warning import AcceptorWarning
from agreegate.services.standing import Recorded

EXAMPLE_USER = "a1de0000-0000-4000-8000-0000000000a2"
EXAMPLE_TEMPLATE = "998b88de-aa99-4388-a42c-1b3517d49490"

NAMES = {
    "contact.first_name": "contact.firstName",
    "contact.last_name": "contact.lastName",
    "contact.email": "contact.email",
    "contact.phone": "contact.phoneNumber",
    "employee": "confirmedBy",
    "employee.name": "confirmedBy.name",
    "employee.email": "confirmedBy.email",
    "employee.reference": "confirmedBy.reference",
    "template_id": "templateId",
    "date_agreed": "dateAgreed",
    "collection": "collectedThrough",
    "collection.person": "collectedThrough.person",
    "collection.collected_on": "collectedThrough.date",
    "collection.reseller_id": "collectedThrough.resellerId",
    "version": "version",
    "confirmation_id": "confirmationId",
}
"""The domain's names of members, as our own API calls them."""


class ContactOut(msgspec.Struct, rename="camel"):
    """The person who accepted."""

    first_name: Annotated[str, Meta(description="First name.", examples=["Nora"])]
    last_name: Annotated[str, Meta(description="Last name.", examples=["Whitfield"])]
    email: Annotated[
        str, Meta(description="E-mail address. Nothing is ever sent to it.", examples=["nora@cedar.example"])
    ]
    phone_number: Annotated[str | None, Meta(description="Phone number, if one was given.", examples=["555-0111"])]


class EmployeeOut(msgspec.Struct, rename="camel"):
    """The real employee behind a designated account (R28)."""

    name: Annotated[str, Meta(description="The employee's name.", examples=["Robin Vale"])]
    email: Annotated[str | None, Meta(description="E-mail address, if stated.", examples=["robin@alder.example"])] = (
        None
    )
    reference: Annotated[
        str | None, Meta(description="The partner's own reference, if stated.", examples=["staff 4711"])
    ] = None


class CollectionOut(msgspec.Struct, rename="camel"):
    """Through whom an indirect provider got the data (R23)."""

    reseller_id: Annotated[
        str, Meta(description="The reseller's tenant id.", examples=["b12c0000-0000-4000-8000-000000000002"])
    ]
    person: Annotated[str, Meta(description="Who handed the data over.", examples=["Kim Marsh"])]
    date: Annotated[str, Meta(description="On which day, without a time.", examples=["2018-08-14"])]


class EndingOut(msgspec.Struct, rename="camel"):
    """How a confirmation stopped counting, or when the customer refused."""

    reason: EndReason
    note: Annotated[str, Meta(description="What the partner noted.", examples=["Told us by phone."])]
    recorded_at: Annotated[str, Meta(description="When it was recorded, in UTC.", examples=["2019-04-02T09:30:00Z"])]
    recorded_by: Annotated[
        str, Meta(description="The user who recorded it: a directory object id.", examples=[EXAMPLE_USER])
    ]
    channel: Annotated[str, Meta(description="`api` or `dashboard`.", examples=["api"])]

    @classmethod
    def of(cls, ending: Ending) -> "EndingOut":
        """Return the ending as our own API answers it."""
        return cls(ending.reason, ending.note, written_z(ending.recorded_at), ending.recorded_by, ending.channel)


class RecordedOut(msgspec.Struct, rename="camel"):
    """A confirmation as it was recorded."""

    confirmation_id: Annotated[
        str, Meta(description="The record's id.", examples=["6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10"])
    ]
    template_id: Annotated[
        str, Meta(description="The agreement template that was accepted.", examples=[EXAMPLE_TEMPLATE])
    ]
    type: Annotated[str, Meta(description="Its agreement type.", examples=["MicrosoftCloudAgreement"])]
    date_agreed: Annotated[
        str, Meta(description="When the customer accepted, in UTC.", examples=["2018-09-03T00:00:00.000Z"])
    ]
    recorded_at: Annotated[
        str, Meta(description="When the partner recorded it, in UTC.", examples=["2018-09-03T10:00:00Z"])
    ]
    user_id: Annotated[
        str, Meta(description="The partner's user in whose name it was confirmed.", examples=[EXAMPLE_USER])
    ]
    recorded_by: Annotated[
        str, Meta(description="The user or application whose token recorded it.", examples=[EXAMPLE_USER])
    ]
    channel: Annotated[str, Meta(description="`api` or `dashboard`.", examples=["api"])]
    contact: Annotated[ContactOut | None, Meta(description="The person in the customer's organisation who accepted.")]
    confirmed_by: Annotated[
        EmployeeOut | None, Meta(description="The employee behind a designated account, once stated.", examples=[None])
    ]
    collected_through: Annotated[
        CollectionOut | None,
        Meta(description="Through which reseller an indirect provider got the data, if it said so.", examples=[None]),
    ]
    warnings: Annotated[
        list[AcceptorWarning],
        Meta(description="What spoke against the acceptor's address when it was recorded. It refused nothing."),
    ]
    text: Annotated[
        AcceptedTextOut | None,
        Meta(
            description="Which text was accepted; null where none was in force when it was recorded.", examples=[None]
        ),
    ]
    ended: Annotated[
        EndingOut | None, Meta(description="How it stopped counting; null while nothing ended it.", examples=[None])
    ]

    @classmethod
    def of(cls, recorded: Recorded) -> "RecordedOut":
        """Return the confirmation as our own API answers it."""
        confirmation, collection = recorded.confirmation, recorded.collection
        contact, employee = confirmation.contact, confirmation.confirmed_by
        return cls(
            confirmation_id=confirmation.id,
            template_id=confirmation.template_id,
            type=confirmation.agreement_type,
            date_agreed=written_utc(confirmation.date_agreed),
            recorded_at=written_z(confirmation.recorded_at),
            user_id=confirmation.user_id,
            recorded_by=confirmation.recorded_by,
            channel=confirmation.channel,
            contact=None
            if contact is None
            else ContactOut(contact.first_name, contact.last_name, contact.email, contact.phone),
            confirmed_by=None if employee is None else EmployeeOut(employee.name, employee.email, employee.reference),
            collected_through=None
            if collection is None
            else CollectionOut(collection.reseller_id, collection.person, collection.collected_on.date().isoformat()),
            warnings=list(recorded.warnings),
            text=None if recorded.text is None else AcceptedTextOut.of(recorded.text),
            ended=None if recorded.ended_by is None else EndingOut.of(recorded.ended_by),
        )


EXAMPLE_RECORDED = RecordedOut(
    confirmation_id="6f1c0a52-3f0e-4a86-9d5b-0c6f4a1f7a10",
    template_id=EXAMPLE_TEMPLATE,
    type="MicrosoftCloudAgreement",
    date_agreed="2018-08-14T00:00:00.000Z",
    recorded_at="2018-08-15T00:00:00Z",
    user_id=EXAMPLE_USER,
    recorded_by=EXAMPLE_USER,
    channel="api",
    contact=ContactOut("Nora", "Whitfield", "nora@cedar.example", "555-0111"),
    confirmed_by=None,
    collected_through=None,
    warnings=[],
    text=AcceptedTextOut(
        Basis.INFERRED, "2018-01", "7a2f9d10-5b1c-4f0e-8f43-2d1c6b7a9e01", "US", "en-US", "9f86d081" * 8
    ),
    ended=None,
)


class ContactIn(ContactOut, forbid_unknown_fields=True):
    """The person in the customer's organisation who accepted (R15, R24)."""

    phone_number: Annotated[str | None, Meta(description="Phone number.", examples=["555-0111"])] = None


class EmployeeIn(EmployeeOut, forbid_unknown_fields=True):
    """The real employee behind a confirmation by a designated account (R28)."""


class CollectionIn(CollectionOut, forbid_unknown_fields=True):
    """Through whom an indirect provider got the data (R23)."""


class ConfirmationIn(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """That a customer accepted an agreement: who, when, and where it is known, which text."""

    template_id: Annotated[
        str, Meta(description="The agreement template that was accepted, a GUID.", examples=[EXAMPLE_TEMPLATE])
    ]
    contact: ContactIn
    date_agreed: Annotated[
        str,
        Meta(
            description="When the customer accepted: a date, or an instant with `Z` or an offset. Not ahead of now.",
            examples=["2018-08-14"],
        ),
    ]
    version: Annotated[
        str | None,
        Meta(
            description="Label or id of the version of the text that was accepted: one with a text for the customer's "
            "country, in force or not. "
            "Left out: the version in force for the customer's country and language on the date of acceptance."
        ),
    ] = None
    confirmed_by: Annotated[
        EmployeeIn | None, Meta(description="The real employee, where a designated account confirms (R28).")
    ] = None
    collected_through: Annotated[
        CollectionIn | None, Meta(description="Through which reseller an indirect provider got the data (R23).")
    ] = None

    def to_draft(self) -> Draft:
        """Return what the partner confirms.

        Raises:
            `request.malformed-id`: an id is no GUID. `request.invalid-instant`: a date cannot be read.
        """
        agreed = read_date(stated_instant, self.date_agreed, "dateAgreed")
        contact, employee = self.contact, self.confirmed_by
        return Draft(
            contact=PrimaryContact(contact.first_name, contact.last_name, contact.email, contact.phone_number),
            template_id=TemplateId(as_guid(self.template_id, "templateId")),
            date_agreed=agreed.instant,
            date_zoned=agreed.zoned,
            version=self.version,
            employee=None if employee is None else Employee(employee.name, employee.email, employee.reference),
            collection=None if self.collected_through is None else _collection(self.collected_through),
        )


def _collection(given: CollectionIn) -> CollectionDraft:
    reseller = PartnerId(as_guid(given.reseller_id, "collectedThrough.resellerId"))
    return CollectionDraft(reseller, given.person, _day(given.date, "collectedThrough.date"))


def _day(text: str, name: str) -> datetime:
    """Return midnight UTC of a day."""
    instant = read_date(stated_instant, text, name).instant
    if instant.time() != time():
        raise Rejected("request.invalid-instant", name=name)
    return instant
