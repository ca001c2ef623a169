"""Facts: `record` writes each once; none changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.actor import Actor
from agreegate.domain.agreements.accepted_text import AcceptedText, accepted_by
from agreegate.domain.confirmation import (
    Collection,
    Confirmation,
    ConfirmationId,
    Draft,
    Employee,
    Ending,
    Facts,
    confirmed_text,
)
from agreegate.domain.gate import Decision
from agreegate.domain.orders.transaction import Transaction
from agreegate.domain.standing import Standing, Unknown
from agreegate.domain.warning import AcceptorWarning, warnings


@dataclass(frozen=True, slots=True)
class Counting:
    """A confirmation that counts from now on for its agreement type (R27)."""

    confirmation: Confirmation
    text: AcceptedText | None
    """The accepted text; None: no text was in force at the recording."""
    period: int
    """The relationship period."""
    no_longer_agrees_at: datetime | None
    """When the partner last recorded that the customer no longer agrees (R47)."""

    @property
    def rank(self) -> tuple[datetime, int | None]:
        """The rank of its text; a major text with a higher rank outdates it (R33).

        A text that is not known has no number. It ranks after every text of the latest instant of acceptance.
        """
        if self.text is not None and self.text.rank is not None:
            return self.text.rank
        return accepted_by(self.confirmation.date_agreed, self.confirmation.recorded_at), None


@dataclass(frozen=True, slots=True)
class ConfirmationRecorded:
    """A partner confirms that a customer accepted an agreement."""

    customer: str
    counting: Counting
    collection: Collection | None = None
    """The reseller that gave an indirect provider the data (R22, R23)."""
    warnings: Sequence[AcceptorWarning] = ()
    """The warnings about the acceptor (X14)."""


@dataclass(frozen=True, slots=True)
class EmployeeStated:
    """A partner states the employee behind a confirmation by a designated account (R28)."""

    customer: str
    confirmation: ConfirmationId
    employee: Employee
    stated_by: str
    """The user or application that states the employee."""


@dataclass(frozen=True, slots=True)
class AgreementEnded:
    """A confirmation is voided, or the customer no longer agrees (R17, R47)."""

    customer: str
    period: int
    """The relationship period."""
    ending: Ending
    voided: Confirmation | None
    """None: the customer no longer agrees, which ends every confirmation."""
    counting: Counting | None = None
    """The confirmation that counts again after voiding another."""


@dataclass(frozen=True, slots=True)
class TransactionDecided:
    """The gate decided about a transaction that a caller sent."""

    customer: str
    decision_id: str
    asked: Transaction
    standing: Standing | Unknown
    decision: Decision
    request_id: str
    fingerprint: str
    """Of the idempotent call."""
    subject: str | None = None
    """The id of the order, cart or subscription."""
    once: bool = False
    """For a day, the same call with the same decision adds no further decision."""


@dataclass(frozen=True, slots=True)
class ResourceChanged:
    """Another change that only the audit records keep."""

    operation: str
    """Such as `add_customer`."""
    resource: str
    """The resource type, such as `customer`."""
    customer: str | None = None
    resource_id: str | None = None
    old_value: Mapping[str, object] | None = None
    """The resource before, without personal data."""
    new_value: Mapping[str, object] | None = None
    """The resource after, without personal data."""


def confirmation_of(
    draft: Draft, facts: Facts, actor: Actor, customer: str, id_: str, sequence: int, request_id: str
) -> ConfirmationRecorded:
    """Return the fact to record for a draft without a violation.

    Args:
        sequence: the confirmation's place in the customer's history.
        request_id: of the call.
    """
    template, user, agreed = facts.template, facts.user_id, draft.date_agreed
    assert template is not None and user is not None and agreed is not None  # noqa: S101, PT018 - else it is a violation
    assert facts.period > 0, "facts of a customer that is not served"  # noqa: S101
    contact, employee = draft.contact.stripped(), None if draft.employee is None else draft.employee.stripped()
    confirmation = Confirmation(
        id=ConfirmationId(id_),
        sequence=sequence,
        template_id=template.id,
        agreement_type=template.agreement_type,
        date_agreed=agreed,
        contact=contact,
        user_id=user,
        recorded_by=actor.recorded_by,
        channel=actor.channel,
        recorded_at=facts.now,
        request_id=request_id,
        confirmed_by=employee,
    )
    own_addresses = (actor.user_name, None if employee is None else employee.email)
    return ConfirmationRecorded(
        customer,
        Counting(confirmation, confirmed_text(draft, facts), facts.period, facts.no_longer_agrees_at),
        None if draft.collection is None else draft.collection.accepted(),
        warnings(contact.email, facts.partner_domains, facts.reseller_domains, own_addresses),
    )


Fact = ConfirmationRecorded | EmployeeStated | AgreementEnded | TransactionDecided | ResourceChanged
