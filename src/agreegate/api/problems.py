"""One table: kind of error → status, code and name on the wire; and the two bodies an error can have (contract 3.6).

The only map from the domain's refusals to HTTP. A test proves that every kind has a row and a sentence in both languages.
"""

from dataclasses import dataclass

import msgspec

from agreegate.domain import errors
from agreegate.domain.errors import Rejected, StoreUnavailable
from agreegate.i18n import text


@dataclass(frozen=True, slots=True)
class Problem:
    """How one kind of error is answered."""

    status: int
    code: int
    name: str
    """The wire's `errorName`."""
    source: str = "PartnerApiServiceControllers"
    silent: bool = False
    """Answered with an empty body (contract 3.6, third form)."""


UNAVAILABLE = Problem(503, 0, "ServiceUnavailable")
"""The record cannot be reached, or the clock is wrong (D15): nothing was changed, and the same call may be sent again."""
PROBLEMS: dict[type[Rejected], Problem] = {
    errors.ClockBehind: UNAVAILABLE,
    errors.InvalidRequest: Problem(400, 3000, "InvalidRequest"),
    errors.BodyTooLarge: Problem(413, 3000, "RequestTooLarge"),
    errors.FilesTooLarge: Problem(413, 3000, "RequestTooLarge"),
    errors.TargetTooLong: Problem(414, 3000, "RequestUriTooLong"),
    errors.HeadTooLarge: Problem(431, 3000, "RequestHeadersTooLarge"),
    errors.CookiesTooLarge: Problem(431, 3000, "RequestHeadersTooLarge"),
    errors.TooManyParameters: Problem(431, 3000, "RequestHeadersTooLarge"),
    errors.MalformedRequest: Problem(400, 3000, "InvalidRequest"),
    errors.RequestTooSlow: Problem(408, 3000, "RequestTimeout"),
    errors.TooManyConnections: Problem(503, 0, "ServiceUnavailable"),
    errors.InvalidProperty: Problem(400, 3000, "InvalidProperty"),
    errors.NotUtf8: Problem(400, 3000, "InvalidProperty"),
    errors.InvalidInstant: Problem(400, 3000, "InvalidProperty"),
    errors.RecordedAtNow: Problem(400, 3000, "InvalidProperty"),
    errors.KnownAhead: Problem(400, 3000, "InvalidProperty"),
    errors.InvalidChoice: Problem(400, 3000, "InvalidProperty"),
    errors.MalformedId: Problem(400, 2000, "InvalidInput"),
    errors.InvalidParameter: Problem(400, 2000, "InvalidInput"),
    errors.NotFound: Problem(404, 1000, "NotFound"),
    errors.MethodNotAllowed: Problem(405, 1000, "MethodNotAllowed"),
    errors.NotAcceptable: Problem(406, 3000, "NotAcceptable"),
    errors.TooManyRequests: Problem(429, 0, "TooManyRequests"),
    errors.HostUnknown: Problem(400, 3000, "HostUnknown"),
    errors.RequestIdReused: Problem(409, 3000, "RequestIdReused"),
    errors.Unauthenticated: Problem(401, 400, "AccessDenied"),
    errors.AccessDenied: Problem(403, 2032, "AccessDenied"),
    errors.UserRequired: Problem(403, 2032, "AccessDenied"),
    errors.ResellerRefused: Problem(403, 2032, "AccessDenied", silent=True),
    errors.RoleRefused: Problem(403, 900150, "RoleNotAllowed"),
    errors.ActionNotAllowed: Problem(403, 600006, "ActionNotAllowed"),
    errors.FeatureAbsent: Problem(404, 1000, "NotFound"),
    errors.NoRelationship: Problem(403, 20002, "NoCommerceRelationship"),
    errors.SubscriptionsActive: Problem(409, 3000, "SubscriptionsActive"),
    errors.RegistrationMissing: Problem(400, 600049, "OrganizationRegistrationIdMissing"),
    errors.RegistrationMalformed: Problem(400, 600050, "OrganizationRegistrationIdInvalid"),
    errors.RegistrationNotSupported: Problem(400, 600002, "OrganizationRegistrationIdNotSupported"),
    errors.PhoneMissing: Problem(400, 600051, "CustomerPhoneNumberMissing"),
    errors.DomainTaken: Problem(409, 3000, "DomainAlreadyInUse"),
    errors.ResellerNotLinked: Problem(400, 3000, "InvalidProperty"),
    errors.SearchUnsupported: Problem(400, 2000, "InvalidInput"),
    errors.SandboxLimit: Problem(400, 800018, "SandboxLimitMet"),
    errors.AuditTooOld: Problem(400, 2000, "InvalidInput"),
    errors.MpnIdNotNumeric: Problem(400, 2000, "InvalidInput"),
    errors.PartnerNotNamed: Problem(400, 2001, "InvalidInput", source="ComplianceController"),
    errors.PartnerNamedTwice: Problem(400, 2000, "InvalidInput", source="ComplianceController"),
    errors.PartnerUnknown: Problem(400, 2200, "InvalidInput", source="ComplianceController"),
    errors.InvalidEmail: Problem(400, 3000, "InvalidProperty"),
    errors.AgreedInFuture: Problem(400, 600002, "InvalidDateOfAgreement"),
    errors.TemplateUnknown: Problem(400, 3000, "InvalidProperty"),
    errors.TemplateRetired: Problem(400, 3000, "AgreementTemplateNotSupported"),
    errors.UserNotOfPartner: Problem(404, 60002, "UserNotFound"),
    errors.ConfirmationEnded: Problem(409, 3000, "ConfirmationEnded"),
    errors.AlreadyConfirmed: Problem(409, 600061, "PartnerConfirmedAgreementAlreadyExists"),
    errors.NotDesignated: Problem(400, 3000, "InvalidProperty"),
    errors.RelationshipOver: Problem(409, 3000, "RelationshipOver"),
    errors.NothingToEnd: Problem(409, 3000, "NothingToEnd"),
    errors.TextMissing: Problem(404, 1000, "NotFound"),
    errors.CountryInCapitals: Problem(400, 3000, "InvalidProperty"),
    errors.CountryWithoutText: Problem(400, 3000, "InvalidProperty"),
    errors.VersionUnknown: Problem(400, 3000, "InvalidProperty"),
    errors.LinkExpired: Problem(404, 1000, "NotFound"),
    errors.LabelTaken: Problem(409, 3000, "LabelAlreadyPublished"),
    errors.EffectiveInPast: Problem(400, 3000, "EffectiveInPast"),
    errors.LocaleUnknown: Problem(400, 3000, "InvalidProperty"),
    errors.TextTooLarge: Problem(413, 3000, "RequestTooLarge"),
    errors.TextEmpty: Problem(400, 3000, "InvalidDocument"),
    errors.NameWithoutKind: Problem(400, 3000, "InvalidDocument"),
    errors.NotPdf: Problem(400, 3000, "InvalidDocument"),
    errors.NotDocx: Problem(400, 3000, "InvalidDocument"),
    errors.DocxActive: Problem(400, 3000, "InvalidDocument"),
    errors.DocxTooDense: Problem(400, 3000, "InvalidDocument"),
    errors.NotMarkdown: Problem(400, 3000, "InvalidDocument"),
    errors.PdfDamaged: Problem(400, 3000, "InvalidDocument"),
    errors.PdfPassword: Problem(400, 3000, "InvalidDocument"),
    errors.PdfScript: Problem(400, 3000, "InvalidDocument"),
    errors.PdfLaunch: Problem(400, 3000, "InvalidDocument"),
    errors.PdfAttachment: Problem(400, 3000, "InvalidDocument"),
    errors.DocxRemote: Problem(400, 3000, "InvalidDocument"),
    errors.DocxRuns: Problem(400, 3000, "InvalidDocument"),
    errors.DocxWordless: Problem(400, 3000, "InvalidDocument"),
    errors.TextTooComplex: Problem(400, 3000, "InvalidDocument"),
    errors.ShownAsUnfit: Problem(400, 3000, "InvalidDocument"),
    errors.InvalidOffer: Problem(400, 800004, "InvalidOfferId"),
    errors.LineNumbersInvalid: Problem(400, 800071, "InvalidLineItemNumber"),
    errors.OrderNotFound: Problem(404, 20000, "OrderNotFound"),
    errors.OrderNotProcessable: Problem(400, 4018, "UnableToProcessOrder"),
    errors.TooManySubscriptions: Problem(400, 4018, "UnableToProcessOrder"),
    errors.CartNotFound: Problem(404, 800008, "CartNotFound"),
    errors.CartSubmitted: Problem(400, 800065, "CartAlreadySubmitted"),
    errors.CartFaulty: Problem(400, 800009, "CartItemError"),
    errors.SubscriptionNotFound: Problem(404, 20003, "SubscriptionNotFound"),
    errors.SubscriptionEnded: Problem(400, 2011, "SubscriptionCannotBeUpdated"),
    errors.SubscriptionSuspended: Problem(400, 800091, "SubscriptionSuspended"),
    errors.SuspendedQuantity: Problem(400, 2001, "SubscriptionSuspended"),
    errors.QuantityOutOfRange: Problem(400, 2002, "QuantityOutOfRange"),
    errors.BillingCycleFixed: Problem(400, 2054, "BillingCycleCannotBeUpdated"),
    errors.EtagStale: Problem(400, 2055, "InvalidEtag"),
    errors.ParentNotActive: Problem(409, 27009, "ParentSubscriptionNotActive"),
    errors.NotAutoRenewable: Problem(400, 800093, "NotEligibleToAutoRenew"),
    errors.NotConvertible: Problem(400, 2006, "UpdateNotAllowed"),
    errors.GateEnded: Problem(403, 13605, "CustomerAgreementConfirmationRequired", source="PartnerFD"),
    errors.GateOutdated: Problem(403, 13605, "CustomerAgreementConfirmationRequired", source="PartnerFD"),
    errors.GateRefused: Problem(403, 13605, "CustomerAgreementConfirmationRequired", source="PartnerFD"),
}

