"""The text that a confirmation speaks of: named by a person, and what makes the same again a duplicate (R35, R38, decision 0017)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agreegate import programme as programmes
from agreegate.domain.actor import Channel
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.text import TextVersion
from agreegate.domain.confirmation import Draft
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.services.confirmation import confirm
from agreegate.services.standing import show_standing
from agreegate.storage.agreements.text import add_text_version
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, PROGRAMME, Memory, call
from tests.rejection import rejected
from tests.texts import AMERICA, FRANCE, draft, file

SUCCESSOR = programmes.load("microsoft-customer-agreement")
CUSTOMER_AGREEMENT = TemplateId(cast.CUSTOMER_AGREEMENT)
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
AUGUST = datetime(2021, 8, 15, tzinfo=UTC)
"""Identical repeats have been refused since January."""
REFRESH = datetime(2023, 4, 1, tzinfo=UTC)
DUPLICATE = "confirmation.already-exists"
DRAFT = replace(DRAFT_CONFIRMATION, date_agreed=AUGUST)


class Desk:
    """A partner who confirms for one customer."""

    def __init__(self, now: datetime = AUGUST, programme: Programme = PROGRAMME) -> None:
        self.memory = Memory(now)
        self.programme = programme
        self.calls = 0

    async def publish(self, label: str, effective: datetime, **changes: Any) -> TextVersion:
        return await self.memory.do(add_text_version, draft(label, effective_from=effective, **changes), "tests")

    async def confirm(self, draft: Draft = DRAFT, **changes: Any) -> str | None:
        """Return the code of the error, and nothing is kept; None: it is recorded."""
        self.calls += 1
        actor = await self.memory.actor(cast.ALDER, cast.ALDER_SALES)
        before = await self.memory.rows("select count(*) from confirmation")
        try:
            await self.memory.do(
                confirm, call(actor, self.calls), self.programme, cast.CEDAR, replace(draft, **changes)
            )
        except Rejected as rejected:
            assert await self.memory.rows("select count(*) from confirmation") == before
            return rejected.code
        return None

    async def kept(self) -> list[tuple[Any, ...]]:
        """Basis, label, country and language of each confirmation's text, oldest first."""
        return await self.memory.rows(
            "select t.basis, v.label, t.country, t.language, t.digest from confirmation_text t"
            " left join text_version v using (version_id) order by confirmation_number"
        )


@pytest.mark.rule("R35", "R38")
@pytest.mark.parametrize("by", ["label", "id"])
@pytest.mark.parametrize("channel", Channel)
async def test_the_version_that_a_person_names_is_kept_in_force_or_not(by: str, channel: Channel) -> None:
    desk = Desk()
    await desk.publish("1", AUGUST - 9 * DAY)
    upcoming = await desk.publish("2", AUGUST + 9 * DAY, files={AMERICA: file("2"), FRANCE: file("3")})
    actor = replace(await desk.memory.actor(cast.ALDER, cast.ALDER_SALES), channel=channel)
    named = replace(DRAFT, version=getattr(upcoming, by))
    recorded = await desk.memory.do(confirm, call(actor), PROGRAMME, cast.CEDAR, named)
    assert recorded.channel is channel
    assert await desk.kept() == [("stated", "2", "US", "en-US", "2" * 64)]
    desk.memory.clock.now = AUGUST + 20 * DAY
    standing = await desk.memory.do(show_standing, actor, PROGRAMME, cast.CEDAR)
    assert "current" in [one.state for one in standing.agreements], "the newer text was accepted ahead of its day"


@pytest.mark.rule("R35", "R38")
async def test_a_named_version_is_kept_also_where_no_text_is_in_force() -> None:
    desk = Desk()
    await desk.publish("1", AUGUST + DAY)
    assert await desk.confirm(version="1") is None
    assert await desk.kept() == [("stated", "1", "US", "en-US", "0" * 64)]


@pytest.mark.fault("B1")
@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("effective", [AUGUST - DAY, AUGUST + DAY])
@pytest.mark.parametrize("by", ["label", "id"])
async def test_a_version_without_a_text_for_the_customers_country_cannot_be_named(
    channel: Channel, effective: datetime, by: str
) -> None:
    desk = Desk()
    await desk.publish("1", AUGUST - 9 * DAY)
    french = await desk.publish("french", effective, files={FRANCE: file("3")})
    actor = replace(await desk.memory.actor(cast.ALDER, cast.ALDER_SALES), channel=channel)
    named = replace(DRAFT_CONFIRMATION, version=getattr(french, by))
    with rejected("text.version-unknown"):
        await desk.memory.do(confirm, call(actor), PROGRAMME, cast.CEDAR, named)
    assert await desk.kept() == []
    await desk.memory.do(confirm, call(actor), PROGRAMME, cast.FRENE, named)
    assert [row[:3] for row in await desk.kept()] == [("stated", "french", "FR")]


