"""Looking back through our own API: two parameters, the structure of today's answer, and a sentence for what is wrong."""

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests import personas as cast
from tests.texts import AMERICA, publish
from tests.world import AUGUST, World

CEDAR = f"/api/customers/{cast.CEDAR}/standing"
DAY = timedelta(days=1)


async def get(world: World, query: str = "", path: str = CEDAR, who: str = cast.ALDER_SALES) -> httpx2.Response:
    return await world.send(who, "GET", path + query)


async def standing_as_of(world: World, query: str) -> dict[str, Any]:
    answer = await get(world, query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def cloud(standing: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any]
    [found] = [one for one in standing["agreements"] if one["templateId"] == cast.CLOUD_AGREEMENT]
    return found


async def refuse(world: World) -> None:
    ended = await world.send(cast.ALDER_SALES, "POST", f"{CEDAR}/end", {"reason": "no_longer_agrees", "note": "Phone."})
    assert ended.status_code == 200


@pytest.fixture
async def past(world: World) -> World:
    """Confirmed on 15 August 2018, corrected on the 16th, refused on the 20th; now it is the 25th."""
    await publish(world, {AMERICA: ("text.md", b"# Made up")}, effective_from=AUGUST - 10 * DAY)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    world.clock.now = AUGUST + DAY
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__lastName="Corrected")
    world.clock.now = AUGUST + 5 * DAY
    await refuse(world)
    world.clock.now = AUGUST + 10 * DAY
    return world


@pytest.mark.rule("R17", "R27", "R36", "R47", "R48")
async def test_it_is_what_was_answered_then_and_says_so(past: World) -> None:
    for at in (AUGUST + DAY - timedelta(microseconds=1), AUGUST + DAY, AUGUST + 5 * DAY, AUGUST + 10 * DAY):
        written = f"{at:%Y-%m-%dT%H:%M:%S.%fZ}"
        found = await standing_as_of(past, f"?on={written}&knownAt={written}")
        past.clock.now = at
        by_date = await standing_as_of(past, f"?on={at:%Y-%m-%d}")
        assert (by_date["on"], by_date["knownAt"]) == (found["on"], found["knownAt"]), "today's day ends now"
        past.clock.now = AUGUST + 10 * DAY
        assert cloud(found) == cloud(by_date)


@pytest.mark.rule("R48")
async def test_now_it_is_todays_answer_and_today_is_answered_as_ever(past: World) -> None:
    await past.confirm(cast.ALDER_SALES, cast.CEDAR)
    today = await get(past)
    found = await standing_as_of(past, "?on=2018-08-25")
    assert list(found) == [*today.json(), "on", "knownAt"]
    assert found.pop("on") == found.pop("knownAt") == "2018-08-25T00:00:00Z"
    assert json.dumps(found, ensure_ascii=False, separators=(",", ":")) == today.text
    assert today.text.startswith(
        f'{{"customerId":"{cast.CEDAR}","relationshipSince":"2018-07-01T00:00:00Z","agreements":['
    )
    assert not {"on", "knownAt"} & set(today.json())


@pytest.mark.rule("R17", "R36", "R47", "R48")
async def test_what_was_recorded_later_is_not_there(past: World) -> None:
    found = await standing_as_of(past, "?on=2018-08-24&knownAt=2018-08-15T23:59:59.999999Z")
    assert (found["on"], found["knownAt"]) == ("2018-08-24T23:59:59.999999Z", "2018-08-15T23:59:59.999999Z")
    assert found["refusals"] == []
    assert cloud(found)["state"] == "current"
    [known] = cloud(found)["history"]
    assert known == cloud(found)["confirmation"]
    assert (known["contact"]["lastName"], known["ended"], known["text"]["basis"]) == ("Berg", None, "inferred")
    late = await standing_as_of(past, "?on=2018-08-24&knownAt=2018-08-20")
    assert cloud(late)["state"] == "ended"
    assert [one["ended"]["reason"] for one in cloud(late)["history"]] == ["no_longer_agrees"] * 2
    assert [one["contact"]["lastName"] for one in cloud(late)["history"]] == ["Corrected", "Berg"]
    before = await standing_as_of(past, "?on=2018-08-19&knownAt=2018-08-20")
    assert cloud(before)["state"] == "current"
    assert cloud(before)["confirmation"]["contact"]["lastName"] == "Corrected"
    assert "2018-08-20T00:00:00Z" in json.dumps(before), "that it was refused afterwards is known"


async def test_a_day_without_a_relationship_is_an_answer_and_a_former_customer_is_reported(past: World) -> None:
    found = await standing_as_of(past, "?on=2018-06-30")
    assert found["relationshipSince"] is None
    assert [(one["state"], one["confirmation"]) for one in found["agreements"]] == [(None, None), (None, None)]
    assert len(cloud(found)["history"]) == 2
    patched = await past.send(
        cast.ALDER_SALES, "PATCH", f"/v1/customers/{cast.CEDAR}", {"relationshipToPartner": "none"}
    )
    assert patched.status_code == 200
    assert (await get(past)).status_code == 403, "today it is nobody's customer"
    assert cloud(await standing_as_of(past, "?on=2018-08-19"))["state"] == "current"
    assert cloud(await standing_as_of(past, "?on=2018-08-26"))["state"] is None


@pytest.mark.parametrize(
    ("query", "name", "code"),
    [
        ("?on=", "on", "request.invalid-instant"),
        ("?on=yesterday", "on", "request.invalid-instant"),
        ("?on=2018-02-30", "on", "request.invalid-instant"),
        ("?on=2018-08-15 10:00", "on", "request.invalid-instant"),
        ("?on=0001-01-01T00:00:00", "on", "request.invalid-instant"),
        ("?on=2018-08-15&knownAt=1", "knownAt", "request.invalid-instant"),
        ("?knownAt=2018-08-26", "knownAt", "as-of.known-ahead"),
        ("?knownAt=2018-08-25T00:00:00.000001Z", "knownAt", "as-of.known-ahead"),
        ("?on=9001-01-01", "on", "request.invalid-instant"),
    ],
)
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_a_wrong_date_is_reported_with_its_name(
    past: World, query: str, name: str, code: str, language: str
) -> None:
    answer = await past.send(cast.ALDER_SALES, "GET", CEDAR + query, headers={"Accept-Language": language})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    problem = answer.json()
    assert (problem["code"], problem["data"]) == (code, [name])
    assert name in problem["detail"]
    assert ("est dans le futur" if language == "fr" else "is in the future") in problem[
        "detail"
    ] or code != "as-of.known-ahead"


@pytest.mark.rule("R1")
async def test_before_the_first_day_there_is_nothing_to_look_at(world: World) -> None:
    world.clock.now = world.deployment.programme.starts - DAY
    answer = await get(world, "?on=2018-08-01")
    assert (answer.status_code, answer.json()["code"]) == (404, "confirmation.feature-absent")


async def test_the_last_day_there_is_can_be_asked_about(past: World) -> None:
    assert cloud(await standing_as_of(past, "?on=9000-12-31"))["state"] == "ended"
