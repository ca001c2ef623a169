"""Customers as rows: each partner's own copies, the resellers through which they are served, and lists of them."""

from collections.abc import Sequence
from typing import Any

from agreegate.domain.customers.customer import (
    Address,
    BillingContact,
    Customer,
    CustomerId,
    CustomerSummary,
    Search,
    SearchField,
    search_key,
    text_language,
)
from agreegate.domain.customers.customer_search import index_words, spaced_words
from agreegate.domain.partner import Partner, PartnerId, PartnerKind
from agreegate.storage.customers.person import rename_with_persons
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork, to_micros
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of

_BEYOND = "\U0010ffff"
"""After every character of a name: a prefix and this one end what starts with the prefix."""
_LEAST = "\x01"
"""Before every character of a name: a name and this one end what is the name and no more."""

_CUSTOMER = """
    c.partner_id, c.customer_id, c.commerce_id, c.company_name, c.domain, c.country, c.language, c.culture,
    c.registration_number, k.profile_id, k.etag, k.email, k.city, k.address_line1, k.state, k.address_line2,
    k.postal_code, k.first_name, k.last_name, k.phone
"""


def _customer(row: Sequence[Any]) -> Customer:
    (_, id_, commerce_id, company_name, domain, country, language, culture, registration_number, profile_id, etag, email,
     *address) = row  # fmt: skip
    billing = None
    if profile_id is not None:
        billing = BillingContact(profile_id, etag, email, Address(country, *address))
    return Customer(
        id=CustomerId(id_),
        commerce_id=commerce_id,
        company_name=company_name,
        domain=domain,
        country=country,
        language=language,
        culture=culture,
        registration_number=registration_number,
        billing=billing,
    )


_COPY = """
    join relationship r on r.partner_id = c.partner_id and r.customer_id = c.customer_id and r.ended_at is null
    left join customer_contact k on k.partner_id = c.partner_id and k.customer_id = c.customer_id
"""
_OWN = f"""
    select {_CUSTOMER},
      (select v.reseller_id from customer_reseller v
         join reseller_link l on l.partner_id = v.partner_id and l.reseller_id = v.reseller_id and l.ended_at is null
        where v.partner_id = c.partner_id and v.customer_id = c.customer_id
        order by v.created_at, v.reseller_id limit 1)
    from customer c {_COPY} where c.partner_id = $1 and c.customer_id = $2
"""
_THROUGH_PROVIDER = f"""
    select {_CUSTOMER}, v.reseller_id
    from customer_reseller v
    join reseller_link l on l.partner_id = v.partner_id and l.reseller_id = v.reseller_id and l.ended_at is null
    join customer c on c.partner_id = v.partner_id and c.customer_id = v.customer_id {_COPY}
    where v.reseller_id = $1 and v.customer_id = $2 order by v.partner_id limit 1
"""

_LIST_OWN = """
    select {order}, c.customer_id, c.customer_id, c.company_name, c.domain
    from customer c
    join relationship r on r.partner_id = c.partner_id and r.customer_id = c.customer_id
    where c.partner_id = $1 and r.ended_at is null"""
_LIST_OF_RESELLER = """
    select v.customer_id, v.partner_id, c.customer_id, c.company_name, c.domain
    from customer_reseller v
    join customer c on c.partner_id = v.partner_id and c.customer_id = v.customer_id
    join relationship r on r.partner_id = v.partner_id and r.customer_id = v.customer_id
    where v.partner_id = $1 and v.reseller_id = $2 and r.ended_at is null"""
_LIST_AS_RESELLER = """
    select v.customer_id, v.partner_id, c.customer_id, c.company_name, c.domain
    from customer_reseller v
    join reseller_link l on l.partner_id = v.partner_id and l.reseller_id = v.reseller_id
    join customer c on c.partner_id = v.partner_id and c.customer_id = v.customer_id
    join relationship r on r.partner_id = v.partner_id and r.customer_id = v.customer_id
    where v.reseller_id = $1 and l.ended_at is null and r.ended_at is null"""
_THROUGH_FIRST_PROVIDER = """
    and not exists (
      select 1 from customer_reseller o
      join reseller_link m on m.partner_id = o.partner_id and m.reseller_id = o.reseller_id and m.ended_at is null
      join relationship s on s.partner_id = o.partner_id and s.customer_id = o.customer_id and s.ended_at is null
      where o.reseller_id = v.reseller_id and o.customer_id = v.customer_id and o.partner_id < v.partner_id)"""


