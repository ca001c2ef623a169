"""The gate's reasons and advisories: codes, rules and dates, without sentences."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agreegate.domain.actor import Channel


class Code(StrEnum):
    """Reasons and advisories, in the order of `decide`; `docs/gate.md` explains each."""

    STANDING_UNKNOWN = "standing.unknown"
    CLOCK_BEHIND = "clock.behind"
    RELATIONSHIP_MISSING = "relationship.missing"
    CONFIRMATION_ENDED = "confirmation.ended"
    ENFORCEMENT_UPCOMING = "enforcement.upcoming"
    CONFIRMATION_MISSING = "confirmation.missing"
    CONFIRMATION_OUTDATED = "confirmation.outdated"
    RENEWAL_OVERDUE = "renewal.overdue"

    @property
    def met_by_confirming(self) -> bool:
        """Whether a new confirmation removes this reason."""
        return self.startswith("confirmation.")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why the gate denies a transaction or, as an advisory, what the partner should know."""

    code: Code
    rule: str
    """The rule of the published process, such as `R9`."""
    channel: Channel | None = None
    date: datetime | None = None
    """An enforcement date, when the customer no longer agreed, or the instant to renew by."""

    @property
    def text_key(self) -> str:
        """The message key of the reason."""
        return f"gate.{self.code}.text"

    @property
    def next_key(self) -> str:
        """The message key of what to do."""
        undated = self.code is Code.CONFIRMATION_OUTDATED and self.date is None
        return f"gate.{self.code}.next.undated" if undated else f"gate.{self.code}.next"
