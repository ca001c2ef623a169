"""The gate as a table: what is asked, what is known, when, by which channel, in which cloud (contract 4.14)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from agreegate import programme as programmes
from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementType, TemplateId
from agreegate.domain.gate import Decision, Verdict, decide
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import Cloud
from agreegate.domain.programme import Programme, StaleRule
from agreegate.domain.reason import Code, Reason
from agreegate.domain.standing import NO_RELATIONSHIP, Current, Standing, Unknown
from tests import personas as cast

PUBLISHED = programmes.load("microsoft-cloud-agreement")
SUCCESSOR = programmes.load("microsoft-customer-agreement")
WATCHING = replace(PUBLISHED, enforce_from={})
STRICT = replace(PUBLISHED, stale_rule=StaleRule.REFUSE)

PURCHASES = {
    Action.NEW_PURCHASE: "R9",
    Action.SEAT_CHANGE: "R10",
    Action.UPGRADE: "R9",
    Action.CONVERSION: "R9",
    Action.ADD_ON: "R9",
    Action.RENEWAL: "R33",
}
FREE = (Action.AUTO_RENEWAL, Action.CANCEL, Action.SUSPEND, Action.PROFILE_CHANGE)
CHANNELS = tuple(Channel)
NATIONAL = (Cloud.US_GOVERNMENT, Cloud.GERMANY, Cloud.CHINA)

AGREED = datetime(2018, 8, 20, tzinfo=UTC)
DASHBOARD_ENFORCED = datetime(2018, 11, 7, tzinfo=UTC)
API_ENFORCED = datetime(2019, 3, 22, tzinfo=UTC)
CUSTOMER_AGREEMENT_OPENS = datetime(2019, 10, 1, tzinfo=UTC)
CLOUD_AGREEMENT_CLOSES = datetime(2020, 2, 1, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def confirmed(template: str = cast.CLOUD_AGREEMENT, sequence: int = 1, at: datetime = AGREED) -> Current:
    kind = "MicrosoftCloudAgreement" if template == cast.CLOUD_AGREEMENT else "MicrosoftCustomerAgreement"
    return Current(AgreementType(kind), TemplateId(template), AGREED, at, sequence)


CLOUD = confirmed()
CUSTOMER = confirmed(cast.CUSTOMER_AGREEMENT)
NEVER = Standing(related=True)
CONFIRMED = Standing(True, (CLOUD,))
REFUSED = Standing(True, (), no_longer_agrees_at=AGREED)


def ask(
    standing: Standing | Unknown,
    now: datetime = API_ENFORCED,
    action: Action = Action.NEW_PURCHASE,
    channel: Channel = Channel.API,
    programme: Programme = PUBLISHED,
    cloud: Cloud = Cloud.PUBLIC,
    agreement_type: str | None = None,
) -> Decision:
    only = None if agreement_type is None else AgreementType(agreement_type)
    return decide(Transaction(action, channel, only), standing, programme, cloud, now)


def codes(reasons: tuple[Reason, ...]) -> list[str]:
    return [reason.code for reason in reasons]


@pytest.mark.rule("R8", "R9", "R10", "R33", "R39", "X3", "X4")
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("action", "rule"), PURCHASES.items())
def test_no_acceptance_no_purchase(action: Action, rule: str, channel: Channel) -> None:
    decision = ask(NEVER, action=action, channel=channel)
    assert decision.verdict is Verdict.DENY
    assert decision.reasons == (Reason(Code.CONFIRMATION_MISSING, rule, channel),)
    assert decision.confirmation is None


@pytest.mark.rule("R6", "R36", "R41")
@pytest.mark.parametrize(
    "now", [AGREED, API_ENFORCED, datetime(2019, 12, 31, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)]
)
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("action", PURCHASES)
def test_one_confirmation_opens_the_gate_for_good_on_both_channels(
    action: Action, channel: Channel, now: datetime
) -> None:
    assert ask(CONFIRMED, now, action, channel) == Decision(Verdict.ALLOW, PUBLISHED.policy, confirmation=CLOUD)


@pytest.mark.rule("R11", "R12", "R40", "X4")
@pytest.mark.parametrize("standing", [NEVER, CONFIRMED, REFUSED])
@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("action", FREE)
def test_renewing_by_itself_cancelling_and_editing_are_never_gated(
    action: Action, channel: Channel, standing: Standing
) -> None:
    for programme, now in product((PUBLISHED, SUCCESSOR, STRICT, WATCHING), (AGREED, API_ENFORCED)):
        decision = ask(standing, now, action, channel, programme)
        assert (decision.verdict, decision.reasons, decision.advisories) == (Verdict.ALLOW, (), ())


@pytest.mark.rule("R2", "R3", "R4", "R5", "X1", "X2")
@pytest.mark.parametrize(
    ("now", "dashboard", "api"),
    [
        (datetime(2018, 8, 7, tzinfo=UTC), "allow", "allow"),
        (DASHBOARD_ENFORCED - INSTANT, "allow", "allow"),
        (DASHBOARD_ENFORCED, "deny", "allow"),
        (datetime(2019, 3, 21, 23, 59, 59, 999_999, UTC), "deny", "allow"),
        (API_ENFORCED, "deny", "deny"),
        (datetime(2030, 1, 1, tzinfo=UTC), "deny", "deny"),
    ],
)
def test_each_channel_is_enforced_from_midnight_utc_of_its_date(now: datetime, dashboard: str, api: str) -> None:
    for action in PURCHASES:
        assert ask(NEVER, now, action, Channel.DASHBOARD).verdict == dashboard
        assert ask(NEVER, now, action, Channel.API).verdict == api


@pytest.mark.rule("R2", "R5")
@pytest.mark.parametrize(
    ("channel", "now", "date"),
    [
        (Channel.DASHBOARD, AGREED, DASHBOARD_ENFORCED),
        (Channel.API, AGREED, API_ENFORCED),
        (Channel.API, DASHBOARD_ENFORCED, API_ENFORCED),
    ],
)
def test_before_its_date_the_gate_says_when_it_will_close(channel: Channel, now: datetime, date: datetime) -> None:
    upcoming = Reason(Code.ENFORCEMENT_UPCOMING, "R2", channel, date)
    assert ask(NEVER, now, channel=channel) == Decision(Verdict.ALLOW, PUBLISHED.policy, advisories=(upcoming,))
    assert ask(CONFIRMED, now, channel=channel).advisories == (), "a confirmed customer needs no warning"


@pytest.mark.rule("R2")
def test_reactivation_needs_no_confirmation_and_warns_of_nothing() -> None:
    for standing, now in product((NEVER, CONFIRMED), (AGREED, API_ENFORCED)):
        decision = ask(standing, now, Action.REACTIVATE)
        assert (decision.verdict, decision.advisories) == (Verdict.ALLOW, ())


@pytest.mark.rule("R30", "R31", "X13")
@pytest.mark.parametrize("standing", [NEVER, REFUSED, CONFIRMED])
def test_only_the_public_cloud_is_gated(standing: Standing) -> None:
    for action, channel, cloud in product(Action, CHANNELS, NATIONAL):
        decision = ask(standing, action=action, channel=channel, cloud=cloud)
        assert (decision.verdict, decision.reasons, decision.advisories) == (Verdict.ALLOW, (), ())
    assert ask(NEVER, cloud=Cloud.PUBLIC).verdict is Verdict.DENY


@pytest.mark.rule("R26")
def test_without_a_relationship_nothing_passes_whatever_the_date_or_the_cloud() -> None:
    for action, channel, cloud, now, programme in product(
        Action, CHANNELS, Cloud, (AGREED, API_ENFORCED), (PUBLISHED, WATCHING)
    ):
        decision = ask(NO_RELATIONSHIP, now, action, channel, programme, cloud)
        assert (decision.verdict, codes(decision.reasons)) == (Verdict.DENY, ["relationship.missing"])


@pytest.mark.rule("R6")
def test_what_cannot_be_read_is_neither_yes_nor_missing() -> None:
    for action, channel, cloud, programme in product(PURCHASES, CHANNELS, Cloud, (PUBLISHED, STRICT, WATCHING)):
        decision = ask(Unknown(), AGREED, action, channel, programme, cloud)
        assert (decision.verdict, codes(decision.reasons)) == (Verdict.DENY, ["standing.unknown"])


@pytest.mark.rule("R47", "R2")
@pytest.mark.parametrize(
    ("now", "begun"), [(AGREED, ()), (DASHBOARD_ENFORCED, (Channel.DASHBOARD,)), (API_ENFORCED, CHANNELS)]
)
def test_a_known_no_stops_purchases_and_reactivation_whatever_the_date(
    now: datetime, begun: tuple[Channel, ...]
) -> None:
    ended = Reason(Code.CONFIRMATION_ENDED, "R47", date=AGREED)
    for channel in CHANNELS:
        for action, rule in PURCHASES.items():
            missing = Reason(Code.CONFIRMATION_MISSING, rule, channel)
            upcoming = Reason(Code.ENFORCEMENT_UPCOMING, "R2", channel, PUBLISHED.enforce_from[channel])
            expected = ((ended, missing), ()) if channel in begun else ((ended,), (upcoming,))
            decision = ask(REFUSED, now, action, channel)
            assert (decision.verdict, decision.reasons, decision.advisories) == (Verdict.DENY, *expected)
        reactivated = ask(REFUSED, now, Action.REACTIVATE, channel)
        assert (reactivated.reasons, reactivated.advisories) == ((ended,), ())


@pytest.mark.rule("R47")
@pytest.mark.parametrize(
    ("programme", "answer", "now", "expected"),
    [
        (PUBLISHED, CLOUD, AGREED, []),
        (PUBLISHED, CLOUD, API_ENFORCED, []),
        (PUBLISHED, CUSTOMER, CUSTOMER_AGREEMENT_OPENS - INSTANT, ["confirmation.ended", "confirmation.missing"]),
        (PUBLISHED, CUSTOMER, CUSTOMER_AGREEMENT_OPENS, []),
        (SUCCESSOR, CLOUD, CLOUD_AGREEMENT_CLOSES - INSTANT, []),
        (SUCCESSOR, CLOUD, CLOUD_AGREEMENT_CLOSES, ["confirmation.missing"]),
    ],
)
def test_a_no_is_answered_by_an_agreement_that_opens_the_gate_or_once_did(
    programme: Programme, answer: Current, now: datetime, expected: list[str]
) -> None:
    answered = replace(REFUSED, current=(answer,))
    assert codes(ask(answered, now, programme=programme).reasons) == expected
    reactivated = ask(answered, now, Action.REACTIVATE, programme=programme)
    assert reactivated.allowed is ("confirmation.ended" not in expected)


@pytest.mark.rule("R6")
@pytest.mark.parametrize(
    ("programme", "standing", "now", "opens"),
    [
        (PUBLISHED, (CLOUD,), CLOUD_AGREEMENT_CLOSES, True),
        (PUBLISHED, (CUSTOMER,), CUSTOMER_AGREEMENT_OPENS - INSTANT, False),
        (PUBLISHED, (CUSTOMER,), CUSTOMER_AGREEMENT_OPENS, True),
        (SUCCESSOR, (CLOUD,), CLOUD_AGREEMENT_CLOSES - INSTANT, True),
        (SUCCESSOR, (CLOUD,), CLOUD_AGREEMENT_CLOSES, False),
        (SUCCESSOR, (CUSTOMER,), CLOUD_AGREEMENT_CLOSES, True),
        (SUCCESSOR, (CLOUD, CUSTOMER), CLOUD_AGREEMENT_CLOSES, True),
    ],
)
def test_which_agreement_opens_the_gate_when(
    programme: Programme, standing: tuple[Current, ...], now: datetime, opens: bool
) -> None:
    decision = ask(Standing(True, standing), now, programme=programme)
    assert decision.allowed is opens
    assert codes(decision.reasons) == ([] if opens else ["confirmation.missing"])


def test_a_confirmation_of_a_template_the_programme_does_not_know_opens_nothing() -> None:
    unknown = Standing(True, (confirmed(cast.NOBODY),))
    assert codes(ask(unknown).reasons) == ["confirmation.missing"]


@pytest.mark.rule("R27", "X7")
def test_the_newest_is_the_one_recorded_last_whatever_the_clocks_said() -> None:
    later_by_clock = confirmed(cast.CLOUD_AGREEMENT, sequence=1, at=datetime(2019, 12, 1, tzinfo=UTC))
    recorded_last = confirmed(cast.CUSTOMER_AGREEMENT, sequence=2, at=datetime(2019, 11, 1, tzinfo=UTC))
    for order in ((later_by_clock, recorded_last), (recorded_last, later_by_clock)):
        assert ask(Standing(True, order), CUSTOMER_AGREEMENT_OPENS).confirmation == recorded_last


@pytest.mark.parametrize(
    ("requested", "allowed"), [(None, True), ("MicrosoftCloudAgreement", True), ("MicrosoftCustomerAgreement", False)]
)
def test_an_offer_may_ask_for_one_agreement_type(requested: str | None, allowed: bool) -> None:
    assert ask(CONFIRMED, CUSTOMER_AGREEMENT_OPENS, agreement_type=requested).allowed is allowed


RENEW_BY = datetime(2020, 8, 20, tzinfo=UTC)
OUTDATED = Standing(True, (replace(CLOUD, outdated_since=datetime(2019, 6, 1, tzinfo=UTC), renew_by=RENEW_BY),))
OVERDUE = Standing(True, (replace(OUTDATED.current[0], overdue=True),))
LATER = datetime(2019, 9, 1, tzinfo=UTC)
REMINDER = Reason(Code.CONFIRMATION_OUTDATED, "R34", date=RENEW_BY)


@pytest.mark.rule("R33", "R34", "R35", "R36", "X5", "X6", "X15")
@pytest.mark.parametrize("action", PURCHASES)
def test_a_newer_text_reminds_and_does_not_refuse(action: Action) -> None:
    decision = ask(OUTDATED, LATER, action)
    assert (decision.verdict, decision.advisories) == (Verdict.ALLOW, (REMINDER,))
    assert decision.confirmation == OUTDATED.current[0]
    overdue = ask(OVERDUE, LATER, action)
    assert (overdue.verdict, overdue.advisories) == (Verdict.ALLOW, (REMINDER, Reason(Code.RENEWAL_OVERDUE, "R34")))


@pytest.mark.rule("R33", "R37", "X5")
@pytest.mark.parametrize("standing", [OUTDATED, OVERDUE])
def test_the_stale_rule_refuses_purchases_from_the_enforcement_date_and_nothing_else(standing: Standing) -> None:
    for action in PURCHASES:
        refused = ask(standing, LATER, action, programme=STRICT)
        assert (refused.verdict, refused.reasons) == (Verdict.DENY, (Reason(Code.CONFIRMATION_OUTDATED, "R34"),))
        assert codes(refused.advisories) == (["renewal.overdue"] if standing is OVERDUE else [])
        early = ask(standing, API_ENFORCED - INSTANT, action, programme=STRICT)
        assert (early.verdict, early.advisories[0]) == (Verdict.ALLOW, REMINDER)
        assert ask(standing, LATER, action, programme=STRICT, cloud=Cloud.GERMANY).advisories == ()
    for action in (*FREE, Action.REACTIVATE):
        decision = ask(standing, LATER, action, programme=STRICT)
        assert (decision.verdict, decision.advisories) == (Verdict.ALLOW, ())
    assert ask(CONFIRMED, LATER, programme=STRICT).advisories == (), "confirmed again: nothing is stale"


@pytest.mark.rule("R33", "R37", "X4", "X5")
@pytest.mark.parametrize("standing", [OUTDATED, OVERDUE])
def test_with_a_grace_date_the_stale_rule_refuses_from_that_date_on(standing: Standing) -> None:
    grace = replace(STRICT, stale_from=LATER)
    for action in PURCHASES:
        early = ask(standing, LATER - INSTANT, action, programme=grace)
        assert (early.verdict, early.advisories[0]) == (Verdict.ALLOW, REMINDER)
        assert not ask(standing, LATER, action, programme=grace).allowed
        assert ask(CONFIRMED, LATER, action, programme=grace).advisories == ()
    for action in (*FREE, Action.REACTIVATE):
        assert ask(standing, LATER, action, programme=grace).allowed, "auto-renewal among them"


@pytest.mark.parametrize("action", PURCHASES)
def test_a_programme_that_watches_refuses_nothing_and_says_what_it_would(action: Action) -> None:
    strict_watch = replace(WATCHING, stale_rule=StaleRule.REFUSE)
    for standing, said in (
        (NEVER, ["confirmation.missing"]),
        (REFUSED, ["confirmation.ended", "confirmation.missing"]),
        (OUTDATED, ["confirmation.outdated"]),
        (OVERDUE, ["confirmation.outdated", "renewal.overdue"]),
    ):
        decision = ask(standing, LATER, action, programme=strict_watch)
        assert (decision.verdict, codes(decision.advisories)) == (Verdict.ALLOW, said)
    assert ask(CONFIRMED, LATER, action, programme=strict_watch).advisories == ()


def test_a_programme_may_watch_one_channel_and_enforce_the_other() -> None:
    half = replace(PUBLISHED, enforce_from={Channel.API: API_ENFORCED, Channel.DASHBOARD: None})
    assert not ask(NEVER, channel=Channel.API, programme=half).allowed
    assert ask(NEVER, channel=Channel.DASHBOARD, programme=half).allowed


OLD_TYPE = replace(CLOUD, outdated_since=datetime(2019, 6, 1, tzinfo=UTC), sequence=2)
"""A confirmation of the Cloud Agreement that is outdated, recorded or corrected last."""
LAST = datetime(2019, 10, 1, tzinfo=UTC)
"""Both agreements open the gate, and older texts may be refused."""


@pytest.mark.rule("R27", "R33", "R34", "X5")
@pytest.mark.parametrize(
    ("current", "counts"),
    [
        ((OLD_TYPE, CUSTOMER), CUSTOMER),
        ((CUSTOMER, OLD_TYPE), CUSTOMER),
        ((replace(OLD_TYPE, overdue=True), CUSTOMER), CUSTOMER),
        ((replace(OLD_TYPE, outdated_since=None), CUSTOMER), replace(OLD_TYPE, outdated_since=None)),
        ((OLD_TYPE, replace(CUSTOMER, outdated_since=LATER, overdue=True)), OLD_TYPE),
        ((OLD_TYPE,), OLD_TYPE),
    ],
)
def test_any_current_confirmation_opens_the_gate_whatever_is_recorded_after_it(
    current: tuple[Current, ...], counts: Current
) -> None:
    for action, programme in product(PURCHASES, (PUBLISHED, STRICT)):
        decision = ask(Standing(True, current), LAST, action, programme=programme)
        assert decision.confirmation == counts
        assert decision.allowed is (programme is PUBLISHED or counts.outdated_since is None)


@pytest.mark.rule("R2", "R6", "R26", "R34", "R47")
@pytest.mark.parametrize(
    ("standing", "programme", "now", "reasons", "advisories"),
    [
        (Unknown(), STRICT, LATER, ["standing.unknown"], []),
        (Unknown(clock_behind=True), STRICT, LATER, ["clock.behind"], []),
        (NO_RELATIONSHIP, STRICT, LATER, ["relationship.missing"], []),
        (replace(NO_RELATIONSHIP, no_longer_agrees_at=AGREED), STRICT, LATER, ["relationship.missing"], []),
        (replace(OVERDUE, related=False), STRICT, LATER, ["relationship.missing"], []),
        (NEVER, PUBLISHED, API_ENFORCED - INSTANT, [], ["enforcement.upcoming"]),
        (NEVER, PUBLISHED, API_ENFORCED, ["confirmation.missing"], []),
        (REFUSED, PUBLISHED, API_ENFORCED - INSTANT, ["confirmation.ended"], ["enforcement.upcoming"]),
        (REFUSED, PUBLISHED, API_ENFORCED, ["confirmation.ended", "confirmation.missing"], []),
        (
            replace(OVERDUE, no_longer_agrees_at=AGREED),
            PUBLISHED,
            LATER,
            [],
            ["confirmation.outdated", "renewal.overdue"],
        ),
        (OUTDATED, STRICT, API_ENFORCED - INSTANT, [], ["confirmation.outdated"]),
        (OUTDATED, STRICT, LATER, ["confirmation.outdated"], []),
        (OVERDUE, STRICT, LATER, ["confirmation.outdated"], ["renewal.overdue"]),
        (Standing(True, (replace(CUSTOMER, outdated_since=LATER),)), STRICT, LATER, ["confirmation.missing"], []),
        (REFUSED, WATCHING, LATER, [], ["confirmation.ended", "confirmation.missing"]),
    ],
)
def test_every_reason_and_every_advisory_in_the_order_of_the_contract(
    standing: Standing | Unknown, programme: Programme, now: datetime, reasons: list[str], advisories: list[str]
) -> None:
    for action in PURCHASES:
        decision = ask(standing, now, action, programme=programme)
        assert (codes(decision.reasons), codes(decision.advisories)) == (reasons, advisories), action


ALONE = {Code.STANDING_UNKNOWN, Code.CLOCK_BEHIND, Code.RELATIONSHIP_MISSING}


def test_every_question_has_an_answer_and_every_denial_a_reason() -> None:
    standings: list[Standing | Unknown] = [NO_RELATIONSHIP, Unknown(), Unknown(clock_behind=True), NEVER, CONFIRMED]
    standings += [REFUSED, OUTDATED, OVERDUE, Standing(True, (CUSTOMER,)), Standing(True, (OLD_TYPE, CUSTOMER))]
    dates = (
        datetime(1900, 1, 1, tzinfo=UTC),
        AGREED,
        DASHBOARD_ENFORCED,
        API_ENFORCED,
        datetime(8999, 1, 1, tzinfo=UTC),
    )
    for standing, now, action, channel, programme, cloud in product(
        standings, dates, Action, CHANNELS, (PUBLISHED, SUCCESSOR, STRICT, WATCHING), Cloud
    ):
        decision = ask(standing, now, action, channel, programme, cloud)
        assert decision.allowed is (decision.reasons == ())
        assert decision.policy == programme.policy
        said = [*decision.reasons, *decision.advisories]
        assert all(reason.rule for reason in said)
        for part in (decision.reasons, decision.advisories):
            assert [reason.code for reason in part] == sorted({reason.code for reason in part}, key=[*Code].index)
        found = {reason.code for reason in said}
        assert not found & ALONE or len(said) == 1
        opens = decision.confirmation is not None
        assert opens or not found & {Code.CONFIRMATION_OUTDATED, Code.RENEWAL_OVERDUE}
        assert not opens or not found & {Code.CONFIRMATION_MISSING, Code.ENFORCEMENT_UPCOMING}