async def add_customer(uow: UnitOfWork, partner: PartnerId, customer: Customer) -> None:
    """Keep a partner's copy of a customer, its billing contact apart. Its relationship is another matter."""
    key = (partner, customer.id)
    await uow.execute(
        "insert into customer (partner_id, customer_id, commerce_id, company_name, company_key, name_words, domain, country,"
        " language, culture, registration_number, created_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        *key,
        customer.commerce_id,
        customer.company_name,
        search_key(customer.company_name),
        spaced_words(customer.company_name),
        customer.domain.lower(),
        customer.country,
        customer.language,
        customer.culture,
        customer.registration_number,
        to_micros(uow.now),
    )
    await uow.execute(
        "insert into tenant_domain (domain, customer_id) values ($1, $2) on conflict (domain) do nothing",
        customer.domain.lower(),
        customer.id,
    )
    await add_words(uow, partner, customer.id, customer.company_name)
    if (billing := customer.billing) is None:
        return
    await uow.execute(
        "insert into customer_contact (partner_id, customer_id, profile_id, etag, email, first_name, last_name, phone,"
        " address_line1, address_line2, city, state, postal_code)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        *key,
        billing.profile_id,
        billing.etag,
        billing.email,
        billing.address.first_name,
        billing.address.last_name,
        billing.address.phone,
        billing.address.line1,
        billing.address.line2,
        billing.address.city,
        billing.address.state,
        billing.address.postal_code,
    )


async def rename_customer(uow: UnitOfWork, partner: PartnerId, customer: str, name: str) -> None:
    """Give the partner's copy of a customer another name, by which it is found from now on."""
    row = await uow.fetch_one(
        "select company_name, company_key from customer where partner_id = $1 and customer_id = $2", partner, customer
    )
    if row is None:
        return
    known_name, known_key = row
    if known_name == name:
        return
    if words := sorted(index_words(known_name)):
        await uow.execute(
            "delete from customer_word where partner_id = $1 and customer_id = $2 and company_key = $3"
            f" and word in ({', '.join(f'${place}' for place in range(4, 4 + len(words)))})",
            partner,
            customer,
            known_key,
            *words,
        )
    await uow.execute(
        "update customer set company_name = $3, company_key = $4, name_words = $5"
        " where partner_id = $1 and customer_id = $2",
        partner,
        customer,
        name,
        search_key(name),
        spaced_words(name),
    )
    await add_words(uow, partner, customer, name)
    await rename_with_persons(uow, partner, customer, search_key(name))


async def add_words(uow: UnitOfWork, partner: PartnerId, customer: str, name: str) -> None:
    """Let a customer be found by the words of its name."""
    words = sorted(index_words(name))
    if words:
        await uow.execute(
            "insert into customer_word (partner_id, customer_id, company_key, name_words, word) values "
            + ", ".join(f"($1, $2, $3, $4, ${place})" for place in range(5, 5 + len(words))),
            partner,
            customer,
            search_key(name),
            spaced_words(name),
            *words,
        )


async def has_copy(uow: UnitOfWork, partner: PartnerId, customer: str) -> bool:
    """Whether the partner has a copy of the customer, related or not."""
    row = await uow.fetch_one("select 1 from customer where partner_id = $1 and customer_id = $2", partner, customer)
    return row is not None


async def customer_of(uow: UnitOfWork, asking: Partner, customer: str) -> tuple[Customer, PartnerId | None] | None:
    """A customer that the partner serves today, with the reseller it is served through.

    A reseller is shown the copy of its provider, and no reseller but itself.
    """
    as_reseller = asking.kind is PartnerKind.INDIRECT_RESELLER
    row = await uow.fetch_one(_THROUGH_PROVIDER if as_reseller else _OWN, asking.id, customer)
    if row is None:
        return None
    *found, reseller = row
    return _customer(found), reseller


async def locale_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> tuple[str, str] | None:
    """A customer's country, and the language that it reads texts in, as the partner has them."""
    row = await uow.fetch_one(
        "select country, language, culture from customer where partner_id = $1 and customer_id = $2", partner, customer
    )
    if row is None:
        return None
    country, language, culture = row
    return country, text_language(language, culture)


