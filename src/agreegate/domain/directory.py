"""The directory: partners with their users, resellers and customers, as an operator describes them.

Applying a description makes its differences from the known directory. Nothing is deleted: users are closed, links and
relationships are ended (R22, R28).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum

from agreegate.domain.actor import Role, UserId
from agreegate.domain.characters import fits_line
from agreegate.domain.confirmation import PrimaryContact
from agreegate.domain.customers.customer import (
    CustomerDraft,
    CustomerId,
    country_violations,
    valid_domain,
    violations_of,
)
from agreegate.domain.customers.email import valid_email
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Cloud, Partner, PartnerId, PartnerKind

NAME_LENGTH = 253
"""Maximum length of a partner's name."""
_MEMBERS = {
    "address.country": "country",
    "address.line1": "contact.address_line1",
    "address.line2": "contact.address_line2",
    "address.city": "contact.city",
    "address.state": "contact.state",
    "address.postal_code": "contact.postal_code",
    "address.first_name": "contact.first_name",
    "address.last_name": "contact.last_name",
    "address.phone": "contact.phone",
    "email": "contact.email",
}
"""The description's name of each member that a customer rule names."""
_PARTS = frozenset({"partner", "users", "resellers", "customers"})
"""Members of a listed partner that are compared on their own."""


@dataclass(frozen=True, slots=True)
class ListedUser:
    """A user of a partner's tenant."""

    id: UserId
    name: str
    """The user principal name."""
    roles: frozenset[Role]
    designated: bool
    """The account of employees without an account of their own (R28)."""
    active: bool


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    """One partner's copy of a customer."""

    id: CustomerId
    draft: CustomerDraft
    """The company and its primary contact with the address. The e-mail address is empty once the contact is erased."""
    resellers: frozenset[PartnerId]
    """The provider's resellers that serve the customer."""
    active: bool
    """Whether the relationship is open."""

    @property
    def contact(self) -> PrimaryContact:
        """The customer's primary contact."""
        address = self.draft.address
        return PrimaryContact(address.first_name, address.last_name, self.draft.email, address.phone or None)


@dataclass(frozen=True, slots=True)
class ListedPartner:
    """A partner with its users, resellers and customers."""

    partner: Partner
    mail_domains: frozenset[str]
    email: str | None
    mpa_signed_at: datetime | None
    users: tuple[ListedUser, ...] = ()
    resellers: frozenset[PartnerId] = frozenset()
    """The linked resellers of an indirect provider."""
    customers: tuple[ListedCustomer, ...] = ()


class Verb(StrEnum):
    """What a change does."""

    ADDED = "added"
    CHANGED = "changed"
    ENDED = "ended"
    """A user is closed, or a link or relationship ends. The records stay."""
    RESUMED = "resumed"
    """A user is opened again, or a relationship begins a new period without a confirmation."""


