"""The directory: which partners there are, their users, resellers and customers, as an operator describes them.

A description is compared with what is known; the differences are the work to do. Nothing is ever deleted: users are
closed, links and relationships are ended (R22, R28).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum

from agreegate.domain.actor import Role, UserId
from agreegate.domain.characters import fits_line
from agreegate.domain.confirmation import PrimaryContact
from agreegate.domain.customers.customer import CustomerDraft, CustomerId, country_faults, faults_of, valid_domain
from agreegate.domain.customers.email import valid_email
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Cloud, Partner, PartnerId, PartnerKind

NAME_LENGTH = 253
"""Characters of a partner's name."""
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
"""What a description calls a member that a rule about customers names."""


_PARTS = frozenset({"partner", "users", "resellers", "customers"})
"""What a listed partner has beside fields of its own."""


@dataclass(frozen=True, slots=True)
class ListedUser:
    """A user of a partner's tenant."""

    id: UserId
    name: str
    """The user principal name."""
    roles: frozenset[Role]
    designated: bool
    """Stands for employees without an account of their own (R28)."""
    active: bool


@dataclass(frozen=True, slots=True)
class ListedCustomer:
    """One partner's copy of a customer."""

    id: CustomerId
    draft: CustomerDraft
    """Its company, and its primary contact with the address: personal data. Without an e-mail once that was erased."""
    resellers: frozenset[PartnerId]
    """Through which of its resellers a provider serves the customer."""
    active: bool
    """Whether the relationship is open."""

    @property
    def contact(self) -> PrimaryContact:
        """Who speaks for the customer."""
        address = self.draft.address
        return PrimaryContact(address.first_name, address.last_name, self.draft.email, address.phone or None)


@dataclass(frozen=True, slots=True)
class ListedPartner:
    """A partner with everything that belongs to it."""

    partner: Partner
    mail_domains: frozenset[str]
    email: str | None
    mpa_signed_at: datetime | None
    users: tuple[ListedUser, ...] = ()
    resellers: frozenset[PartnerId] = frozenset()
    """The resellers it is linked with; only an indirect provider has any."""
    customers: tuple[ListedCustomer, ...] = ()


class Verb(StrEnum):
    """What becomes of something."""

    ADDED = "added"
    CHANGED = "changed"
    ENDED = "ended"
    """A user is closed; a link or a relationship has ended. The records stay."""
    RESUMED = "resumed"
    """What had ended begins again; a relationship as a new period, without a confirmation."""


class Subject(StrEnum):
    """What a change is about."""

    PARTNER = "partner"
    USER = "partner_user"
    RESELLER = "reseller_link"
    CUSTOMER = "customer"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field's value before and after, as text; both empty where the values are personal data."""

    name: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between what is known and what is described."""

    verb: Verb
    subject: Subject
    partner: Partner
    id: str
    """Of the partner, user, reseller or customer."""
    fields: tuple[FieldChange, ...] = ()


def differences(known: Sequence[ListedPartner], wanted: Sequence[ListedPartner]) -> tuple[Change, ...]:
    """What must be done so that the directory is as described; partners first, since links need both ends.

    A described partner is described whole: a user with a role that is not named any more is closed, a link not named
    any more is ended. Partners and customers that are not named stay as they are, as do users first seen with a token.
    """
    before = {listed.partner.id: listed for listed in known}
    found: list[Change] = []
    for listed in wanted:
        found.extend(_of_partner(before.get(listed.partner.id), listed))
    for listed in wanted:
        known_one = before.get(listed.partner.id)
        found.extend(_of_users(known_one.users if known_one else (), listed))
        found.extend(_of_resellers(known_one.resellers if known_one else frozenset(), listed))
        found.extend(_of_customers(known_one.customers if known_one else (), listed))
    return tuple(found)


def _of_partner(known: ListedPartner | None, wanted: ListedPartner) -> Iterator[Change]:
    if known is None:
        yield Change(Verb.ADDED, Subject.PARTNER, wanted.partner, wanted.partner.id)
        return
    changed = _changed(known.partner, wanted.partner) + _changed(known, wanted, skip=_PARTS)
    if changed:
        yield Change(Verb.CHANGED, Subject.PARTNER, wanted.partner, wanted.partner.id, changed)


def _of_users(known: Sequence[ListedUser], wanted: ListedPartner) -> Iterator[Change]:
    before = {user.id: user for user in known}
    for user in wanted.users:
        earlier = before.pop(user.id, None)
        if earlier is None:
            yield Change(Verb.ADDED, Subject.USER, wanted.partner, user.id)
            continue
        verb, changed = _verb(earlier.active, user.active), _changed(earlier, user, skip={"active"}, hide={"name"})
        if verb is not None or changed:
            yield Change(verb or Verb.CHANGED, Subject.USER, wanted.partner, user.id, changed)
    for user in before.values():
        if user.active and (user.roles or user.designated):
            yield Change(Verb.ENDED, Subject.USER, wanted.partner, user.id)


def _of_resellers(known: Collection[PartnerId], wanted: ListedPartner) -> Iterator[Change]:
    for reseller in sorted(wanted.resellers.difference(known)):
        yield Change(Verb.ADDED, Subject.RESELLER, wanted.partner, reseller)
    for reseller in sorted(set(known) - wanted.resellers):
        yield Change(Verb.ENDED, Subject.RESELLER, wanted.partner, reseller)


def _of_customers(known: Sequence[ListedCustomer], wanted: ListedPartner) -> Iterator[Change]:
    before = {customer.id: customer for customer in known}
    for customer in wanted.customers:
        earlier = before.get(customer.id)
        if earlier is None:
            if customer.active:
                yield Change(Verb.ADDED, Subject.CUSTOMER, wanted.partner, customer.id)
            continue
        verb = _verb(earlier.active, customer.active)
        changed = _changed_customer(earlier, customer) if customer.active else ()
        if verb is not None or changed:
            yield Change(verb or Verb.CHANGED, Subject.CUSTOMER, wanted.partner, customer.id, changed)


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
    known: Sequence[ListedPartner], wanted: Sequence[ListedPartner], countries: Mapping[Cloud, Collection[str]]
) -> None:
    """Refuse a description that breaks a rule, contradicts itself, or contradicts what is known of partners it does not name.

    What is described as it is known is taken, whatever the rules say by now: what was recorded can always be described.

    Args:
        countries: the codes of those that partners of a cloud, and their customers, can be in.

    Raises:
        Rejected: a value is not of its form; an id, name, domain or number is taken; a link or role does not fit the
            kind of partner (R22).
    """
    before = {listed.partner.id: listed for listed in known}
    everyone = {listed.partner.id: listed.partner for listed in (*known, *wanted)}
    for number, listed in enumerate(wanted):
        place = f"partner[{number}]"
        was, codes = before.get(listed.partner.id), countries[listed.partner.cloud]
        for fault in (
            *_partner_faults(was, listed, place, codes),
            *_customer_faults(was, listed, place, codes),
            *_kind_faults(listed, place),
            *_reseller_faults(listed, place, everyone),
        ):
            raise fault
    for fault in _claim_faults(known, wanted):
        raise fault


def _partner_faults(
    before: ListedPartner | None, listed: ListedPartner, place: str, countries: Collection[str]
) -> Iterator[Rejected]:
    """What is wrong with a partner's own values, and with the names of its users."""
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
        yield from _described(country_faults(partner.country, "country", allowed), place)
    names = {user.id: user.name for user in before.users} if before else {}
    for index, user in enumerate(listed.users):
        if user.name != names.get(user.id) and not valid_email(user.name):
            yield Rejected("directory.not-email", name=f"{place}.user[{index}].name")


