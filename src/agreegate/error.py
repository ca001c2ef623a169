"""The table from an error's code to its status, code and name on the wire, and its status on a page (contract 3.6).

The domain's rules know neither HTTP nor English; the code of an error is the key of its sentence.
"""

from dataclasses import dataclass

from agreegate.domain.error import ErrorCode, Rejected, StoreUnavailable
from agreegate.i18n import text


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an error is answered."""

    status: int
    number: int
    """The wire's `code`."""
    name: str
    """The wire's `errorName`, and the `title` in our own API."""
    source: str = "PartnerApiServiceControllers"
    silent: bool = False
    """Answered with an empty body (contract 3.6, third form)."""
    page: int | None = None
    """The status of a page, where it differs."""

    @property
    def on_page(self) -> int:
        """The status of a page."""
        return self.page or self.status


DENIED = Outcome(403, 2032, "AccessDenied")
HEAD_TOO_LARGE = Outcome(431, 3000, "RequestHeadersTooLarge")
INVALID_DOCUMENT = Outcome(400, 3000, "InvalidDocument")
INVALID_INPUT = Outcome(400, 2000, "InvalidInput")
INVALID_PROPERTY = Outcome(400, 3000, "InvalidProperty")
NOT_FOUND = Outcome(404, 1000, "NotFound")
UNAVAILABLE = Outcome(503, 0, "ServiceUnavailable")
UNCONFIRMED = Outcome(403, 13605, "CustomerAgreementConfirmationRequired", source="PartnerFD")

