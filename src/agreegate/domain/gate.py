"""The gate: one pure function that answers whether a transaction may complete, with every reason (contract 4.14).

No IO and no clock: the same question about the same facts under the same policy has the same answer for ever.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from agreegate.domain.orders.transaction import Transaction
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme
from agreegate.domain.reason import Code, Reason
from agreegate.domain.standing import Current, Standing, Unknown, obstacles, opening


class Verdict(StrEnum):
    """May it complete."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's answer, with what it was based on."""

    verdict: Verdict
    policy: str
    reasons: tuple[Reason, ...] = ()
    advisories: tuple[Reason, ...] = ()
    confirmation: Current | None = None
    """The confirmation that opens the gate, if there is one; also when it was not needed."""

    @property
    def allowed(self) -> bool:
        """Whether the transaction may complete."""
        return self.verdict is Verdict.ALLOW


def decide(
    asked: Transaction, standing: Standing | Unknown, programme: Programme, cloud: Cloud, now: datetime
) -> Decision:
    """Answer whether the transaction may complete at `now`, with every reason, in the order of contract 4.14.

    What cannot be read, and what is not related, stands alone. Otherwise each reason would deny by itself, and advisories
    accompany a denial too.

    Args:
        asked: the action and the channel it comes by.
        standing: what is known of this partner and customer; `Unknown` denies.
        programme: the vendor's dates and rules.
        cloud: the partner's cloud; nothing is gated in those the programme does not support (R31).
        now: the instant the programme's dates are compared with.
    """
    if isinstance(standing, Unknown):
        return _deny(programme, Reason(Code.CLOCK_BEHIND if standing.clock_behind else Code.STANDING_UNKNOWN, "R6"))
    if not standing.related:
        return _deny(programme, Reason(Code.RELATIONSHIP_MISSING, "R26"))
    opens = opening(standing, programme, now, asked.agreement_type)
    found = () if cloud in programme.unsupported_clouds else obstacles(standing, asked, programme, now)
    if not found:
        return Decision(Verdict.ALLOW, programme.policy, confirmation=opens)
    reasons = tuple(obstacle.reason for obstacle in found if obstacle.denies)
    advisories = tuple(advisory for obstacle in found for advisory in obstacle.advisories)
    return Decision(Verdict.DENY if reasons else Verdict.ALLOW, programme.policy, reasons, advisories, opens)


def _deny(programme: Programme, reason: Reason) -> Decision:
    return Decision(Verdict.DENY, programme.policy, reasons=(reason,))