def _customer_faults(
    before: ListedPartner | None, listed: ListedPartner, place: str, countries: Collection[str]
) -> Iterator[Rejected]:
    drafts = {customer.id: customer.draft for customer in before.customers} if before else {}
    for index, customer in enumerate(listed.customers):
        draft, earlier, here = customer.draft, drafts.get(customer.id), f"{place}.customer[{index}]"
        if draft == earlier or not customer.active:
            continue
        if not (draft.email or draft.address.line1):
            yield Rejected("toml.missing", name=f"{here}.contact")
        yield from _described(faults_of(draft, {*countries, earlier.address.country} if earlier else countries), here)


def _described(faults: Iterable[Rejected], place: str) -> Iterator[Rejected]:
    """What rules of customers refuse, with the names that a description has."""
    for fault in faults:
        member = str(fault.parameters["name"])
        name = f"{place}.{_MEMBERS.get(member, member)}"
        yield Rejected(fault.code, **fault.parameters | {"name": name})


def _claim_faults(known: Sequence[ListedPartner], wanted: Sequence[ListedPartner]) -> Iterator[Rejected]:
    """What is described twice, or taken by a partner that is not described.

    Users who are described with the name that they have keep it: tokens may have brought one name for two ids.
    """
    named = {listed.partner.id for listed in wanted}
    others = [listed for listed in known if listed.partner.id not in named]
    taken = {(field, value) for listed in others for _, field, value, _ in _claims(listed, "")}
    held = {owner + value for listed in known for _, field, value, owner in _claims(listed, "") if field == "name"}
    claims = [claim for number, listed in enumerate(wanted) for claim in _claims(listed, f"partner[{number}]")]
    for place, field, value, owner in sorted(claims, key=lambda claim: claim[3] + claim[2] not in held):
        if (field, value) in taken and owner + value not in held:
            yield Rejected("directory.taken", name=place)
        taken.add((field, value))


def _claims(listed: ListedPartner, place: str) -> Iterator[tuple[str, str, str, str]]:
    """What only one may have: where it stands, what it is, its value, whose it is. A partner has each user and customer once."""
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


def _kind_faults(listed: ListedPartner, place: str) -> Iterator[Rejected]:
    kind = listed.partner.kind
    for index, user in enumerate(listed.users):
        if user.roles and (Role.PROGRAMME_OPERATOR in user.roles) != (kind is PartnerKind.OPERATOR):
            yield Rejected("directory.role-of-operator", name=f"{place}.user[{index}].roles")
    if listed.resellers and kind is not PartnerKind.INDIRECT_PROVIDER:
        yield Rejected("directory.resellers-of-provider", name=f"{place}.resellers")
    if listed.customers and not kind.confirms:
        yield Rejected("directory.customers-of-seller", name=f"{place}.customer[0]")


def _reseller_faults(listed: ListedPartner, place: str, everyone: Mapping[PartnerId, Partner]) -> Iterator[Rejected]:
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
