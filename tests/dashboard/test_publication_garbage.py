"""Garbage in the form that takes files, in both presses of its button: a sentence, no text lost, nothing half published."""

import re
from uuid import uuid4

import pytest

from agreegate.i18n import text
from tests import personas as cast
from tests.dashboard.publishing import ENGLISH, FILES, MULTIPART, PATH, TYPED, check, in_parts, operator, published
from tests.dashboard.reading import Page, SeenForm
from tests.dashboard.test_garbage import (
    FORM,
    MADE_UP_COOKIE,
    REQUEST_ID,
    TOKEN,
    VALUES,
    Dashboard,
    bodies,
    checked,
    encoded,
    kept,
)
from tests.world import World

TABLES = ("text_version", "text_file", "audit_record", "idempotency")


def stored(world: World) -> tuple[int, ...]:
    return world.rows("select " + ", ".join(f"(select count(*) from {table})" for table in TABLES))[0]


def text_fields(form: SeenForm) -> list[str]:
    return sorted(name for name in form.names - {TOKEN, REQUEST_ID} if not re.fullmatch(r"file-\d+", name))


async def test_garbage_in_the_first_press(world: World) -> None:
    someone = await operator(world)
    form = (await someone.get(PATH)).page.form()
    names, before = text_fields(form), stored(world)
    for place, value in enumerate(VALUES):
        wrong = names if place % 3 == 0 else names[place % len(names) :][:1]
        fields = {name: values for name, values in form.fields.items() if not name.startswith("file-")} | TYPED
        fields |= dict.fromkeys(wrong, value.encode("utf-8", "surrogatepass").decode("utf-8", "replace"))
        body = in_parts(fields, FILES, [])
        answer = await someone.client.post(PATH, content=body, headers={"content-type": MULTIPART})
        page = checked(answer, value)
        assert answer.status_code in (200, 422), (value, page.text[:300])
        if answer.status_code == 422:
            kept(answer.text, {name: str(fields[name]) for name in wrong}, PATH)
    assert stored(world) == before
    await someone.close()


async def test_garbage_in_the_second_press(world: World) -> None:
    someone = await operator(world)
    form = (await check(someone)).page.form()
    names = text_fields(form)
    for place, value in enumerate(VALUES):
        wrong = names if place % 5 == 0 else names[place % len(names) :][:1]
        before = stored(world)
        fields = form.fields | {"step": ["publish"], "label": [f"{place}"]}
        fields |= {name: [value] for name in wrong} | {REQUEST_ID: [str(uuid4())]}
        answer = await someone.client.post(PATH, content=encoded(fields), headers={"content-type": FORM})
        page = checked(answer, value)
        assert answer.status_code in (200, 303, 413, 422), (value, page.text[:300])
        assert answer.status_code == 303 or stored(world) == before
    assert len(published(world)) > 3, "what is odd and allowed is published"
    for label in published(world):
        [[files]] = world.rows("select files from text_version where label = ?", label)
        assert world.rows(
            "select count(*) from text_version v join text_file f using (number) where v.label = ?", label
        ) == [(files,)]
    await someone.close()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"file-digest-0": "../../agreegate.db"}, "Choose this file again"),
        ({"file-digest-0": "/etc/passwd"}, "Choose this file again"),
        ({"file-digest-0": "0" * 64}, "Choose this file again"),
        ({"file-digest-0": "A" * 64}, "Choose this file again"),
        ({"file-digest-0": "é"}, "Choose this file again"),
        ({"file-name-0": "english.pdf"}, "is not a whole PDF"),
        ({"file-name-0": "english.docx"}, "is not a whole Word document"),
        ({"file-name-0": "english"}, "does not say what it is"),
        ({"file-name-0": None}, "does not say what it is"),
        ({"language-0": "xx-XX"}, "Choose a language of the list."),
        ({"countries-0": "ZZ"}, "ZZ en-US is no country"),
        ({"template": "' or 1=1 --"}, "Choose an agreement of the programme."),
        ({"kind": "huge"}, "Say whether the version is major or minor."),
        ({"effective_date": "2018-08-01"}, "would take effect in the past"),
        ({"file-digest-0": None, "file-digest-1": None, "language-0": None, "language-1": None, "file-name-0": None, "file-name-1": None},
         "Choose at least one file"),
    ],
)  # fmt: skip
async def test_what_the_second_press_says_of_a_file_is_not_believed(
    world: World, changes: dict[str, str | None], said: str
) -> None:
    someone = await operator(world)
    shown = await check(someone)
    reply = await someone.send(PATH, shown.page.form(), step="publish", **changes)
    assert (reply.status, said in reply.text) == (422, True), reply.text
    assert published(world) == []
    await someone.close()


@pytest.mark.parametrize("step", ["", "PUBLISH", "publish publish", "check", "back", "\0"])
async def test_only_the_button_that_publishes_publishes(world: World, step: str) -> None:
    someone = await operator(world)
    shown = await check(someone)
    reply = await someone.send(PATH, shown.page.form(), step=step)
    assert (reply.status, published(world)) == (200, [])
    await someone.close()


async def test_files_are_never_published_by_the_press_that_sends_them(world: World) -> None:
    someone = await operator(world)
    shown = await check(someone, step="publish")
    assert (shown.status, published(world)) == (200, [])
    await someone.close()


async def test_a_size_that_a_form_states_is_nobodys_word(world: World) -> None:
    someone = await operator(world)
    shown = await check(someone, {"file-0": FILES["file-0"]}, **{"language-1": ""})
    reply = await someone.send(PATH, shown.page.form(), step="publish", **{"size-0": "1", "media-0": "application/pdf"})
    assert "is published" in reply.text
    assert set(world.rows("select media_type, size from text_file")) == {("text/markdown", len(ENGLISH))}
    await someone.close()


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_garbage_instead_of_the_form(world: World, language: str) -> None:
    someone = await operator(world, language)
    form = (await someone.get(PATH)).page.form()
    dashboard, token = Dashboard(world, someone, {}), form.fields[TOKEN][0]
    before = stored(world)
    for content_type, body in bodies(form, token):
        await dashboard.send(PATH, body, content_type)
    assert (await dashboard.send(PATH, encoded(form.fields), FORM, MADE_UP_COOKIE)).status_code == 403
    assert stored(world) == before
    refused = await someone.client.post(PATH, content=b"x", headers={"content-type": "multipart/form-data"})
    assert text("page.form-untrusted", language) in Page(refused.text).text
    await someone.close()


ASKED = ("texts", "template", "label", "digest", "kind", "language", "country", "use", "lang")


async def test_garbage_in_the_addresses_of_versions(world: World) -> None:
    someone = await operator(world)
    for value in VALUES:
        query = encoded({name: [value[:2_000]] for name in ASKED}).decode()
        for path in (PATH, f"{PATH}/text", "/agreements/versions", f"/agreements/versions/{cast.NOBODY}/text"):
            checked(await someone.client.get(f"{path}?{query}"), value)
    await someone.close()