class Subject(StrEnum):
    """What a change is about."""

    PARTNER = "partner"
    USER = "partner_user"
    RESELLER = "reseller_link"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field's value before and after, as text; both are empty where the values are personal data."""

    name: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the known directory and a description."""

    verb: Verb
    subject: Subject
    partner: Partner
    id: str
    """Of the partner, user, reseller or customer."""
    fields: tuple[FieldChange, ...] = ()


def differences(known: Sequence[ListedPartner], described: Sequence[ListedPartner]) -> tuple[Change, ...]:
    """Return the changes that make the directory as described; partners first, since links need both ends.

    A described partner is described whole: a user with a role is closed, and a link ended, when the description no longer
    names it. Partners and customers that the description does not name stay, and users first seen with a token too.
    """
    before = {listed.partner.id: listed for listed in known}
    found: list[Change] = []
    for listed in described:
        found.extend(_of_partner(before.get(listed.partner.id), listed))
    for listed in described:
        earlier = before.get(listed.partner.id) or replace(listed, users=(), resellers=frozenset(), customers=())
        found.extend(_of_users(earlier.users, listed))
        found.extend(_of_resellers(earlier.resellers, listed))
        found.extend(_of_customers(earlier.customers, listed))
    return tuple(found)


def _of_partner(known: ListedPartner | None, described: ListedPartner) -> Iterator[Change]:
    partner = described.partner
    if known is None:
        yield Change(Verb.ADDED, Subject.PARTNER, partner, partner.id)
    elif changed := _changed(known.partner, partner) + _changed(known, described, skip=_PARTS):
        yield Change(Verb.CHANGED, Subject.PARTNER, partner, partner.id, changed)


def _of_users(known: Sequence[ListedUser], described: ListedPartner) -> Iterator[Change]:
    before = {user.id: user for user in known}
    for user in described.users:
        earlier = before.pop(user.id, None)
        if earlier is None:
            yield Change(Verb.ADDED, Subject.USER, described.partner, user.id)
            continue
        verb, changed = _verb(earlier.active, user.active), _changed(earlier, user, skip={"active"}, hide={"name"})
        if verb is not None or changed:
            yield Change(verb or Verb.CHANGED, Subject.USER, described.partner, user.id, changed)
    for user in before.values():
        if user.active and (user.roles or user.designated):
            yield Change(Verb.ENDED, Subject.USER, described.partner, user.id)


def _of_resellers(known: Collection[PartnerId], described: ListedPartner) -> Iterator[Change]:
    for reseller in sorted(described.resellers.difference(known)):
        yield Change(Verb.ADDED, Subject.RESELLER, described.partner, reseller)
    for reseller in sorted(set(known) - described.resellers):
        yield Change(Verb.ENDED, Subject.RESELLER, described.partner, reseller)


def _of_customers(known: Sequence[ListedCustomer], described: ListedPartner) -> Iterator[Change]:
    before = {customer.id: customer for customer in known}
    for customer in described.customers:
        earlier = before.get(customer.id)
        if earlier is None:
            if customer.active:
                yield Change(Verb.ADDED, Subject.CUSTOMER, described.partner, customer.id)
            continue
        verb = _verb(earlier.active, customer.active)
        changed = _changed_customer(earlier, customer) if customer.active else ()
        if verb is not None or changed:
            yield Change(verb or Verb.CHANGED, Subject.CUSTOMER, described.partner, customer.id, changed)


def _changed_customer(before: ListedCustomer, after: ListedCustomer) -> tuple[FieldChange, ...]:
    changed = list(_changed(before.draft, after.draft, skip={"email", "address"}))
    old, new = before.draft.address, after.draft.address
    if old.country != new.country:
        changed.append(FieldChange("country", old.country, new.country))
    if (before.draft.email, replace(old, country="")) != (after.draft.email, replace(new, country="")):
        changed.append(FieldChange("contact"))
    return (*changed, *_changed(before, after, skip={"draft", "active"}))


def _verb(before: bool, after: bool) -> Verb | None:
    if before == after:
        return None
    return Verb.RESUMED if after else Verb.ENDED


def _changed(
    before: object, after: object, skip: Collection[str] = (), hide: Collection[str] = ()
) -> tuple[FieldChange, ...]:
    found = []
    for field in fields(after):  # type: ignore[arg-type]
        if field.name in skip:
            continue
        old, new = getattr(before, field.name), getattr(after, field.name)
        if old != new:
            personal = field.name in hide
            found.append(FieldChange(field.name) if personal else FieldChange(field.name, _text(old), _text(new)))
    return tuple(found)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case frozenset():
            return ", ".join(sorted(value))
        case datetime():
            return value.date().isoformat()
        case _:
            return str(value)


def check(
    known: Sequence[ListedPartner], described: Sequence[ListedPartner], countries: Mapping[Cloud, Collection[str]]
) -> None:
    """Check a description against the rules, itself, and the known partners that it does not name.

    A value that is described as it is recorded is accepted, whatever the rules are by now.

    Args:
        countries: by cloud, the codes of the countries that partners and their customers can be in.

    Raises:
        Rejected: a value is not of its form; an id, name, domain or number is taken; a link or role does not fit the
            kind of partner (R22).
    """
    before = {listed.partner.id: listed for listed in known}
    everyone = {listed.partner.id: listed.partner for listed in (*known, *described)}
    for number, listed in enumerate(described):
        place = f"partner[{number}]"
        was, codes = before.get(listed.partner.id), countries[listed.partner.cloud]
        for violation in (
            *_partner_violations(was, listed, place, codes),
            *_customer_violations(was, listed, place, codes),
            *_kind_violations(listed, place),
            *_reseller_violations(listed, place, everyone),
        ):
            raise violation
    for violation in _claim_violations(known, described):
        raise violation


def _partner_violations(
    before: ListedPartner | None, listed: ListedPartner, place: str, countries: Collection[str]
) -> Iterator[Rejected]:
    """Find violations in a partner's own values and in the names of its users."""
    partner = listed.partner
    if before is None or partner != before.partner or _changed(before, listed, skip=_PARTS):
        if not fits_line(partner.name, 1, NAME_LENGTH):
            yield Rejected("directory.not-text", name=f"{place}.name", detail=NAME_LENGTH)
        if not valid_domain(partner.domain):
            yield Rejected("directory.not-domain", name=f"{place}.domain")
        if not all(map(valid_domain, listed.mail_domains)):
            yield Rejected("directory.not-domain", name=f"{place}.mail_domains")
        if listed.email is not None and not valid_email(listed.email):
            yield Rejected("directory.not-email", name=f"{place}.email")
        allowed = countries if before is None else {*countries, before.partner.country}
        yield from _in_place(country_violations(partner.country, "country", allowed), place)
    names = {user.id: user.name for user in before.users} if before else {}
    for index, user in enumerate(listed.users):
        if user.name != names.get(user.id) and not valid_email(user.name):
            yield Rejected("directory.not-email", name=f"{place}.user[{index}].name")


