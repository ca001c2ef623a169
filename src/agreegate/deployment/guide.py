"""What a demo tells its visitors: whom to sign in as, and which made-up customers there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from agreegate.domain.partner import Partner


@dataclass(frozen=True, slots=True)
class GuideUser:
    """A made-up user to sign in as."""

    name: str
    partner: str
    may: str
    """The catalogue key of the sentence that says what this user may do."""


@dataclass(frozen=True, slots=True)
class GuideCustomer:
    """A made-up customer of a partner."""

    id: str
    name: str
    partner: Partner


@dataclass(frozen=True, slots=True)
class Guide:
    """What the demo tells its visitors. A production server has none."""

    users: Sequence[GuideUser]
    customers: Sequence[GuideCustomer]
    example_user: str
    """As whom the example to copy signs in."""
