"""Before it goes live: what a simulation says is, to the row, what happens when the version is really published (R33–R37).

Three ways of saying the same are held together: the simulation, a model that looks at one row after another, and the record
itself, with the version published and the clock moved through the window.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.simulation import Count, Scenario
from agreegate.domain.orders.term import months_after
from agreegate.domain.programme import Programme, StaleRule
from agreegate.services.agreements.simulation import (
    simulate,
    upcoming_versions,
    version_named,
    version_of,
)
from agreegate.storage.agreements.simulation import CUSTOMERS
from agreegate.storage.agreements.text import text_versions
from tests import personas as cast
from tests.memory import PROGRAMME
from tests.portfolio import MONTH, THREE_YEARS, YEAR, Bought, Confirmed, Subscribed
from tests.rejection import rejected
from tests.services.simulated import (
    AGREED,
    CLOUD,
    DAY,
    EFFECT,
    EVERYWHERE,
    FIRST,
    INSTANT,
    NOW,
    WEEK,
    Case,
    held_together,
    scenario,
)
from tests.texts import AMERICA, FRANCE, KOSOVO, draft, file

# Every edge there is, met exactly and missed by an instant.

GRACE, API_FROM, CLOSED = EFFECT + 17.6 * DAY, EFFECT + 24.3 * DAY, EFFECT + 40.2 * DAY
EDGES = [EFFECT, EFFECT + 3 * DAY, GRACE, API_FROM, CLOSED, EFFECT + 9 * WEEK, EFFECT + 52 * WEEK, NOW]
"""The beginning, a Monday, the dates of the rules, ends of windows, and now."""
CLOSING = replace(
    PROGRAMME,
    enforce_from={Channel.API: API_FROM, Channel.DASHBOARD: NOW - DAY},
    templates=tuple(replace(t, opens_until=CLOSED) if t == CLOUD else t for t in PROGRAMME.templates),
)
ONE, OTHER = Confirmed(AGREED), Confirmed(AGREED, cast.CUSTOMER_AGREEMENT)


def at_edges() -> list[Bought]:
    """A customer for each edge, each kind of subscription and each way to have confirmed; and carts at edges."""
    made: list[Bought] = []
    for at in (edge + off for edge in EDGES for off in (-INSTANT, 0 * DAY, INSTANT)):
        for term, auto in ((MONTH, True), (YEAR, True), (YEAR, False)):
            began = months_after(at, -term.months)
            for confirmed in ([ONE], [ONE, OTHER], [OTHER, ONE]):
                resellers = [cast.BIRCH, cast.HORNBEAM][: len(made) % 3]
                sold = [Subscribed(began, term, auto)]
                made.append(Bought(f"{len(made)} (made up)", confirmed, sold, resellers=resellers))
        for confirmed in ([ONE], [ONE, OTHER]):
            made.append(Bought(f"{len(made)} (made up)", confirmed, carts=[at], partner=cast.HAZEL))
    return made


@pytest.mark.rule("R33", "R34", "R37", "X4", "X5")
@pytest.mark.parametrize("weeks", [9, 53])
@pytest.mark.parametrize("grace", [None, GRACE])
@pytest.mark.parametrize("programme", [PROGRAMME, CLOSING])
@pytest.mark.parametrize("effective", [EFFECT, NOW - DAY])
async def test_edges_are_where_they_are_said_to_be(
    effective: datetime, programme: Programme, grace: datetime | None, weeks: int
) -> None:
    case = Case(at_edges(), programme)
    case.fill()
    await held_together(case, scenario(effective_from=effective, stale_from=grace, weeks=weeks))


@pytest.mark.rule("R34")
async def test_other_versions_outdate_each_country_in_their_own_time() -> None:
    case = Case()
    dates = [EFFECT - 20 * DAY, EFFECT - INSTANT, EFFECT, EFFECT + INSTANT]
    where: list[Any] = [(AMERICA,), (FRANCE,), (KOSOVO,), EVERYWHERE]
    versions = [
        await case.publish(str(number), date, files={locale: file() for locale in locales})
        for number, (date, locales) in enumerate(zip(dates, where, strict=True), 1)
    ]
    await case.publish("minor", EFFECT, major=False, files={locale: file() for locale in EVERYWHERE})
    case.bought = [
        Bought(f"{country} {text} (made up)", [Confirmed(AGREED, text=text)], [Subscribed(AGREED)], country=country)
        for country in ("US", "FR", "XK", "DE")
        for text in (None, 1, 2, 3, 4, 5)
    ]
    case.fill()
    everywhere = frozenset({"US", "FR", "XK"})
    found = await held_together(case, scenario(countries=everywhere))
    assert (found.total[Count.CUSTOMERS], found.total[Count.ALREADY]) == (9, 6)
    for version in versions:
        again = Case(case.bought)
        for one in [*versions, draft("minor", effective_from=EFFECT, major=False)]:
            await again.publish(one.label, one.effective_from, major=one.major, files=one.files)
        again.fill()
        known = (await again.memory.do(text_versions, CLOUD.id))[version.number - 1]
        await held_together(again, Scenario.of(known, StaleRule.REFUSE))


# What a record can hold.

# Few instants and their neighbours, so that edges meet: an end, a grace date and a beginning at the very same one.
GRID = [
    NOW - 300 * DAY,
    NOW - 90 * DAY,
    NOW,
    EFFECT,
    EFFECT + 3 * DAY,
    EFFECT + 10 * DAY,
    EFFECT + 9 * WEEK,
    EFFECT + 52 * WEEK,
]
instants = st.builds(
    lambda near, off: near + off,
    st.sampled_from(GRID),
    st.sampled_from([0 * DAY, 0 * DAY, INSTANT, -INSTANT, 14.5 * DAY, DAY / 3]),
)
past = instants.map(lambda at: at if at <= NOW else months_after(at, -36))
texts = st.lists(
    st.tuples(
        instants, st.booleans(), st.sampled_from([(AMERICA,), (FRANCE,), (AMERICA, FRANCE), EVERYWHERE]),
        st.sampled_from([cast.CLOUD_AGREEMENT, cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT]),
    ), max_size=4,
)  # fmt: skip
confirmations = st.lists(
    st.tuples(
        past,
        st.sampled_from([cast.CLOUD_AGREEMENT, cast.CUSTOMER_AGREEMENT]),
        st.integers(0, 6),
        st.sampled_from([0 * DAY, DAY / 4, DAY / 2, 9 * DAY]),
    ),
    min_size=1, max_size=2, unique_by=lambda each: each[1],
)  # fmt: skip
subscriptions = st.builds(
    lambda ends, term, auto, terms, *rest: Subscribed(
        months_after(ends, -terms * term.months), term, auto, terms, *rest
    ),
    instants,
    st.sampled_from([MONTH, YEAR, YEAR, THREE_YEARS]),
    st.booleans(),
    st.sampled_from([1, 1, 2, 3]),
    st.sampled_from([None, MONTH, YEAR]),
    st.sampled_from(["active", "active", "suspended", "deleted", "expired"]),
)


@st.composite
def customers(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    one = st.tuples(
        st.sampled_from([cast.ALDER, cast.ALDER, cast.HAZEL]),
        st.sampled_from(["US", "US", "FR", "XK", "DE"]),
        st.sets(st.sampled_from([cast.BIRCH, cast.HORNBEAM]), max_size=2),
        confirmations,
        st.lists(subscriptions, max_size=3),
        st.lists(instants, max_size=2),
    )
    return draw(st.lists(one, min_size=1, max_size=8))


scenarios = st.builds(
    scenario,
    effective_from=instants,
    countries=st.sampled_from([frozenset({"US"}), frozenset({"US", "FR"}), frozenset({"US", "FR", "XK"})]),
    weeks=st.sampled_from([1, 9, 52, 110]),
    stale_rule=st.sampled_from([StaleRule.REFUSE, StaleRule.REFUSE, StaleRule.ADVISE]),
).flatmap(
    lambda one: (
        st.builds(replace, st.just(one), stale_from=st.none() | instants)
        if one.stale_rule is StaleRule.REFUSE
        else st.just(one)
    )
)
programmes = st.tuples(instants | st.none(), instants | st.none(), instants | st.none(), instants | st.none()).map(
    lambda dates: replace(
        PROGRAMME,
        enforce_from={Channel.API: dates[0], Channel.DASHBOARD: dates[1]},
        templates=tuple(
            replace(t, opens_until=dates[2]) if t.id == cast.CLOUD_AGREEMENT else replace(t, opens_from=dates[3])
            for t in PROGRAMME.templates
        ),
    )
)


@pytest.mark.rule("R33", "R34", "R36", "R37", "X4", "X5")
@settings(max_examples=150)
@given(
    programme=programmes, asked=scenarios, published=texts, made=customers(), linked=st.booleans(), known=st.booleans()
)
async def test_what_is_simulated_is_what_happens(
    programme: Programme, asked: Scenario, published: Any, made: Any, linked: bool, known: bool
) -> None:
    assume(asked.until > NOW)
    case = Case(programme=programme)
    versions = [
        await case.publish(
            str(number), effective, major=major, files={locale: file() for locale in where}, template_id=template
        )
        for number, (effective, major, where, template) in enumerate(published, 1)
    ]
    numbers = {(version.template_id, version.number) for version in versions}
    case.bought = [
        Bought(
            f"Customer {number} (made up)",
            [
                Confirmed(
                    agreed,
                    template,
                    text if (template, text) in numbers else None,
                    agreed + later,
                )
                for agreed, template, text, later in confirmed
            ],
            subscribed, carts, partner, country, sorted(resellers) if partner == cast.ALDER else (),
        )
        for number, (partner, country, resellers, confirmed, subscribed, carts) in enumerate(made)
    ]  # fmt: skip
    case.fill()
    if not linked:
        case.memory.connection.execute("update reseller_link set ended_at = 0 where reseller_id = ?", (cast.HORNBEAM,))
    ahead = next((v for v in versions if v.major and v.effective_from > NOW and v.template_id == CLOUD.id), None)
    if known and ahead is not None:
        asked = replace(Scenario.of(ahead, asked.stale_rule, asked.stale_from, asked.weeks), label=None)
    await held_together(case, asked, () if linked else (cast.HORNBEAM,))
    case.close()


@pytest.mark.rule("R34")
async def test_a_partner_sees_its_own_customers_and_the_operator_sees_counts() -> None:
    case = Case(
        [
            Bought("Both's (made up)", [ONE], [Subscribed(AGREED)], id=cast.NOBODY),
            Bought("Both's (made up)", [ONE], partner=cast.HAZEL, id=cast.NOBODY),
            Bought("Hazel's (made up)", [ONE], partner=cast.HAZEL),
        ]
    )
    case.fill()
    every = await case.simulate(scenario())
    assert {partner.name: counts[Count.CUSTOMERS] for partner, counts in every.partners.items()} == {
        "Alder Distribution": 1, "Hazel Cloud": 2,
    }  # fmt: skip
    assert every.total[Count.CUSTOMERS] == 3, "each partner confirms for itself (R26)"
    own = await case.simulate(scenario(), cast.ALDER, cast.ALDER_SALES)
    assert [partner.id for partner in own.partners] == [cast.ALDER]
    listed = await case.affected(scenario(), cast.HAZEL)
    assert [one.affected.company_name for one in listed] == ["Both's (made up)", "Hazel's (made up)"]
    assert {one.partner.id for one in listed} == {cast.HAZEL}


async def test_a_row_says_who_it_is_what_it_accepted_and_what_comes() -> None:
    case = Case()
    await case.publish("2018-01", FIRST)
    ends = AGREED.replace(year=2027)
    sold = [Subscribed(AGREED, auto_renew=False, terms=2), Subscribed(NOW - DAY, MONTH)]
    resellers = [cast.BIRCH, cast.HORNBEAM]
    case.bought = [
        Bought("Abc (made up)", [Confirmed(AGREED, text=1)], sold, [EFFECT + DAY], resellers=resellers),
        Bought("Xyz (made up)", [Confirmed(AGREED)]),
    ]
    case.fill()
    first, second = await case.affected(scenario(weeks=30), cast.ALDER)
    assert (first.affected.text, first.affected.date_agreed, first.affected.country) == ("2018-01", AGREED, "US")
    assert first.resellers == ("Birch IT", "Hornbeam Informatique")
    assert first.affected.stake.renew_by == datetime(2027, 1, 31, 9, 30, tzinfo=UTC)
    assert (len(first.affected.stake.auto_renewals), first.affected.stake.order_renewals) == (6, (ends,))
    assert first.denied == {Channel.API: 2, Channel.DASHBOARD: 2}, "the cart and the renewal by order"
    assert (second.affected.text, second.affected.stake.renew_by) == (None, None)


async def test_customers_without_a_confirmation_or_who_no_longer_agree_are_not_touched() -> None:
    case = Case([Bought("Never (made up)", (), [Subscribed(AGREED)])])
    case.fill()
    found = await case.simulate(scenario())
    assert (found.total, found.partners, found.weeks, found.resellers) == (Counter(), {}, {}, {})
    assert await case.affected(scenario(), cast.ALDER) == []
    assert await case.affected(scenario(), cast.NOBODY) == []


@pytest.mark.rule("R34")
async def test_a_minor_version_outdates_nobody() -> None:
    case = Case([Bought("One (made up)", [ONE], [Subscribed(AGREED)])])
    case.fill()
    assert (await case.simulate(scenario())).total[Count.CUSTOMERS] == 1
    assert (await case.simulate(scenario(major=False))).total == Counter()
    assert await case.affected(scenario(major=False), cast.ALDER) == []


async def test_nothing_is_refused_where_nothing_is_gated() -> None:
    case = Case([Bought("One (made up)", [ONE], [Subscribed(AGREED, auto_renew=False, terms=2)])])
    case.fill()
    case.memory.connection.execute("update partner set cloud = 'germany' where partner_id = ?", (cast.ALDER,))
    found = await case.simulate(scenario())
    assert found.total == {Count.CUSTOMERS: 1, Count.ORDER_RENEWALS: 1}


async def test_a_version_is_named_by_its_label_or_id() -> None:
    case = Case()
    first = await case.publish("2027-01", EFFECT)
    other = await case.publish("2027-01", EFFECT + DAY, template_id=cast.CUSTOMER_AGREEMENT)
    second = await case.publish("2027-02", EFFECT + 2 * DAY)
    assert await case.memory.do(version_named, PROGRAMME, "2027-02") == second
    assert await case.memory.do(version_named, PROGRAMME, first.id) == first
    for named, key in (("2027-01", "simulation.version-ambiguous"), ("none", "simulation.version-unknown")):
        with rejected(key):
            await case.memory.do(version_named, PROGRAMME, named)
    ahead = await case.memory.do(upcoming_versions, PROGRAMME)
    assert [one.id for _, one in ahead] == [first.id, other.id, second.id]
    case.memory.clock.now = EFFECT + DAY
    assert [one.id for _, one in await case.memory.do(upcoming_versions, PROGRAMME)] == [second.id]


async def test_a_draft_that_is_published_already_is_that_version() -> None:
    case = Case()
    published = await case.publish("2027-01", EFFECT)
    same = draft("2027-01", effective_from=EFFECT, files={AMERICA: file("7")})
    assert await case.memory.do(version_of, same) == published, "files are not looked at"
    fresh = draft("2027-02", effective_from=EFFECT)
    assert await case.memory.do(version_of, fresh) is fresh
    with rejected("text.label-taken"):
        await case.memory.do(version_of, replace(same, effective_from=EFFECT + DAY))


@pytest.mark.sqlite
async def test_many_customers_are_read_part_by_part() -> None:
    count = CUSTOMERS + 10
    case = Case()
    rows = [(f"{number:08x}", number) for number in range(count)]
    connection = case.memory.connection
    connection.pragma("foreign_keys", False)
    with connection:
        connection.execute("drop trigger current_confirmation_counts")
        connection.executemany(
            "insert into current_confirmation (partner_id, customer_id, agreement_type, period, sequence, template_id,"
            " date_agreed_at, recorded_at, text_at, text_number)"
            " values (?, ?, 'MicrosoftCloudAgreement', 1, 1, ?, ?, 0, 0, 1)",
            [(cast.HAZEL, id_, cast.CLOUD_AGREEMENT, number) for id_, number in rows],
        )
    actor = await case.memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    found = await case.memory.store.read_slow(lambda uow: simulate(uow, actor, PROGRAMME, scenario()))
    assert found.total == {Count.CUSTOMERS: count}
