"""A customer that cannot be created, found or parted with (contract 4.7)."""

from agreegate.domain.errors.rejected import Rejected


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
