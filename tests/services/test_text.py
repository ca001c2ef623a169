"""Publishing: the form reports every problem of a version at once, and a past date needs a confirmation."""

from datetime import timedelta
from typing import Any

import pytest

from agreegate.domain.agreements.text import Locale
from agreegate.services.agreements.text import publish_text, review_text
from tests import personas as cast
from tests.memory import PROGRAMME, Memory
from tests.rejection import rejected
from tests.texts import AMERICA, FRANCE, draft, file
from tests.world import AUGUST

SOON = AUGUST + timedelta(days=30)


async def test_everything_in_the_way_of_a_version_is_reported_at_once() -> None:
    record = Memory()
    operator = await record.actor(cast.OPERATOR)
    await record.do(publish_text, operator, PROGRAMME, draft(effective_from=SOON))
    wrong = draft(note="\0", files={AMERICA: file("9"), FRANCE: file(), Locale("FR", "de-DE"): file()})
    review = await record.do(review_text, PROGRAMME, wrong)
    assert [error.code for error in review.errors] == [
        "request.invalid-property",
        "text.locale-unknown",
        "text.label-taken",
        "text.effective-in-past",
    ]
    with rejected("request.invalid-property"):
        await record.do(publish_text, operator, PROGRAMME, wrong)
    elsewhere = await record.do(review_text, PROGRAMME, draft("2", template_id=cast.NOBODY, effective_from=SOON))
    assert [error.code for error in elsewhere.errors] == ["confirmation.template-unknown"]


async def test_a_version_said_once_more_is_known_and_changes_nothing() -> None:
    record, requested = Memory(), draft()
    operator = await record.actor(cast.OPERATOR)
    made = await record.do(publish_text, operator, PROGRAMME, requested, allow_past=True)
    review = await record.do(review_text, PROGRAMME, requested)
    assert (review.repeated, review.errors) == (made.version, ()), "the same again needs no leave for the past"
    again = await record.do(publish_text, operator, PROGRAMME, requested)
    assert (again.version, again.fresh) == (made.version, False)
    assert await record.rows("select count(*) from audit_record") == [(1,)]


@pytest.mark.parametrize(
    ("changes", "allow_past", "refused"),
    [
        ({"effective_from": AUGUST}, False, False),
        ({"effective_from": AUGUST - timedelta(microseconds=1)}, False, True),
        ({"effective_from": AUGUST - timedelta(microseconds=1)}, True, False),
        ({"effective_from": AUGUST - timedelta(microseconds=1), "major": False}, False, False),
    ],
)
async def test_a_major_version_in_the_past_needs_to_be_meant(
    changes: dict[str, Any], allow_past: bool, refused: bool
) -> None:
    record = Memory()
    review = await record.do(review_text, PROGRAMME, draft(**changes), allow_past=allow_past)
    assert [one.code for one in review.errors] == (["text.effective-in-past"] if refused else [])
