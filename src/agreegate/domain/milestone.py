"""The turning points of a programme: the instants at which something changes, and the last day before it does."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from agreegate.domain.actor import Channel
from agreegate.domain.programme import Programme

_DAY = timedelta(days=1)


class MilestoneKind(StrEnum):
    """What changes."""

    STARTS = "starts"
    """Confirmations can be recorded (R1)."""
    EVE = "eve"
    """The last day on which a channel asks for none (R2)."""
    ENFORCED = "enforced"
    """A channel refuses without one (R3, R4)."""
    OPENS = "opens"
    """A confirmation of this agreement opens the gate."""
    CLOSES = "closes"
    """It no longer does."""
    RETIRED = "retired"
    """This agreement can no longer be confirmed."""
    DUPLICATES = "duplicates"
    """An identical repeat is refused."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """One turning point."""

    at: datetime
    kind: MilestoneKind
    channel: Channel | None = None
    agreement: str = ""
    """The agreement that it is about, as people write it."""


def milestones(programme: Programme) -> tuple[Milestone, ...]:
    """Every turning point, earliest first; what holds from the start is none."""
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
    """The days to compare: the day before each enforcement date and the date itself (R5); the start where none is set."""
    days = {
        milestone.at
        for milestone in milestones(programme)
        if milestone.kind in (MilestoneKind.EVE, MilestoneKind.ENFORCED)
    }
    return tuple(sorted(days)) or (programme.starts,)
