"""The directory: which partners there are, their users, resellers and customers, as an operator describes them.

A description is compared with what is known; the differences are the work to do. Nothing is ever deleted: users are
closed, links and relationships are ended (R22, R28).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum

from agreegate.domain.actor import Role, UserId
from agreegate.domain.confirmation import PrimaryContact
from agreegate.domain.customer import CustomerDraft, CustomerId
from agreegate.domain.partner import Partner, PartnerId, PartnerKind

Path = tuple[str | int, ...]
"""Where something stands in a description: `("partner", 0, "user", 2, "roles")`, counted from 0."""


class DirectoryRefused(Exception):
    """A description that cannot be used. `key` finds the reason's sentence, `path` tells where; nothing was changed.

    `detail` never holds personal data.
    """

    def __init__(self, key: str, path: Path = (), detail: str | int = "") -> None:
        super().__init__(key)
        self.key = key
        self.path = path
        self.detail = detail

    @property
    def field(self) -> str:
        """The field's name with those of the tables it is in, such as `partner.user.roles`."""
        return ".".join(part for part in self.path if isinstance(part, str))

    @property
    def parameters(self) -> dict[str, str | int]:
        """What fills the sentence."""
        return {"name": self.field, "detail": self.detail, "format": self.detail}


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
    changed = _changed(known.partner, wanted.partner) + _changed(
        known, wanted, skip={"partner", "users", "resellers", "customers"}
    )
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


def check(known: Sequence[ListedPartner], wanted: Sequence[ListedPartner]) -> None:
    """Refuse a description that contradicts itself, or what is known of partners it does not name.

    Raises:
        DirectoryRefused: an id, name, domain or number is taken; a link or role does not fit the kind of partner (R22).
    """
    named = {listed.partner.id for listed in wanted}
    taken = {
        (field, value)
        for listed in known
        if listed.partner.id not in named
        for _, field, value in _claims(listed, ())
        if field not in ("user", "customer")
    }
    for number, listed in enumerate(wanted):
        own: set[tuple[str, str]] = set()
        for path, field, value in _claims(listed, ("partner", number)):
            claimed = own if field in ("user", "customer") else taken
            if (field, value) in claimed:
                raise DirectoryRefused("directory.taken", path)
            claimed.add((field, value))
    everyone = {listed.partner.id: listed.partner for listed in (*known, *wanted)}
    for number, listed in enumerate(wanted):
        _check_kind(listed, ("partner", number))
        _check_resellers(listed, ("partner", number), everyone)


def _claims(listed: ListedPartner, path: Path) -> Iterator[tuple[Path, str, str]]:
    """What only one may have: where it stands, what it is, its value. Ids of users and customers: one in a partner."""
    yield (*path, "id"), "partner", listed.partner.id
    yield (*path, "domain"), "domain", listed.partner.domain
    if listed.partner.mpn_id is not None:
        yield (*path, "mpn_id"), "mpn_id", listed.partner.mpn_id
    for index, user in enumerate(listed.users):
        yield (*path, "user", index, "id"), "user", user.id
        if user.active:
            yield (*path, "user", index, "name"), "name", user.name.casefold()
    for index, customer in enumerate(listed.customers):
        yield (*path, "customer", index, "id"), "customer", customer.id


def _check_kind(listed: ListedPartner, path: Path) -> None:
    kind = listed.partner.kind
    for index, user in enumerate(listed.users):
        if user.roles and (Role.PROGRAMME_OPERATOR in user.roles) != (kind is PartnerKind.OPERATOR):
            raise DirectoryRefused("directory.role-of-operator", (*path, "user", index, "roles"))
    if listed.resellers and kind is not PartnerKind.INDIRECT_PROVIDER:
        raise DirectoryRefused("directory.resellers-of-provider", (*path, "resellers"))
    if listed.customers and not kind.confirms:
        raise DirectoryRefused("directory.customers-of-seller", (*path, "customer", 0))


def _check_resellers(listed: ListedPartner, path: Path, everyone: Mapping[PartnerId, Partner]) -> None:
    for reseller in sorted(listed.resellers):
        other = everyone.get(reseller)
        if other is None or other.kind is not PartnerKind.INDIRECT_RESELLER:
            raise DirectoryRefused("directory.not-a-reseller", (*path, "resellers"), reseller)
        if other.cloud is not listed.partner.cloud:
            raise DirectoryRefused("directory.other-cloud", (*path, "resellers"), reseller)
    for index, customer in enumerate(listed.customers):
        if unlinked := sorted(customer.resellers - listed.resellers):
            raise DirectoryRefused("directory.not-linked", (*path, "customer", index, "resellers"), unlinked[0])
