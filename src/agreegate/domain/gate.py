"""The gate: one pure function that answers whether a transaction may complete, with every reason (contract 4.14).

No IO and no clock: the same question about the same facts under the same policy has the same answer for ever.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from agreegate.domain.actor import Channel
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Current, ObstacleKind, Standing, Unknown, obstacles, opening
from agreegate.domain.transaction import Action, Transaction


class Verdict(StrEnum):
    """May it complete."""

    ALLOW = "allow"
    DENY = "deny"


class Code(StrEnum):
    """The closed list of reasons and advisories; `docs/gate.md` explains each."""

    CONFIRMATION_MISSING = "confirmation.missing"
    CONFIRMATION_ENDED = "confirmation.ended"
    CONFIRMATION_OUTDATED = "confirmation.outdated"
    RELATIONSHIP_MISSING = "relationship.missing"
    STANDING_UNKNOWN = "standing.unknown"
    CLOCK_BEHIND = "clock.behind"
    ENFORCEMENT_UPCOMING = "enforcement.upcoming"
    RENEWAL_OVERDUE = "renewal.overdue"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a transaction is refused, or (as an advisory) what will matter later."""

    code: Code
    rule: str
    """The rule of the published process that it follows from, such as `R9`."""
    channel: Channel | None = None
    date: datetime | None = None
    """The instant the reason speaks of: an enforcement date, or the day to renew by."""


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
    """Answer whether the transaction may complete at `now`, in the order of contract 4.14.

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
    if cloud in programme.unsupported_clouds:
        return Decision(Verdict.ALLOW, programme.policy, confirmation=opens)
    reasons: list[Reason] = []
    advisories: list[Reason] = []
    for obstacle in obstacles(standing, asked, programme, now):
        if obstacle.enforced:
            reasons.append(_reason(obstacle.kind, asked, standing))
        else:
            advisories += _advisories(obstacle.kind, asked, standing, opens, programme)
    verdict = Verdict.DENY if reasons else Verdict.ALLOW
    return Decision(verdict, programme.policy, tuple(reasons), tuple(advisories), opens)


def _reason(kind: ObstacleKind, asked: Transaction, standing: Standing) -> Reason:
    match kind:
        case ObstacleKind.ENDED:
            return Reason(Code.CONFIRMATION_ENDED, "R47", date=standing.refused_at)
        case ObstacleKind.MISSING:
            return Reason(Code.CONFIRMATION_MISSING, _rule_of(asked.action), channel=asked.channel)
        case ObstacleKind.OUTDATED:  # without a date: what is in time for a renewal is not in time for this order
            return Reason(Code.CONFIRMATION_OUTDATED, "R34")
        case _:
            assert_never(kind)


def _advisories(
    kind: ObstacleKind, asked: Transaction, standing: Standing, opens: Current | None, programme: Programme
) -> list[Reason]:
    if kind is ObstacleKind.OUTDATED and opens is not None:
        outdated = Reason(Code.CONFIRMATION_OUTDATED, "R34", date=opens.renew_by)
        return [outdated, Reason(Code.RENEWAL_OVERDUE, "R34")] if opens.overdue else [outdated]
    enforced_from = programme.enforce_from.get(asked.channel)
    if kind is ObstacleKind.MISSING and enforced_from is not None:
        return [Reason(Code.ENFORCEMENT_UPCOMING, "R2", channel=asked.channel, date=enforced_from)]
    return [_reason(kind, asked, standing)]


def _deny(programme: Programme, reason: Reason) -> Decision:
    return Decision(Verdict.DENY, programme.policy, reasons=(reason,))


def _rule_of(action: Action) -> str:
    """The rule by which an action needs a confirmation."""
    match action:
        case Action.SEAT_CHANGE:
            return "R10"
        case Action.NEW_PURCHASE | Action.ADD_ON | Action.UPGRADE | Action.CONVERSION:
            return "R9"
        case Action.RENEWAL:
            return "R33"
        case Action.REACTIVATE | Action.AUTO_RENEWAL | Action.CANCEL | Action.SUSPEND | Action.PROFILE_CHANGE:
            raise ValueError(action)
        case _:
            assert_never(action)
