"""Scenarios: what can be looked at, from when on which channel would refuse, and what a week is."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from agreegate import programme
from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.simulation import (
    WEEKS,
    Confirmations,
    Count,
    Foresight,
    Scenario,
    checked_scenario,
    week_of,
)
from agreegate.domain.programme import StaleRule
from agreegate.i18n import LANGUAGES, text
from tests import personas as cast
from tests.rejection import rejected
from tests.texts import AMERICA, FRANCE, TABLE, draft, file, version

PROGRAMME = programme.load()
LATER = programme.load("microsoft-customer-agreement")
NOW = datetime(2018, 12, 3, 8, 30, tzinfo=UTC)
EFFECT = datetime(2019, 2, 1, tzinfo=UTC)
INSTANT, DAY = timedelta(microseconds=1), timedelta(days=1)


def scenario(**changes: Any) -> Scenario:
    fields: dict[str, Any] = {
        "template_id": TemplateId(cast.CLOUD_AGREEMENT),
        "countries": frozenset({"US"}),
        "effective_from": EFFECT,
        "stale_rule": StaleRule.REFUSE,
    }
    return Scenario(**(fields | changes))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("changes", "field", "key"),
    [
        ({"template_id": "x"}, "template", "template-unknown"),
        ({"countries": frozenset()}, "countries", "no-country"),
        ({"countries": frozenset({"US", "us"})}, "countries", "country-unknown"),
        ({"countries": frozenset({"\x00"})}, "countries", "country-unknown"),
        ({"effective_from": datetime(1, 1, 1, tzinfo=UTC)}, "effective_from", "date-out-of-range"),
        ({"effective_from": datetime(9001, 1, 1, tzinfo=UTC)}, "effective_from", "date-out-of-range"),
        ({"weeks": 0}, "weeks", "weeks"),
        ({"weeks": WEEKS[-1] + 1}, "weeks", "weeks"),
        ({"stale_rule": StaleRule.ADVISE, "stale_from": EFFECT}, "grace", "grace-needs-refuse"),
        ({"effective_from": NOW - timedelta(weeks=52)}, "weeks", "window-over"),
    ],
)
def test_what_cannot_be_simulated_is_reported_with_its_field(
    changes: dict[str, Any], field: str, key: str, language: str
) -> None:
    with rejected(f"simulation.{key}") as denied:
        checked_scenario(scenario(**changes), PROGRAMME, TABLE, NOW, None)
    assert denied.value.names == (field,)
    assert "{" not in text(denied.value.code, language, **denied.value.parameters)


def test_a_country_that_is_none_is_reported_with_the_nearest() -> None:
    with rejected("simulation.country-unknown") as denied:
        checked_scenario(scenario(countries=frozenset({"fr"})), PROGRAMME, TABLE, NOW, None)
    assert denied.value.parameters == {"name": "countries", "country": "fr", "nearest": "FR"}


def test_a_version_is_simulated_until_it_takes_effect() -> None:
    published = version(1, "2019-02", effective_from=EFFECT)
    asked = Scenario.of(published, StaleRule.ADVISE, weeks=4)
    assert (asked.published, asked.label, asked.countries) == (published.id, "2019-02", frozenset({"US"}))
    assert asked.until == EFFECT + timedelta(weeks=4)
    assert checked_scenario(asked, PROGRAMME, TABLE, EFFECT - INSTANT, published) is asked
    with rejected("simulation.in-effect"):
        checked_scenario(asked, PROGRAMME, TABLE, EFFECT, published)
    assert Scenario.of(draft(), StaleRule.ADVISE).published is None


@pytest.mark.parametrize(
    ("instant", "monday"),
    [
        (datetime(2019, 2, 4, tzinfo=UTC), date(2019, 2, 4)),
        (datetime(2019, 2, 4, tzinfo=UTC) - INSTANT, date(2019, 1, 28)),
        (datetime(2019, 1, 1, 12, tzinfo=UTC), date(2018, 12, 31)),
    ],
)
def test_a_week_is_called_by_its_monday(instant: datetime, monday: date) -> None:
    assert week_of(instant) == monday


def foresight(now: datetime = NOW, rules: Any = PROGRAMME, **changes: Any) -> Foresight:
    return Foresight.of(scenario(**changes), rules, (), now)


@pytest.mark.rule("R3", "R4", "X5")
def test_each_channel_refuses_from_its_own_date_on() -> None:
    api, dashboard = Channel.API, Channel.DASHBOARD
    enforced = datetime(2019, 3, 22, tzinfo=UTC)
    assert foresight().denies_from == {api: enforced, dashboard: EFFECT}
    assert foresight(stale_from=enforced + DAY).denies_from == {api: enforced + DAY, dashboard: enforced + DAY}
    assert foresight(stale_from=NOW).denies_from == {api: enforced, dashboard: EFFECT}
    assert foresight(now=enforced + DAY).denies_from == {api: enforced + DAY, dashboard: enforced + DAY}
    assert foresight(stale_rule=StaleRule.ADVISE).denies_from == {}
    watching = replace(PROGRAMME, enforce_from={api: None})
    assert foresight(rules=watching).denies_from == {}


def test_the_gates_answers_turn_with_its_dates() -> None:
    enforced, opens, closes = (datetime(*day, tzinfo=UTC) for day in ((2019, 3, 22), (2019, 10, 1), (2020, 2, 1)))
    assert foresight(rules=LATER).changes_at == (enforced, opens)
    assert foresight(rules=LATER, weeks=53).changes_at == (enforced, opens, closes)
    assert foresight(rules=LATER, stale_rule=StaleRule.ADVISE).changes_at == ()


@pytest.mark.rule("R34")
def test_what_is_accepted_below_a_countrys_newest_major_text_is_outdated_already() -> None:
    first = version(1, effective_from=EFFECT - 30 * DAY, files={AMERICA: file(), FRANCE: file()})
    second = version(2, effective_from=EFFECT, files={FRANCE: file()})
    minor = version(3, effective_from=EFFECT, major=False, files={AMERICA: file()})
    ahead = version(4, effective_from=EFFECT + INSTANT, files={AMERICA: file()})
    both = frozenset({"US", "FR", "NA"})
    agreement, other = TemplateId(cast.CLOUD_AGREEMENT), TemplateId(cast.CUSTOMER_AGREEMENT)

    def effects(found: Foresight, country: str, *more: TemplateId) -> list[Count | None]:
        """Of what was accepted before every text, then of each text."""
        texts = [(NOW - 3000 * DAY, 0), first.rank, second.rank, ahead.rank]
        others = tuple((one, first.rank) for one in more)
        return [found.effect(Confirmations(country, ((agreement, text), *others))) for text in texts]

    already, changed = Count.ALREADY, Count.CUSTOMERS
    found = Foresight.of(scenario(countries=both), PROGRAMME, (ahead, minor, second, first), NOW)
    assert found.version.rank == (EFFECT, 5)
    assert effects(found, "US") == [already, changed, changed, None]
    assert effects(found, "FR") == [already, already, changed, None]
    assert effects(found, "NA") == [changed, changed, changed, None]
    assert effects(found, "DE") == [None] * 4, "no text of the version is for Germany"
    assert effects(found, "US", other) == [already, changed, changed, None], (
        "the other agreement does not open the gate yet"
    )
    itself = Foresight.of(Scenario.of(second, StaleRule.ADVISE), PROGRAMME, (ahead, minor, second, first), NOW)
    assert itself.version.rank == (EFFECT, 2)
    assert effects(itself, "FR") == [already, changed, None, None]
    late = Foresight.of(scenario(countries=both), PROGRAMME, (ahead, minor, second, first), EFFECT + DAY)
    assert effects(late, "US") == [already, already, already, None], "what has happened by now has happened"
    opened = Foresight.of(scenario(countries=both), LATER, (first,), datetime(2019, 11, 1, tzinfo=UTC))
    assert effects(opened, "US", other) == [None] * 4, "the other agreement keeps the customers confirmed"
