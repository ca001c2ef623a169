"""Before a version takes effect: whose confirmations it would outdate, and what of theirs comes in the weeks after (R33–R37).

A *scenario* is a version that takes effect at an instant, under a stale rule, and the weeks that are looked at. A customer
*becomes outdated* by it when its one state changes from confirmed because of the version: when the window begins, its
confirmation opens the gate and ranks below the version, no other major text has outdated it, and no other confirmation that
opens the gate is current.
What is said is what would happen if nobody did anything until then: nothing is changed by asking.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementTemplate, TemplateId
from agreegate.domain.agreements.text import DEFAULT_LANGUAGE, Locale, TextDraft, TextVersion, VersionId, nearest
from agreegate.domain.error import Rejected
from agreegate.domain.gate import decide
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Cloud, Partner, PartnerId
from agreegate.domain.programme import Programme, StaleRule
from agreegate.domain.reason import Code
from agreegate.domain.standing import Current, Standing, State, judged, opening

WEEK = timedelta(weeks=1)
WEEKS = range(1, 521)
"""Maximum number of weeks in a simulation: ten years."""
USUAL_WEEKS = 52
INSTANT = timedelta.resolution
_YEARS = range(1900, 9001)

Rank = tuple[datetime, int]
"""A text's place among its template's: when it takes effect, then the order of publishing."""


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
        Rejected: what is wrong, and with which field (`name`).
    """
    if programme.template(scenario.template_id) is None:
        raise Rejected("simulation.template-unknown", name="template")
    if published is not None and published.effective_from <= now:
        raise Rejected("simulation.in-effect", name="version", label=published.label)
    if not scenario.countries:
        raise Rejected("simulation.no-country", name="countries")
    codes = {locale.country for locale in known}
    for country in sorted(scenario.countries - codes if published is None else ()):
        near = nearest(Locale(country, DEFAULT_LANGUAGE), known)[0].country
        raise Rejected("simulation.country-unknown", name="countries", country=country, nearest=near)
    if scenario.effective_from.year not in _YEARS:
        raise Rejected("simulation.date-out-of-range", name="effective_from")
    if scenario.weeks not in WEEKS:
        raise Rejected("simulation.weeks", name="weeks", least=WEEKS[0], most=WEEKS[-1])
    if scenario.stale_from is not None and scenario.stale_rule is not StaleRule.REFUSE:
        raise Rejected("simulation.grace-without-refusal", name="grace")
    if scenario.until <= now:
        raise Rejected("simulation.window-over", name="weeks")
    return scenario


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
Numbers = dict[tuple["Stake", Cloud], int]
"""How many customers are alike, in which cloud."""


@dataclass(frozen=True, slots=True)
class Major:
    """A major text: it outdates confirmations of older texts of its template in its countries (R34)."""

    template_id: TemplateId
    rank: Rank
    countries: frozenset[str]


