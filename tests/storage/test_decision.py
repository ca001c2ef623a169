"""Recorded decisions: named and versioned JSON, and every version that was ever recorded reads the same for ever."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import AgreementType, TemplateId
from agreegate.domain.gate import Verdict, decide
from agreegate.domain.orders.transaction import Action, Transaction
from agreegate.domain.partner import PartnerId
from agreegate.domain.reason import Code, Reason
from agreegate.domain.standing import Current, Standing, Unknown
from agreegate.services.gate import check
from agreegate.storage.decision import (
    KeptDecision,
    as_reasons,
    as_standing,
    decision_of,
    reasons_text,
    standing_text,
)
from agreegate.storage.engine.unit_of_work import machine_clock, to_micros
from agreegate.storage.overview import denied
from tests import personas as cast
from tests.memory import PROGRAMME, Memory, call
from tests.world import API_ENFORCED, AUGUST

PURCHASE = Transaction(Action.NEW_PURCHASE, Channel.API)
AGREED = datetime(2018, 8, 1, tzinfo=UTC)
RECORDED = datetime(2018, 8, 7, 10, 30, 0, 1, UTC)
RENEW_BY = datetime(2019, 8, 7, tzinfo=UTC)
REASONS = (
    Reason(Code.CONFIRMATION_MISSING, "R9", Channel.API),
    Reason(Code.CONFIRMATION_OUTDATED, "R34", date=RENEW_BY),
)
CURRENT = Current(
    AgreementType("MicrosoftCloudAgreement"), TemplateId("998b88de"), AGREED, RECORDED, 7, RECORDED, RENEW_BY, True
)
STANDING = Standing(True, (CURRENT,), RECORDED)

REASONS_1 = '[["confirmation.missing","R9","api",null],["confirmation.outdated","R34",null,1565136000000000]]'
REASONS_2 = (
    '{"version":2,"reasons":[{"code":"confirmation.missing","rule":"R9","channel":"api","date":null},'
    '{"code":"confirmation.outdated","rule":"R34","channel":null,"date":"2019-08-07T00:00:00Z"}]}'
)
STANDING_1 = (
    '{"related":true,"refused_at":1533637800000001,"current":[["MicrosoftCloudAgreement","998b88de",1533081600000000,'
    "1533637800000001,7,1533637800000001,1565136000000000,true]]}"
)
STANDING_2 = (
    '{"version":2,"standing":{"related":true,"current":[{"agreement_type":"MicrosoftCloudAgreement",'
    '"template_id":"998b88de","date_agreed":"2018-08-01T00:00:00Z","recorded_at":"2018-08-07T10:30:00.000001Z",'
    '"sequence":7,"outdated_since":"2018-08-07T10:30:00.000001Z","renew_by":"2019-08-07T00:00:00Z","overdue":true}],'
    '"refused_at":"2018-08-07T10:30:00.000001Z"}}'
)
STANDING_3 = STANDING_2.replace('"version":2', '"version":3').replace("refused_at", "no_longer_agrees_at")


def test_what_is_recorded_is_named_and_versioned() -> None:
    assert reasons_text(REASONS) == REASONS_2
    assert standing_text(STANDING) == STANDING_3
    assert standing_text(Unknown()) == '{"version":3,"standing":null}'
    assert standing_text(Unknown(clock_behind=True)) == '{"version":3,"standing":null,"clock_behind":true}'


@pytest.mark.parametrize("text", [REASONS_1, REASONS_2])
def test_reasons_of_every_version_are_read(text: str) -> None:
    assert as_reasons(text) == REASONS


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (STANDING_1, STANDING),
        (STANDING_2, STANDING),
        (STANDING_3, STANDING),
        ('{"version":2,"standing":null,"clock_behind":true}', Unknown(clock_behind=True)),
        ("null", Unknown()),
        (standing_text(Unknown()), Unknown()),
        (standing_text(Unknown(clock_behind=True)), Unknown(clock_behind=True)),
    ],
)
def test_standings_of_every_version_are_read(text: str, known: Standing | Unknown) -> None:
    assert as_standing(text) == known


def test_a_fact_that_is_new_or_missing_does_not_break_a_recorded_standing() -> None:
    less = Standing(True, (replace(CURRENT, overdue=False),), RECORDED)
    assert as_standing(STANDING_3.replace(',"overdue":true', "")) == less
    assert as_standing(STANDING_3.replace('"overdue"', '"countersigned":"later","overdue"')) == STANDING


async def test_a_decision_of_an_earlier_version_shows_and_repeats_like_one_of_now() -> None:
    memory = Memory(API_ENFORCED)
    actor = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    asked = call(actor, 1)
    reasons = '[["confirmation.missing","R9","api",null]]'
    memory.connection.execute(
        "insert into decision values (?, 'earlier', ?, 'new_purchase', 'api', null, 'deny', ?, '[]', ?, 'public', ?, ?,"
        " ?, ?, null, ?)",
        (
            cast.ALDER, cast.CEDAR, reasons, '{"related":true,"refused_at":null,"current":[]}', PROGRAMME.policy,
            cast.ALDER_SALES, asked.request_id, asked.fingerprint, to_micros(API_ENFORCED),
        ),
    )  # fmt: skip
    memory.connection.execute(
        "insert into decision_repeat values (?, ?, ?, 'deny', 'new_purchase', 'earlier', ?)",
        (cast.ALDER, asked.request_id, asked.fingerprint, to_micros(machine_clock())),
    )
    assert (await memory.do(check, asked, PROGRAMME, cast.CEDAR, PURCHASE)).id == "earlier"
    now = await memory.do(check, call(actor, 2), PROGRAMME, cast.CEDAR, PURCHASE)

    async def shown(id_: str) -> KeptDecision:
        found = await memory.do(decision_of, PartnerId(cast.ALDER), cast.CEDAR, id_)
        assert found is not None
        return found

    before, after = await shown("earlier"), await shown(now.id)
    assert (before.verdict, before.reasons, before.advisories) == (Verdict.DENY, after.reasons, after.advisories)
    assert (before.asked, before.known, before.policy) == (after.asked, after.known, after.policy)
    assert decide(before.asked, before.known, PROGRAMME, actor.partner.cloud, before.decided_at) == now.decision
    listed = await memory.do(denied, PartnerId(cast.ALDER), AUGUST, 10)
    assert {one.decision_id: one.reasons for one in listed} == {"earlier": before.reasons, now.id: after.reasons}
