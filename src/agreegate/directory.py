"""Reads and writes directory files: partners, users, resellers and customers as TOML. A leaf for the edges.

`docs/directory.example.toml` explains every field. What is wrong with a file is told with its line.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from agreegate.domain.actor import Role, UserId
from agreegate.domain.customer import Address, CustomerDraft, CustomerId, checked_domain, checked_draft
from agreegate.domain.directory import DirectoryRefused, ListedCustomer, ListedPartner, ListedUser, Path
from agreegate.domain.email import valid_email
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from agreegate.domain.text import primary_subtag
from agreegate.file_input import NotToml, parse_toml, utc_instant

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")

LARGEST = 64 * 1024 * 1024
"""Bytes of a directory file."""
LONGEST = 253
"""Characters of a text for which no rule says less."""
_PARTNER = ("id", "name", "kind", "cloud", "account", "domain", "mail_domains", "mpn_id", "country", "culture", "email",
            "mpa_signed", "resellers", "user", "customer")  # fmt: skip
_USER = ("id", "name", "roles", "designated", "active")
_CUSTOMER = ("id", "company_name", "domain", "country", "language", "culture", "registration_number", "resellers",
             "state", "contact")  # fmt: skip
_CONTACT = ("first_name", "last_name", "email", "phone", "address_line1", "address_line2", "city", "state",
            "postal_code")  # fmt: skip
_MEMBERS = {"line1": "address_line1", "line2": "address_line2"}
"""What a file calls a member, where a rule about customers calls it by another name."""
_TYPES: dict[type, str] = {str: "text", bool: "true/false", list: "list", dict: "table"}


class CustomerState(StrEnum):
    """What a file says of a customer's relationship."""

    ACTIVE = "active"
    ENDED = "ended"


def read(text: str) -> tuple[ListedPartner, ...]:
    """The partners that the text of a file describes.

    Raises:
        DirectoryRefused: what is wrong, and where.
    """
    try:
        document = parse_toml(text)
    except NotToml as error:
        raise DirectoryRefused("directory.not-toml", ("line", error.line)) from error
    root = _Table(document, ())
    root.only("partner")
    partners = [_partner(table) for table in root.tables("partner")]
    if not partners:
        raise DirectoryRefused("directory.empty")
    return tuple(partners)


def line_of(text: str, path: Path) -> int:
    """The line of a file on which something stands, or the nearest table above it; 1 when nothing is found."""
    if path[:1] == ("line",):
        return int(path[1])
    lines = dict(_lines(text))
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _lines(text: str) -> Iterator[tuple[Path, int]]:
    """Where each table and key stands. Good for files as people write them; tomllib itself tells no lines."""
    counts: dict[Path, int] = {}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*(\[{1,2})\s*([\w.-]+)\s*\]", line):
            table = ()
            names = header[2].split(".")
            for depth, name in enumerate(names):
                table = (*table, name)
                if header[1] == "[[" and depth == len(names) - 1:
                    counts[table] = counts.get(table, -1) + 1
                if table in counts:
                    table = (*table, counts[table])
            yield table, number
        elif key := re.match(r"\s*([\w-]+)\s*=", line):
            yield (*table, key[1]), number


