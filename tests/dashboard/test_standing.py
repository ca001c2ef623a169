"""The page that looks back: what the standing was on a day, as the records stood on another (R48)."""

import re
from datetime import timedelta

import pytest

from tests import personas as cast
from tests.dashboard.past import CEDAR, end
from tests.dashboard.visitor import Reply, visitor
from tests.texts import AMERICA, publish
from tests.world import AUGUST, World

PAGE = f"{CEDAR}/standing"
DAY = timedelta(days=1)


@pytest.fixture
async def past(world: World) -> World:
    """Confirmed on 15 August 2018, corrected on the 17th, refused on the 20th; it is noon of the 25th."""
    await publish(world, {AMERICA: ("text.md", b"# Made up")}, effective_from=AUGUST - 10 * DAY)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__lastName="Firstly")
    world.clock.now = AUGUST + 2 * DAY + timedelta(hours=9)
    await world.confirm(cast.ALDER_SALES, cast.CEDAR, primaryContact__lastName="Corrected")
    world.clock.now = AUGUST + 5 * DAY
    await end(world, reason="no_longer_agrees", note="By phone.")
    world.clock.now = AUGUST + 10 * DAY + timedelta(hours=12)
    return world


async def look(world: World, query: str, language: str = "en", who: str = cast.ALDER_SALES) -> Reply:
    return await (await visitor(world, who, language)).get(PAGE + query)


@pytest.mark.rule("R17", "R36", "R47", "R48")
@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "What did we know on a given day? Cedar Bakery", "On 16 August 2018, as the records stood on 17 August 2018",
                "Microsoft Cloud Agreement: confirmed", "Noa Corrected",
                "The text: version 1, inferred from date, country and language.", "2018-08-17T09:00:00.000000Z",
                "sales@alder.example, through the API", "What had been recorded by 17 August 2018, newest first",
                "was in effect", "a later one was in effect", "1 confirmation or ending was recorded later and is not shown.",
                "2018-08-16T23:59:59.999999Z", "2018-08-17T23:59:59.999999Z", "microsoft-cloud-agreement@2",
                "Texts bind by the customer’s country of today, United States", "Made 25 August 2018, 12:00 UTC",
            ],
        ),
        (
            "fr",
            [
                "Que savions-nous à une date donnée ? Cedar Bakery",
                "Le 16 août 2018, d’après l’état des enregistrements au 17 août 2018", "Noa Corrected",
                "était en vigueur", "une plus récente était en vigueur",
                "1 confirmation ou fin a été enregistrée plus tard et n’est pas montrée.", "pays actuel du client, États-Unis",
            ],
        ),
    ],
)  # fmt: skip
async def test_it_tells_what_was_known_and_what_it_rests_on(past: World, language: str, expected: list[str]) -> None:
    shown = await look(past, "?on=2018-08-16&known-at=2018-08-17", language)
    assert shown.status == 200
    for words in expected:
        assert words in shown.text, words
    for word in ("By phone.", "no longer agreed:", "n’acceptait plus :"):
        assert word not in shown.text, "it was not known"
    for [id_] in past.rows("select confirmation_id from confirmation"):
        assert id_ in shown.text


@pytest.mark.rule("R17", "R27", "R47", "R48")
@pytest.mark.parametrize(
    ("query", "expected", "unsaid"),
    [
        ("?on=2018-08-16&known-at=2018-08-16", "Noa Firstly", "Corrected"),
        ("?on=2018-08-21&known-at=2018-08-17", "the answer is what was to be expected", "By phone."),
        ("?on=2018-08-21&known-at=2018-08-21", "The customer no longer agreed: recorded 20 August 2018.", "Agreement: confirmed"),
        ("?on=2018-08-19&known-at=2018-08-21", "Microsoft Cloud Agreement: confirmed", "no longer agreed: recorded"),
        ("?on=2018-08-09&known-at=2018-08-21", "No confirmation that was known then was in effect on this day.", "Agreement: confirmed"),
        ("?on=2018-06-30", "the partner did not serve this customer on this day", "Agreement: confirmed"),
        ("?on=2018-08-06", "Confirmations exist from 7 August 2018 on.", "to be expected"),
        ("?known-at=2018-08-14", "Nothing had been recorded yet.", "Noa"),
        ("?known-at=2018-08-14", "3 confirmations and endings were recorded later and are not shown.", "Noa"),
        ("?known-at=2018-08-14", "On 14 August 2018, as the records stood on 14 August 2018", "to be expected"),
        ("", "On 25 August 2018, 12:00 UTC, as the records stood on 25 August 2018, 12:00 UTC", "to be expected"),
        ("?on=&known-at=", "On 25 August 2018, 12:00 UTC, as the records stood on 25 August 2018, 12:00 UTC", "to be expected"),
        ("?on=2018-08-25&known-at=2018-08-25", "On 25 August 2018, 12:00 UTC, as the records stood on", "to be expected"),
        ("", "Nothing about this customer’s acceptance was recorded later.", "not shown"),
    ],
)  # fmt: skip
async def test_the_two_days_decide(past: World, query: str, expected: str, unsaid: str) -> None:
    shown = await look(past, query)
    assert shown.status == 200
    assert expected in shown.text
    assert unsaid not in shown.text


