"""Actors: the users and applications of partner tenants, and what each may do.

Every route names one `Access`; only `permit` compares an actor with it.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import NewType

from agreegate.domain.error import Rejected
from agreegate.domain.partner import Cloud, Partner, PartnerKind

UserId = NewType("UserId", str)
"""A directory object id of a user in a partner tenant: a GUID in lower case."""


class Role(StrEnum):
    """The partner roles that Agreegate knows (contract section 1)."""

    ADMIN_AGENT = "admin_agent"
    SALES_AGENT = "sales_agent"
    HELPDESK_AGENT = "helpdesk_agent"
    PROGRAMME_OPERATOR = "programme_operator"


class Channel(StrEnum):
    """The two channels (R41), each with its own enforcement date."""

    API = "api"
    DASHBOARD = "dashboard"


@dataclass(frozen=True, slots=True)
class Actor:
    """The caller, from its token and the directory: a user (App+User) or an application alone (App-only)."""

    partner: Partner
    roles: frozenset[Role] = frozenset()
    user_id: UserId | None = None
    """None for App-only."""
    user_name: str | None = None
    """The user principal name: personal data, never in diagnostics."""
    application_id: str | None = None
    channel: Channel = Channel.API

    @property
    def recorded_by(self) -> str:
        """The author of records: the user, else the application."""
        return self.user_id or self.application_id or ""

    @property
    def key(self) -> str:
        """A digest that identifies the user or application and may stand in a link."""
        return sha256(f"{self.partner.id} {self.recorded_by}".encode()).hexdigest()[:32]


AGENTS = frozenset({Role.ADMIN_AGENT, Role.SALES_AGENT})
STAFF = AGENTS | {Role.HELPDESK_AGENT}
CONFIRMING_KINDS = frozenset({PartnerKind.DIRECT_BILL, PartnerKind.INDIRECT_PROVIDER})
SELLING_KINDS = CONFIRMING_KINDS | {PartnerKind.INDIRECT_RESELLER}


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call an operation. Every other caller is denied."""

    kinds: frozenset[PartnerKind] = CONFIRMING_KINDS
    roles: frozenset[Role] = AGENTS
    """A user needs one of these roles; an application alone needs none."""
    application: bool = True
    """An App-only token suffices."""
    public_cloud_only: bool = False
    """The operation does not exist in national clouds (R31)."""
    reseller_silent: bool = False
    """An indirect reseller gets 403 with an empty body (contract 3.6)."""
    any_role: bool = False
    """Every signed-in user, with any roles."""


AGREEMENT_METADATA = Access(roles=STAFF, application=False, public_cloud_only=True, reseller_silent=True)
CONFIRM = Access(application=False, public_cloud_only=True, reseller_silent=True)
CONFIRM_BY_REST = Access(application=False, public_cloud_only=True)
"""Users who may confirm. The REST API gives a reseller the reason why it may not."""
READ_CONFIRMATIONS = CONFIRM
READ_PERSONS = READ_CONFIRMATIONS
"""Read who accepted for a customer, and find customers by that person."""
DIRECT_ACCEPTANCE = AGREEMENT_METADATA
AGREEMENT_DOCUMENT = AGREEMENT_METADATA
PARTNER_AGREEMENT = Access(roles=STAFF, application=False, reseller_silent=True)
READ_PARTNER = Access(kinds=SELLING_KINDS, roles=STAFF)
READ_CUSTOMERS = Access(kinds=SELLING_KINDS, roles=STAFF)
PREPARE_CUSTOMERS = Access(roles=STAFF)
"""Checks before creating a customer; they change nothing."""
WRITE_CUSTOMERS = Access()
READ_SUBSCRIPTIONS = Access(kinds=SELLING_KINDS, roles=STAFF)
WRITE_SUBSCRIPTIONS = Access()
READ_ORDERS = Access(roles=STAFF)
WRITE_ORDERS = Access()
READ_AUDIT = Access()
ASK_GATE = Access(roles=STAFF)
RECORD_DECISION = Access()
STANDING = CONFIRM_BY_REST
"""The standing and its endings: for users who may confirm; absent in national clouds (R31)."""
READ_TEXTS = Access(
    kinds=frozenset(PartnerKind), roles=STAFF | {Role.PROGRAMME_OPERATOR}, application=False, public_cloud_only=True
)
"""Resellers too: a reseller that asks a customer to accept needs the text (R49)."""
PUBLISH_TEXTS = Access(
    kinds=frozenset({PartnerKind.OPERATOR}), roles=frozenset({Role.PROGRAMME_OPERATOR}), application=False
)
SIMULATE = Access(
    kinds=CONFIRMING_KINDS | {PartnerKind.OPERATOR},
    roles=AGENTS | {Role.PROGRAMME_OPERATOR},
    application=False,
    public_cloud_only=True,
)
"""Simulations: the operator sees counts, a partner its own customers."""
READ_RESELLERS = Access(frozenset({PartnerKind.INDIRECT_PROVIDER}), STAFF, application=False)
ASK_RESELLERS = Access(frozenset({PartnerKind.INDIRECT_PROVIDER}), application=False)
READ_NEEDED_DATA = Access(frozenset({PartnerKind.INDIRECT_RESELLER}), STAFF, application=False)
"""A reseller sees which of its customers lack a confirmation at its providers, and nothing else (R22, R26)."""
ANYONE_SIGNED_IN = Access(kinds=frozenset(PartnerKind), application=False, any_role=True)


def permit(actor: Actor, access: Access) -> None:
    """Check an actor against an access, in the contract's order: token, kind of partner, role, cloud (contract 4.2).

    Raises:
        `access.user-required`, `access.reseller`, `access.denied`, `access.role`, `confirmation.feature-absent`.
    """
    if actor.partner.kind is PartnerKind.INDIRECT_RESELLER and access.reseller_silent:
        raise Rejected("access.reseller")
    if actor.user_id is None and not access.application:
        raise Rejected("access.user-required")
    if actor.partner.kind not in access.kinds:
        raise Rejected("access.denied")
    if actor.user_id is not None and not access.any_role and actor.roles.isdisjoint(access.roles):
        raise Rejected("access.role")
    if access.public_cloud_only and actor.partner.cloud is not Cloud.PUBLIC:
        raise Rejected("confirmation.feature-absent")


def may(actor: Actor, access: Access) -> bool:
    """Return whether the actor has an access."""
    try:
        permit(actor, access)
    except Rejected:
        return False
    return True
