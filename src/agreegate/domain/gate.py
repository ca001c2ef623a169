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
from agreegate.domain.standing import Current, Standing, Unknown
from agreegate.domain.transaction import STOPPED_BY_REFUSAL, Action, Transaction


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
    """The confirmation that counts, if there is one; also when it was not needed."""

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
    valid = _valid(asked, standing, programme, now)
    if cloud in programme.unsupported_clouds or asked.action not in STOPPED_BY_REFUSAL:
        return Decision(Verdict.ALLOW, programme.policy, confirmation=valid)

    enforced_from = programme.enforce_from.get(asked.channel)
    refused = standing.refused_at is not None and not any(
        programme.has_opened(confirmation.template_id, now) for confirmation in standing.current
    )
    if refused:
        ended = Reason(Code.CONFIRMATION_ENDED, "R47", date=standing.refused_at)
        if enforced_from is None:
            return Decision(Verdict.ALLOW, programme.policy, advisories=(ended,))
        return _deny(programme, ended)
    if not asked.action.needs_confirmation:
        return Decision(Verdict.ALLOW, programme.policy, confirmation=valid)
    if valid is None:
        return _without_confirmation(asked, programme, enforced_from, now)
    return _with_confirmation(valid, programme, enforced_from, now)


def _valid(asked: Transaction, standing: Standing, programme: Programme, now: datetime) -> Current | None:
    """The newest confirmation that opens the gate at `now` (R26, R27)."""
    newest: Current | None = None
    for current in standing.current:
        if asked.agreement_type is not None and current.agreement_type != asked.agreement_type:
            continue
        if programme.opens_gate(current.template_id, now) and (newest is None or current.sequence > newest.sequence):
            newest = current
    return newest


def _without_confirmation(
    asked: Transaction, programme: Programme, enforced_from: datetime | None, now: datetime
) -> Decision:
    if enforced_from is None:
        missing = Reason(Code.CONFIRMATION_MISSING, _rule_of(asked.action), channel=asked.channel)
        return Decision(Verdict.ALLOW, programme.policy, advisories=(missing,))
    if now < enforced_from:
        upcoming = Reason(Code.ENFORCEMENT_UPCOMING, "R2", channel=asked.channel, date=enforced_from)
        return Decision(Verdict.ALLOW, programme.policy, advisories=(upcoming,))
    return _deny(programme, Reason(Code.CONFIRMATION_MISSING, _rule_of(asked.action), channel=asked.channel))


def _with_confirmation(valid: Current, programme: Programme, enforced_from: datetime | None, now: datetime) -> Decision:
    if valid.outdated_since is None:
        return Decision(Verdict.ALLOW, programme.policy, confirmation=valid)
    if programme.refuses_outdated(now) and enforced_from is not None and now >= enforced_from:
        refused = Reason(Code.CONFIRMATION_OUTDATED, "R34")  # what would be in time for a renewal is not for this order
        return Decision(Verdict.DENY, programme.policy, reasons=(refused,), confirmation=valid)
    outdated = Reason(Code.CONFIRMATION_OUTDATED, "R34", date=valid.renew_by)
    advisories = (outdated, Reason(Code.RENEWAL_OVERDUE, "R34")) if valid.overdue else (outdated,)
    return Decision(Verdict.ALLOW, programme.policy, advisories=advisories, confirmation=valid)


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
