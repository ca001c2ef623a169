"""Partners: who sells, in which cloud, and who is responsible for a confirmation (R21, R22, R31)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

PartnerId = NewType("PartnerId", str)
"""A partner's tenant id: a GUID in lower case."""


class PartnerKind(StrEnum):
    """How a tenant takes part in the programme."""

    DIRECT_BILL = "direct_bill"
    INDIRECT_PROVIDER = "indirect_provider"
    INDIRECT_RESELLER = "indirect_reseller"
    OPERATOR = "operator"
    """The vendor's own people: publish texts and dates; see counts, no partner's data."""

    @property
    def confirms(self) -> bool:
        """Whether partners of this kind confirm, and order, themselves (R21); a reseller never does (R22)."""
        return self in (PartnerKind.DIRECT_BILL, PartnerKind.INDIRECT_PROVIDER)


class Cloud(StrEnum):
    """Where the partner's customers live. Only the public cloud knows confirmations (R30, R31)."""

    PUBLIC = "public"
    US_GOVERNMENT = "us_government"
    GERMANY = "germany"
    CHINA = "china"


class Account(StrEnum):
    """A sandbox account may delete customers and cancel orders; a production account may not."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner tenant as the rules know it."""

    id: PartnerId
    name: str
    kind: PartnerKind
    cloud: Cloud
    account: Account
    mpn_id: str | None
    domain: str
    country: str
    """ISO 3166 code, two capitals."""
    culture: str
    """The language its organisation profile names, such as `fr-FR`."""


@dataclass(frozen=True, slots=True)
class OrganizationProfile:
    """How a partner presents itself (contract 4.8)."""

    partner: Partner
    email: str | None
    etag: str
