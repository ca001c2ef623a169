"""What a demo shows on its start page: users to sign in as, and made-up customers."""

from collections.abc import Sequence
from dataclasses import dataclass

from agreegate.domain.partner import Partner


@dataclass(frozen=True, slots=True)
class DemoUser:
    """A made-up user to sign in as."""

    name: str
    """The user principal name."""
    tenant_id: str
    tenant_domain: str
    tenant_name: str
    user_id: str
    may: str
    """The catalogue key of the sentence that says what this user may do."""


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """A made-up customer of a partner."""

    id: str
    name: str
    partner: Partner


@dataclass(frozen=True, slots=True)
class DemoStart:
    """What the demo shows on its start page. A production server has none."""

    users: Sequence[DemoUser]
    customers: Sequence[DemoCustomer]
    example_user: str
    """The name of the user in the example to copy."""
