"""Transactions: the questions that the gate decides (R6–R12, contract 4.14 step 2)."""

from dataclasses import dataclass
from enum import StrEnum

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementType


class Action(StrEnum):
    """A change of a customer's purchases or data."""

    NEW_PURCHASE = "new_purchase"
    SEAT_CHANGE = "seat_change"
    UPGRADE = "upgrade"
    CONVERSION = "conversion"
    ADD_ON = "add_on"
    RENEWAL = "renewal"
    """An order of the partner that renews a subscription (X4); the system renews by `AUTO_RENEWAL`."""
    REACTIVATE = "reactivate"
    AUTO_RENEWAL = "auto_renewal"
    CANCEL = "cancel"
    SUSPEND = "suspend"
    PROFILE_CHANGE = "profile_change"

    @property
    def needs_confirmation(self) -> bool:
        """Whether the action needs a confirmation (R8–R10); auto-renewal never does (R11)."""
        return self in PURCHASES

    @property
    def rule(self) -> str:
        """The rule that decides whether the action needs a confirmation, such as `R9`."""
        return _RULES[self]


PURCHASES = frozenset(
    {Action.NEW_PURCHASE, Action.SEAT_CHANGE, Action.UPGRADE, Action.CONVERSION, Action.ADD_ON, Action.RENEWAL}
)
_RULES = dict.fromkeys(PURCHASES, "R9") | {
    Action.SEAT_CHANGE: "R10",
    Action.RENEWAL: "R33",
    Action.REACTIVATE: "R47",
    Action.AUTO_RENEWAL: "R11",
    Action.CANCEL: "R40",
    Action.SUSPEND: "R47",
    Action.PROFILE_CHANGE: "R12",
}
STOPPED_BY_NO_LONGER_AGREES = PURCHASES | {Action.REACTIVATE}
"""Actions that are denied once the customer no longer agrees (R47): reactivation too, cancelling never (R40)."""

GOES_ON = frozenset({Action.CANCEL, Action.SUSPEND, Action.AUTO_RENEWAL})
"""Actions that buy nothing, and so are allowed while the clock is behind (R11, R40)."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One question to the gate."""

    action: Action
    channel: Channel
    agreement_type: AgreementType | None = None
    """Only a confirmation of this type counts; None: of any type that opens the gate."""
