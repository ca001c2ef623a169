"""The directory as rows: partners, users, reseller links, customers with their contacts."""

from collections.abc import Mapping, Sequence

from agreegate.domain.actor import Role, UserId
from agreegate.domain.customers.customer import Address, BillingContact, CustomerDraft, CustomerId
from agreegate.domain.directory import ListedCustomer, ListedPartner, ListedUser
from agreegate.domain.partner import Partner, PartnerId
from agreegate.storage.customers.customer import new_etag, put_contact, rename_customer, resellers_of
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, maybe_instant, maybe_micros, to_micros
from agreegate.storage.partner import COLUMNS, as_partner
from agreegate.storage.row import insert, put, update

_CUSTOMERS = """
    select c.customer_id, c.company_name, c.domain, c.country, c.language, c.culture, c.registration_number,
      r.ended_at is null and r.period is not null, p.email, p.city, p.address_line1, p.state, p.address_line2,
      p.postal_code, p.first_name, p.last_name, p.phone
    from customer c
    left join relationship r on r.partner_id = c.partner_id and r.customer_id = c.customer_id
    left join customer_contact p on p.partner_id = c.partner_id and p.customer_id = c.customer_id
    where c.partner_id = $1
"""


async def listed_partners(
    uow: UnitOfWork, customers: Mapping[PartnerId, Sequence[str]] | None = None
) -> tuple[ListedPartner, ...]:
    """Return every partner with its users, links and customers, by name.

    Args:
        customers: only these customers of each partner; None: all customers.
    """
    rows = await uow.fetch_all(f"select {COLUMNS}, email, mpa_signed_at from partner order by name, partner_id")
    return tuple(
        [await _listed(uow, as_partner(partner), email, signed_at, customers) for *partner, email, signed_at in rows]
    )


async def put_partner(uow: UnitOfWork, listed: ListedPartner) -> None:
    """Add or change a partner and its mail domains; its users, links and customers stay as they are."""
    partner = listed.partner
    await put(
        uow,
        "partner",
        {"partner_id": partner.id},
        {"created_at": to_micros(uow.now)},
        name=partner.name,
        kind=partner.kind,
        cloud=partner.cloud,
        account=partner.account,
        mpn_id=partner.mpn_id,
        domain=partner.domain,
        country=partner.country,
        culture=partner.culture,
        email=listed.email,
        mpa_signed_at=maybe_micros(listed.mpa_signed_at),
        profile_etag=new_etag(uow),
    )
    await uow.execute("delete from partner_mail_domain where partner_id = $1", partner.id)
    for domain in sorted(listed.mail_domains):
        await insert(uow, "partner_mail_domain", partner_id=partner.id, domain=domain)


async def release_names(uow: UnitOfWork, partner: PartnerId) -> None:
    """Clear a partner's domain and number, so that two partners can exchange theirs in one unit of work."""
    await uow.execute("update partner set domain = partner_id, mpn_id = null where partner_id = $1", partner)


async def put_user(uow: UnitOfWork, partner: PartnerId, user: ListedUser) -> None:
    """Add or change a user and its roles."""
    await put(
        uow,
        "partner_user",
        {"partner_id": partner, "user_id": user.id},
        {"created_at": to_micros(uow.now)},
        user_name=user.name,
        designated=int(user.designated),
        active=int(user.active),
    )
    await uow.execute("delete from partner_user_role where partner_id = $1 and user_id = $2", partner, user.id)
    for role in sorted(user.roles):
        await insert(uow, "partner_user_role", partner_id=partner, user_id=user.id, role=role)


async def close_user(uow: UnitOfWork, partner: PartnerId, user: str) -> None:
    """Close a user. What the user recorded stays under its name."""
    await update(uow, "partner_user", {"partner_id": partner, "user_id": user}, active=0)


async def link_reseller(uow: UnitOfWork, provider: PartnerId, reseller: str) -> None:
    """Open a provider's link to a reseller; a link that ended is opened again."""
    await uow.execute(
        "insert into reseller_link (partner_id, reseller_id, created_at) values ($1, $2, $3)"
        " on conflict (partner_id, reseller_id) do update set ended_at = null",
        provider,
        reseller,
        to_micros(uow.now),
    )


async def unlink_reseller(uow: UnitOfWork, provider: PartnerId, reseller: str) -> None:
    """End a provider's link to a reseller."""
    await uow.execute(
        "update reseller_link set ended_at = $3 where partner_id = $1 and reseller_id = $2 and ended_at is null",
        provider,
        reseller,
        to_micros(uow.now),
    )


async def change_customer(uow: UnitOfWork, partner: PartnerId, customer: CustomerId, draft: CustomerDraft) -> None:
    """Change the partner's copy of a customer, with its contact and address."""
    await rename_customer(uow, partner, customer, draft.company_name)
    await update(
        uow,
        "customer",
        {"partner_id": partner, "customer_id": customer},
        domain=draft.domain,
        country=draft.address.country,
        language=draft.language,
        culture=draft.culture,
        registration_number=draft.registration_number,
    )
    await put_contact(uow, partner, customer, BillingContact(uow.new_id(), new_etag(uow), draft.email, draft.address))


async def _listed(
    uow: UnitOfWork,
    partner: Partner,
    email: str,
    signed_at: int | None,
    only: Mapping[PartnerId, Sequence[str]] | None,
) -> ListedPartner:
    id_ = partner.id
    mail_domains = await uow.fetch_all("select domain from partner_mail_domain where partner_id = $1", id_)
    links = await uow.fetch_all("select reseller_id from reseller_link where partner_id = $1 and ended_at is null", id_)
    linked = frozenset(PartnerId(reseller) for (reseller,) in links)
    if only is None:
        customers = await uow.fetch_all(f"{_CUSTOMERS} order by lower(c.company_name), c.customer_id", id_)
    else:
        customers = [
            found
            for customer in only.get(id_, ())
            for found in await uow.fetch_all(f"{_CUSTOMERS} and c.customer_id = $2", id_, customer)
        ]
    return ListedPartner(
        partner=partner,
        mail_domains=frozenset(domain for (domain,) in mail_domains),
        email=email,
        mpa_signed_at=maybe_instant(signed_at),
        users=await _users(uow, id_),
        resellers=linked,
        customers=tuple([await _customer(uow, id_, customer, linked) for customer in customers]),
    )


async def _users(uow: UnitOfWork, partner: PartnerId) -> tuple[ListedUser, ...]:
    roles: dict[str, set[Role]] = {}
    for user, role in await uow.fetch_all("select user_id, role from partner_user_role where partner_id = $1", partner):
        roles.setdefault(user, set()).add(Role(role))
    rows = await uow.fetch_all(
        "select user_id, user_name, designated, active from partner_user where partner_id = $1"
        " order by user_name, user_id",
        partner,
    )
    return tuple(
        ListedUser(UserId(id_), name, frozenset(roles.get(id_, ())), bool(designated), bool(active))
        for id_, name, designated, active in rows
    )


async def _customer(uow: UnitOfWork, partner: PartnerId, row: Row, linked: frozenset[PartnerId]) -> ListedCustomer:
    id_, name, domain, country, language, culture, registration_number, active, email, *place = row
    address = Address(country, "", "") if email is None else Address(country, *place)
    return ListedCustomer(
        id=CustomerId(id_),
        draft=CustomerDraft(domain, name, email or "", culture, language, address, registration_number),
        resellers=await resellers_of(uow, partner, id_) & linked,
        active=bool(active),
    )