def _customer_violations(
    before: ListedPartner | None, listed: ListedPartner, place: str, countries: Collection[str]
) -> Iterator[Rejected]:
    drafts = {customer.id: customer.draft for customer in before.customers} if before else {}
    for index, customer in enumerate(listed.customers):
        draft, earlier, here = customer.draft, drafts.get(customer.id), f"{place}.customer[{index}]"
        if draft == earlier or not customer.active:
            continue
        if not (draft.email or draft.address.line1):
            yield Rejected("toml.missing", name=f"{here}.contact")
        yield from _in_place(
            violations_of(draft, {*countries, earlier.address.country} if earlier else countries), here
        )


def _in_place(violations: Iterable[Rejected], place: str) -> Iterator[Rejected]:
    """Name the members of customer rules as the description does."""
    for violation in violations:
        member = str(violation.parameters["name"])
        yield Rejected(violation.code, **violation.parameters | {"name": f"{place}.{_MEMBERS.get(member, member)}"})


def _claim_violations(known: Sequence[ListedPartner], described: Sequence[ListedPartner]) -> Iterator[Rejected]:
    """Find ids, names, domains and numbers that are described twice, or belong to a partner that is not described.

    A user keeps its recorded name, because tokens may have brought one name for two ids.
    """
    named = {listed.partner.id for listed in described}
    others = [listed for listed in known if listed.partner.id not in named]
    taken = {(field, value) for listed in others for _, field, value, _ in _claims(listed, "")}
    held = {owner + value for listed in known for _, field, value, owner in _claims(listed, "") if field == "name"}
    claims = [claim for number, listed in enumerate(described) for claim in _claims(listed, f"partner[{number}]")]
    for place, field, value, owner in sorted(claims, key=lambda claim: claim[3] + claim[2] not in held):
        if (field, value) in taken and owner + value not in held:
            yield Rejected("directory.taken", name=place)
        taken.add((field, value))


def _claims(listed: ListedPartner, place: str) -> Iterator[tuple[str, str, str, str]]:
    """Return each value that must be unique: its place, its kind, the value and its owner."""
    partner = listed.partner
    yield f"{place}.id", "partner", partner.id, ""
    yield f"{place}.domain", "domain", partner.domain, ""
    if partner.mpn_id is not None:
        yield f"{place}.mpn_id", "mpn_id", partner.mpn_id, ""
    for index, user in enumerate(listed.users):
        yield f"{place}.user[{index}].id", "user", partner.id + user.id, ""
        if user.active:
            yield f"{place}.user[{index}].name", "name", user.name.casefold(), partner.id + user.id
    for index, customer in enumerate(listed.customers):
        yield f"{place}.customer[{index}].id", "customer", partner.id + customer.id, ""


def _kind_violations(listed: ListedPartner, place: str) -> Iterator[Rejected]:
    kind = listed.partner.kind
    for index, user in enumerate(listed.users):
        if user.roles and (Role.PROGRAMME_OPERATOR in user.roles) != (kind is PartnerKind.OPERATOR):
            yield Rejected("directory.role-of-operator", name=f"{place}.user[{index}].roles")
    if listed.resellers and kind is not PartnerKind.INDIRECT_PROVIDER:
        yield Rejected("directory.resellers-of-provider", name=f"{place}.resellers")
    if listed.customers and not kind.confirms:
        yield Rejected("directory.customers-of-seller", name=f"{place}.customer[0]")


def _reseller_violations(
    listed: ListedPartner, place: str, everyone: Mapping[PartnerId, Partner]
) -> Iterator[Rejected]:
    for reseller in sorted(listed.resellers):
        other = everyone.get(reseller)
        if other is None or other.kind is not PartnerKind.INDIRECT_RESELLER:
            yield Rejected("directory.not-a-reseller", name=f"{place}.resellers", detail=reseller)
        elif other.cloud is not listed.partner.cloud:
            yield Rejected("directory.other-cloud", name=f"{place}.resellers", detail=reseller)
    for index, customer in enumerate(listed.customers):
        for reseller in sorted(customer.resellers - listed.resellers):
            name = f"{place}.customer[{index}].resellers"
            yield Rejected("directory.not-linked", name=name, detail=reseller)
