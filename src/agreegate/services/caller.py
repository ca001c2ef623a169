"""Recognise the caller: look up a proven identity in the directory."""

from collections.abc import Sequence
from dataclasses import dataclass

from agreegate.domain.actor import Actor, Channel, Role, UserId
from agreegate.storage.clock import meet
from agreegate.storage.engine.unit_of_work import UnitOfWork
from agreegate.storage.partner import partner_of, roles_of, users_named


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity that a token or a sign-in proves."""

    tenant: str
    user_id: str | None
    """None for App-only."""
    user_name: str | None
    application_id: str | None = None
    roles: Sequence[str] | None = None
    """The roles from the token, where they count instead of the directory's; else None."""


async def recognise(uow: UnitOfWork, identity: Identity, channel: Channel) -> tuple[Actor, bool] | None:
    """Return the actor, and whether its user is new; None: the tenant is unknown or the user is closed."""
    partner = await partner_of(uow, identity.tenant)
    if partner is None:
        return None
    await meet(uow, partner.id)  # so that a known caller's request needs no further statement
    if identity.user_id is None:
        return Actor(partner, application_id=identity.application_id, channel=channel), False
    roles = await roles_of(uow, partner.id, identity.user_id)
    stranger = roles is None and not await users_named(uow, partner.id, [identity.user_id])
    if roles is None and not stranger:
        return None
    if identity.roles is not None:
        roles = frozenset(Role(role) for role in identity.roles if role in frozenset(Role))
    user = UserId(identity.user_id)
    actor = Actor(partner, roles or frozenset(), user, identity.user_name, identity.application_id, channel)
    return actor, stranger
