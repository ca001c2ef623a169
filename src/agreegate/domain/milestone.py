"""Milestones of a programme: the instants at which a rule changes, and the day before each."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agreegate.domain.actor import Channel
from agreegate.domain.programme import Programme

_DAY = timedelta(days=1)


class MilestoneKind(StrEnum):
    """The kind of change."""

    STARTS = "starts"
    """Confirmations can be recorded (R1)."""
    EVE = "eve"
    """The last day on which a channel asks for no confirmation (R2)."""
    ENFORCED = "enforced"
    """A channel denies without a confirmation (R3, R4)."""
    OPENS = "opens"
    """A confirmation of the agreement begins to open the gate."""
    CLOSES = "closes"
    """A confirmation of the agreement no longer opens the gate."""
    RETIRED = "retired"
    """The agreement can no longer be confirmed."""
    DUPLICATES = "duplicates"
    """A duplicate is refused from now on."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """One change of the rules."""

    at: datetime
    kind: MilestoneKind
    channel: Channel | None = None
    agreement: str = ""
    """The title of the agreement that changes."""


def milestones(programme: Programme) -> tuple[Milestone, ...]:
    """Return every milestone, earliest first, without the rules that hold from the start."""
    found = [Milestone(programme.starts, MilestoneKind.STARTS)]
    for channel in Channel:
        if (enforced := programme.enforce_from.get(channel)) is not None:
            found += [
                Milestone(enforced - _DAY, MilestoneKind.EVE, channel),
                Milestone(enforced, MilestoneKind.ENFORCED, channel),
            ]
    for template in programme.templates:
        for at, kind in (
            (template.opens_from, MilestoneKind.OPENS),
            (template.opens_until, MilestoneKind.CLOSES),
            (template.confirm_until, MilestoneKind.RETIRED),
            (template.duplicates_refused_from, MilestoneKind.DUPLICATES),
        ):
            if at is not None and at > programme.starts:
                found.append(Milestone(at, kind, agreement=template.title))
    return tuple(sorted(found, key=lambda milestone: milestone.at))


def tour(programme: Programme) -> tuple[datetime, ...]:
    """Return the day before each enforcement date and the date itself (R5), or the start where no date is set."""
    days = {
        milestone.at
        for milestone in milestones(programme)
        if milestone.kind in (MilestoneKind.EVE, MilestoneKind.ENFORCED)
    }
    return tuple(sorted(days)) or (programme.starts,)
