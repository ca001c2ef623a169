"""The demo's clock: on every page, one click to each date or to any instant; and no trace of it in production."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agreegate.dashboard.frame.day import instant_of
from tests import personas as cast
from tests.dashboard.sandbox import demo_visitor, sandbox_visitor, seeded_demo
from tests.dashboard.visitor import visitor
from tests.world import API_ENFORCED, AUGUST, DASHBOARD_ENFORCED, World

NINE = datetime(2018, 11, 7, 9, 30, tzinfo=UTC)
MIDNIGHT = DASHBOARD_ENFORCED


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2018-11-07", MIDNIGHT),
        ("2018-11-07 09:30", NINE),
        ("2018-11-07T09:30", NINE),
        ("2018-11-07T09:30:00Z", NINE),
        ("  2018-11-07   9:30  UTC ", NINE),
        ("2018-11-07T10:30:00+01:00", NINE),
        ("2018/11/7 9h30", NINE),
        ("2018.11.07, 09:30 utc", NINE),
        ("7 November 2018, 09:30 UTC", NINE),
        ("7 novembre 2018, 09:30 UTC", NINE),
        ("1er novembre 2018", datetime(2018, 11, 1, tzinfo=UTC)),
        ("7th november 2018 09:30", NINE),
        ("", None),
        ("07/11/2018", None),
        ("2018-13-01", None),
        ("2018-02-30", None),
        ("2018-11-07 25:00", None),
        ("7 Nonember 2018", None),
        ("0000-01-01", None),
        ("9999-12-31 23:59 -12:00", None),
        ("2018-11-07 09:30 CET", None),
        ("<script>alert(1)</script>", None),
        ("\u0662\u0660\u0661\u0668-11-07", MIDNIGHT),
        ("x" * 100_000, None),
    ],
)
def test_an_instant_is_read_as_people_write_it(written: str, expected: datetime | None) -> None:
    assert instant_of(written, "en") == expected


async def test_now_is_the_machines_own(world: World) -> None:
    someone = await sandbox_visitor(world, cast.ALDER_SALES)
    opened = await someone.get("/")
    before = datetime.now(UTC)
    assert (await someone.send("/", opened.page.form("/clock"), at="Now")).status == 200
    assert before <= world.clock.now <= datetime.now(UTC)


@pytest.mark.rule("R1", "R2", "R3", "R4", "R5")
@pytest.mark.parametrize(
    ("language", "jump", "expected"),
    [
        ("en", "2018-08-06", ["6 August 2018, 00:00 UTC", "can be recorded from 7 August 2018 on"]),
        ("en", "2018-11-06", ["on the dashboard: confirmation optional until 7 November 2018"]),
        (
            "en",
            "2018-11-07",
            [
                "It is now 7 November 2018, 00:00 UTC.",
                "on the dashboard: since 7 November 2018",
                "through the API: confirmation optional until 22 March 2019",
                "No renewal fell due.",
            ],
        ),
        ("en", "2019-03-22", ["through the API: since 22 March 2019"]),
        (
            "fr",
            "2018-11-07",
            [
                "Nous sommes maintenant le 7 novembre 2018, 00:00 UTC.",
                "depuis le 7 novembre 2018, achats",
                "facultative jusqu’au 22 mars 2019",
                "Aucun renouvellement",
            ],
        ),
    ],
)
async def test_a_jump_says_what_the_date_means(world: World, language: str, jump: str, expected: list[str]) -> None:
    someone = await sandbox_visitor(world, cast.ALDER_SALES, language)
    opened = await someone.get("/?from=here")
    reply = await someone.send("/?from=here", opened.page.form("/clock"), jump=jump)
    assert (reply.status, reply.path) == (200, "/")
    assert str(reply.answer.url).endswith("/?from=here")
    for sentence in expected:
        assert sentence in reply.text
    assert world.clock.now == instant_of(jump, language)


@pytest.mark.rule("R1", "R5")
async def test_every_date_of_the_process_is_one_click_away(world: World) -> None:
    someone = await sandbox_visitor(world, cast.BIRCH_SALES)
    form = (await someone.get("/")).page.form("/clock")
    days = [value[:10] for name, value in form.buttons if name == "jump"]
    assert days == [
        "2018-08-07",
        "2018-11-06",
        "2018-11-07",
        "2019-03-21",
        "2019-03-22",
        "2019-10-01",
        "2021-01-14",
        "now",
    ]
    assert form.buttons[0] == ("", ""), "Enter in the field sets the field's instant"


async def test_renewals_due_on_the_way_have_happened_and_are_counted(tmp_path: Path) -> None:
    demo = await seeded_demo(tmp_path, datetime(2018, 9, 1, tzinfo=UTC))
    someone = await demo_visitor(demo, cast.ALDER_SALES)
    form = (await someone.get("/")).page.form("/clock")
    assert "No renewal fell due" in (await someone.send("/", form, jump="2018-09-02")).text
    english = await someone.send("/", form, jump="2020-01-01")
    assert "renewals fell due and were done" in english.text
    back = await someone.send("/", form, jump="2018-11-07")
    assert "What was recorded later stays recorded." in back.text
    assert "sales@alder.example" in back.text, "the session lives by the machine's clock"
    demo.close()


async def test_an_instant_that_cannot_be_read_keeps_what_was_typed_and_says_how_to_write_it(world: World) -> None:
    someone = await sandbox_visitor(world, cast.ALDER_SALES)
    form = (await someone.get("/?from=here")).page.form("/clock")
    hostile = '"><script>alert(1)</script>'
    for typed, sentence in (
        (hostile, "like this: 7 November 2018, 09:30"),
        ("0001-01-01", "1970"),
        ("8999-01-01", "1970"),
    ):
        reply = await someone.send("/", form, at=typed)
        assert reply.status == 422
        assert sentence in reply.text
        kept = reply.page.form("/clock")
        assert kept.fields["at"] == [typed]
        assert kept.fields["back"] == ["/?from=here"]
        assert world.clock.now == AUGUST
    mended = await someone.send("/clock", kept, at="2019-03-22")
    assert mended.path == "/"
    assert world.clock.now == API_ENFORCED


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_the_way_back_leads_nowhere_else(world: World, back: str) -> None:
    someone = await sandbox_visitor(world, cast.ALDER_SALES)
    form = (await someone.get("/")).page.form("/clock")
    assert (await someone.send("/", form, jump="2018-11-07", back=back)).path == "/"
    assert (await someone.send("/", form, jump="2018-11-07", back="/\u6f22?q=\u6f22")).status == 404


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_who_is_not_signed_in_sees_the_instant_and_nothing_to_press(world: World, language: str) -> None:
    someone = await sandbox_visitor(world, None, language)
    start = await someone.get("/")
    assert ("Demo clock: 15 August 2018, 00:00 UTC" if language == "en" else "15 août 2018, 00:00 UTC") in start.text
    assert all(form.action != "/clock" for form in start.page.forms)
    assert (await someone.client.get("/clock")).headers["location"].startswith("/sign-in")


async def test_the_clock_of_a_page_that_is_not_there_stands_still(world: World) -> None:
    someone = await sandbox_visitor(world, cast.ALDER_SALES)
    assert (await someone.get("/nowhere")).status == 404


async def test_production_has_no_such_clock(world: World) -> None:
    someone = await visitor(world)
    start = await someone.get("/")
    assert "Demo clock" not in start.text
    assert "/clock" not in start.page.links
    assert (await someone.get("/clock")).status == 404
    refused = await someone.send("/clock", start.page.form("/sign-out"), jump="2018-11-07")
    assert refused.status == 200, "the form of signing out leads there"
    someone = await visitor(world)
    token = (await someone.get("/")).page.form("/sign-out").fields
    answer = await someone.client.post("/clock", data={**token, "jump": ["2018-11-07"]})
    assert answer.status_code == 404
    assert world.clock.now == AUGUST
