"""Before a version takes effect: whose confirmations it would outdate, and what of theirs comes in the weeks after (R33–R37).

A *scenario* is a version that takes effect at an instant, under a stale rule, and the weeks that are looked at. A customer
*becomes outdated* by it when its one state changes from confirmed because of the version: when the window begins, its
confirmation opens the gate and ranks below the version, no other major text has outdated it, and no other confirmation that
opens the gate is current.
What is said is what would happen if nobody did anything until then: nothing is changed by asking.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from agreegate.domain.actor import Channel
from agreegate.domain.agreement import AgreementTemplate, TemplateId
from agreegate.domain.gate import decide
from agreegate.domain.partner import Cloud, Partner, PartnerId
from agreegate.domain.programme import Programme, StaleRule
from agreegate.domain.reason import Code
from agreegate.domain.standing import Current, Standing
from agreegate.domain.text import DEFAULT_LANGUAGE, Locale, TextDraft, TextVersion, VersionId, nearest
from agreegate.domain.transaction import Action, Transaction

WEEK = timedelta(weeks=1)
WEEKS = range(1, 521)
"""So many can be looked at: ten years."""
USUAL_WEEKS = 52
INSTANT = timedelta.resolution
_YEARS = range(1900, 9001)

Rank = tuple[datetime, int]
"""A text's place among its template's: when it takes effect, then the order of publishing."""


class ScenarioError(Exception):
    """A scenario that cannot be looked at. `key` finds the reason's sentence, `field` is what has to be put right."""

    def __init__(self, key: str, field: str, **parameters: str | int) -> None:
        super().__init__(key)
        self.key = key
        self.field = field
        self.parameters = parameters


@dataclass(frozen=True, slots=True)
class Scenario:
    """A version that takes effect, under which rule, and how many weeks are looked at."""

    template_id: TemplateId
    countries: frozenset[str]
    """Those that the version has a text for: customers elsewhere are asked for nothing."""
    effective_from: datetime
    stale_rule: StaleRule
    stale_from: datetime | None = None
    """Grace: before this instant outdated confirmations are only advised about."""
    weeks: int = USUAL_WEEKS
    """Counted from `effective_from`."""
    major: bool = True
    """A minor version outdates nobody."""
    label: str | None = None
    published: VersionId | None = None
    """The version, when it is published already and has yet to take effect; None: it might be published."""

    @classmethod
    def of(
        cls, draft: TextDraft, stale_rule: StaleRule, stale_from: datetime | None = None, weeks: int = USUAL_WEEKS
    ) -> "Scenario":
        """What a version would do, published or not."""
        return cls(
            template_id=draft.template_id,
            countries=frozenset(locale.country for locale in draft.files),
            effective_from=draft.effective_from,
            stale_rule=stale_rule,
            stale_from=stale_from,
            weeks=weeks,
            major=draft.major,
            label=draft.label,
            published=draft.id if isinstance(draft, TextVersion) else None,
        )

    @property
    def until(self) -> datetime:
        """The end of the window; it is not in it."""
        return self.effective_from + self.weeks * WEEK


def checked_scenario(
    scenario: Scenario, programme: Programme, known: Collection[Locale], now: datetime, published: TextVersion | None
) -> Scenario:
    """The scenario, if there is something to look at.

    Args:
        known: the countries and languages of the table.
        published: the version that the scenario names as published.

    Raises:
        ScenarioError: what is wrong, and with which field.
    """
    if programme.template(scenario.template_id) is None:
        raise ScenarioError("simulation.template-unknown", "template")
    if published is not None and published.effective_from <= now:
        raise ScenarioError("simulation.in-effect", "version", label=published.label)
    if not scenario.countries:
        raise ScenarioError("simulation.no-country", "countries")
    codes = {locale.country for locale in known}
    for country in sorted(scenario.countries - codes if published is None else ()):
        near = nearest(Locale(country, DEFAULT_LANGUAGE), known)[0].country
        raise ScenarioError("simulation.country-unknown", "countries", country=country, nearest=near)
    if scenario.effective_from.year not in _YEARS:
        raise ScenarioError("simulation.date-out-of-range", "effective_from")
    if scenario.weeks not in WEEKS:
        raise ScenarioError("simulation.weeks", "weeks", least=WEEKS[0], most=WEEKS[-1])
    if scenario.stale_from is not None and scenario.stale_rule is not StaleRule.REFUSE:
        raise ScenarioError("simulation.grace-without-refusal", "grace")
    if scenario.until <= now:
        raise ScenarioError("simulation.window-over", "weeks")
    return scenario


