"""What the rules refuse: each kind names the rule broken, by message key and parameters, without HTTP and without English.

`api/problems.py` gives every kind its status, code and name on the wire; `locale/` gives it its sentences.
A test holds the three lists equal.
"""

from typing import ClassVar


class Rejected(Exception):
    """A request that a rule refuses. Nothing was changed by it.

    `key` finds the sentence in the catalogues; `parameters` fill it. Parameters never hold personal data.
    """

    key: ClassVar[str]

    def __init__(self, **parameters: str | int) -> None:
        super().__init__(self.key)
        self.parameters = parameters


class InvalidRequest(Rejected):
    """The body or the query cannot be read at all: not JSON, wrong encoding, nested too deep."""

    key = "request.invalid"


class BodyTooLarge(Rejected):
    """The body is larger than `limit` bytes."""

    key = "request.too-large"


class InvalidProperty(Rejected):
    """The member `name` is missing or has a value that cannot be used."""

    key = "request.invalid-property"


class MalformedId(Rejected):
    """The identifier `name` in the path or query is not a GUID."""

    key = "request.malformed-id"


class NotFound(Rejected):
    """No such resource, or none that the caller may know of."""

    key = "request.not-found"


class RequestIdReused(Rejected):
    """The request id was used before, with another body or by somebody else (contract 3.10)."""

    key = "request.id-reused"


class Unauthenticated(Rejected):
    """No token, or one that cannot be trusted (contract 3.2)."""

    key = "access.unauthenticated"


class AccessDenied(Rejected):
    """The caller's kind of token or account does not allow the operation (403 / 2032)."""

    key = "access.denied"


class UserRequired(Rejected):
    """An agreement operation asked with an App-only token (contract 3.2)."""

    key = "access.user-required"


class ResellerRefused(Rejected):
    """An indirect reseller asked for an agreement operation: 403 with an empty body (contract 3.6, third form)."""

    key = "access.reseller"


class RoleRefused(Rejected):
    """The user's roles do not include one that may do this (403 / 900150)."""

    key = "access.role"


class FeatureAbsent(Rejected):
    """Confirmation does not exist in this cloud, or not yet at this date (R1, R31)."""

    key = "confirmation.feature-absent"


class NoRelationship(Rejected):
    """The customer is unknown, or has no relationship with this partner: both alike (D18)."""

    key = "relationship.missing"


class InvalidEmail(Rejected):
    """The acceptor's e-mail address is not of the form of one (R16)."""

    key = "confirmation.invalid-email"


class AgreedInFuture(Rejected):
    """`dateAgreed` lies ahead of now by more than the tolerance (contract 4.2)."""

    key = "confirmation.agreed-in-future"


class TemplateUnknown(Rejected):
    """The programme has no agreement template of this id."""

    key = "confirmation.template-unknown"


class TemplateRetired(Rejected):
    """The agreement template `template` may no longer be confirmed."""

    key = "confirmation.template-retired"


class UserNotOfPartner(Rejected):
    """`userId` is not a user of the partner's tenant (R28)."""

    key = "confirmation.user-unknown"


class AlreadyConfirmed(Rejected):
    """The current confirmation names the same contact, and the programme refuses repeats (contract 4.2)."""

    key = "confirmation.already-exists"


class EmployeeAlreadyStated(Rejected):
    """Which employee stands behind the confirmation was said before; what was said stays (R28)."""

    key = "confirmation.employee-stated"


class NothingToEnd(Rejected):
    """There is no confirmation to take back, or the customer's refusal is recorded already."""

    key = "confirmation.nothing-to-end"


class StoreUnavailable(Exception):
    """The record cannot be read or written now. Not a rule: the gate fails closed on it (D15)."""