class _Table:
    """One table of a file, and where it stands."""

    def __init__(self, values: dict[str, Any], path: Path) -> None:
        self._values = values
        self._path = path

    def only(self, *known: str) -> None:
        for name in self._values:
            if name not in known:
                raise DirectoryRefused("directory.unknown-field", (*self._path, name), ", ".join(known))

    def refuse(self, name: str, key: str, detail: str | int = "") -> DirectoryRefused:
        return DirectoryRefused(key, (*self._path, name), detail)

    def take(self, name: str, kind: type[T], default: T | None = None) -> T:
        value = self._values.get(name, default)
        if value is None:
            raise self.refuse(name, "directory.missing", name)
        if not isinstance(value, kind):
            raise self.refuse(name, "directory.wrong-type", _TYPES[kind])
        return value

    def has(self, name: str) -> bool:
        return name in self._values

    def tables(self, name: str) -> Iterator["_Table"]:
        for index, value in enumerate(self.take(name, list, [])):
            if not isinstance(value, dict):
                raise self.refuse(name, "directory.wrong-type", "[[table]]")
            yield _Table(value, (*self._path, name, index))

    def table(self, name: str) -> "_Table":
        return _Table(self.take(name, dict), (*self._path, name))

    def text(self, name: str, default: str | None = None) -> str:
        value = self.take(name, str, default).strip()
        if not value.isprintable() or (default is None and not value) or len(value) > LONGEST:
            raise self.refuse(name, "directory.not-text", LONGEST)
        return value

    def matching(self, name: str, pattern: str, key: str) -> str:
        value = self.text(name)
        if re.fullmatch(pattern, value) is None:
            raise self.refuse(name, key)
        return value

    def guid(self, name: str) -> str:
        return self._guid(name, self.take(name, str))

    def guids(self, name: str) -> frozenset[str]:
        return frozenset(self._guid(name, value) for value in self.take(name, list, []))

    def _guid(self, name: str, value: object) -> str:
        try:
            return str(UUID(value if isinstance(value, str) else ""))
        except ValueError:
            raise self.refuse(name, "directory.not-guid") from None

    def email(self, name: str) -> str:
        value = self.text(name)
        if not valid_email(value):
            raise self.refuse(name, "directory.not-email")
        return value

    def domain(self, name: str) -> str:
        return self._domain(name, self.take(name, str))

    def domains(self, name: str, default: str) -> frozenset[str]:
        return frozenset(self._domain(name, value) for value in self.take(name, list, [default]))

    def _domain(self, name: str, value: object) -> str:
        try:
            return checked_domain(value if isinstance(value, str) else "")
        except Rejected:
            raise self.refuse(name, "directory.not-domain") from None

    def one_of(self, name: str, kind: type[E], default: E | None = None) -> E:
        return self._member(name, self.take(name, str, default), kind)

    def some_of(self, name: str, kind: type[E]) -> frozenset[E]:
        return frozenset(self._member(name, value, kind) for value in self.take(name, list, []))

    def _member(self, name: str, value: object, kind: type[E]) -> E:
        try:
            return kind(value if isinstance(value, str) else "")
        except ValueError:
            raise self.refuse(name, "directory.not-one-of", ", ".join(kind)) from None

    def day(self, name: str) -> datetime | None:
        value = self._values.get(name)
        instant = utc_instant(value)
        if instant is None and value is not None:
            raise self.refuse(name, "directory.not-date")
        return instant


def _partner(table: _Table) -> ListedPartner:
    table.only(*_PARTNER)
    domain = table.domain("domain")
    return ListedPartner(
        partner=Partner(
            id=PartnerId(table.guid("id")),
            name=table.text("name"),
            kind=table.one_of("kind", PartnerKind),
            cloud=table.one_of("cloud", Cloud, Cloud.PUBLIC),
            account=table.one_of("account", Account, Account.PRODUCTION),
            mpn_id=_mpn_id(table),
            domain=domain,
            country=table.matching("country", r"[A-Z]{2}", "directory.not-country"),
            culture=_culture(table),
        ),
        mail_domains=table.domains("mail_domains", domain),
        email=table.email("email") if table.has("email") else None,
        mpa_signed_at=table.day("mpa_signed"),
        users=tuple(_user(user) for user in table.tables("user")),
        resellers=frozenset(PartnerId(reseller) for reseller in table.guids("resellers")),
        customers=tuple(_customer(customer) for customer in table.tables("customer")),
    )


def _mpn_id(table: _Table) -> str | None:
    return table.matching("mpn_id", r"[1-9][0-9]{0,18}", "directory.not-number") if table.has("mpn_id") else None


def _user(table: _Table) -> ListedUser:
    table.only(*_USER)
    return ListedUser(
        id=UserId(table.guid("id")),
        name=table.email("name"),
        roles=table.some_of("roles", Role),
        designated=table.take("designated", bool, default=False),
        active=table.take("active", bool, default=True),
    )


