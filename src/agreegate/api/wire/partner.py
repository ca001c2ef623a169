"""Partners on the wire: profiles, relationships and the status of their own agreement (contract 4.6, 4.8)."""

from agreegate.api.wire import Etagged, Link, ObjectType, Wire
from agreegate.api.wire.customer import AddressBody
from agreegate.domain.partner import OrganizationProfile, Partner
from agreegate.services.partner import RelationshipType

RELATIONSHIP_TYPES = {
    RelationshipType.PROVIDER_OF: "is_indirect_cloud_solution_provider_of",
    RelationshipType.RESELLER_OF: "is_indirect_reseller_of",
}


class OrganizationProfileOut(Wire):
    """`GET /v1/profiles/organization`."""

    id: str
    company_name: str
    default_address: AddressBody
    """Its country alone: the directory has no more."""
    tenant_id: str
    domain: str
    language: str
    culture: str
    profile_type: str
    links: dict[str, Link]
    attributes: Etagged
    email: str | None = None

    @classmethod
    def of(cls, profile: OrganizationProfile) -> "OrganizationProfileOut":
        """Return the partner as it presents itself."""
        partner = profile.partner
        return cls(
            id=partner.id,
            company_name=partner.name,
            default_address=AddressBody(country=partner.country),
            tenant_id=partner.id,
            domain=partner.domain,
            email=profile.email,
            language=partner.culture.partition("-")[0],
            culture=partner.culture,
            profile_type="OrganizationProfile",
            links={"self": Link.to("/profiles/organization")},
            attributes=Etagged(profile.etag, "OrganizationProfile"),
        )


class MpnProfileOut(Wire):
    """`GET /v1/profiles/mpn`: with the partner's name when the query names the partner."""

    mpn_id: str
    profile_type: str
    links: dict[str, Link]
    attributes: ObjectType
    partner_name: str | None = None

    @classmethod
    def of(cls, partner: Partner, *, named: bool) -> "MpnProfileOut":
        """Return the partner's profile in the partner network."""
        return cls(
            mpn_id=partner.mpn_id or "",
            partner_name=partner.name if named else None,
            profile_type="MpnProfile",
            links={"self": Link.to(f"/profiles/mpn?mpnId={partner.mpn_id}" if named else "/profiles/mpn")},
            attributes=ObjectType("MpnProfile"),
        )


class PartnerRelationship(Wire):
    """A partner linked with the caller, or with a customer of the caller's."""

    id: str
    name: str
    relationship_type: str
    state: str
    location: str
    attributes: ObjectType
    mpn_id: str | None = None

    @classmethod
    def of(cls, partner: Partner, kind: RelationshipType) -> "PartnerRelationship":
        """Return a linked partner; lists have open links only."""
        return cls(
            id=partner.id,
            name=partner.name,
            relationship_type=RELATIONSHIP_TYPES[kind],
            state="Active",
            mpn_id=partner.mpn_id,
            location=partner.country,
            attributes=ObjectType("PartnerRelationship"),
        )


class AgreementStatus(Wire):
    """`GET /v1/compliance/csp/agreementstatus`."""

    is_agreement_signed: bool


class DirectSignedStatus(Wire):
    """`GET …/directSignedMicrosoftCustomerAgreementStatus`."""

    is_signed: bool
