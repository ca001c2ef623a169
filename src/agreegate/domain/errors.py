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


class InvalidInstant(InvalidProperty):
    """The member `name` is no date or instant that can be read, or lies beyond what is taken."""

    key = "request.invalid-instant"


class InvalidChoice(InvalidProperty):
    """The member `name` must be one of `allowed`."""

    key = "request.invalid-choice"


class MalformedId(Rejected):
    """The identifier `name` in the path or query is not a GUID."""

    key = "request.malformed-id"


class InvalidParameter(Rejected):
    """The query parameter or paging header `name` has a value that cannot be used (400 / 2000)."""

    key = "request.invalid-parameter"


class NotFound(Rejected):
    """No such resource, or none that the caller may know of."""

    key = "request.not-found"


class MethodNotAllowed(Rejected):
    """The resource exists, but not for this method."""

    key = "request.method-not-allowed"


class NotAcceptable(Rejected):
    """The caller accepts no JSON (contract 3.3)."""

    key = "request.not-acceptable"


class HostUnknown(Rejected):
    """The request asks for another host name than the public one."""

    key = "request.host-unknown"


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


class ActionNotAllowed(Rejected):
    """Something that only a sandbox account may do, asked of a production account (403 / 600006)."""

    key = "access.action-not-allowed"


class FeatureAbsent(Rejected):
    """Confirmation does not exist in this cloud, or not yet at this date (R1, R31)."""

    key = "confirmation.feature-absent"


class NoRelationship(Rejected):
    """The customer is unknown, or has no relationship with this partner: both alike (D18)."""

    key = "relationship.missing"


class SubscriptionsActive(Rejected):
    """A relationship cannot end while subscriptions are active: the partner suspends them first (contract 4.7)."""

    key = "relationship.subscriptions-active"


class RegistrationMissing(Rejected):
    """The customer's country asks for its organisation's registration number (400 / 600049)."""

    key = "customer.registration-missing"


class RegistrationMalformed(Rejected):
    """The registration number has not the form `format` of the customer's country (400 / 600050)."""

    key = "customer.registration-malformed"


class RegistrationNotSupported(Rejected):
    """A registration number was given for a country that does not ask for one (400 / 600002)."""

    key = "customer.registration-not-supported"


class PhoneMissing(Rejected):
    """The customer's country asks for its phone number (400 / 600051)."""

    key = "customer.phone-missing"


class DomainTaken(Rejected):
    """Another customer or a partner has the domain."""

    key = "customer.domain-taken"


class ResellerNotLinked(Rejected):
    """The reseller named has no partnership with this provider (contract 4.7)."""

    key = "customer.reseller-not-linked"


class SearchUnsupported(Rejected):
    """Customers are looked for by the start of a member or the whole of it, and by nothing else (400 / 2000)."""

    key = "customer.search-unsupported"


class SandboxLimit(Rejected):
    """A sandbox account has as many as it may have (400 / 800018)."""

    key = "sandbox.limit"


class AuditTooOld(Rejected):
    """Audit records are shown for `days` days (contract 4.12)."""

    key = "audit.too-old"


class MpnIdNotNumeric(Rejected):
    """A partner network id is made of digits (contract 4.6)."""

    key = "partner.mpn-not-numeric"


class PartnerNotNamed(Rejected):
    """Neither a partner network id nor a tenant id was given (contract 4.6)."""

    key = "partner.not-named"


class PartnerNamedTwice(Rejected):
    """Both a partner network id and a tenant id were given (contract 4.6)."""

    key = "partner.named-twice"


class PartnerUnknown(Rejected):
    """The id `id`, called `name`, is of no partner that the caller works with (contract 4.6)."""

    key = "partner.unknown"


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


class InvalidOffer(Rejected):
    """`name` is no offer id: not a GUID (400 / 800004)."""

    key = "order.invalid-offer"


class LineNumbersInvalid(Rejected):
    """Line numbers run from 0 to one less than the number of lines, each once (400 / 800071)."""

    key = "order.line-numbers"


class OrderNotFound(Rejected):
    """The customer has no such order with this partner (404 / 20000)."""

    key = "order.not-found"


class OrderNotProcessable(Rejected):
    """What was ordered cannot be done with what the customer has (400 / 4018)."""

    key = "order.not-processable"


class CartNotFound(Rejected):
    """The customer has no such cart with this partner, or it has expired (404 / 800008)."""

    key = "cart.not-found"


class CartSubmitted(Rejected):
    """The cart `cart` was bought; it changes no more (400 / 800065)."""

    key = "cart.submitted"


class CartFaulty(Rejected):
    """A line of the cart cannot be bought; which and why stands in the cart (400 / 800009)."""

    key = "cart.faulty"


class SubscriptionNotFound(Rejected):
    """The customer has no subscription `subscription` with this partner (404 / 20003)."""

    key = "subscription.not-found"


class SubscriptionEnded(Rejected):
    """The subscription `subscription` is deleted or expired and changes no more (400 / 2011)."""

    key = "subscription.ended"


class SubscriptionSuspended(Rejected):
    """The subscription must be active for this (400 / 800091)."""

    key = "subscription.suspended"


class SuspendedQuantity(Rejected):
    """The seat count of a suspended subscription does not change (400 / 2001)."""

    key = "subscription.suspended-quantity"


class QuantityOutOfRange(Rejected):
    """The quantity is not between `least` and `most` (400 / 2002)."""

    key = "subscription.quantity-out-of-range"


class BillingCycleFixed(Rejected):
    """The billing cycle is changed on the order, not on the subscription (400 / 2054)."""

    key = "subscription.billing-cycle-fixed"


class EtagStale(Rejected):
    """The resource has changed since the client read it (400 / 2055)."""

    key = "request.etag-stale"


class ParentNotActive(Rejected):
    """An add-on needs the subscription `subscription` to be active (409 / 27009)."""

    key = "subscription.parent-not-active"


class NotAutoRenewable(Rejected):
    """A trial does not renew; it is converted (400 / 800093)."""

    key = "subscription.not-auto-renewable"


class NotConvertible(Rejected):
    """Only a trial is converted to a paid subscription (400 / 2006)."""

    key = "subscription.not-convertible"


class GateRefused(Rejected):
    """The gate denied a transaction: the customer's acceptance is not confirmed (R3, R4, R47).

    Raised by an edge to spell a decision that a service returned as a value, and kept.
    """

    key = "gate.refused"


class GateEnded(GateRefused):
    """The gate denied a transaction: the customer no longer agrees (R47)."""

    key = "gate.ended"


class StoreUnavailable(Exception):
    """The record cannot be read or written now. Not a rule: the gate fails closed on it (D15)."""