async def customers_of(
    uow: UnitOfWork, asking: Partner, search: Search | None, page_request: PageRequest
) -> Page[CustomerSummary]:
    """A page of the customers that the partner serves today.

    Ordered by name; by domain when that is looked for; by id where a reseller's customers are shown.
    """
    if asking.kind is PartnerKind.INDIRECT_RESELLER:
        found = await _as_reseller(uow, asking, search, page_request)
    else:
        found = await _as_owner(uow, asking, search, page_request)
    items = tuple(CustomerSummary(CustomerId(id_), name, domain) for _, _, id_, name, domain in found.items)
    return Page(items, found.first, found.last, found.more_before, found.more_after)


async def _as_owner(uow: UnitOfWork, asking: Partner, search: Search | None, page_request: PageRequest) -> Page[Row]:
    key, lower, upper = "c.company_key", None, None
    if search is not None:
        match search.field:
            case SearchField.INDIRECT_RESELLER:
                listing = Listing(_LIST_OF_RESELLER, "v.customer_id", "v.partner_id")
                return await page_of(uow, listing, page_request, asking.id, search.value)
            case SearchField.INDIRECT_PROVIDER:
                if search.value != asking.id:
                    return Page()
            case SearchField.COMPANY_NAME | SearchField.DOMAIN:
                key = _column(search)
                lower, upper = _between(search)
    listing = Listing(_LIST_OWN.format(order=key), key, "c.customer_id", lower=lower, upper=upper)
    return await page_of(uow, listing, page_request, asking.id)


async def _as_reseller(uow: UnitOfWork, asking: Partner, search: Search | None, page_request: PageRequest) -> Page[Row]:
    select, parameters = _LIST_AS_RESELLER + _THROUGH_FIRST_PROVIDER, [str(asking.id)]
    if search is not None:
        match search.field:
            case SearchField.INDIRECT_RESELLER:
                if search.value != asking.id:
                    return Page()
            case SearchField.INDIRECT_PROVIDER:
                select = _LIST_AS_RESELLER + " and v.partner_id = $2"
                parameters.append(search.value)
            case SearchField.COMPANY_NAME | SearchField.DOMAIN:
                select += f" and {_column(search)} >= $2 and {_column(search)} < $3"
                parameters.extend(_between(search))
    return await page_of(uow, Listing(select, "v.customer_id", "v.partner_id"), page_request, *parameters)


def _column(search: Search) -> str:
    return "c.domain" if search.field is SearchField.DOMAIN else "c.company_key"


def _between(search: Search) -> tuple[str, str]:
    """What is looked for as a range of the index: from the first up to but without the second."""
    value = search_key(search.value)
    return value, value + (_LEAST if search.whole else _BEYOND)


async def count_customers(uow: UnitOfWork, partner: PartnerId) -> int:
    """How many customers the partner serves today. Reads them all: only for accounts that may have few."""
    sql = "select count(*) from relationship where partner_id = $1 and ended_at is null"
    [(count,)] = await uow.fetch_all(sql, partner)
    return int(count)


async def domain_in_use(uow: UnitOfWork, domain: str) -> bool:
    """Whether any customer or partner has the domain, given in lower case."""
    [(in_use,)] = await uow.fetch_all(
        "select exists (select 1 from tenant_domain where domain = $1) or exists (select 1 from partner where domain = $1)"
        " or exists (select 1 from partner_mail_domain where domain = $1)",
        domain,
    )
    return bool(in_use)


async def add_reseller(uow: UnitOfWork, partner: PartnerId, customer: str, reseller: PartnerId) -> None:
    """Let a provider serve the customer through one of its linked resellers."""
    await uow.execute(
        "insert into customer_reseller (partner_id, customer_id, reseller_id, created_at) values ($1, $2, $3, $4)"
        " on conflict (partner_id, customer_id, reseller_id) do nothing",
        partner,
        customer,
        reseller,
        to_micros(uow.now),
    )


async def drop_resellers(uow: UnitOfWork, partner: PartnerId, customer: str) -> None:
    """Let no reseller serve the customer for this provider."""
    await uow.execute("delete from customer_reseller where partner_id = $1 and customer_id = $2", partner, customer)


async def resellers_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> frozenset[PartnerId]:
    """The resellers through which a provider serves the customer."""
    rows = await uow.fetch_all(
        "select reseller_id from customer_reseller where partner_id = $1 and customer_id = $2", partner, customer
    )
    return frozenset(PartnerId(reseller) for (reseller,) in rows)


def new_etag(uow: UnitOfWork) -> str:
    """A decimal number, as profiles have it (contract 3.10)."""
    return str(int(uow.new_id().replace("-", "")[-15:], 16))
