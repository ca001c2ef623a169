"""Simulations: whose confirmations a version would outdate, and which renewals and carts follow in the weeks after (R33–R37).

A *scenario* is a version, the instant from which it is in effect, a stale rule and a number of weeks. A version *outdates* a
customer when the customer's state changes from confirmed because of the version: at the beginning of the window, a
confirmation opens the gate, its text ranks below the version, no other major text has outdated it, and no other current
confirmation opens the gate. A simulation assumes that nobody does anything until then, and changes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache

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
"""Number of weeks that a simulation may cover: up to ten years."""
USUAL_WEEKS = 52
_YEARS = range(1900, 9001)

Rank = tuple[datetime, int]
"""A text's place among its template's: when it takes effect, then the order of publishing."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A version, the rule under which it takes effect, and the number of weeks to simulate."""

    template_id: TemplateId
    countries: frozenset[str]
    """Countries with a text of the version; it concerns no customer elsewhere."""
    effective_from: datetime
    stale_rule: StaleRule
    stale_from: datetime | None = None
    """Grace: before this instant the gate only advises about outdated confirmations."""
    weeks: int = USUAL_WEEKS
    """From `effective_from` on."""
    major: bool = True
    """A minor version outdates nobody."""
    label: str | None = None
    published: VersionId | None = None
    """The published version that has yet to take effect; None: the version is not published."""

    @classmethod
    def of(
        cls, draft: TextDraft, stale_rule: StaleRule, stale_from: datetime | None = None, weeks: int = USUAL_WEEKS
    ) -> "Scenario":
        """Return the scenario of a version, published or not."""
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
        """The end of the window, exclusive."""
        return self.effective_from + self.weeks * WEEK


def checked_scenario(
    scenario: Scenario, programme: Programme, known: Collection[Locale], now: datetime, published: TextVersion | None
) -> Scenario:
    """Return a scenario that can be simulated.

    Args:
        known: the countries and languages of the table.
        published: the version that the scenario names as published.

    Raises:
        Rejected: the first problem, with its field (`name`).
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
        raise Rejected("simulation.grace-needs-refuse", name="grace")
    if scenario.until <= now:
        raise Rejected("simulation.window-over", name="weeks")
    return scenario


class Count(StrEnum):
    """What a simulation counts."""

    CUSTOMERS = "customers"
    """Customers that the version outdates."""
    ALREADY = "already"
    """Customers that other texts have outdated by then."""
    AUTO_RENEWALS = "auto_renewals"
    ORDER_RENEWALS = "order_renewals"
    CARTS = "carts"
    REFUSED_API = "refused_api"
    """Renewals by order and carts that the gate would refuse through this channel because of the version."""
    REFUSED_DASHBOARD = "refused_dashboard"


REFUSED = {Channel.API: Count.REFUSED_API, Channel.DASHBOARD: Count.REFUSED_DASHBOARD}

Counts = Counter[Count]
Numbers = dict[tuple["Stake", Cloud], int]
"""Number of customers by stake and cloud."""


@dataclass(frozen=True, slots=True)
class Major:
    """A major text: it outdates confirmations of older texts of its template in its countries (R34)."""

    template_id: TemplateId
    rank: Rank
    countries: frozenset[str]


@dataclass(frozen=True, slots=True)
class Confirmations:
    """The texts of a customer's current confirmations."""

    country: str
    accepted: tuple[tuple[TemplateId, Rank], ...]
    """By template, the rank of the accepted text, or another rank that the same major texts come after."""


@dataclass(frozen=True, slots=True)
class Foresight:
    """A scenario at an instant, beside the other published versions."""

    scenario: Scenario
    programme: Programme
    now: datetime
    version: Major
    """The scenario's version. A version that is not published has the number it would get."""
    others: tuple[Major, ...]
    """The other published major texts, of every template."""

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
        """The beginning of the window: the version's effect, or now where that is later."""
        return max(self.scenario.effective_from, self.now)

    @property
    def until(self) -> datetime:
        """The end of the window, exclusive."""
        return self.scenario.until

    @property
    def rules(self) -> Programme:
        """The programme under the scenario's stale rule."""
        return replace(self.programme, stale_rule=self.scenario.stale_rule, stale_from=self.scenario.stale_from)

    @property
    def template(self) -> AgreementTemplate:
        """The version's agreement."""
        return next(one for one in self.programme.templates if one.id == self.scenario.template_id)

    @property
    def denies_from(self) -> Mapping[Channel, datetime]:
        """The instant in the window from which each channel refuses outdated confirmations; without channels that never do."""
        if self.scenario.stale_rule is not StaleRule.REFUSE:
            return {}
        grace = self.scenario.stale_from or self.begins
        enforced = {channel: date for channel in Channel if (date := self.programme.enforce_from.get(channel))}
        return {channel: max(self.begins, grace, date) for channel, date in enforced.items()}

    @property
    def changes_at(self) -> tuple[datetime, ...]:
        """Every instant within the window at which the gate's answers may change."""
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

    def effect(self, confirmed: Confirmations) -> Count | None:
        """Return what a customer counts as at the beginning of the window; None: the version changes nothing for it."""
        if self.is_confirmed(confirmed, self.others):
            return None if self.is_confirmed(confirmed, self.majors) else Count.CUSTOMERS
        opens = self.template.opens_gate(self.begins) and confirmed.country in self.scenario.countries
        return Count.ALREADY if opens and self.template.id in dict(confirmed.accepted) else None

    def is_confirmed(self, confirmed: Confirmations, majors: Iterable[Major]) -> bool:
        """Return whether a customer is confirmed at the beginning of the window, if these are the major texts."""
        found = opening(self.standing(confirmed, majors, self.begins), self.programme, self.begins)
        return found is not None and found.state is State.CONFIRMED

    def standing(self, confirmed: Confirmations, majors: Iterable[Major], at: datetime) -> Standing:
        """Return a customer's standing at an instant, if these are the major texts."""
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
    """What a customer confirmed, and its renewals and carts in the window. Customers with the same facts share one object."""

    confirmed: Confirmations
    auto_renewals: tuple[datetime, ...] = ()
    """Ends of terms with auto-renewal."""
    order_renewals: tuple[datetime, ...] = ()
    """Ends of commitments that the partner must renew by an order."""
    carts: tuple[datetime, ...] = ()
    """Instants after the beginning of the window at which open carts expire."""

    @property
    def renew_by(self) -> datetime | None:
        """The instant before which the newer text must be confirmed (R34); None: before the next new order (R37)."""
        return min((*self.auto_renewals, *self.order_renewals), default=None)


