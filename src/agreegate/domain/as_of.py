"""As of: the standing at one instant, from the records at another (R17, R27, R36, R47, R48).

`on` is the instant in question. `known_at` selects the records made by then, so that later corrections change nothing. An
`on` after `known_at` gives the standing that was to be expected. Where both are one past instant, the result is the standing
of that instant. Meaning: `docs/as-of.md`; reasons: `docs/decisions/0025-as-of.md`.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate
from operator import attrgetter

from agreegate.domain.agreements.accepted_text import AcceptedText
from agreegate.domain.agreements.agreement import AgreementTemplate, AgreementType
from agreegate.domain.agreements.text import TextVersion, majors_in
from agreegate.domain.confirmation import Confirmation, Ending, EndReason
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme
from agreegate.domain.standing import Current, Endings, Mark, Standing, State, judged, state_of, state_of_type

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as people name it: exact, or a whole day."""

    at: datetime
    whole_day: bool = False
    """`at` is midnight UTC, and means the whole day."""

    @property
    def last(self) -> datetime:
        """The instant itself, or the last microsecond of the day."""
        return self.at + (_DAY - timedelta.resolution) if self.whole_day else self.at

    def instant(self, now: datetime) -> datetime:
        """Return the instant to use: `last`, or `now` for today."""
        return now if self.at <= now <= self.last else self.last


@dataclass(frozen=True, slots=True)
class Period:
    """A relationship period, with the instants at which its beginning and its end were recorded."""

    number: int
    started_at: datetime
    ended_at: datetime | None

    def contains(self, instant: datetime) -> bool:
        """Whether the period holds the instant: from its beginning to its end, exclusive."""
        return self.started_at <= instant and (self.ended_at is None or instant < self.ended_at)


@dataclass(frozen=True, slots=True)
class Renewal:
    """The beginning of a term of one of the customer's subscriptions."""

    due_at: datetime
    recorded_at: datetime

    @property
    def ran_at(self) -> datetime:
        """The beginning of the term, or the order for it if that came first (R33)."""
        return min(self.due_at, self.recorded_at)


@dataclass(frozen=True, slots=True)
class Facts:
    """The records about one customer's acceptance with one partner."""

    country: str
    """The customer's country today; Agreegate keeps no history of it."""
    periods: tuple[Period, ...]
    """In their order."""
    confirmations: tuple[Confirmation, ...]
    """Of every period, newest first by sequence."""
    period_of: Mapping[int, int]
    """The number of each confirmation's period, by the confirmation's sequence."""
    accepted: Mapping[int, AcceptedText]
    """The accepted text of each confirmation by sequence, where one was in force at the recording."""
    endings: tuple[Ending, ...]
    """Newest first by sequence."""
    renewals: tuple[Renewal, ...]
    texts: tuple[TextVersion, ...]
    """Every version of the programme's templates with a text for the country."""

    @property
    def extent(self) -> dict[str, int]:
        """The number of records of each kind."""
        return {kind: len(getattr(self, kind)) for kind in ("confirmations", "endings", "renewals", "texts")}

    def known_at(self, instant: datetime) -> "Facts":
        """Return the records made by an instant, by the instant that each carries, whatever its sequence."""
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
        """Return the period that holds the instant. If a clock was set back, two may hold it: then the later one."""
        return next((period for period in reversed(self.periods) if period.contains(instant)), None)


@dataclass(frozen=True, slots=True)
class MarkedConfirmation:
    """A known confirmation, and what had become of it at `on`."""

    confirmation: Confirmation
    mark: Mark
    valid_from: datetime
    """The first instant at which it can be in effect."""
    ended_by: Ending | None
    """What ended it, before or after `on`."""


@dataclass(frozen=True, slots=True)
class AgreementAsOf:
    """One agreement type at `on`."""

    template: AgreementTemplate
    state: State | None
    """None: there was no relationship at `on`."""
    confirmation: Confirmation | None
    """The confirmation in effect at `on`."""
    outdated_since: datetime | None
    """Since when a newer major text bound the customer."""
    history: tuple[MarkedConfirmation, ...]
    """The known confirmations of every period, newest first."""


