"""Another programme for an existing record: what it opens and closes is counted by the gate itself; the change is audited."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from agreegate import programme as programmes
from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.programme import StaleRule
from agreegate.services.agreements.text import at_command_line
from agreegate.services.confirmation import confirm
from agreegate.services.programme import Shift, preview_programme, use_programme
from agreegate.services.standing import record_no_longer_agrees
from agreegate.storage.agreements.text import add_text_version
from agreegate.storage.deployment import MadeFor, made_for, make_for
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.texts import draft
from tests.world import API_ENFORCED, AUGUST

pytestmark = pytest.mark.fault("B9")

SUCCESSOR = programmes.load("microsoft-customer-agreement")
CLOSES = datetime(2020, 2, 1, tzinfo=UTC)
"""The successor's Cloud Agreement stops opening the gate."""
CUSTOMER_AGREEMENT = replace(DRAFT_CONFIRMATION, template_id=TemplateId(cast.CUSTOMER_AGREEMENT))


async def portfolio(memory: Memory) -> None:
    """Of five customers in the public cloud: two with the Cloud Agreement, one with the Customer Agreement, one of each kind
    of none. A customer in a national cloud is never refused."""
    alder = await memory.actor(cast.ALDER, cast.ALDER_SALES)
    hazel = await memory.actor(cast.HAZEL, cast.HAZEL_ADMIN)
    await memory.do(confirm, call(alder, 1), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    await memory.do(confirm, call(hazel, 2), PROGRAMME, cast.CEDAR, DRAFT_CONFIRMATION)
    await memory.do(confirm, call(hazel, 3), PROGRAMME, cast.ELM, CUSTOMER_AGREEMENT)
    await memory.do(record_no_longer_agrees, call(alder, 4), PROGRAMME, cast.FRENE, "")


@pytest.mark.parametrize(
    ("now", "shifts"),
    [
        (AUGUST, [Shift(CLOSES, channel, 0, 2) for channel in Channel]),
        (API_ENFORCED, [Shift(CLOSES, channel, 0, 2) for channel in Channel]),
        (CLOSES, [Shift(CLOSES, channel, 0, 2) for channel in Channel]),
        (CLOSES.replace(year=2026), [Shift(CLOSES.replace(year=2026), channel, 0, 2) for channel in Channel]),
    ],
)
async def test_what_closes_and_opens_is_counted_now_and_at_each_date_ahead(now: datetime, shifts: list[Shift]) -> None:
    memory = Memory(AUGUST)
    await portfolio(memory)
    memory.clock.now = now
    assert await memory.do(preview_programme, PROGRAMME, SUCCESSOR) == shifts
    back = [Shift(shift.at, shift.channel, shift.closed, shift.opened) for shift in shifts]
    assert await memory.do(preview_programme, SUCCESSOR, PROGRAMME) == back
    assert await memory.do(preview_programme, PROGRAMME, PROGRAMME) == []


async def test_without_known_rules_all_that_is_allowed_and_refused_is_counted() -> None:
    memory = Memory(AUGUST)
    await portfolio(memory)
    memory.clock.now = API_ENFORCED.replace(year=2026)
    counted = await memory.do(preview_programme, None, SUCCESSOR)
    assert counted == [Shift(memory.clock.now, channel, 2, 4) for channel in Channel]


async def test_a_programme_that_only_watches_opens_for_everybody_until_the_present_one_would_have() -> None:
    memory = Memory(AUGUST)
    await portfolio(memory)
    memory.clock.now = API_ENFORCED
    watching = replace(PROGRAMME, name="watching", enforce_from={})
    opens = datetime(2019, 10, 1, tzinfo=UTC)
    assert await memory.do(preview_programme, PROGRAMME, watching) == [
        Shift(at, channel, opened, 0) for at, opened in ((API_ENFORCED, 3), (opens, 2)) for channel in Channel
    ]


async def test_the_grace_of_a_stale_rule_is_a_date_ahead() -> None:
    memory = Memory(AUGUST)
    await portfolio(memory)
    await memory.do(add_text_version, draft("2", effective_from=AUGUST + timedelta(days=30)), "tests")
    memory.clock.now, grace = API_ENFORCED, API_ENFORCED + timedelta(days=90)
    strict = replace(PROGRAMME, name="strict", stale_rule=StaleRule.REFUSE, stale_from=grace)
    changes = await memory.do(preview_programme, PROGRAMME, strict)
    assert {(shift.at, shift.opened, shift.closed) for shift in changes} >= {(grace, 0, 2)}
    assert all(shift.at >= grace for shift in changes)


async def test_the_change_is_made_once_and_audited() -> None:
    memory = Memory(AUGUST)
    await memory.do(make_for, PROGRAMME.name, demo=False)
    actor = await memory.do(at_command_line, "agreegate programme use")
    assert await memory.do(use_programme, actor, PROGRAMME) is False
    assert await memory.do(use_programme, actor, SUCCESSOR) is True
    assert await memory.do(use_programme, actor, SUCCESSOR) is False
    assert await memory.do(made_for) == MadeFor(SUCCESSOR.name, demo=False)
    [(partner, application, operation, before, after)] = await memory.rows(
        "select partner_id, application_id, operation_type, resource_old_value, resource_new_value from audit_record"
    )
    assert (partner, application, operation) == (cast.OPERATOR, "agreegate programme use", "use_programme")
    assert (json.loads(before), json.loads(after)) == (
        {"programme": PROGRAMME.name},
        {"programme": SUCCESSOR.policy},
    )
