"""Customers as rows: the copy of each partner, the resellers through which the partner serves them, and lists."""

from collections.abc import Collection

from agreegate.domain.customers.customer import (
    BillingContact,
    Customer,
    CustomerSummary,
    Search,
    SearchField,
    search_key,
    text_language,
)
from agreegate.domain.customers.customer_search import index_words, spaced_words
from agreegate.domain.partner import Partner, PartnerId, PartnerKind
from agreegate.storage.customers.person import rename_with_persons
from agreegate.storage.engine.unit_of_work import UnitOfWork, Value, to_micros
from agreegate.storage.pagination import Listing, Page, PageRequest, page_of
from agreegate.storage.row import insert, number_of, put, reader, update
from agreegate.storage.statement import BEYOND, Statement

_LEAST = "\x01"
"""Comes before every character of a name: a name, and the name followed by this, enclose that name alone."""

_CUSTOMER = """
    c.customer_id, c.commerce_id, c.company_name, c.domain, c.country, c.language, c.culture, c.registration_number,
    k.profile_id, k.etag, k.email, c.country, k.city, k.address_line1, k.state, k.address_line2, k.postal_code,
    k.first_name, k.last_name, k.phone
"""


_as_customer = reader(Customer)
_as_summary = reader(CustomerSummary)
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
    c.customer_id, c.company_name, c.domain
    from customer c
    join relationship r on r.partner_id = c.partner_id and r.customer_id = c.customer_id
    where c.partner_id = $1 and r.ended_at is null"""
_LIST_OF_RESELLER = """
    c.customer_id, c.company_name, c.domain
    from customer_reseller v
    join customer c on c.partner_id = v.partner_id and c.customer_id = v.customer_id
    join relationship r on r.partner_id = v.partner_id and r.customer_id = v.customer_id
    where v.partner_id = $1 and v.reseller_id = $2 and r.ended_at is null"""
_LIST_AS_RESELLER = """
    c.customer_id, c.company_name, c.domain
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
    """Add a partner's copy of a customer, with its billing contact; `open_relationship` opens the relationship."""
    domain = customer.domain.lower()
    await insert(
        uow,
        "customer",
        partner_id=partner,
        customer_id=customer.id,
        commerce_id=customer.commerce_id,
        **_named(customer.company_name),
        domain=domain,
        country=customer.country,
        language=customer.language,
        culture=customer.culture,
        registration_number=customer.registration_number,
        created_at=to_micros(uow.now),
    )
    await claim_domain(uow, domain, customer.id)
    await _add_words(uow, partner, customer.id, customer.company_name)
    if customer.billing is not None:
        await put_contact(uow, partner, customer.id, customer.billing)


async def put_contact(uow: UnitOfWork, partner: PartnerId, customer: str, billing: BillingContact) -> None:
    """Add or change the billing contact of a customer; an existing contact keeps its `profile_id`."""
    address = billing.address
    await put(
        uow,
        "customer_contact",
        {"partner_id": partner, "customer_id": customer},
        {"profile_id": billing.profile_id},
        etag=billing.etag,
        email=billing.email,
        first_name=address.first_name,
        last_name=address.last_name,
        phone=address.phone,
        address_line1=address.line1,
        address_line2=address.line2,
        city=address.city,
        state=address.state,
        postal_code=address.postal_code,
    )


async def rename_customer(uow: UnitOfWork, partner: PartnerId, customer: str, name: str) -> None:
    """Change the name of the partner's copy of a customer, and the words by which searches find it."""
    row = await uow.fetch_one(
        "select company_name, company_key from customer where partner_id = $1 and customer_id = $2", partner, customer
    )
    if row is None:
        return
    known_name, known_key = row
    if known_name == name:
        return
    if words := sorted(index_words(known_name)):
        to = Statement(partner, customer, known_key)
        await uow.execute(
            "delete from customer_word where partner_id = $1 and customer_id = $2 and company_key = $3"
            f" and word in ({to.bind_all(words)})",
            *to.values,
        )
    await update(uow, "customer", {"partner_id": partner, "customer_id": customer}, **_named(name))
    await _add_words(uow, partner, customer, name)
    await rename_with_persons(uow, partner, customer, search_key(name))


def _named(name: str) -> dict[str, Value]:
    return {"company_name": name, "company_key": search_key(name), "name_words": spaced_words(name)}


async def _add_words(uow: UnitOfWork, partner: PartnerId, customer: str, name: str) -> None:
    """Add the words of a customer's name, by which searches find it."""
    if words := sorted(index_words(name)):
        to = Statement(partner, customer, search_key(name), spaced_words(name))
        rows = ", ".join(f"($1, $2, $3, $4, {to.bind(word)})" for word in words)
        await uow.execute(
            f"insert into customer_word (partner_id, customer_id, company_key, name_words, word) values {rows}",
            *to.values,
        )


async def has_copy(uow: UnitOfWork, partner: PartnerId, customer: str) -> bool:
    """Whether the partner has a copy of the customer, with or without a relationship."""
    sql = "select 1 from customer where partner_id = $1 and customer_id = $2"
    return await uow.fetch_one(sql, partner, customer) is not None


async def customer_of(uow: UnitOfWork, asking: Partner, customer: str) -> tuple[Customer, PartnerId | None] | None:
    """Return a customer that the partner serves today, and the reseller through which it is served.

    A reseller gets its provider's copy, with itself as the reseller.
    """
    as_reseller = asking.kind is PartnerKind.INDIRECT_RESELLER
    row = await uow.fetch_one(_THROUGH_PROVIDER if as_reseller else _OWN, asking.id, customer)
    if row is None:
        return None
    *found, reseller = row
    return _as_customer(found), reseller