@pytest.mark.rule("R38")
@pytest.mark.parametrize("named", ["2", "", " 1", "1 ", "first", cast.NOBODY, "other", "x" * 5_000, "'; --"])
async def test_a_version_that_this_agreement_does_not_have_is_refused(named: str) -> None:
    desk = Desk()
    await desk.publish("1", AUGUST - DAY)
    await desk.publish("other", AUGUST - DAY, template_id=CUSTOMER_AGREEMENT)
    assert await desk.confirm(version=named) == "text.version-unknown"
    assert await desk.kept() == []


@pytest.mark.rule("R17", "R33", "R34", "R37")
async def test_reconfirming_after_the_refresh_of_2023_is_no_duplicate_and_the_same_again_is_one() -> None:
    """The contact is unchanged, and only the day is another."""
    desk = Desk(datetime(2022, 5, 2, 12, tzinfo=UTC), SUCCESSOR)
    for label, effective in (("2019-10", "2019-10-01"), ("2019-11", "2019-11-18"), ("2023-04", "2023-04-01")):
        day = datetime.fromisoformat(effective).replace(tzinfo=UTC)
        await desk.publish(label, day, template_id=CUSTOMER_AGREEMENT)
    accepted = replace(DRAFT, template_id=CUSTOMER_AGREEMENT, date_agreed=datetime(2022, 5, 2, tzinfo=UTC))
    assert await desk.confirm(accepted) is None
    desk.memory.clock.now = REFRESH - INSTANT
    assert await desk.confirm(accepted) == DUPLICATE
    assert await desk.confirm(accepted, date_agreed=REFRESH - DAY) == DUPLICATE
    desk.memory.clock.now = REFRESH + 8 * DAY
    assert await desk.confirm(accepted, date_agreed=REFRESH + 7 * DAY) is None
    assert await desk.confirm(accepted, date_agreed=REFRESH + 7 * DAY) == DUPLICATE
    assert await desk.confirm(accepted, date_agreed=REFRESH + 8 * DAY) == DUPLICATE
    assert [row[:2] for row in await desk.kept()] == [("inferred", "2019-11"), ("inferred", "2023-04")]


@pytest.mark.rule("R36")
@pytest.mark.parametrize(
    ("effective", "major", "again"),
    [
        # By today's texts the one before spoke of the very same.
        (AUGUST - 9 * DAY, True, DUPLICATE),
        # Nobody can say what the one before spoke of.
        (AUGUST + DAY, False, None),
        # It spoke of what is outdated now.
        (AUGUST + DAY, True, None),
    ],
)
async def test_a_confirmation_from_before_there_were_texts_is_compared_by_those_of_today(
    effective: datetime, major: bool, again: str | None
) -> None:
    desk = Desk()
    accepted = replace(DRAFT, template_id=CUSTOMER_AGREEMENT)
    assert await desk.confirm(accepted) is None
    assert await desk.confirm(accepted) == DUPLICATE, "where nobody publishes texts, the rule is as it was published"
    assert await desk.kept() == []
    await desk.publish("1", effective, template_id=CUSTOMER_AGREEMENT, major=major)
    desk.memory.clock.now = AUGUST + 3 * DAY
    assert await desk.confirm(accepted, date_agreed=AUGUST + 2 * DAY) == again
    assert await desk.confirm(accepted, date_agreed=AUGUST + 2 * DAY) == DUPLICATE


@pytest.mark.rule("R17", "R36")
async def test_only_a_confirmation_of_the_same_template_makes_a_duplicate() -> None:
    """Neither the outdated one of another type, nor the one of another programme's template of the type."""
    desk = Desk()
    await desk.publish("1", AUGUST - 9 * DAY)
    accepted = replace(DRAFT, template_id=CUSTOMER_AGREEMENT)
    assert (await desk.confirm(), await desk.confirm(accepted)) == (None, None)
    await desk.publish("2", AUGUST + DAY)
    desk.memory.clock.now = AUGUST + 2 * DAY
    assert await desk.confirm(accepted) == DUPLICATE
    other = TemplateId(cast.NOBODY)
    templates = (replace(one, id=other) if one.id == CUSTOMER_AGREEMENT else one for one in PROGRAMME.templates)
    desk.programme = replace(PROGRAMME, templates=tuple(templates))
    assert await desk.confirm(accepted, template_id=other) is None