DEFECT = Problem(501, 0, "ExceptionNotDefined")
"""An error of ours, under the status that the contract has for it. The details go to the diagnostics, never out."""
RETRY_AFTER = 5
"""Seconds after which an unavailable record is worth another try."""


class ErrorBody(msgspec.Struct, rename="camel"):
    """The superset that every client understands: each reads what it knows (contract 3.6)."""

    code: int
    message: str
    description: str
    error_name: str
    is_retryable: bool
    parameters: dict[str, str | int]
    error_message_extended: str
    data: list[str]
    source: str


def problem_of(error: Exception) -> Problem:
    """The row for an error; a kind without one is a defect of ours."""
    if isinstance(error, Rejected):
        return PROBLEMS.get(type(error), DEFECT)
    return UNAVAILABLE if isinstance(error, StoreUnavailable) else DEFECT


def sentence_of(error: Exception, language: str) -> str:
    """What the caller is told."""
    if isinstance(error, Rejected):
        return text(error.key, language, **error.parameters)
    return text("store.unavailable" if isinstance(error, StoreUnavailable) else "defect", language)


def names_of(error: Exception) -> list[str]:
    """What an error is about, for programs."""
    return [*error.names] if isinstance(error, Rejected) else []


def error_body(error: Exception, language: str) -> bytes:
    """The wire's error body; without a byte order mark (contract 3.5). Empty for a silent kind."""
    problem = problem_of(error)
    if problem.silent:
        return b""
    sentence = sentence_of(error, language)
    body = ErrorBody(
        code=problem.code,
        message=sentence,
        description=sentence,
        error_name=problem.name,
        is_retryable=problem.status in (408, 503),
        parameters=error.parameters if isinstance(error, Rejected) else {},
        error_message_extended=f"InternalErrorCode={problem.code}",
        data=names_of(error),
        source=problem.source,
    )
    return msgspec.json.encode(body)