@dataclass(frozen=True, slots=True)
class StandingAsOf:
    """The standing at `on`, from the records made by `known_at`."""

    on: datetime
    known_at: datetime
    period: Period | None
    """The relationship period at `on`; None: there was none."""
    state: State | None
    """The one state of the customer; None: there was no relationship or no programme at `on`."""
    agreements: tuple[AgreementAsOf, ...]
    """One for each template of the programme."""
    no_longer_agreed: tuple[Ending, ...]
    """Each known record that the customer no longer agreed, newest first."""
    no_longer_agrees: Ending | None
    """The newest of them that was recorded by `on`."""
    considered: Mapping[str, int]
    """The number of records of each kind made by `known_at`."""
    left_out: Mapping[str, int]
    """The number of records of each kind made after `known_at`."""

    @property
    def expected(self) -> bool:
        """Whether `on` was in the future: then this is the expected standing."""
        return self.on > self.known_at

    @property
    def covered(self) -> bool:
        """Whether a confirmation was in effect at `on`."""
        return any(agreement.confirmation is not None for agreement in self.agreements)


def decided_as_of(facts: Facts, programme: Programme, cloud: Cloud, on: datetime, known_at: datetime) -> StandingAsOf:
    """Return the standing at `on`, from the records made by `known_at`; both instants inclusive."""
    known = facts.known_at(known_at)
    period = known.period_on(on)
    no_longer_agreed = tuple(ending for ending in known.endings if ending.reason is EndReason.NO_LONGER_AGREES)
    last = next((ending for ending in no_longer_agreed if ending.recorded_at <= on), None)
    marked = _marked(known, no_longer_agreed, last, period, on)
    counting = {
        one.confirmation.agreement_type: _judged(known, one.confirmation, on)
        for one in marked
        if one.mark is Mark.COUNTS
    }
    standing = Standing(period is not None, tuple(counting.values()), None if last is None else last.recorded_at)
    agreements = []
    for template in programme.templates:
        history = tuple(one for one in marked if one.confirmation.agreement_type == template.agreement_type)
        confirmation = next((one.confirmation for one in history if one.mark is Mark.COUNTS), None)
        current = counting.get(template.agreement_type)
        ended = any(one.mark is Mark.NO_LONGER_AGREED for one in history)
        state = None if period is None else state_of_type(standing, programme, template, on, ended=ended)
        since = None if current is None else current.outdated_since
        agreements.append(AgreementAsOf(template, state, confirmation, since, history))
    left_out = {kind: number - known.extent[kind] for kind, number in facts.extent.items()}
    state = state_of(standing, programme, cloud, on)
    return StandingAsOf(on, known_at, period, state, tuple(agreements), no_longer_agreed, last, known.extent, left_out)


def valid_from(confirmation: Confirmation, no_longer_agrees_at: datetime | None) -> datetime:
    """Return the first instant at which a confirmation can be in effect: its acceptance, or its recording if that came first.

    An acceptance dated before the customer no longer agreed, but recorded after, is in effect from its recording.

    Args:
        no_longer_agrees_at: when the customer last no longer agreed before the confirmation was recorded, if ever.
    """
    dated_before = no_longer_agrees_at is not None and no_longer_agrees_at > confirmation.date_agreed
    return confirmation.recorded_at if dated_before else min(confirmation.date_agreed, confirmation.recorded_at)


def _marked(
    known: Facts, no_longer_agreed: Sequence[Ending], last: Ending | None, period: Period | None, on: datetime
) -> list[MarkedConfirmation]:
    """Return every known confirmation, newest first, with what had become of it at `on`.

    Args:
        last: the newest record by `on` that the customer no longer agreed.
    """
    voided = {ending.confirmation_id for ending in known.endings if ending.confirmation_id is not None}
    counted: set[AgreementType] = set()
    ended = Endings(known.endings)
    in_order = no_longer_agreed[::-1]
    latest = list(accumulate((ending.recorded_at for ending in in_order), max))
    found = []
    for confirmation in known.confirmations:
        before = bisect_left(in_order, confirmation.sequence, key=attrgetter("sequence"))
        begins = valid_from(confirmation, latest[before - 1] if before else None)
        if confirmation.id in voided:
            mark = Mark.VOIDED  # it counts as never having been in effect
        elif begins > on:
            mark = Mark.NOT_YET
        elif last is not None and last.sequence > confirmation.sequence:
            mark = Mark.NO_LONGER_AGREED
        elif period is None or known.period_of[confirmation.sequence] != period.number:
            mark = Mark.EARLIER
        elif confirmation.agreement_type in counted:
            mark = Mark.REPLACED
        else:
            mark = Mark.COUNTS
            counted.add(confirmation.agreement_type)
        found.append(MarkedConfirmation(confirmation, mark, begins, ended.first_of(confirmation)))
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