@dataclass(frozen=True, slots=True)
class Confirmations:
    """The current confirmations of a customer, as far as texts can outdate them."""

    country: str
    accepted: tuple[tuple[TemplateId, Rank], ...]
    """By template, the accepted text: its rank, or another one that the same major texts come after."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """A scenario at an instant, and what is known of other versions."""

    scenario: Scenario
    programme: Programme
    now: datetime
    version: Major
    """The scenario's; for a version that is not published, with the number it would get."""
    others: tuple[Major, ...]
    """The other major texts that are published, of every template."""

    @classmethod
    def of(
        cls, scenario: Scenario, programme: Programme, published: Iterable[TextVersion], now: datetime
    ) -> "Foresight":
        """Build the foresight of a scenario from the published versions."""
        numbers, others, number = [0], [], None
        for one in published:
            if one.template_id == scenario.template_id:
                numbers.append(one.number)
            if one.id == scenario.published:
                number = one.number
            elif one.major:
                others.append(Major(one.template_id, one.rank, frozenset(file.country for file in one.files)))
        rank = scenario.effective_from, max(numbers) + 1 if number is None else number
        version = Major(scenario.template_id, rank, scenario.countries)
        return cls(scenario, programme, now, version, tuple(others))

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
    def denies_from(self) -> Mapping[Channel, datetime]:
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
        opens = (date for one in self.programme.templates for date in (one.opens_from, one.opens_until) if date)
        majors = (one.rank[0] for one in self.others if one.template_id != self.scenario.template_id)
        every = (*opens, *self.denies_from.values(), *majors)
        return tuple(sorted({at for at in every if self.begins < at < self.until}))

    @property
    def majors(self) -> tuple[Major, ...]:
        """All major texts, the version's included."""
        return (self.version, *self.others)

    def ranks(self, template_id: TemplateId) -> list[Rank]:
        """The ranks of the major texts of a template, in order."""
        return sorted({major.rank for major in self.majors if major.template_id == template_id})

    def effect(self, confirmed: Confirmations) -> Figure | None:
        """As what a customer is counted when the window begins; None: the version changes nothing for it."""
        if self.is_confirmed(confirmed, self.others):
            return None if self.is_confirmed(confirmed, self.majors) else Figure.CUSTOMERS
        opens = self.template.opens_gate(self.begins) and confirmed.country in self.scenario.countries
        return Figure.ALREADY if opens and self.template.id in dict(confirmed.accepted) else None

    def is_confirmed(self, confirmed: Confirmations, majors: Iterable[Major]) -> bool:
        """Whether a customer's state is confirmed when the window begins, if these are the major texts."""
        found = opening(self.standing(confirmed, majors, self.begins), self.programme, self.begins)
        return found is not None and found.state is State.CURRENT

    def standing(self, confirmed: Confirmations, majors: Iterable[Major], at: datetime) -> Standing:
        """How a customer stands at an instant, if these are the major texts."""
        binding = [major for major in majors if confirmed.country in major.countries]
        texts, current = dict(confirmed.accepted), []
        for template in self.programme.templates:
            if (text := texts.get(template.id)) is not None:
                one = Current(template.agreement_type, template.id, text[0], text[0], 0)
                ranks = [major.rank for major in binding if major.template_id == template.id]
                current.append(judged(one, text, ranks, (), None, at))
        return Standing(related=True, current=tuple(current))


@dataclass(frozen=True, slots=True, eq=False)
class Stake:
    """What a customer confirmed, and what it has in the window. One object stands for all customers who are alike in that."""

    confirmed: Confirmations
    auto_renewals: tuple[datetime, ...] = ()
    """Ends of terms that renew by themselves."""
    order_renewals: tuple[datetime, ...] = ()
    """Ends of commitments that the partner must renew by an order."""
    carts: tuple[datetime, ...] = ()
    """When open carts expire, all after the beginning of the window."""

    @property
    def renew_by(self) -> datetime | None:
        """Before when the newer text must be confirmed (R34); None: before the next new order (R37)."""
        return min((*self.auto_renewals, *self.order_renewals), default=None)


def week_of(instant: datetime) -> date:
    """The ISO week in UTC, by its Monday."""
    day = instant.date()
    return day - timedelta(days=day.weekday())


class Denials:
    """What the gate would refuse under a scenario: it is asked itself, once for all that cannot differ."""

    def __init__(self, foresight: Foresight) -> None:
        self._foresight = foresight
        self._rules = foresight.rules
        self._from = foresight.denies_from
        self._known: dict[tuple[Confirmations, Cloud, Channel, datetime], bool] = {}

    def of(self, stake: Stake, cloud: Cloud, channel: Channel) -> tuple[list[datetime], list[datetime]]:
        """What would be refused through a channel.

        Returns:
            The ends of renewals by order that are refused when they are due; and when those carts expire that are still open
            when refusing begins, and whose checkout is refused then.
        """
        since = self._from.get(channel)
        if since is None:
            return [], []
        asked = (stake.confirmed, cloud, channel)
        renewals = [end for end in stake.order_renewals if end >= since and self._denied(*asked, end)]
        return renewals, [expiry for expiry in stake.carts if expiry > since and self._denied(*asked, since)]

    def _denied(self, confirmed: Confirmations, cloud: Cloud, channel: Channel, at: datetime) -> bool:
        asked = (confirmed, cloud, channel, at)
        if asked not in self._known:
            renewal = Transaction(Action.RENEWAL, channel)
            standing = self._foresight.standing(confirmed, self._foresight.majors, at)
            reasons = decide(renewal, standing, self._rules, cloud, at).reasons
            outdated = any(reason.code is Code.CONFIRMATION_OUTDATED for reason in reasons)
            self._known[asked] = outdated and self._foresight.template.opens_gate(at)
        return self._known[asked]