def week_of(instant: datetime) -> date:
    """Return the Monday of an instant's ISO week in UTC."""
    day = instant.date()
    return day - timedelta(days=day.weekday())


class Denials:
    """What the gate would refuse under a scenario. The gate decides once for all customers with the same facts."""

    def __init__(self, foresight: Foresight) -> None:
        self._foresight = foresight
        self._rules = foresight.rules
        self._from = foresight.denies_from
        self._denied = cache(self._is_denied)

    def of(self, stake: Stake, cloud: Cloud, channel: Channel) -> tuple[list[datetime], list[datetime]]:
        """Return what a channel would refuse.

        Returns:
            The ends of the renewals by order that the channel refuses when they are due; and the expiry of each cart that is
            open when refusing begins, and whose checkout the channel refuses then.
        """
        since = self._from.get(channel)
        if since is None:
            return [], []
        case = (stake.confirmed, cloud, channel)
        renewals = [end for end in stake.order_renewals if end >= since and self._denied(*case, end)]
        return renewals, [expiry for expiry in stake.carts if expiry > since and self._denied(*case, since)]

    def _is_denied(self, confirmed: Confirmations, cloud: Cloud, channel: Channel, at: datetime) -> bool:
        standing = self._foresight.standing(confirmed, self._foresight.majors, at)
        reasons = decide(Transaction(Action.RENEWAL, channel), standing, self._rules, cloud, at).reasons
        outdated = any(reason.code is Code.CONFIRMATION_OUTDATED for reason in reasons)
        return outdated and self._foresight.template.opens_gate(at)


class Reckoning:
    """Counts what a scenario would do, once for all customers with the same facts."""

    def __init__(self, foresight: Foresight) -> None:
        self._foresight = foresight
        self._denials = Denials(foresight)
        self._share = cache(lambda stake, cloud: Counter(self._found(stake, cloud)))
        """What one customer adds to each count, and in which week."""
        self._all: Numbers = defaultdict(int)
        self._partners: dict[PartnerId, Numbers] = defaultdict(lambda: defaultdict(int))
        self._resellers: dict[PartnerId | None, Numbers] = defaultdict(lambda: defaultdict(int))

    def add(self, partner: Partner, resellers: Sequence[PartnerId], stake: Stake, customers: int) -> None:
        """Count a number of a partner's customers with one stake, each served through the same resellers."""
        key = (stake, partner.cloud)
        self._all[key] += customers
        self._partners[partner.id][key] += customers
        for reseller in resellers or (None,):
            self._resellers[reseller][key] += customers

    @property
    def total(self) -> Counts:
        """The counts of all customers."""
        return self._counts(self._all)

    @property
    def partners(self) -> dict[PartnerId, Counts]:
        """The counts by partner, without partners that have none."""
        return {one: counts for one, numbers in self._partners.items() if (counts := self._counts(numbers))}

    @property
    def resellers(self) -> dict[PartnerId | None, Counts]:
        """The counts by reseller: a customer counts under each of its resellers, or under None if it has no reseller."""
        return {one: counts for one, numbers in self._resellers.items() if (counts := self._counts(numbers))}

    @property
    def weeks(self) -> dict[date | None, Counts]:
        """The counts by Monday. A customer counts in the week of its first renewal, or under None if it has none."""
        found: dict[date | None, Counts] = defaultdict(Counter)
        for key, number in self._all.items():
            for (count, week), each in self._share(*key).items():
                if count is not Count.ALREADY:
                    found[week][count] += each * number
        return found

    def _counts(self, numbers: Numbers) -> Counts:
        found: Counts = Counter()
        for key, number in numbers.items():
            for (count, _), each in self._share(*key).items():
                found[count] += each * number
        return found

    def _found(self, stake: Stake, cloud: Cloud) -> Iterator[tuple[Count, date | None]]:
        effect = self._foresight.effect(stake.confirmed)
        if effect is not Count.CUSTOMERS:
            if effect is not None:
                yield effect, None
            return
        yield Count.CUSTOMERS, None if stake.renew_by is None else week_of(stake.renew_by)
        yield from ((Count.AUTO_RENEWALS, week_of(end)) for end in stake.auto_renewals)
        yield from ((Count.ORDER_RENEWALS, week_of(end)) for end in stake.order_renewals)
        yield from ((Count.CARTS, self._last_week(expiry)) for expiry in stake.carts)
        for channel, count in REFUSED.items():
            renewals, carts = self._denials.of(stake, cloud, channel)
            yield from ((count, week_of(end)) for end in renewals)
            yield from ((count, self._last_week(expiry)) for expiry in carts)

    def _last_week(self, expiry: datetime) -> date:
        """Return the week of the last instant in the window at which a cart can be checked out."""
        return week_of(min(expiry, self._foresight.until) - timedelta.resolution)