@dataclass(frozen=True, slots=True)
class Foresight:
    """A scenario at an instant: from when on it is looked at, and what is known of other versions."""

    scenario: Scenario
    programme: Programme
    now: datetime
    rank: Rank
    """The version's; for one that is not published, with the number it would get."""
    floors: Mapping[str, Rank | None]
    """By country: what is accepted below this is outdated already when the window begins. None: nothing is."""
    other_majors: tuple[datetime, ...] = ()
    """When major texts of the programme's other templates take effect."""

    @classmethod
    def of(
        cls, scenario: Scenario, programme: Programme, published: Iterable[TextVersion], now: datetime
    ) -> "Foresight":
        """Build the foresight of a scenario from the template's published versions."""
        versions = list(published)
        every = [version for version in versions if version.template_id == scenario.template_id]
        itself = next((version for version in every if version.id == scenario.published), None)
        number = max((version.number for version in every), default=0) + 1 if itself is None else itself.number
        others = [
            version
            for version in every
            if version.major and version is not itself and version.effective_from <= max(scenario.effective_from, now)
        ]
        by_country: dict[str, Rank | None] = dict.fromkeys(scenario.countries)
        for version in sorted(others, key=lambda one: one.rank):
            by_country |= {one.country: version.rank for one in version.files if one.country in by_country}
        majors = {one.effective_from for one in versions if one.major and one.template_id != scenario.template_id}
        return cls(scenario, programme, now, (scenario.effective_from, number), by_country, tuple(sorted(majors)))

    @property
    def begins(self) -> datetime:
        """The beginning of the window: when the version takes effect; now, when that would lie in the past."""
        return max(self.scenario.effective_from, self.now)

    @property
    def until(self) -> datetime:
        """The end of the window; it is not in it."""
        return self.scenario.until

    @property
    def rules(self) -> Programme:
        """The programme as it would be under the scenario's rule."""
        return replace(self.programme, stale_rule=self.scenario.stale_rule, stale_from=self.scenario.stale_from)

    @property
    def template(self) -> AgreementTemplate:
        """The agreement that the version is a text of."""
        return next(one for one in self.programme.templates if one.id == self.scenario.template_id)

    @property
    def rival_templates(self) -> tuple[TemplateId, ...]:
        """Those besides the scenario's whose confirmations open the gate when the window begins."""
        return tuple(
            one.id
            for one in self.programme.templates
            if one.id != self.scenario.template_id and one.opens_gate(self.begins)
        )

    @property
    def refuses_from(self) -> Mapping[Channel, datetime]:
        """From when on in the window each channel refuses outdated confirmations; a channel that never does is left out."""
        if self.scenario.stale_rule is not StaleRule.REFUSE:
            return {}
        grace = self.scenario.stale_from or self.begins
        enforced = {channel: date for channel in Channel if (date := self.programme.enforce_from.get(channel))}
        return {channel: max(self.begins, grace, date) for channel, date in enforced.items()}

    @property
    def turns(self) -> tuple[datetime, ...]:
        """Instants within the window at which the gate's answers may change: between two of them they do not."""
        if self.scenario.stale_rule is not StaleRule.REFUSE:
            return ()
        opening = (date for one in self.programme.templates for date in (one.opens_from, one.opens_until) if date)
        every = (*opening, *self.refuses_from.values(), *self.other_majors)
        return tuple(sorted({at for at in every if self.begins < at < self.until}))


