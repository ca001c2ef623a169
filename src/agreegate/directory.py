"""Reads and writes directory files: partners, users, resellers and customers as TOML. A leaf for the edges.

`docs/directory.example.toml` explains every field. An error in a file names its line.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta
from msgspec.structs import asdict

from agreegate.domain.actor import Role, UserId
from agreegate.domain.agreements.text import primary_subtag
from agreegate.domain.customers.customer import Address, CustomerDraft, CustomerId, normalised
from agreegate.domain.directory import ListedCustomer, ListedPartner, ListedUser
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.toml_input import Guid, Table, TomlFile

LARGEST = 64 * 1024 * 1024
"""Bytes of a directory file."""


class CustomerState(StrEnum):
    """The state of a customer's relationship in a file."""

    ACTIVE = "active"
    ENDED = "ended"


_Country = Annotated[str, Meta(pattern=r"^[A-Z]{2}\Z", extra={"code": "directory.not-country"})]
_Culture = Annotated[
    str,
    Meta(pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?-([A-Z]{2}|[0-9]{3})\Z", extra={"code": "directory.not-culture"}),
]


class _User(Table, kw_only=True):
    id: Guid
    name: str
    roles: frozenset[Role] = frozenset()
    designated: bool = False
    active: bool = True


class _Contact(Table, kw_only=True):
    first_name: str
    last_name: str
    email: str
    phone: str = ""
    address_line1: str
    address_line2: str = ""
    city: str
    state: str = ""
    postal_code: str = ""


_NO_CONTACT = _Contact(first_name="", last_name="", email="", address_line1="", city="")


class _Customer(Table, kw_only=True):
    id: Guid
    company_name: str
    domain: str
    country: _Country
    language: str = ""
    culture: _Culture
    registration_number: str | None = None
    resellers: frozenset[Guid] = frozenset()
    state: CustomerState = CustomerState.ACTIVE
    contact: _Contact | None = None
    """None for a customer whose contact was erased."""


class _Partner(Table, kw_only=True):
    id: Guid
    name: str
    kind: PartnerKind
    cloud: Cloud = Cloud.PUBLIC
    account: Account = Account.PRODUCTION
    domain: str
    mail_domains: frozenset[str] | None = None
    mpn_id: Annotated[str, Meta(pattern=r"^[1-9][0-9]{0,18}\Z", extra={"code": "directory.not-number"})] | None = None
    country: _Country
    culture: _Culture
    email: str | None = None
    mpa_signed: datetime | None = None
    resellers: frozenset[Guid] = frozenset()
    user: tuple[_User, ...] = ()
    customer: tuple[_Customer, ...] = ()


class _Directory(Table, kw_only=True):
    partner: tuple[_Partner, ...] = ()


def read(file: TomlFile) -> tuple[ListedPartner, ...]:
    """Return the partners of a file. `domain/directory.py` checks their values.

    Raises:
        Rejected: what is wrong, and where.
    """
    partners = file.read(_Directory).partner
    if not partners:
        raise file.refused("directory.empty")
    return tuple(map(_partner, partners))


def _partner(table: _Partner) -> ListedPartner:
    domain = table.domain.strip().lower()
    mail_domains = [domain] if table.mail_domains is None else [one.strip().lower() for one in table.mail_domains]
    return ListedPartner(
        partner=Partner(
            id=PartnerId(str(table.id)),
            name=table.name.strip(),
            kind=table.kind,
            cloud=table.cloud,
            account=table.account,
            mpn_id=table.mpn_id,
            domain=domain,
            country=table.country,
            culture=table.culture,
        ),
        mail_domains=frozenset(mail_domains),
        email=None if table.email is None else table.email.strip(),
        mpa_signed_at=table.mpa_signed,
        users=tuple(ListedUser(**asdict(user) | {"id": UserId(str(user.id))}) for user in table.user),
        resellers=_ids(table.resellers),
        customers=tuple(map(_customer, table.customer)),
    )


def _customer(table: _Customer) -> ListedCustomer:
    contact = table.contact or _NO_CONTACT
    address = Address(
        country=table.country,
        city=contact.city,
        line1=contact.address_line1,
        state=contact.state,
        line2=contact.address_line2,
        postal_code=contact.postal_code,
        first_name=contact.first_name,
        last_name=contact.last_name,
        phone=contact.phone,
    )
    draft = CustomerDraft(
        domain=table.domain,
        company_name=table.company_name,
        email=contact.email,
        culture=table.culture,
        language=table.language or primary_subtag(table.culture),
        address=address,
        registration_number=table.registration_number,
    )
    active = table.state is CustomerState.ACTIVE
    return ListedCustomer(CustomerId(str(table.id)), normalised(draft), _ids(table.resellers), active)


def _ids(ids: Iterable[Guid]) -> frozenset[PartnerId]:
    return frozenset(PartnerId(str(one)) for one in ids)


def written(partners: Iterable[ListedPartner]) -> str:
    """Return the partners as the text of a file, which `read` reads back as the same."""
    return "\n".join(line for listed in partners for line in _partner_lines(listed))


def _partner_lines(listed: ListedPartner) -> Iterator[str]:
    partner = listed.partner
    yield from _table_lines(
        "[[partner]]",
        id=partner.id,
        name=partner.name,
        kind=partner.kind,
        cloud=partner.cloud,
        account=partner.account,
        domain=partner.domain,
        mail_domains=sorted(listed.mail_domains),
        mpn_id=partner.mpn_id,
        country=partner.country,
        culture=partner.culture,
        email=listed.email,
        mpa_signed=listed.mpa_signed_at,
        resellers=sorted(listed.resellers) or None,
    )
    for user in listed.users:
        yield from _table_lines(
            "[[partner.user]]",
            id=user.id,
            name=user.name,
            roles=sorted(user.roles),
            designated=user.designated or None,
            active=None if user.active else False,
        )
    for customer in listed.customers:
        draft, address = customer.draft, customer.draft.address
        yield from _table_lines(
            "[[partner.customer]]",
            id=customer.id,
            company_name=draft.company_name,
            domain=draft.domain,
            country=address.country,
            language=draft.language,
            culture=draft.culture,
            registration_number=draft.registration_number,
            resellers=sorted(customer.resellers) or None,
            state=None if customer.active else CustomerState.ENDED,
        )
        if draft.email:
            yield from _table_lines(
                "[partner.customer.contact]",
                first_name=address.first_name,
                last_name=address.last_name,
                email=draft.email,
                phone=address.phone or None,
                address_line1=address.line1,
                address_line2=address.line2 or None,
                city=address.city,
                state=address.state or None,
                postal_code=address.postal_code or None,
            )


def _table_lines(header: str, **values: str | bool | list[str] | datetime | None) -> Iterator[str]:
    """Yield a table with the values that are not None. TOML takes JSON's texts, but for U+007F, which JSON leaves bare."""
    yield header
    for name, value in values.items():
        if isinstance(value, datetime):
            yield f"{name} = {value.isoformat().replace('+00:00', 'Z')}"
        elif value is not None:
            yield f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
    yield ""
