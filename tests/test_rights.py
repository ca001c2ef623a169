"""Every role of every kind of partner in every cloud meets every operation and page."""

from dataclasses import dataclass
from itertools import product

import pytest

from agreegate.app import REST_HANDLERS, WIRE_ROUTES
from agreegate.dashboard.dashboard import PAGES
from agreegate.domain.actor import Access, Actor, Role, UserId, permit
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Account, Cloud, Partner, PartnerId, PartnerKind
from tests import personas as cast
from tests.dashboard.routes import ROUTES
from tests.operations import OPERATIONS

KINDS = {
    "direct": PartnerKind.DIRECT_BILL,
    "provider": PartnerKind.INDIRECT_PROVIDER,
    "reseller": PartnerKind.INDIRECT_RESELLER,
    "operator": PartnerKind.OPERATOR,
}
ROLES = {
    "admin": Role.ADMIN_AGENT,
    "sales": Role.SALES_AGENT,
    "helpdesk": Role.HELPDESK_AGENT,
    "programme": Role.PROGRAMME_OPERATOR,
    "none": None,
}
APPLICATION = "application"
"""An application alone, beside the roles of users."""


@dataclass(frozen=True)
class Right:
    """Who has a right, as the interface says it."""

    kinds: str
    roles: str
    national: bool = True
    """Whether it exists in national clouds."""

    def allows(self, kind: str, role: str, cloud: Cloud) -> bool:
        return kind in self.kinds.split() and role in self.roles.split() and (self.national or cloud is Cloud.PUBLIC)


AGENTS, STAFF, ANYONE = "admin sales", "admin sales helpdesk", "admin sales helpdesk programme none"
API = {
    "confirm": Right("direct provider", AGENTS, national=False),
    "confirm, our own": Right("direct provider", AGENTS, national=False),
    "metadata": Right("direct provider", STAFF, national=False),
    "partner agreement": Right("direct provider", STAFF),
    "read, reseller too": Right("direct provider reseller", f"{STAFF} {APPLICATION}"),
    "read": Right("direct provider", f"{STAFF} {APPLICATION}"),
    "write": Right("direct provider", f"{AGENTS} {APPLICATION}"),
    "write in a sandbox": Right("direct provider", f"{AGENTS} {APPLICATION}"),
    "government": Right("direct provider", f"{STAFF} {APPLICATION}"),
    "text": Right("direct provider reseller operator", f"{STAFF} programme", national=False),
    "standing": Right("direct provider", AGENTS, national=False),
    "employee": Right("direct provider", AGENTS, national=False),
}
PAGE = {
    "signed in": Right("direct provider reseller operator", ANYONE),
    # Who has no example page to be shown gets 404 from the handler: tests/dashboard/test_access.py.
    "shown": Right("direct provider reseller operator", ANYONE),
    "read": Right("direct provider reseller", STAFF),
    "staff": Right("direct provider", STAFF),
    "write": Right("direct provider", AGENTS),
    "confirm": Right("direct provider", AGENTS, national=False),
    "opened": Right("direct provider reseller", AGENTS, national=False),
    "explain": Right("direct provider reseller", STAFF, national=False),
    "text": Right("direct provider reseller operator", f"{STAFF} programme", national=False),
    "simulate": Right("direct provider operator", f"{AGENTS} programme", national=False),
    "publish": Right("operator", "programme"),
    "resellers": Right("provider", STAFF),
    "asking": Right("provider", AGENTS),
    "providers": Right("reseller", STAFF),
}
CALLERS = list(product(KINDS, [*ROLES, APPLICATION], Cloud))


def actor(kind: str, role: str, cloud: Cloud) -> Actor:
    """A caller with one role at most."""
    partner = Partner(
        PartnerId(cast.HAZEL), "Made up", KINDS[kind], cloud, Account.PRODUCTION, None, "hazel.example", "US", "en-US"
    )
    if role == APPLICATION:
        return Actor(partner, application_id="made up")
    held = ROLES[role]
    return Actor(partner, frozenset() if held is None else frozenset({held}), UserId(cast.HAZEL_ADMIN))


def passes(access: Access, caller: tuple[str, str, Cloud]) -> bool:
    try:
        permit(actor(*caller), access)
    except Rejected:
        return False
    return True


def operations() -> list[tuple[str, str, Access]]:
    """Method and path of each operation, with what it asks for."""
    rest = [
        (method, f"/api{path.replace(':str', '')}", handler.opt["access"])
        for handler in REST_HANDLERS
        for path in handler.paths
        for method in handler.http_methods
    ]
    return [(route.method, route.path, route.access) for route in WIRE_ROUTES] + rest


def rights_of(method: str, path: str) -> list[Right]:
    found = [one.right for one in OPERATIONS if (one.method, one.path.partition("?")[0]) == (method, path)]
    return [API[right] for right in found]


@pytest.mark.fault("F8")
@pytest.mark.parametrize(("method", "path", "access"), operations())
def test_an_operation_lets_pass_every_caller_with_a_right_to_it_and_nobody_else(
    method: str, path: str, access: Access
) -> None:
    rights = rights_of(method, path)
    assert rights
    for caller in CALLERS:
        assert passes(access, caller) == any(right.allows(*caller) for right in rights), caller


@pytest.mark.fault("F8")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: " ".join((*sorted(page.http_methods), *sorted(page.paths))))
def test_a_page_lets_pass_every_user_with_a_right_to_it_and_nobody_else(page) -> None:
    rights = {one.right for one in ROUTES if one.method in page.http_methods and one.path in page.paths}
    assert rights
    if rights == {"anybody"}:
        assert page.opt["public"] is True
        return
    for caller in CALLERS:
        if caller[1] != APPLICATION:
            assert passes(page.opt["access"], caller) == any(PAGE[right].allows(*caller) for right in rights), caller