OUTCOMES: dict[ErrorCode, Outcome] = {
    "access.action-not-allowed": Outcome(403, 600006, "ActionNotAllowed"),
    "access.denied": DENIED,
    "access.reseller": Outcome(403, 2032, "AccessDenied", silent=True),
    "access.role": Outcome(403, 900150, "RoleNotAllowed"),
    "access.unauthenticated": Outcome(401, 400, "AccessDenied"),
    "access.user-required": DENIED,
    "audit.too-old": INVALID_INPUT,
    "cart.faulty": Outcome(400, 800009, "CartItemError"),
    "cart.not-found": Outcome(404, 800008, "CartNotFound"),
    "cart.submitted": Outcome(400, 800065, "CartAlreadySubmitted"),
    "clock.behind": UNAVAILABLE,
    "confirmation.agreed-in-future": Outcome(400, 600002, "InvalidDateOfAgreement"),
    "confirmation.already-exists": Outcome(409, 600061, "PartnerConfirmedAgreementAlreadyExists"),
    "confirmation.ended-since": Outcome(409, 3000, "ConfirmationEnded"),
    "confirmation.feature-absent": NOT_FOUND,
    "confirmation.invalid-email": INVALID_PROPERTY,
    "confirmation.not-designated": INVALID_PROPERTY,
    "confirmation.nothing-to-end": Outcome(409, 3000, "NothingToEnd"),
    "confirmation.relationship-over": Outcome(409, 3000, "RelationshipOver"),
    "confirmation.template-retired": Outcome(400, 3000, "AgreementTemplateNotSupported"),
    "confirmation.template-unknown": INVALID_PROPERTY,
    "confirmation.user-unknown": Outcome(404, 60002, "UserNotFound"),
    "customer.country-meant": INVALID_PROPERTY,
    "customer.country-unknown": INVALID_PROPERTY,
    "customer.domain-taken": Outcome(409, 3000, "DomainAlreadyInUse"),
    "customer.phone-missing": Outcome(400, 600051, "CustomerPhoneNumberMissing"),
    "customer.registration-malformed": Outcome(400, 600050, "OrganizationRegistrationIdInvalid"),
    "customer.registration-missing": Outcome(400, 600049, "OrganizationRegistrationIdMissing"),
    "customer.registration-not-supported": Outcome(400, 600002, "OrganizationRegistrationIdNotSupported"),
    "customer.reseller-not-linked": INVALID_PROPERTY,
    "customer.search-unsupported": INVALID_INPUT,
    "defect": Outcome(501, 0, "ExceptionNotDefined", page=500),
    "gate.ended": UNCONFIRMED,
    "gate.outdated": UNCONFIRMED,
    "gate.refused": UNCONFIRMED,
    "order.invalid-offer": Outcome(400, 800004, "InvalidOfferId"),
    "order.line-numbers": Outcome(400, 800071, "InvalidLineItemNumber"),
    "order.not-found": Outcome(404, 20000, "OrderNotFound"),
    "order.not-processable": Outcome(400, 4018, "UnableToProcessOrder"),
    "order.too-many-subscriptions": Outcome(400, 4018, "UnableToProcessOrder"),
    "partner.mpn-not-numeric": INVALID_INPUT,
    "partner.named-twice": Outcome(400, 2000, "InvalidInput", source="ComplianceController"),
    "partner.not-named": Outcome(400, 2001, "InvalidInput", source="ComplianceController"),
    "partner.unknown": Outcome(400, 2200, "InvalidInput", source="ComplianceController"),
    "relationship.missing": Outcome(403, 20002, "NoCommerceRelationship", page=404),
    "relationship.subscriptions-active": Outcome(409, 3000, "SubscriptionsActive"),
    "request.cookies-too-large": HEAD_TOO_LARGE,
    "request.etag-stale": Outcome(400, 2055, "InvalidEtag"),
    "request.files-too-large": Outcome(413, 3000, "RequestTooLarge"),
    "request.head-too-large": HEAD_TOO_LARGE,
    "request.host-unknown": Outcome(400, 3000, "HostUnknown"),
    "request.id-reused": Outcome(409, 3000, "RequestIdReused"),
    "request.invalid": Outcome(400, 3000, "InvalidRequest"),
    "request.invalid-choice": INVALID_PROPERTY,
    "request.invalid-instant": INVALID_PROPERTY,
    "request.invalid-parameter": INVALID_INPUT,
    "request.invalid-property": INVALID_PROPERTY,
    "request.malformed": Outcome(400, 3000, "InvalidRequest"),
    "request.malformed-id": INVALID_INPUT,
    "request.method-not-allowed": Outcome(405, 1000, "MethodNotAllowed"),
    "request.not-acceptable": Outcome(406, 3000, "NotAcceptable"),
    "request.not-found": NOT_FOUND,
    "request.not-utf8": INVALID_PROPERTY,
    "request.recorded-alone": INVALID_PROPERTY,
    "request.recorded-at-now": INVALID_PROPERTY,
    "request.target-too-long": Outcome(414, 3000, "RequestUriTooLong"),
    "request.throttled": Outcome(429, 0, "TooManyRequests"),
    "request.too-large": Outcome(413, 3000, "RequestTooLarge"),
    "request.too-many-connections": UNAVAILABLE,
    "request.too-many-parameters": HEAD_TOO_LARGE,
    "request.too-slow": Outcome(408, 3000, "RequestTimeout"),
    "as-of.known-ahead": INVALID_PROPERTY,
    "sandbox.limit": Outcome(400, 800018, "SandboxLimitMet"),
    "sign-in.again": Outcome(400, 3000, "SignInFailed"),
    "sign-in.provider-silent": UNAVAILABLE,
    "store.unavailable": UNAVAILABLE,
    "subscription.billing-cycle-fixed": Outcome(400, 2054, "BillingCycleCannotBeUpdated"),
    "subscription.ended": Outcome(400, 2011, "SubscriptionCannotBeUpdated"),
    "subscription.not-auto-renewable": Outcome(400, 800093, "NotEligibleToAutoRenew"),
    "subscription.not-convertible": Outcome(400, 2006, "UpdateNotAllowed"),
    "subscription.not-found": Outcome(404, 20003, "SubscriptionNotFound"),
    "subscription.parent-not-active": Outcome(409, 27009, "ParentSubscriptionNotActive"),
    "subscription.quantity-out-of-range": Outcome(400, 2002, "QuantityOutOfRange"),
    "subscription.suspended": Outcome(400, 800091, "SubscriptionSuspended"),
    "subscription.suspended-quantity": Outcome(400, 2001, "SubscriptionSuspended"),
    "text.country-in-capitals": INVALID_PROPERTY,
    "text.country-without": INVALID_PROPERTY,
    "text.docx-active": INVALID_DOCUMENT,
    "text.docx-remote": INVALID_DOCUMENT,
    "text.docx-runs": INVALID_DOCUMENT,
    "text.docx-too-dense": INVALID_DOCUMENT,
    "text.docx-wordless": INVALID_DOCUMENT,
    "text.effective-in-past": Outcome(400, 3000, "EffectiveInPast"),
    "text.empty": INVALID_DOCUMENT,
    "text.label-taken": Outcome(409, 3000, "LabelAlreadyPublished"),
    "text.link-expired": NOT_FOUND,
    "text.locale-unknown": INVALID_PROPERTY,
    "text.missing": NOT_FOUND,
    "text.name-without-kind": INVALID_DOCUMENT,
    "text.not-docx": INVALID_DOCUMENT,
    "text.not-markdown": INVALID_DOCUMENT,
    "text.not-pdf": INVALID_DOCUMENT,
    "text.pdf-attachment": INVALID_DOCUMENT,
    "text.pdf-damaged": INVALID_DOCUMENT,
    "text.pdf-launch": INVALID_DOCUMENT,
    "text.pdf-password": INVALID_DOCUMENT,
    "text.pdf-script": INVALID_DOCUMENT,
    "text.shown-as-unfit": INVALID_DOCUMENT,
    "text.too-complex": INVALID_DOCUMENT,
    "text.too-large": Outcome(413, 3000, "RequestTooLarge"),
    "text.version-unknown": INVALID_PROPERTY,
}

RETRY_AFTER = 5
"""Seconds after which a client may try an unavailable record again."""
PROVIDER_RETRY_AFTER = 60
"""Seconds after which a user may try again to sign in at a provider that did not answer."""


def known(error: Exception) -> Rejected:
    """Return the error to answer with; `defect` for anything but a rule and an unavailable record."""
    if isinstance(error, Rejected) and error.code in OUTCOMES:
        return error
    return Rejected("store.unavailable" if isinstance(error, StoreUnavailable) else "defect")


def retry_after(error: Rejected) -> int | None:
    """Return the seconds after which the caller may try again; None where the error does not pass with time."""
    if error.code == "request.throttled":
        return int(error.parameters["seconds"])
    if error.code == "sign-in.provider-silent":
        return PROVIDER_RETRY_AFTER
    return RETRY_AFTER if OUTCOMES[error.code].status == 503 else None


def sentence_of(error: Rejected, language: str) -> str:
    """Return the error's sentence in a language."""
    return text(error.code, language, **error.parameters)
