"""The questions, answered live: for the reader's partner and the clock's date, with rules, and a page that shows it."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agreegate.i18n import text
from agreegate.questions.table import QUESTIONS
from tests import personas as cast
from tests.dashboard.reading import Page
from tests.dashboard.sandbox import demo_visitor, sandbox_visitor, seeded_demo
from tests.dashboard.visitor import visitor
from tests.world import API_ENFORCED, AUGUST, DASHBOARD_ENFORCED, World

IDS = [question.id for question in QUESTIONS]
HOSTILE = '"><script>alert(1)</script>'


def answers_on(page: Page) -> dict[str, Page]:
    """Each question that the page shows, by its id."""
    return {
        found[1]: Page(found[0])
        for found in re.finditer(r'<details class="question" id="(\w+)".*?</details>', page.html, re.DOTALL)
    }


def in_words(key: str, language: str) -> str:
    """The sentence of a key as `Page.text` reads it: every space is a plain one."""
    return " ".join(text(key, language).split())


@pytest.mark.parametrize("user", sorted(cast.USERS))
@pytest.mark.parametrize("language", ["en", "fr"])
async def test_every_question_has_an_answer_and_rules_for_everybody(world: World, user: str, language: str) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    reply = await (await visitor(world, user, language)).get("/questions")
    assert reply.status == 200
    found = answers_on(reply.page)
    assert list(found) == IDS
    for id_, one in found.items():
        assert in_words(f"question.{id_}", language) in one.text
        assert "<li>" in one.html
        rules = re.findall(r"<dt>(R\d+)</dt><dd>([^<]+)</dd>", one.html)
        assert rules
        for rule, _ in rules:
            assert in_words(f"rule.{rule}", language) in one.text
    assert [Page(group).text for group in re.findall(r"<h2 .*?</h2>", reply.page.html)] == [
        text(f"question.group.{group}", language) for group in ("process", "policy", "technical")
    ]


@pytest.mark.rule("R3", "R4", "R22", "R31")
@pytest.mark.parametrize(
    ("user", "now", "question", "expected"),
    [
        (cast.ALDER_SALES, AUGUST, "P2", "7 November 2018"),
        (cast.ALDER_SALES, AUGUST, "P5", text("answer.action.new_purchase", "en")),
        (cast.BIRCH_SALES, API_ENFORCED, "P1", text("answer.role.indirect_reseller", "en")),
        (cast.FIR_ADMIN, API_ENFORCED, "P1", text("answer.cloud.us_government", "en")),
    ],
)
async def test_the_answer_is_for_the_reader_and_the_date(
    world: World, user: str, now: datetime, question: str, expected: str
) -> None:
    world.clock.now = now
    reply = await (await visitor(world, user)).get("/questions")
    assert expected in answers_on(reply.page)[question].text


@pytest.mark.parametrize(
    ("query", "language", "ids"),
    [("T10", "en", ["T10"]), ("t10", "en", ["T10"]), ("nothing-like-this", "en", []), ("", "fr", IDS)],
)
async def test_questions_are_found_by_their_words(world: World, query: str, language: str, ids: list[str]) -> None:
    reply = await (await visitor(world, language=language)).get(f"/questions?q={query}")
    assert list(answers_on(reply.page)) == ids
    if not ids:
        assert "0 questions have these words." in reply.text
    every = await (await visitor(world)).get("/questions?q=reseller")
    assert 0 < len(answers_on(every.page)) < len(IDS)


async def test_search_words_are_data(world: World) -> None:
    someone = await visitor(world)
    for typed in (HOSTILE, "\u05d7\u05d1\u05e8\u05d4", "x" * 5000, "%00", "{0}"):
        answer = await someone.client.get("/questions", params={"q": typed})
        page = Page(answer.text)
        assert answer.status_code == 200
        assert page.tags.count("script") == len(page.scripts) == 2


async def test_show_me_sets_the_clock_and_opens_the_case(world: World) -> None:
    someone = await sandbox_visitor(world, cast.ALDER_SALES)
    reply = await someone.fill("/questions", "/questions/L3/show")
    assert reply.status == 200
    assert re.fullmatch(r"/customers/[0-9a-f-]{36}/order", reply.path)
    assert world.clock.now == DASHBOARD_ENFORCED
    assert "It is now 7 November 2018" in reply.text


@pytest.mark.parametrize("question", ["P99", "nonsense", "p1", "%3Cscript%3E"])
async def test_a_question_that_is_not_asked_shows_nothing(world: World, question: str) -> None:
    someone = await sandbox_visitor(world, cast.ALDER_SALES)
    token = (await someone.get("/questions")).page.form("/sign-out").fields
    answer = await someone.client.post(f"/questions/{question}/show", data=token)
    assert answer.status_code == 404
    assert world.clock.now == AUGUST


async def test_in_production_links_lead_there_and_nothing_is_set(world: World) -> None:
    someone = await visitor(world)
    reply = await someone.get("/questions")
    found = answers_on(reply.page)
    assert found["L3"].links == [f"/customers/{cast.CEDAR}/order"]
    assert found["L8"].links == [], "nobody learns that a customer has another partner"
    assert not [form for form in reply.page.forms if form.action.startswith("/questions/")]
    token = reply.page.form("/sign-out").fields
    assert (await someone.client.post("/questions/L3/show", data=token)).status_code == 404
    assert world.clock.now == AUGUST


async def test_questions_of_the_api_lead_to_its_steps(world: World) -> None:
    someone = await visitor(world)
    found = answers_on((await someone.get("/questions")).page)
    assert [found[id_].links for id_ in ("T2", "T4", "T5")] == [["/how-to-confirm#api"]] * 3
    assert 'id="api"' in (await someone.get("/how-to-confirm")).page.html


async def test_nobody_reads_them_before_signing_in(world: World) -> None:
    nobody = await visitor(world, None)
    assert (await nobody.client.get("/questions")).status_code == 303


@pytest.mark.parametrize("user", sorted(cast.USERS))
async def test_every_show_me_of_the_demo_opens_a_page(tmp_path: Path, user: str) -> None:
    """Each place once: many questions lead to the same page on the same day."""
    demo = await seeded_demo(tmp_path, datetime(2026, 11, 22, tzinfo=UTC))
    language = "fr" if sorted(cast.USERS).index(user) % 2 else "en"
    someone = await demo_visitor(demo, user, language)
    reply = await someone.get("/questions")
    places = {path for one in answers_on(reply.page).values() for path in one.links}
    assert places
    for path in sorted(places):
        opened = await someone.get(path)
        assert opened.status == 200, (path, opened.text[:300])
    for form in reply.page.forms:
        if form.action.startswith("/questions/"):
            assert (await someone.send("/questions", reply.page.form(form.action))).status == 200, form.action
    demo.close()
