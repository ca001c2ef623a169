"""Partners: their kinds, clouds and accounts (R21, R22, R31)."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

PartnerId = NewType("PartnerId", str)
"""A partner's tenant id: a GUID in lower case."""


class PartnerKind(StrEnum):
    """The role of a tenant in the programme."""

    DIRECT_BILL = "direct_bill"
    INDIRECT_PROVIDER = "indirect_provider"
    INDIRECT_RESELLER = "indirect_reseller"
    OPERATOR = "operator"
    """The vendor: publishes texts, and sees counts but no partner's data."""

    @property
    def confirms(self) -> bool:
        """Whether partners of this kind confirm and order (R21); a reseller does not (R22)."""
        return self in (PartnerKind.DIRECT_BILL, PartnerKind.INDIRECT_PROVIDER)


class Cloud(StrEnum):
    """The cloud of a partner's customers. Only the public cloud has confirmations (R30, R31)."""

    PUBLIC = "public"
    US_GOVERNMENT = "us_government"
    GERMANY = "germany"
    CHINA = "china"


class Account(StrEnum):
    """Only a sandbox account may delete customers and cancel orders."""

    PRODUCTION = "production"
    SANDBOX = "sandbox"


@dataclass(frozen=True, slots=True)
class Partner:
    """One partner tenant."""

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
    """The language of its organisation profile, such as `fr-FR`."""


@dataclass(frozen=True, slots=True)
class OrganizationProfile:
    """A partner's organisation profile (contract 4.8)."""

    partner: Partner
    email: str | None
    etag: str