class Reckoning:
    """Counts what would happen: what a customer adds is worked out once for all who are alike."""

    def __init__(self, foresight: Foresight) -> None:
        self._foresight = foresight
        self._denials = Denials(foresight)
        self._shares: dict[tuple[Stake, Cloud], Counter[tuple[Figure, date | None]]] = {}
        self._all: Numbers = defaultdict(int)
        self._partners: dict[PartnerId, Numbers] = defaultdict(lambda: defaultdict(int))
        self._resellers: dict[PartnerId | None, Numbers] = defaultdict(lambda: defaultdict(int))

    def add(self, partner: Partner, resellers: Sequence[PartnerId], stake: Stake, customers: int) -> None:
        """Count customers of a partner who are alike, each served through the same resellers."""
        who = (stake, partner.cloud)
        self._all[who] += customers
        self._partners[partner.id][who] += customers
        for reseller in resellers or (None,):
            self._resellers[reseller][who] += customers

    @property
    def total(self) -> Counts:
        """All together."""
        return self._counts(self._all)

    @property
    def partners(self) -> dict[PartnerId, Counts]:
        """By partner; partners without anything are left out."""
        return {one: counts for one, numbers in self._partners.items() if (counts := self._counts(numbers))}

    @property
    def resellers(self) -> dict[PartnerId | None, Counts]:
        """A customer counts under each of its resellers; None: customers served through none."""
        return {one: counts for one, numbers in self._resellers.items() if (counts := self._counts(numbers))}

    @property
    def weeks(self) -> dict[date | None, Counts]:
        """By Monday. Customers are counted in the week of their first renewal; None: those without a renewal in the window."""
        found: dict[date | None, Counts] = defaultdict(Counter)
        for who, number in self._all.items():
            for (figure, week), each in self._share(who).items():
                if figure is not Figure.ALREADY:
                    found[week][figure] += each * number
        return found

    def _counts(self, numbers: Numbers) -> Counts:
        found: Counts = Counter()
        for who, number in numbers.items():
            for (figure, _), each in self._share(who).items():
                found[figure] += each * number
        return found

    def _share(self, who: tuple[Stake, Cloud]) -> Counter[tuple[Figure, date | None]]:
        """What one customer adds, and to which week."""
        if who not in self._shares:
            self._shares[who] = Counter(self._found(*who))
        return self._shares[who]

    def _found(self, stake: Stake, cloud: Cloud) -> Iterator[tuple[Figure, date | None]]:
        effect = self._foresight.effect(stake.confirmed)
        if effect is not None and effect is not Figure.CUSTOMERS:
            yield effect, None
        if effect is not Figure.CUSTOMERS:
            return
        yield Figure.CUSTOMERS, None if stake.renew_by is None else week_of(stake.renew_by)
        yield from ((Figure.AUTO_RENEWALS, week_of(end)) for end in stake.auto_renewals)
        yield from ((Figure.ORDER_RENEWALS, week_of(end)) for end in stake.order_renewals)
        yield from ((Figure.CARTS, self._closing(expiry)) for expiry in stake.carts)
        for channel, figure in REFUSED.items():
            renewals, carts = self._denials.of(stake, cloud, channel)
            yield from ((figure, week_of(end)) for end in renewals)
            yield from ((figure, self._closing(expiry)) for expiry in carts)

    def _closing(self, expiry: datetime) -> date:
        """The week of the last instant in the window at which a cart can be checked out."""
        return week_of(min(expiry, self._foresight.until) - INSTANT)