@dataclass(frozen=True, slots=True)
class Rival:
    """Another confirmation of a customer whose confirmation becomes outdated: it may open the gate instead (R27)."""

    template_id: TemplateId
    outdated_from: datetime | None
    """When a published major text outdates it, or has outdated it; None: none does."""


@dataclass(frozen=True, slots=True)
class Stake:
    """What a customer whose confirmation becomes outdated has in the window."""

    auto_renewals: tuple[datetime, ...] = ()
    """Ends of terms that renew by themselves."""
    order_renewals: tuple[datetime, ...] = ()
    """Ends of commitments that the partner must renew by an order."""
    carts: tuple[datetime, ...] = ()
    """When open carts expire, all after the beginning of the window."""
    rivals: tuple[Rival, ...] = ()
    """Its other confirmations: the gate goes by the best one that opens it (R27)."""

    @property
    def renew_by(self) -> datetime | None:
        """Before when the newer text must be confirmed (R34); None: before the next new order (R37)."""
        return min((*self.auto_renewals, *self.order_renewals), default=None)


@dataclass(frozen=True, slots=True)
class Alike:
    """Customers of one partner who are alike in all that is counted."""

    customers: int
    stake: Stake
    resellers: tuple[PartnerId, ...] = ()
    """Through which of the partner's resellers they are served."""
    already: bool = False
    """They are outdated by other versions when the window begins, so this one changes nothing for them."""


class Figure(StrEnum):
    """What is counted."""

    CUSTOMERS = "customers"
    """Whose confirmations become outdated."""
    ALREADY = "already"
    """Whose confirmations are outdated by then in any case."""
    AUTO_RENEWALS = "auto_renewals"
    ORDER_RENEWALS = "order_renewals"
    CARTS = "carts"
    REFUSED_API = "refused_api"
    """Renewals by order and carts that the gate would refuse through this channel because of the version."""
    REFUSED_DASHBOARD = "refused_dashboard"


REFUSED = {Channel.API: Figure.REFUSED_API, Channel.DASHBOARD: Figure.REFUSED_DASHBOARD}

Counts = Counter[Figure]


def week_of(instant: datetime) -> date:
    """The ISO week in UTC, by its Monday."""
    day = instant.date()
    return day - timedelta(days=day.weekday())


class Refusals:
    """What the gate would refuse under a scenario: it is asked itself, once for all that cannot differ."""

    def __init__(self, foresight: Foresight) -> None:
        self._foresight = foresight
        self._rules = foresight.rules
        self._from = foresight.refuses_from
        self._known: dict[tuple[Channel, Cloud, tuple[Rival, ...], datetime], bool] = {}

    def renewals(self, stake: Stake, cloud: Cloud, channel: Channel) -> list[datetime]:
        """The ends of those renewals by order that would be refused when they are due."""
        refused = self._from.get(channel)
        return [
            end
            for end in stake.order_renewals
            if refused is not None and end >= refused and self._refused(channel, cloud, stake.rivals, end)
        ]

    def carts(self, stake: Stake, cloud: Cloud, channel: Channel) -> list[datetime]:
        """When those carts expire that are still open when refusing begins, and whose checkout would be refused then."""
        refused = self._from.get(channel)
        return [
            expiry
            for expiry in stake.carts
            if refused is not None and expiry > refused and self._refused(channel, cloud, stake.rivals, refused)
        ]

    def _refused(self, channel: Channel, cloud: Cloud, rivals: tuple[Rival, ...], at: datetime) -> bool:
        asked = (channel, cloud, rivals, at)
        if asked not in self._known:
            self._known[asked] = self._ask(*asked)
        return self._known[asked]

    def _ask(self, channel: Channel, cloud: Cloud, rivals: tuple[Rival, ...], at: datetime) -> bool:
        own, since = self._foresight.template, self._foresight.begins
        current = [Current(own.agreement_type, own.id, since, since, 0, outdated_since=since)]
        for rival in rivals:
            outdated = rival.outdated_from if rival.outdated_from and rival.outdated_from <= at else None
            current.append(Current(own.agreement_type, rival.template_id, since, since, 1, outdated_since=outdated))
        decision = decide(
            Transaction(Action.RENEWAL, channel), Standing(related=True, current=tuple(current)), self._rules, cloud, at
        )
        return own.opens_gate(at) and any(reason.code is Code.CONFIRMATION_OUTDATED for reason in decision.reasons)


