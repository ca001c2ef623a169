"""A caller who may not do what it asks for."""

from agreegate.domain.errors.rejected import Rejected


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