@pytest.mark.parametrize(
    ("language", "typed"),
    [("en", "16 August 2018"), ("fr", "16/08/2018"), ("fr", "16 août 2018"), ("fr", "2018-08-16")],
)
async def test_a_day_may_be_typed_as_it_is_written(past: World, language: str, typed: str) -> None:
    shown = await look(past, f"?on={typed}&known-at={typed}", language)
    assert shown.status == 200
    assert "2018-08-16T23:59:59.999999Z" in shown.text
    [form] = [one for one in shown.page.forms if "known-at" in one.fields]
    assert form.fields["on"] == form.fields["known-at"] == [typed]


@pytest.mark.parametrize(
    ("query", "language", "expected"),
    [
        ("?on=whenever&known-at=2018-08-17", "en", "We cannot read this day."),
        ("?on=01/02/2018&known-at=2018-08-17", "en", "We cannot read this day."),
        ("?on=2018-02-30", "fr", "Ce jour est illisible."),
        ("?on=2018-08-16&known-at=2018-08-26", "en", "Give a day up to today, 25 August 2018 (UTC)."),
        ("?known-at=2018-08-26", "fr", "Indiquez un jour jusqu’à aujourd’hui, 25 août 2018 (UTC)."),
        ("?on=%00&known-at=%F0%9F%8C%B2", "en", "We cannot read this day."),
    ],
)
async def test_a_wrong_day_is_reported_beside_its_field_and_kept(
    past: World, query: str, language: str, expected: str
) -> None:
    shown = await look(past, query, language)
    assert shown.status == 422
    assert shown.text.count(expected) >= 2, "announced, and beside the field"
    assert "noa@contoso.example" not in shown.text, "no answer to another question"
    asked = dict(re.findall(r"([a-z-]+)=([^&]+)", query))
    [form] = [one for one in shown.page.forms if "known-at" in one.fields]
    for name, typed in asked.items():
        if "%" not in typed:
            assert form.fields[name] == [typed]


@pytest.mark.rule("R48")
async def test_it_is_a_step_from_the_history_and_from_the_printable_record(past: World) -> None:
    someone = await visitor(past)
    for path in (CEDAR, f"{CEDAR}/record"):
        assert PAGE in (await someone.get(path)).page.links
    asked = await someone.get(PAGE)
    assert {CEDAR, f"{CEDAR}/record"} <= set(asked.page.links)


async def test_of_a_former_customer_the_partners_own_record_is_reported(past: World) -> None:
    someone = await visitor(past)
    left = await past.send(cast.ALDER_SALES, "PATCH", f"/v1{CEDAR}", {"relationshipToPartner": "none"})
    assert left.status_code == 200
    shown = await someone.get(f"{PAGE}?on=2018-08-18")
    assert (shown.status, (await someone.get(CEDAR)).status) == (200, 404)
    assert "Noa Corrected" in shown.text
    assert CEDAR not in shown.page.links, "there is no such page any more"
    assert "the partner did not serve this customer on this day" in (await someone.get(PAGE)).text


async def test_where_nothing_is_confirmed_it_says_so(world: World) -> None:
    government = await (await visitor(world, cast.FIR_ADMIN)).get(f"/customers/{cast.GINKGO}/standing")
    assert government.status == 404
    world.clock.now = world.deployment.programme.starts - DAY
    early = await look(world, "?on=2018-08-01")
    assert early.status == 200
    assert "Confirmations do not exist yet." in early.text


@pytest.mark.rule("R12")
async def test_looking_changes_nothing_and_leaves_no_trace(past: World) -> None:
    counted = "select (select count(*) from audit_record), (select count(*) from decision)"
    before = past.rows(counted)
    await look(past, "?on=2018-08-18")
    assert past.rows(counted) == before


async def test_its_print_leaves_out_the_question(world: World) -> None:
    style = (await world.send(None, "GET", "/static/agreegate.css")).text
    assert ".search { display: none; }" in style[style.index("@media print") :]


@pytest.mark.parametrize(
    ("query", "language", "status"),
    [
        ("?on=9999-12-31", "en", 200),
        ("?on=31/12/9999", "fr", 200),
        ("?known-at=9999-12-31", "en", 422),
        ("?on=1900-01-01", "en", 200),
    ],
)
async def test_the_first_and_the_last_day_there_are_are_answered(
    past: World, query: str, language: str, status: int
) -> None:
    someone = await visitor(past, language=language)
    assert (await someone.get(f"/customers/{cast.CEDAR}/standing{query}")).status == status