@dataclass(frozen=True, slots=True)
class Share:
    """What one customer adds to the counts."""

    counts: Counts
    weeks: Mapping[date | None, Counts]


@dataclass(slots=True)
class Reckoning:
    """Counts what would happen, customers who are alike at once."""

    foresight: Foresight
    total: Counts = field(default_factory=Counter)
    weeks: dict[date | None, Counts] = field(default_factory=lambda: defaultdict(Counter))
    """By Monday. Customers are counted in the week of their first renewal; None: those without a renewal in the window."""
    partners: dict[PartnerId, Counts] = field(default_factory=lambda: defaultdict(Counter))
    resellers: dict[PartnerId | None, Counts] = field(default_factory=lambda: defaultdict(Counter))
    """A customer counts under each of its resellers; None: those served through none."""
    _refusals: Refusals = field(init=False)
    _shares: dict[tuple[Stake, Cloud], Share] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._refusals = Refusals(self.foresight)

    def add(self, partner: Partner, alike: Alike) -> None:
        """Count customers, and what they have."""
        if alike.already:
            self._add(partner, alike, Share(Counter({Figure.ALREADY: 1}), {}))
            return
        asked = (alike.stake, partner.cloud)
        if asked not in self._shares:
            self._shares[asked] = self._share(*asked)
        self._add(partner, alike, self._shares[asked])

    def add_carts(self, partner: Partner, alike: Alike) -> None:
        """Count the carts alone, of customers who are counted elsewhere."""
        self._add(partner, alike, _summed(self._of_carts(alike.stake, partner.cloud)))

    def _add(self, partner: Partner, alike: Alike, share: Share) -> None:
        number = alike.customers
        for counts in (self.total, self.partners[partner.id], *(self.resellers[r] for r in alike.resellers or (None,))):
            for figure, each in share.counts.items():
                counts[figure] += each * number
        for week, added in share.weeks.items():
            counts = self.weeks[week]
            for figure, each in added.items():
                counts[figure] += each * number

    def _share(self, stake: Stake, cloud: Cloud) -> Share:
        first = stake.renew_by
        found: list[tuple[Figure, date | None]] = [(Figure.CUSTOMERS, None if first is None else week_of(first))]
        found += [(Figure.AUTO_RENEWALS, week_of(end)) for end in stake.auto_renewals]
        found += [(Figure.ORDER_RENEWALS, week_of(end)) for end in stake.order_renewals]
        for channel, figure in REFUSED.items():
            found += [(figure, week_of(end)) for end in self._refusals.renewals(stake, cloud, channel)]
        return _summed([*found, *self._of_carts(stake, cloud)])

    def _of_carts(self, stake: Stake, cloud: Cloud) -> list[tuple[Figure, date | None]]:
        found: list[tuple[Figure, date | None]] = [(Figure.CARTS, self._closing(expiry)) for expiry in stake.carts]
        for channel, figure in REFUSED.items():
            found += [(figure, self._closing(expiry)) for expiry in self._refusals.carts(stake, cloud, channel)]
        return found

    def _closing(self, expiry: datetime) -> date:
        """The week of the last instant in the window at which a cart can be checked out."""
        return week_of(min(expiry, self.foresight.until) - INSTANT)


def _summed(found: Iterable[tuple[Figure, date | None]]) -> Share:
    counts: Counts = Counter()
    weeks: dict[date | None, Counts] = defaultdict(Counter)
    for figure, week in found:
        counts[figure] += 1
        weeks[week][figure] += 1
    return Share(counts, weeks)
