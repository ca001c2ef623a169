"""Partners on the wire: profiles, relationships and the status of their own agreement (contract 4.6, 4.8)."""

from agreegate.api.wire import Body, link, present
from agreegate.domain.partner import OrganizationProfile, Partner
from agreegate.services.partner import RelationshipType

RELATIONSHIP_TYPES = {
    RelationshipType.PROVIDER_OF: "is_indirect_cloud_solution_provider_of",
    RelationshipType.RESELLER_OF: "is_indirect_reseller_of",
}


def organization_body(profile: OrganizationProfile) -> Body:
    """Return the partner as it presents itself. The directory has no more of its address than the country."""
    partner = profile.partner
    return present(
        {
            "id": partner.id,
            "companyName": partner.name,
            "defaultAddress": {"country": partner.country},
            "tenantId": partner.id,
            "domain": partner.domain,
            "language": partner.culture.partition("-")[0],
            "culture": partner.culture,
            "profileType": "OrganizationProfile",
            "links": {"self": link("/profiles/organization")},
            "attributes": {"etag": profile.etag, "objectType": "OrganizationProfile"},
            "email": profile.email,
        }
    )


def mpn_body(partner: Partner, *, named: bool) -> Body:
    """Return the partner's profile in the partner network; with the partner's name when the query names the partner."""
    return present(
        {
            "mpnId": partner.mpn_id or "",
            "profileType": "MpnProfile",
            "links": {"self": link(f"/profiles/mpn?mpnId={partner.mpn_id}" if named else "/profiles/mpn")},
            "attributes": {"objectType": "MpnProfile"},
            "partnerName": partner.name if named else None,
        }
    )


def relationship_body(partner: Partner, kind: RelationshipType) -> Body:
    """Return a partner linked with the caller, or with a customer of the caller's; lists have open links only."""
    return present(
        {
            "id": partner.id,
            "name": partner.name,
            "relationshipType": RELATIONSHIP_TYPES[kind],
            "state": "Active",
            "location": partner.country,
            "attributes": {"objectType": "PartnerRelationship"},
            "mpnId": partner.mpn_id,
        }
    )


def agreement_signed_body(signed: bool) -> Body:
    """Return the answer of `GET /v1/compliance/csp/agreementstatus`."""
    return {"isAgreementSigned": signed}


def directly_signed_body(signed: bool) -> Body:
    """Return the answer of `GET …/directSignedMicrosoftCustomerAgreementStatus`."""
    return {"isSigned": signed}