def _customer(table: _Table) -> ListedCustomer:
    table.only(*_CUSTOMER)
    contact = table.table("contact")
    contact.only(*_CONTACT)
    culture = _culture(table)
    draft = CustomerDraft(
        domain=table.text("domain"),
        company_name=table.text("company_name"),
        email=contact.text("email"),
        culture=culture,
        language=table.text("language", primary_subtag(culture)),
        address=Address(
            country=table.matching("country", r"[A-Z]{2}", "directory.not-country"),
            city=contact.text("city"),
            line1=contact.text("address_line1"),
            state=contact.text("state", ""),
            line2=contact.text("address_line2", ""),
            postal_code=contact.text("postal_code", ""),
            first_name=contact.text("first_name"),
            last_name=contact.text("last_name"),
            phone=contact.text("phone", ""),
        ),
        registration_number=table.text("registration_number") if table.has("registration_number") else None,
    )
    return ListedCustomer(
        id=CustomerId(table.guid("id")),
        draft=_checked(table, contact, draft),
        resellers=frozenset(PartnerId(reseller) for reseller in table.guids("resellers")),
        active=table.one_of("state", CustomerState, CustomerState.ACTIVE) is CustomerState.ACTIVE,
    )


def _checked(table: _Table, contact: _Table, draft: CustomerDraft) -> CustomerDraft:
    """The draft, by the rules that the API has for customers, told with the names of the file."""
    try:
        return checked_draft(draft)
    except Rejected as refused:
        member = str(refused.parameters.get("name", "")).rpartition(".")[2]
        name = _MEMBERS.get(member, member)
        where = contact if name in _CONTACT else table
        raise where.refuse(name, refused.code, refused.parameters.get("format", "")) from None


def _culture(table: _Table) -> str:
    return table.matching("culture", r"[a-z]{2,3}(-[A-Z][a-z]{3})?-([A-Z]{2}|[0-9]{3})", "directory.not-culture")


def written(partners: Iterable[ListedPartner]) -> str:
    """The partners as the text of a file, which reads back as the same."""
    return "\n".join(line for listed in partners for line in _partner_lines(listed))


def _partner_lines(listed: ListedPartner) -> Iterator[str]:
    partner = listed.partner
    yield "[[partner]]"
    for name in ("id", "name", "kind", "cloud", "account", "domain"):
        yield _line(name, getattr(partner, name))
    yield _line("mail_domains", sorted(listed.mail_domains))
    for name, value in (("mpn_id", partner.mpn_id), ("country", partner.country), ("culture", partner.culture),
                        ("email", listed.email)):  # fmt: skip
        if value is not None:
            yield _line(name, value)
    if listed.mpa_signed_at is not None:
        yield f"mpa_signed = {listed.mpa_signed_at.isoformat().replace('+00:00', 'Z')}"
    if listed.resellers:
        yield _line("resellers", sorted(listed.resellers))
    yield ""
    for user in listed.users:
        yield "[[partner.user]]"
        yield _line("id", user.id)
        yield _line("name", user.name)
        yield _line("roles", sorted(user.roles))
        if user.designated:
            yield _line("designated", True)
        if not user.active:
            yield _line("active", False)
        yield ""
    for customer in listed.customers:
        yield from _customer_lines(customer)


def _customer_lines(customer: ListedCustomer) -> Iterator[str]:
    draft, address = customer.draft, customer.draft.address
    yield "[[partner.customer]]"
    yield _line("id", customer.id)
    for name, value in (("company_name", draft.company_name), ("domain", draft.domain), ("country", address.country),
                        ("language", draft.language), ("culture", draft.culture)):  # fmt: skip
        yield _line(name, value)
    if draft.registration_number:
        yield _line("registration_number", draft.registration_number)
    if customer.resellers:
        yield _line("resellers", sorted(customer.resellers))
    if not customer.active:
        yield _line("state", CustomerState.ENDED)
    yield ""
    if draft.email:
        yield "[partner.customer.contact]"
        for name, value in (("first_name", address.first_name), ("last_name", address.last_name),
                            ("email", draft.email), ("phone", address.phone), ("address_line1", address.line1),
                            ("address_line2", address.line2), ("city", address.city), ("state", address.state),
                            ("postal_code", address.postal_code)):  # fmt: skip
            if value:
                yield _line(name, value)
        yield ""


def _line(name: str, value: str | bool | list[str]) -> str:
    """One key. TOML takes texts as JSON writes them, but for the control character that JSON leaves bare."""
    return f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\x7f", "\\u007f")