async def locale_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> tuple[str, str] | None:
    """Return the country of a customer, and the language in which it reads texts, from the partner's copy."""
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
    """Return a page of the customers that the partner serves today.

    Ordered by name; a search by domain by domain; a reseller's customers by id.
    """
    as_reseller = asking.kind is PartnerKind.INDIRECT_RESELLER
    return await (_as_reseller if as_reseller else _as_owner)(uow, asking, search, page_request)


async def _as_owner(
    uow: UnitOfWork, asking: Partner, search: Search | None, page_request: PageRequest
) -> Page[CustomerSummary]:
    key, lower, upper = "c.company_key", None, None
    if search is not None:
        match search.field:
            case SearchField.INDIRECT_RESELLER:
                listing = Listing(_LIST_OF_RESELLER, "v.customer_id", "v.partner_id")
                return await page_of(uow, _as_summary, listing, page_request, asking.id, search.value)
            case SearchField.INDIRECT_PROVIDER:
                if search.value != asking.id:
                    return Page()
            case SearchField.COMPANY_NAME | SearchField.DOMAIN:
                key = _column(search)
                lower, upper = _between(search)
    listing = Listing(_LIST_OWN, key, "c.customer_id", lower=lower, upper=upper)
    return await page_of(uow, _as_summary, listing, page_request, asking.id)


async def _as_reseller(
    uow: UnitOfWork, asking: Partner, search: Search | None, page_request: PageRequest
) -> Page[CustomerSummary]:
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
    return await page_of(uow, _as_summary, Listing(select, "v.customer_id", "v.partner_id"), page_request, *parameters)


def _column(search: Search) -> str:
    return "c.domain" if search.field is SearchField.DOMAIN else "c.company_key"


def _between(search: Search) -> tuple[str, str]:
    """Return the range of the index that fits a search, without its upper end."""
    value = search_key(search.value)
    return value, value + (_LEAST if search.whole else BEYOND)


async def position_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> tuple[str, str] | None:
    """Return the position of a customer in a list by name: the key of its name, and its id."""
    row = await uow.fetch_one(
        "select company_key, customer_id from customer where partner_id = $1 and customer_id = $2", partner, customer
    )
    if row is None:
        return None
    key, id_ = row
    return key, id_


async def countries_of(uow: UnitOfWork, partner: PartnerId) -> list[str]:
    """Return the countries of the customers that the partner serves today, in order: one step of an index for each."""
    rows = await uow.fetch_all(
        """with recursive code(country) as (
             select min(c.country) from customer c where c.partner_id = $1
             union all
             select (select min(c.country) from customer c where c.partner_id = $1 and c.country > code.country) from code
             where code.country is not null)
           select code.country from code where exists (
             select 1 from customer c
             join relationship r on r.partner_id = c.partner_id and r.customer_id = c.customer_id and r.ended_at is null
             where c.partner_id = $1 and c.country = code.country)
           order by code.country""",
        partner,
    )
    return [country for (country,) in rows]


async def count_customers(uow: UnitOfWork, partner: PartnerId) -> int:
    """Count the customers that the partner serves today. It reads all of them: only for accounts with few customers."""
    return await number_of(uow, "select count(*) from relationship where partner_id = $1 and ended_at is null", partner)


async def domain_in_use(uow: UnitOfWork, domain: str) -> bool:
    """Whether any customer or partner has the domain, given in lower case."""
    sql = (
        "select 1 from tenant_domain where domain = $1 union all select 1 from partner where domain = $1"
        " union all select 1 from partner_mail_domain where domain = $1"
    )
    return await uow.fetch_one(sql, domain) is not None


async def claim_domain(uow: UnitOfWork, domain: str, customer: str) -> bool:
    """Give a domain, in lower case, to a customer; return False if a customer has it already.

    A unit of work that gives the same domain at the same time is waited for.
    """
    return await insert(uow, "tenant_domain", "(domain) do nothing", domain=domain, customer_id=customer) == 1


async def add_reseller(uow: UnitOfWork, partner: PartnerId, customer: str, reseller: PartnerId) -> None:
    """Record that a provider serves the customer through one of its linked resellers."""
    await insert(
        uow,
        "customer_reseller",
        "(partner_id, customer_id, reseller_id) do nothing",
        partner_id=partner,
        customer_id=customer,
        reseller_id=reseller,
        created_at=to_micros(uow.now),
    )


async def drop_resellers(uow: UnitOfWork, partner: PartnerId, customer: str, keep: Collection[PartnerId] = ()) -> None:
    """Remove the resellers through which a provider serves the customer, except those in `keep`."""
    to = Statement(partner, customer)
    others = "".join(f" and reseller_id <> {to.bind(reseller)}" for reseller in keep)
    await uow.execute(f"delete from customer_reseller where partner_id = $1 and customer_id = $2{others}", *to.values)


async def resellers_of(uow: UnitOfWork, partner: PartnerId, customer: str) -> frozenset[PartnerId]:
    """Return the resellers through which a provider serves the customer."""
    rows = await uow.fetch_all(
        "select reseller_id from customer_reseller where partner_id = $1 and customer_id = $2", partner, customer
    )
    return frozenset(PartnerId(reseller) for (reseller,) in rows)


def new_etag(uow: UnitOfWork) -> str:
    """Return a random decimal number, the form that etags of profiles have (contract 3.10)."""
    return str(int(uow.new_id().replace("-", "")[-15:], 16))
