"""Partners, their users and the links between providers and resellers, as rows."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from agreegate.domain.actor import Role, UserId
from agreegate.domain.partner import OrganizationProfile, Partner, PartnerId
from agreegate.storage.engine.unit_of_work import UnitOfWork, maybe_instant, to_micros
from agreegate.storage.row import find, find_all, insert, reader
from agreegate.storage.statement import Statement


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A user of a partner, for the display of records."""

    name: str
    """The user principal name."""
    designated: bool
    """Whether employees without an account of their own use the account (R28)."""


COLUMNS = "partner_id, name, kind, cloud, account, mpn_id, domain, country, culture"
as_partner = reader(Partner)
"""Makes the partner of a row of `COLUMNS`."""
_PARTNER = f"{COLUMNS} from partner"
_BY_NAME = "order by name, partner_id"
_as_profile = reader(OrganizationProfile)
_WORKED_WITH = f"""
    select {COLUMNS}, mpa_signed_at from partner
    where {{column}} = $2 and (partner_id = $1 or exists (
      select 1 from reseller_link l where l.ended_at is null
         and ((l.partner_id = $1 and l.reseller_id = partner.partner_id)
           or (l.partner_id = partner.partner_id and l.reseller_id = $1))))
"""


async def partner_of(uow: UnitOfWork, partner: str) -> Partner | None:
    """Return the partner of a tenant id."""
    return await find(uow, as_partner, f"select {_PARTNER} where partner_id = $1", partner)


async def every_partner(uow: UnitOfWork) -> list[Partner]:
    """Return every partner of the directory."""
    return await find_all(uow, as_partner, f"select {_PARTNER} order by partner_id")


async def operator_of(uow: UnitOfWork) -> Partner | None:
    """Return the programme's operator, if the directory has one."""
    return await find(uow, as_partner, f"select {_PARTNER} where kind = 'operator' order by partner_id limit 1")


async def profile_of(uow: UnitOfWork, partner: PartnerId) -> OrganizationProfile | None:
    """Return the profile of a partner's organization."""
    sql = f"select {COLUMNS}, email, profile_etag from partner where partner_id = $1"
    return await find(uow, _as_profile, sql, partner)


async def worked_with(
    uow: UnitOfWork, asking: PartnerId, *, mpn_id: str | None = None, tenant: str | None = None
) -> tuple[Partner, datetime | None] | None:
    """Return a partner by either id, if it is the caller or has an open link with it; and when it signed its own agreement."""
    column, value = ("mpn_id", mpn_id) if mpn_id is not None else ("partner_id", tenant)
    row = await uow.fetch_one(_WORKED_WITH.format(column=column), asking, value)
    if row is None:
        return None
    *found, signed_at = row
    return as_partner(found), maybe_instant(signed_at)


async def has_reseller(uow: UnitOfWork, provider: PartnerId, reseller: str) -> bool:
    """Whether the reseller has an open link to the provider."""
    sql = "select 1 from reseller_link where partner_id = $1 and reseller_id = $2 and ended_at is null"
    return await uow.fetch_one(sql, provider, reseller) is not None


async def roles_of(uow: UnitOfWork, partner: PartnerId, user: str) -> frozenset[Role] | None:
    """Return the roles of a user; None: the directory has no such user, or it is closed."""
    rows = await uow.fetch_all(
        "select r.role from partner_user u left join partner_user_role r"
        "  on r.partner_id = u.partner_id and r.user_id = u.user_id"
        " where u.partner_id = $1 and u.user_id = $2 and u.active = 1",
        partner,
        user,
    )
    return frozenset(Role(role) for (role,) in rows if role is not None) if rows else None


async def users_named(uow: UnitOfWork, partner: PartnerId, users: Collection[str]) -> dict[str, KnownUser]:
    """Return the users with these ids that the directory has, active or not. Ids of applications are missing."""
    if not users:
        return {}
    to = Statement(partner)
    rows = await uow.fetch_all(
        "select user_id, user_name, designated from partner_user"
        f" where partner_id = $1 and user_id in ({to.bind_all(users)})",
        *to.values,
    )
    return {id_: KnownUser(name, bool(designated)) for id_, name, designated in rows}


async def add_user(uow: UnitOfWork, partner: PartnerId, user: UserId, user_name: str) -> None:
    """Add a user without roles, whose first valid token came."""
    await insert(
        uow,
        "partner_user",
        "(partner_id, user_id) do nothing",
        partner_id=partner,
        user_id=user,
        user_name=user_name,
        created_at=to_micros(uow.now),
    )


async def linked_resellers(uow: UnitOfWork, provider: PartnerId) -> list[Partner]:
    """Return the resellers with an open link to a provider, by name."""
    linked = "select reseller_id from reseller_link where partner_id = $1 and ended_at is null"
    return await find_all(uow, as_partner, f"select {_PARTNER} where partner_id in ({linked}) {_BY_NAME}", provider)


async def mail_domains(uow: UnitOfWork, partner: PartnerId) -> tuple[list[str], list[str]]:
    """Return the mail domains of a partner, and those of the resellers with an open link to it (X14)."""
    rows = await uow.fetch_all(
        "select 0, domain from partner where partner_id = $1"
        " union all select 0, domain from partner_mail_domain where partner_id = $1"
        " union all select 1, p.domain from reseller_link l join partner p on p.partner_id = l.reseller_id"
        "  where l.partner_id = $1 and l.ended_at is null"
        " union all select 1, d.domain from reseller_link l join partner_mail_domain d on d.partner_id = l.reseller_id"
        "  where l.partner_id = $1 and l.ended_at is null",
        partner,
    )
    return [domain for kind, domain in rows if kind == 0], [domain for kind, domain in rows if kind == 1]


async def linked_providers(uow: UnitOfWork, reseller: PartnerId) -> list[Partner]:
    """Return the providers with an open link to a reseller, by name."""
    linked = "select partner_id from reseller_link where reseller_id = $1 and ended_at is null"
    return await find_all(uow, as_partner, f"select {_PARTNER} where partner_id in ({linked}) {_BY_NAME}", reseller)
