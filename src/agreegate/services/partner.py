"""Show a partner its own data and that of linked partners (contract 4.6, 4.8)."""

from enum import StrEnum

from agreegate.domain.actor import Actor
from agreegate.domain.error import Rejected
from agreegate.domain.partner import OrganizationProfile, Partner
from agreegate.domain.partner_search import NameSearch
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import linked_providers, linked_resellers, profile_of, worked_with

SHOWN = 36
"""Maximum characters of an unknown id in an error: the length of a tenant id (contract 3.6 limits a sentence to 1,024)."""


class RelationshipType(StrEnum):
    """The link of two partners, seen from the caller."""

    PROVIDER_OF = "provider_of"
    RESELLER_OF = "reseller_of"


async def organization_profile(uow: UnitOfWork, actor: Actor) -> OrganizationProfile:
    """Return the caller's organisation profile.

    Raises:
        `request.not-found`: the partner left the directory a moment ago.
    """
    profile = await profile_of(uow, actor.partner.id)
    if profile is None:
        raise Rejected("request.not-found")
    return profile


async def mpn_partner(uow: UnitOfWork, actor: Actor, mpn_id: str | None) -> Partner:
    """Return the caller or the linked partner with a partner network id; None means the caller.

    Raises:
        `request.not-found`: no such partner, or the caller has no partner network id.
    """
    if mpn_id is None:
        found = (await organization_profile(uow, actor)).partner
        if found.mpn_id is None:
            raise Rejected("request.not-found")
        return found
    known = await worked_with(uow, actor.partner.id, mpn_id=mpn_id)
    if known is None:
        raise Rejected("request.not-found")
    partner, _ = known
    return partner


async def partner_relationships(
    uow: UnitOfWork, actor: Actor, kind: RelationshipType, search: NameSearch | None = None
) -> list[Partner]:
    """Return the partners with an open link of this kind to the caller that fit the search, by name."""
    linked = linked_resellers if kind is RelationshipType.PROVIDER_OF else linked_providers
    partners = await linked(uow, actor.partner.id)
    return [partner for partner in partners if search is None or search.finds(partner.name)]


async def partner_agreement_signed(uow: UnitOfWork, actor: Actor, *, mpn_id: str | None, tenant: str | None) -> bool:
    """Return whether a partner signed its own agreement with the vendor. Exactly one of the two ids is given.

    Raises:
        `partner.unknown`: the id is neither the caller's nor a linked partner's.
    """
    known = await worked_with(uow, actor.partner.id, mpn_id=mpn_id, tenant=tenant)
    if known is None:
        asked = (mpn_id or tenant or "")[:SHOWN]
        raise Rejected("partner.unknown", name="tenant_id" if mpn_id is None else "mpn_id", id=asked)
    _, signed_at = known
    return signed_at is not None and signed_at <= uow.now
