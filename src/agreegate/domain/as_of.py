"""Looking back: what the standing was on one day, as the records stood on another (R17, R27, R36, R47, R48).

Two instants decide. *Known at*: only what was recorded by then is looked at, so that a later correction does not rewrite what
was known. *On*: what is asked about. Where it comes after *known at*, the answer is what was to be expected then.

At `on` = `known_at` = any past instant the answer is what the standing was at that instant. The meaning in words:
`docs/as-of.md`; its reasons: `docs/decisions/0025-as-of.md`.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from operator import attrgetter

from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType
from agreegate.domain.agreements.text import TextVersion, majors_in
from agreegate.domain.confirmation import Confirmation, Ending, EndReason
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Current, Endings, Mark, Standing, State, judged, state_of, state_of_type

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as people name it: exact, or a day as a whole."""

    at: datetime
    whole_day: bool = False
    """`at` is midnight UTC, and the day is meant with all that happened in it."""

    @property
    def last(self) -> datetime:
        """The instant; of a whole day its last microsecond."""
        return self.at + (_DAY - timedelta.resolution) if self.whole_day else self.at

    def instant(self, now: datetime) -> datetime:
        """The instant to look at: as named; of a whole day its last microsecond, of today's day `now`."""
        return now if self.at <= now <= self.last else self.last


@dataclass(frozen=True, slots=True)
class Period:
    """A relationship period. Its two instants are those at which its beginning and its end were recorded."""

    number: int
    started_at: datetime
    ended_at: datetime | None

    def contains(self, instant: datetime) -> bool:
        """Whether the partner served the customer in this period then: from the beginning on, up to but without the end."""
        return self.started_at <= instant and (self.ended_at is None or instant < self.ended_at)


@dataclass(frozen=True, slots=True)
class Renewal:
    """That a term of one of the customer's subscriptions began."""

    due_at: datetime
    recorded_at: datetime

    @property
    def ran_at(self) -> datetime:
        """When it ran: at the beginning of its term, or when it was ordered before that (R33)."""
        return min(self.due_at, self.recorded_at)


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that was recorded about one customer's acceptance with one partner, and what bears on it."""

    country: str
    """The one that the customer has today: no history of it is kept."""
    periods: tuple[Period, ...]
    """In their order."""
    confirmations: tuple[Confirmation, ...]
    """Newest first by sequence, of every period."""
    period_of: Mapping[int, int]
    """The number of the period in which each confirmation was recorded, by the confirmation's sequence."""
    accepted: Mapping[int, TextVersion]
    """The version that each confirmation speaks of, where it is known; by sequence. It is recorded with the confirmation."""
    endings: tuple[Ending, ...]
    """Newest first by sequence."""
    renewals: tuple[Renewal, ...]
    texts: tuple[TextVersion, ...]
    """Every version of the programme's templates that is published for the country."""

    @property
    def extent(self) -> dict[str, int]:
        """How many records there are of each kind."""
        return {kind: len(getattr(self, kind)) for kind in ("confirmations", "endings", "renewals", "texts")}

    def known_at(self, instant: datetime) -> "Facts":
        """What had been recorded by then: by the instant that each record carries, whatever its place in the sequence."""
        return replace(
            self,
            periods=tuple(
                period if period.ended_at is None or period.ended_at <= instant else replace(period, ended_at=None)
                for period in self.periods
                if period.started_at <= instant
            ),
            confirmations=tuple(one for one in self.confirmations if one.recorded_at <= instant),
            endings=tuple(one for one in self.endings if one.recorded_at <= instant),
            renewals=tuple(one for one in self.renewals if one.recorded_at <= instant),
            texts=tuple(version for version in self.texts if version.published_at <= instant),
        )

    def period_on(self, instant: datetime) -> Period | None:
        """The relationship then. Of two that hold the instant, which only a clock set back makes, the later one."""
        return next((period for period in reversed(self.periods) if period.contains(instant)), None)


@dataclass(frozen=True, slots=True)
class Weighed:
    """A confirmation that was known, and what it was worth on the day."""

    confirmation: Confirmation
    mark: Mark
    valid_from: datetime
    """From when on it can be in effect."""
    ended_by: Ending | None
    """What had ended it, as was known, whether by the day or after it."""


@dataclass(frozen=True, slots=True)
class AgreementThen:
    """One agreement type, as it stood."""

    template: AgreementTemplate
    state: State | None
    """None: there was no relationship on the day, and so no standing."""
    confirmation: Confirmation | None
    """The one in effect on the day."""
    outdated_since: datetime | None
    """Since when a newer major text bound the customer than the one in effect."""
    history: tuple[Weighed, ...]
    """What was known, newest first, every relationship period."""


