"""What a partner may know of itself and of the partners it works with (contract 4.6, 4.8)."""

from enum import StrEnum

from agreegate.domain.actor import Actor
from agreegate.domain.error import Rejected
from agreegate.domain.partner import OrganizationProfile, Partner
from agreegate.domain.partner_search import NameSearch
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import linked_providers, linked_resellers, profile_of, worked_with

SHOWN = 36
"""So much of an unknown id is repeated to the caller: a tenant id is as long, a sentence may have 1,024 (contract 3.6)."""


class RelationshipType(StrEnum):
    """How two partners are linked, seen from the first."""

    PROVIDER_OF = "provider_of"
    RESELLER_OF = "reseller_of"


async def organization_profile(uow: UnitOfWork, actor: Actor) -> OrganizationProfile:
    """The caller's own organisation.

    Raises:
        `request.not-found`: it left the directory a moment ago.
    """
    profile = await profile_of(uow, actor.partner.id)
    if profile is None:
        raise Rejected("request.not-found")
    return profile


async def mpn_partner(uow: UnitOfWork, actor: Actor, mpn_id: str | None) -> Partner:
    """The partner of a partner network id: the caller itself, or one it is linked with; None asks for the caller.

    Raises:
        `request.not-found`: there is none such, or the caller has no such id.
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
    """The partners that the caller has an open link of this kind with, by name; those that the search finds, if any."""
    linked = linked_resellers if kind is RelationshipType.PROVIDER_OF else linked_providers
    partners = await linked(uow, actor.partner.id)
    return [partner for partner in partners if search is None or search.finds(partner.name)]


async def partner_agreement_signed(uow: UnitOfWork, actor: Actor, *, mpn_id: str | None, tenant: str | None) -> bool:
    """Whether a partner signed its own agreement with the vendor. Exactly one of the two ids is given.

    Only the caller itself and the partners it is linked with are known to it: all others answer as ids nobody has.

    Raises:
        `partner.unknown`.
    """
    known = await worked_with(uow, actor.partner.id, mpn_id=mpn_id, tenant=tenant)
    if known is None:
        asked = (mpn_id or tenant or "")[:SHOWN]
        raise Rejected("partner.unknown", name="tenant_id" if mpn_id is None else "mpn_id", id=asked)
    _, signed_at = known
    return signed_at is not None and signed_at <= uow.now
