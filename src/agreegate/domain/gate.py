"""The gate: one pure function decides whether a transaction may complete, with every reason (contract 4.14).

A rule of the gate belongs in `domain/standing.py:obstacles`. `decide` combines what `obstacles` returns.
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
    """Whether a transaction may complete."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Decision:
    """The gate's decision, and its basis."""

    verdict: Verdict
    policy: str
    reasons: tuple[Reason, ...] = ()
    advisories: tuple[Reason, ...] = ()
    confirmation: Current | None = None
    """The confirmation that opens the gate, also where the action needs none."""

    @property
    def allowed(self) -> bool:
        """Whether the transaction may complete."""
        return self.verdict is Verdict.ALLOW


def decide(
    asked: Transaction, standing: Standing | Unknown, programme: Programme, cloud: Cloud, now: datetime
) -> Decision:
    """Decide whether a transaction may complete at `now`, with every reason, in the order of contract 4.14.

    An unknown standing and a missing relationship are the only reason of their denial. Each other reason would deny alone;
    advisories stand beside a denial too.

    Args:
        standing: of the partner's customer; `Unknown` denies.
        cloud: the partner's; the gate allows everything in clouds that the programme does not support (R31).
        now: the instant to compare with the programme's dates.
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