@dataclass(frozen=True, slots=True)
class AsOf:
    """The standing on a day, as the records stood on another."""

    on: datetime
    known_at: datetime
    period: Period | None
    """The relationship on the day, as it was known; None: there was none."""
    state: State | None
    """The one state of the customer; None: there was no relationship on the day, or no programme."""
    agreements: tuple[AgreementThen, ...]
    """One for each template of the programme."""
    refusals: tuple[Ending, ...]
    """When the customer was recorded as no longer agreeing, as was known, newest first."""
    considered: Mapping[str, int]
    """How many records of each kind had been made by `known_at`."""
    left_out: Mapping[str, int]
    """How many were made after it."""

    @property
    def expected(self) -> bool:
        """Whether the day lay ahead: the answer is what was to be expected."""
        return self.on > self.known_at

    @property
    def refused(self) -> tuple[Ending, ...]:
        """The refusals that had been recorded by the day, newest first."""
        return tuple(ending for ending in self.refusals if ending.recorded_at <= self.on)

    @property
    def covered(self) -> bool:
        """Whether a confirmation was in effect."""
        return any(agreement.confirmation is not None for agreement in self.agreements)


def decided_as_of(facts: Facts, programme: Programme, cloud: Cloud, on: datetime, known_at: datetime) -> AsOf:
    """The standing at `on`, as the records stood at `known_at`. Both instants count as passed."""
    known = facts.known_at(known_at)
    period = known.period_on(on)
    refusals = tuple(ending for ending in known.endings if ending.reason is EndReason.NO_LONGER_AGREES)
    weighed = _weighed(known, refusals, period, on)
    counting = {
        one.confirmation.agreement_type: _judged(known, one.confirmation, on)
        for one in weighed
        if one.mark is Mark.COUNTS
    }
    no_longer_agrees_at = max((ending.recorded_at for ending in refusals if ending.recorded_at <= on), default=None)
    standing = Standing(period is not None, tuple(counting.values()), no_longer_agrees_at)
    agreements = []
    for template in programme.templates:
        history = tuple(one for one in weighed if one.confirmation.agreement_type == template.agreement_type)
        confirmation = next((one.confirmation for one in history if one.mark is Mark.COUNTS), None)
        current = counting.get(template.agreement_type)
        ended = any(one.mark is Mark.REFUSED for one in history)
        state = None if period is None else state_of_type(standing, programme, template, on, ended=ended)
        since = None if current is None else current.outdated_since
        agreements.append(AgreementThen(template, state, confirmation, since, history))
    left_out = {kind: number - known.extent[kind] for kind, number in facts.extent.items()}
    state = state_of(standing, programme, cloud, on)
    return AsOf(on, known_at, period, state, tuple(agreements), refusals, known.extent, left_out)


def valid_from(confirmation: Confirmation, no_longer_agrees_at: datetime | None) -> datetime:
    """From when on a confirmation can be in effect: since the customer accepted, or since it was recorded if that was first.

    One that was recorded after a refusal does not reach back behind it: an acceptance dated before the refusal was no answer
    to it then, and is one from the recording on.

    Args:
        no_longer_agrees_at: the latest instant of the refusals recorded before it; None: there are none.
    """
    answers_late = no_longer_agrees_at is not None and no_longer_agrees_at > confirmation.date_agreed
    return confirmation.recorded_at if answers_late else min(confirmation.date_agreed, confirmation.recorded_at)


def _weighed(known: Facts, refusals: Sequence[Ending], period: Period | None, on: datetime) -> list[Weighed]:
    """Every known confirmation, newest first, with what it was worth on the day."""
    voided = {ending.confirmation_id for ending in known.endings if ending.confirmation_id is not None}
    counted: set[AgreementType] = set()
    ended = Endings(known.endings)
    in_order = sorted(refusals, key=attrgetter("sequence"))
    latest = list(accumulate((ending.recorded_at for ending in in_order), max))
    refused_last = max((ending.sequence for ending in refusals if ending.recorded_at <= on), default=0)
    found = []
    for confirmation in known.confirmations:
        before = bisect_left(in_order, confirmation.sequence, key=attrgetter("sequence"))
        begins = valid_from(confirmation, latest[before - 1] if before else None)
        if confirmation.id in voided:
            mark = Mark.VOIDED  # it never was in effect, on no day
        elif begins > on:
            mark = Mark.NOT_YET
        elif refused_last > confirmation.sequence:
            mark = Mark.REFUSED
        elif period is None or known.period_of[confirmation.sequence] != period.number:
            mark = Mark.EARLIER
        elif confirmation.agreement_type in counted:
            mark = Mark.REPLACED
        else:
            mark = Mark.COUNTS
            counted.add(confirmation.agreement_type)
        found.append(Weighed(confirmation, mark, begins, ended.first_of(confirmation)))
    return found


def _judged(known: Facts, confirmation: Confirmation, on: datetime) -> Current:
    texts = [version for version in known.texts if version.template_id == confirmation.template_id]
    accepted = known.accepted.get(confirmation.sequence)
    return judged(
        Current(
            confirmation.agreement_type,
            confirmation.template_id,
            confirmation.date_agreed,
            confirmation.recorded_at,
            confirmation.sequence,
        ),
        None if accepted is None else accepted.rank,
        majors_in(texts, known.country),
        [renewal.ran_at for renewal in known.renewals],
        None,
        on,
    )
