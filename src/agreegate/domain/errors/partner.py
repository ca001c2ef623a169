"""A question about partners and audit records that has no answer (contract 4.6, 4.12)."""

from agreegate.domain.errors.rejected import Rejected


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
