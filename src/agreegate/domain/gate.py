"""The gate: one pure function that answers whether a transaction may complete, with every reason (contract 4.14).

No IO and no clock: the same question about the same facts under the same policy has the same answer for ever.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from agreegate.domain.actor import Channel
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Current, Obstacle, ObstacleKind, Standing, Unknown, obstacles, opening
from agreegate.domain.transaction import Action, Transaction


class Verdict(StrEnum):
    """May it complete."""

    ALLOW = "allow"
    DENY = "deny"


class Code(StrEnum):
    """The closed list of reasons and advisories, in the order in which `decide` comes to them; `docs/gate.md` explains each."""

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
    """Why a transaction is refused, or (as an advisory) what will matter later."""

    code: Code
    rule: str
    """The rule of the published process that it follows from, such as `R9`."""
    channel: Channel | None = None
    date: datetime | None = None
    """The instant the reason speaks of: an enforcement date, or the day to renew by."""

    @property
    def text_key(self) -> str:
        """The message key of the reason in a sentence."""
        return f"gate.{self.code}.text"

    @property
    def next_key(self) -> str:
        """The message key of what to do about it."""
        undated = self.code is Code.CONFIRMATION_OUTDATED and self.date is None
        return f"gate.{self.code}.next.undated" if undated else f"gate.{self.code}.next"


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
    if cloud in programme.unsupported_clouds:
        return Decision(Verdict.ALLOW, programme.policy, confirmation=opens)
    reasons: list[Reason] = []
    advisories: list[Reason] = []
    for obstacle in obstacles(standing, asked, programme, now):
        if obstacle.enforced:
            reasons.append(_reason(obstacle.kind, asked, standing))
        advisories += _advisories(obstacle, asked, standing, opens, programme)
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
    obstacle: Obstacle, asked: Transaction, standing: Standing, opens: Current | None, programme: Programme
) -> Iterator[Reason]:
    """What an obstacle adds to the advisories: itself where it is not enforced, and what else follows from it."""
    enforced_from = programme.enforce_from.get(asked.channel)
    if not obstacle.enforced:
        advised = _reason(obstacle.kind, asked, standing)
        if obstacle.kind is ObstacleKind.OUTDATED and opens is not None:
            advised = replace(advised, date=opens.renew_by)
        if obstacle.kind is ObstacleKind.MISSING and enforced_from is not None:
            advised = Reason(Code.ENFORCEMENT_UPCOMING, "R2", channel=asked.channel, date=enforced_from)
        yield advised
    if obstacle.kind is ObstacleKind.OUTDATED and opens is not None and opens.overdue:
        yield Reason(Code.RENEWAL_OVERDUE, "R34")


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
