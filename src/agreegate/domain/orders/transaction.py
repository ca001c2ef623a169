"""Transactions: what the gate is asked about (R6–R12, contract 4.14 step 2)."""

from dataclasses import dataclass
from enum import StrEnum

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementType


class Action(StrEnum):
    """What is about to be done to a customer's purchases."""

    NEW_PURCHASE = "new_purchase"
    SEAT_CHANGE = "seat_change"
    UPGRADE = "upgrade"
    CONVERSION = "conversion"
    ADD_ON = "add_on"
    RENEWAL = "renewal"
    """By the partner, as an order that renews a subscription; the system's own renewal is `AUTO_RENEWAL` (X4)."""
    REACTIVATE = "reactivate"
    AUTO_RENEWAL = "auto_renewal"
    CANCEL = "cancel"
    SUSPEND = "suspend"
    PROFILE_CHANGE = "profile_change"

    @property
    def needs_confirmation(self) -> bool:
        """Whether it is stopped for want of a confirmation (R8–R10). Auto-renewal never is (R11)."""
        return self in PURCHASES

    @property
    def rule(self) -> str:
        """The rule that says whether it needs a confirmation, such as `R9`."""
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
STOPPED_BY_REFUSAL = PURCHASES | {Action.REACTIVATE}
"""What stops once the customer no longer agrees (R47): reactivation too, cancelling never (R40)."""

GOES_ON = frozenset({Action.CANCEL, Action.SUSPEND, Action.AUTO_RENEWAL})
"""What needs no clock that is right: nothing is bought by it (R11, R40)."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One question to the gate."""

    action: Action
    channel: Channel
    agreement_type: AgreementType | None = None
    """Only a confirmation of this type counts; None: of any type that opens the gate."""
