"""Publishing on the dashboard: sent and looked at, then published as a whole and once, or refused with a sentence."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from agreegate.dashboard.agreements.publication import simulated
from agreegate.dashboard.agreements.publication_draft import MOST_ROWS
from agreegate.domain.agreements.text import LARGEST, LONGEST_NOTE, Locale
from agreegate.locales import countries
from agreegate.storage.agreements.text_file import TextFiles
from tests import personas as cast
from tests.dashboard.publishing import (
    ENGLISH,
    FILES,
    FRENCH,
    PATH,
    TYPED,
    check,
    operator,
    publish,
    published,
    send_parts,
)
from tests.dashboard.reading import assert_sound
from tests.dashboard.visitor import link_to, visitor
from tests.texts import AMERICA, FRANCE, WORD_BODY, docx, draft, file, pdf
from tests.world import AUGUST, World

CODES = "FR CA LU"


@pytest.mark.parametrize("now", [AUGUST, datetime(2026, 11, 30, tzinfo=UTC)])
async def test_the_form_begins_with_the_programmes_own_agreement(world: World, now: datetime) -> None:
    world.clock.now = now
    opened = await (await operator(world)).get(PATH)
    assert opened.page.form().fields["template"] == [cast.CLOUD_AGREEMENT]


@pytest.mark.rule("R32", "R46")
@pytest.mark.parametrize(
    ("language", "asked", "expected", "done"),
    [
        ("en", "publish", ["Upload first; we check the files.", "Major: customers who accepted an older text are asked again"],
         "Version 2018-09 is published."),
        ("fr", "publier", ["Envoyez d’abord les fichiers", "Majeure : qui a accepté un texte antérieur"],
         "La version 2018-09 est publiée."),
    ],
)  # fmt: skip
async def test_a_version_is_sent_reviewed_and_published(
    world: World, language: str, asked: str, expected: list[str], done: str
) -> None:
    someone = await operator(world, language)
    opened = await someone.get(link_to((await someone.get("/agreements")).page, "^/agreements/publish$"))
    assert [sentence for sentence in expected if sentence not in opened.text] == []
    form = opened.page.form()
    assert form.fields["effective_date"] == ["2018-08-16"], "the next midnight"
    assert form.fields["effective_time"] == ["00:00"]
    shown = await send_parts(someone, form, FILES, **TYPED, **{"countries-1": CODES})
    assert shown.status == 200
    assert published(world) == [], "nothing is published by the first press"
    for fact in ("2018-09", "1 September 2018" if language == "en" else "1er septembre 2018", "How long data are kept.", "english.md",
                 "français.md", sha256(ENGLISH).hexdigest(), sha256(FRENCH).hexdigest(), "246", "Luxembourg"):  # fmt: skip
        assert fact in shown.text, fact
    read = [await someone.get(link) for link in shown.page.links if link.startswith(f"{PATH}/text?")]
    assert ["Sample agreement" in one.text for one in read] == [True, False]
    assert "Contrat exemple" in read[1].text
    there = await publish(someone, shown)
    assert done in there.text
    assert there.path.startswith("/agreements/versions/")
    assert published(world) == ["2018-09"]
    [[files]] = world.rows("select count(*) from text_file")
    assert files == 246 + 3


async def test_it_is_recorded_as_the_operators_own_deed(world: World) -> None:
    someone = await operator(world)
    await publish(someone, await check(someone))
    [[partner, user, channel, value]] = world.rows(
        "select partner_id, user_id, channel, resource_new_value from audit_record where operation_type = 'publish_agreement_text'"
    )
    assert (partner, user, channel) == (cast.OPERATOR, cast.OPERATOR_USER, "dashboard")
    kept = json.loads(value)
    assert (kept["label"], kept["major"], kept["effective_from"]) == ("2018-09", True, "2018-09-01T00:00:00+00:00")
    assert kept["files"]["FR fr-FR"] == sha256(FRENCH).hexdigest()
    assert world.rows("select published_by from text_version") == [(cast.OPERATOR_USER,)]
    assert cast.USERS[cast.OPERATOR_USER][1] in (await someone.get("/agreements/versions")).text


@pytest.mark.rule("R32", "R46", "R49")
async def test_what_is_in_force_now_is_given_at_once(world: World) -> None:
    someone = await operator(world)
    await publish(someone, await check(someone, effective_date="2018-08-15", kind="minor"))
    partner = await visitor(world)
    shown = await partner.get("/agreements/FR/fr-FR")
    assert "2018-09, since 15 August 2018." in shown.text
    assert "Contrat exemple" in (await partner.get(link_to(shown.page, r"/text\?"))).text
    found = await world.send(
        cast.BIRCH_SALES, "GET", f"/api/agreements/{cast.CLOUD_AGREEMENT}/text?country=FR&language=fr-FR"
    )
    assert (found.status_code, found.json()["version"]["label"]) == (200, "2018-09")
    assert found.json()["digest"] == sha256(FRENCH).hexdigest()
    assert (await world.client.get(found.json()["downloadUri"])).content == FRENCH


WRONG = {
    "nothing chosen": (
        {}, {"language-0": "", "language-1": ""}, ["Choose at least one file"], ["Choisissez au moins un fichier"]
    ),
    "label": (FILES, {"label": "2018/09"}, ["Write 1 to 50 letters"], ["Écrivez de 1 à 50 lettres"]),
    "no label": (FILES, {"label": ""}, ["Write 1 to 50 letters"], ["Écrivez de 1 à 50 lettres"]),
    "kind": (FILES, {"kind": None}, ["Say whether the version is major or minor."], ["majeure ou mineure"]),
    "agreement": (FILES, {"template": cast.NOBODY}, ["Choose an agreement of the programme."], ["contrat du programme"]),
    "no date": (FILES, {"effective_date": ""}, ["Choose the day on which"], ["Choisissez le jour où"]),
    "no such date": (FILES, {"effective_date": "2018-02-30"}, ["We cannot read this date"], ["Cette date est illisible"]),
    "date out of reach": (FILES, {"effective_date": "9500-01-01"}, ["We cannot read this date"], ["Cette date est illisible"]),
    "time": (FILES, {"effective_time": "25:00"}, ["Write the time as hours"], ["Écrivez l’heure"]),
    "note": (FILES, {"note": "x" * (LONGEST_NOTE + 1)}, ["in at most 2000 characters"], ["en 2000 caractères au plus"]),
    "past": (FILES, {"effective_date": "2018-08-14"},
             ["A major version would take effect in the past.", "It is meant"], ["prendrait effet dans le passé", "C’est voulu"]),
    "pair": (FILES, {"countries-1": "BE FR"},
             ["BE fr-FR is no country and language of the list. Nearest: BE nl-NL, BE en-US."], ["Les plus proches : BE nl-NL, BE en-US."]),
    "no country": (FILES, {"countries-1": "ZQ"}, ["ZQ fr-FR is no country"], ["ZQ fr-FR n’est pas un pays"]),
    "many pairs": (FILES, {"countries-1": "A1 A2 A3 A4 A5 A6 A7"},
                   ["A5 fr-FR is no", "Wrong in the same way, besides: 2."], ["Erreurs semblables, en plus : 2."]),
    "no codes": (FILES, {"countries-1": ", ;"}, ["Write countries by their codes"], ["Écrivez les pays par leurs codes"]),
    "long code": (FILES, {"countries-1": "x" * 500}, ["Write countries by their codes"], ["Écrivez les pays par leurs codes"]),
    "no language": (FILES, {"language-1": ""}, ["Choose the language of this text."], ["Choisissez la langue de ce texte."]),
    "another language": (FILES, {"language-1": "fr-BE"}, ["Choose a language of the list."], ["Choisissez une langue de la liste."]),
    "pair twice": (FILES, {"language-1": "en-US", "countries-0": "US FR", "countries-1": "NA US"},
                   ["US en-US has a text already: text 1. Countries named twice here: 1."], ["US en-US a déjà un texte : le texte 1."]),
    "file missing": ({"file-0": FILES["file-0"]}, {}, ["Choose the file of this text"], ["Choisissez le fichier de ce texte"]),
    "kind of file": ({"file-0": ("a.exe", b"MZ")}, {}, ["is not a PDF, Word or Markdown file"], ["n’est pas un fichier PDF, Word ou Markdown"]),
    "no kind of file": ({"file-0": ("english", ENGLISH)}, {}, ["is not a PDF, Word or Markdown file"], ["n’est pas un fichier PDF, Word ou Markdown"]),
    "not a PDF": ({"file-0": ("a.pdf", docx())}, {}, ["is not a whole PDF"], ["n’est pas un PDF complet"]),
    "not a whole PDF": ({"file-0": ("a.pdf", pdf()[:-30])}, {}, ["is not a whole PDF"], ["n’est pas un PDF complet"]),
    "a damaged PDF": ({"file-0": ("a.pdf", pdf().replace(b"%PDF-1.7", b"%PDF-1.7\n%more"))}, {},
                      ["is a damaged PDF. Each viewer repairs it in its own way"], ["est un PDF endommagé. Chaque lecteur le répare à sa façon"]),
    "not a Word document": ({"file-0": ("a.docx", pdf())}, {}, ["is not a whole Word document"], ["n’est pas un document Word complet"]),
    "zip bomb": ({"file-0": ("a.docx", docx(WORD_BODY, more={"word/media/x": b"\0" * 30_000_000}))}, {},
                 ["would unpack to far more than a text"], ["se décompresserait en bien plus"]),
    "macros": ({"file-0": ("a.docx", docx(more={"word/vbaProject.bin": b"x"}))}, {}, ["has macros or declarations"], ["contient des macros"]),
    "declarations": ({"file-0": ("a.docx", docx("<!DOCTYPE x [<!ENTITY a 'b'>]>" + WORD_BODY.partition("?>")[2]))}, {},
                     ["has macros or declarations"], ["contient des macros"]),
    "not text": ({"file-0": ("a.md", b"\xff\xfe\0")}, {}, ["is not plain text in UTF-8"], ["n’est pas du texte brut"]),
    "empty": ({"file-0": ("a.md", b"")}, {}, ["is empty"], ["est vide"]),
    "too large": ({"file-0": ("a.md", b"x" * (LARGEST + 1))}, {}, ["is larger than 25 MB"], ["dépasse 25 Mo"]),
}  # fmt: skip


@pytest.mark.parametrize(("files", "changes", "english", "french"), WRONG.values(), ids=WRONG)
async def test_what_is_wrong_is_reported_at_its_field_and_nothing_is_published(
    world: World,
    files: dict[str, tuple[str, bytes]],
    changes: dict[str, str | None],
    english: list[str],
    french: list[str],
) -> None:
    someone = await operator(world)
    for language, expected in (("en", english), ("fr", french)):
        someone.client.headers["accept-language"] = language
        reply = await check(someone, files, **changes)
        assert reply.status == 422
        assert [sentence for sentence in expected if sentence not in reply.text] == []
        listed = reply.page.html.partition('id="mistakes"')[2].partition("</div>")[0]
        for where in {part.partition('"')[0] for part in listed.split('href="#')[1:]}:
            assert where in reply.page.ids, where
            assert f'id="{where}-mistake"' in reply.page.html, "it stands beside its field"
    assert published(world) == []


async def test_every_mistake_is_reported_at_once_in_the_order_of_the_fields(world: World) -> None:
    someone = await operator(world)
    reply = await check(
        someone,
        {"file-0": ("a.pdf", b"x"), "file-1": ("b.docx", b"x")},
        template=cast.NOBODY, label="", kind=None, effective_date="", effective_time="x", note="\x1b",
        **{"countries-0": "ZZ", "language-1": "", "language-2": "de-DE"},
    )  # fmt: skip
    listed = reply.page.html.partition('id="mistakes"')[2].partition("</div>")[0]
    assert [part.partition('"')[0] for part in listed.split('href="#')[1:]] == [
        "template", "label", "kind", "effective_date", "effective_time", "note", "file-0", "countries-0", "file-1", "language-1", "file-2",
    ]  # fmt: skip
    assert "There are 11 problems" in reply.text


@pytest.mark.rule("R34")
async def test_a_major_version_in_the_past_is_published_only_when_that_is_meant(world: World) -> None:
    someone = await operator(world)
    refused = await check(someone, effective_date="2018-08-14")
    assert "past" in refused.page.form().names
    assert "past" not in (await someone.get(PATH)).page.form().names
    meant = await send_parts(someone, refused.page.form(), {}, past="yes")
    assert "Confirmations of older texts become outdated at once." in meant.text
    assert "is published" in (await publish(someone, meant)).text
    minor = await check(someone, label="2", kind="minor", effective_date="2018-08-14")
    assert (minor.status, "outdated at once" in minor.text) == (200, False), "a minor one outdates nothing"


@pytest.mark.parametrize("changes", [{"effective_time": "24:00"}, {"effective_date": ""}, {"effective_date": "soon"}])
async def test_of_a_day_that_cannot_be_read_it_is_not_said_that_it_is_past(
    world: World, changes: dict[str, str]
) -> None:
    someone = await operator(world)
    reply = await check(someone, **({"effective_date": "2019-06-01"} | changes))
    assert (reply.status, "past" in reply.page.form().names) == (422, False)


async def test_files_that_are_in_order_need_not_be_chosen_again(world: World) -> None:
    someone = await operator(world)
    refused = await check(someone, {"file-0": FILES["file-0"], "file-1": ("fr.pdf", b"no pdf")}, label="?")
    assert "Sent already, and kept: english.md" in refused.text
    mended = await send_parts(someone, refused.page.form(), {"file-1": FILES["file-1"]}, label="2018-09")
    assert (mended.status, "english.md" in mended.text, "français.md" in mended.text) == (200, True, True)
    back = await someone.send(PATH, mended.page.form(), step="back")
    assert (back.status, published(world)) == (200, [])
    assert back.page.form().fields["label"] == ["2018-09"]
    other = await send_parts(someone, back.page.form(), {"file-0": ("other.md", b"# Other\n")}, **{"file-out-1": "yes"})
    assert ("other.md" in other.text, "english.md" in other.text, "français.md" in other.text) == (True, False, False)
    await publish(someone, other)
    assert world.rows("select distinct digest from text_file") == [(sha256(b"# Other\n").hexdigest(),)]


async def test_the_very_same_again_changes_nothing_and_says_so(world: World) -> None:
    someone = await operator(world)
    await publish(someone, await check(someone))
    again = await check(someone)
    assert "This very version is published already." in again.text
    assert "Publish for good" not in again.text
    assert link_to(again.page, "^/agreements/versions/.")
    pressed = await publish(someone, again)
    assert "Nothing changed: version 2018-09 was published already, exactly so." in pressed.text
    assert (published(world), world.rows("select count(*) from audit_record")) == (["2018-09"], [(1,)])


async def test_a_label_stands_for_one_version_for_good(world: World) -> None:
    someone = await operator(world)
    await publish(someone, await check(someone))
    for files, changes in (
        ({"file-0": ("english.md", b"# Other\n"), "file-1": FILES["file-1"]}, {}),
        (FILES, {"note": "Another."}),
        (FILES, {"kind": "minor"}),
        (FILES, {"effective_time": "00:01"}),
        (FILES, {"countries-1": CODES}),
        (FILES, {"effective_date": "2018-08-01"}),
    ):
        reply = await check(someone, files, **changes)
        assert reply.status == 422
        assert "A version called 2018-09 is published already, and what is published never changes." in reply.text
    assert "in the past" in reply.text, "told at once"
    assert published(world) == ["2018-09"]


async def test_pressed_twice_reloaded_or_gone_back_it_is_done_once(world: World) -> None:
    someone = await operator(world)
    shown = await check(someone)
    replies = await asyncio.gather(*(publish(someone, shown) for _ in range(3)))
    assert {(reply.status, reply.path) for reply in replies} == {(200, replies[0].path)}
    assert (published(world), world.rows("select count(*) from audit_record")) == (["2018-09"], [(1,)])
    changed = await publish(someone, shown, note="Something else.")
    assert (changed.status, "You sent this form before, with other content." in changed.text) == (409, True)
    assert "A version called 2018-09 is published already" in changed.text
    renamed = await publish(someone, shown, label="2018-09 b")
    assert (renamed.status, "You sent this form before, with other content." in renamed.text) == (409, True)
    assert published(world) == ["2018-09"]
    meant = await someone.send(PATH, renamed.page.form(), step="publish")
    assert "Version 2018-09 b is published." in meant.text


async def test_of_two_operators_with_one_label_one_publishes_and_the_other_sees_why_not(world: World) -> None:
    first, second = await operator(world), await operator(world, "fr")
    shown = [await check(first), await check(second, {"file-0": ("other.md", b"# Other\n")}, **{"language-1": ""})]
    replies = await asyncio.gather(publish(first, shown[0]), publish(second, shown[1]))
    assert sorted(reply.status for reply in replies) == [200, 422]
    assert published(world) == ["2018-09"]
    lost = next(reply for reply in replies if reply.status == 422)
    assert ("is published already" in lost.text) or ("est déjà publiée" in lost.text)
    assert "file-0" in lost.page.form().names
    assert lost.page.form().fields["label"] == ["2018-09"]


async def test_when_the_day_has_come_between_the_presses_it_is_said(world: World) -> None:
    someone = await operator(world)
    shown = await check(someone, effective_date="2018-08-16")
    world.clock.now = AUGUST + timedelta(days=1, seconds=1)
    late = await publish(someone, shown)
    assert (late.status, "A major version would take effect in the past." in late.text) == (422, True)
    assert published(world) == []


async def test_a_file_that_is_gone_between_the_presses_is_asked_for_again(world: World) -> None:
    someone = await operator(world)
    shown = await check(someone)
    path = TextFiles(world.path.parent / "texts").path_of(sha256(FRENCH).hexdigest())  # type: ignore[arg-type]
    path.write_bytes(b"damaged")
    damaged = await publish(someone, shown)
    assert (damaged.status, "Choose this file again: it was not kept." in damaged.text) == (422, True)
    path.unlink()
    gone = await publish(someone, shown)
    assert (gone.status, published(world)) == (422, [])
    assert "is published" in (await publish(someone, await check(someone))).text, "sent again, it is mended"


@pytest.mark.parametrize(
    ("asked", "offered"),
    [("", 4), ("?texts=12", 12), ("?texts=40", 40), ("?texts=4000", 40), ("?texts=0", 1), ("?texts=x", 4), ("?texts=²", 4),
     ("?texts=99999999999999999999", 4)],
)  # fmt: skip
async def test_as_many_texts_as_there_are_languages(world: World, asked: str, offered: int) -> None:
    someone = await operator(world)
    form = (await someone.get(PATH + asked)).page.form()
    assert sum(name.startswith("file-") for name in form.names) == offered <= MOST_ROWS


async def test_more_texts_are_checked_and_published_at_the_same_address(world: World) -> None:
    someone = await operator(world)
    path = f"{PATH}?texts=12"
    files = {f"file-{number}": (f"{number}.md", b"# %d\n" % number) for number in range(12)}
    codes = ["US", "FR", "DE", "IT", "ES", "PT", "NL", "BE", "LU", "AT", "CH", "GB"]
    rows = {f"language-{number}": "en-US" for number in range(12)} | {f"countries-{n}": codes[n] for n in range(12)}
    shown = await check(someone, files, path, **rows)
    await publish(someone, shown, path)
    assert world.rows("select count(distinct digest) from text_file") == [(12,)]


async def test_codes_may_be_typed_in_small_letters_and_parted_anyhow(world: World) -> None:
    someone = await operator(world)
    await publish(someone, await check(someone, **{"countries-0": "us, na;xk", "countries-1": " fr\tCA  lu FR "}))
    assert world.rows("select country, language from text_file order by 2, 1") == [
        *((country, "en-US") for country in ("NA", "US", "XK")), *((country, "fr-FR") for country in ("CA", "FR", "LU")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("language", "typed", "at"),
    [
        ("fr", ("01/09/2018", "9 h 30"), datetime(2018, 9, 1, 9, 30)),
        ("en", ("1 September 2018", ""), datetime(2018, 9, 1)),
        ("en", ("2018-09-01", "23:59:00"), datetime(2018, 9, 1, 23, 59)),
    ],
)
async def test_the_date_is_read_as_its_reader_writes_it_and_published_as_shown(
    world: World, language: str, typed: tuple[str, str], at: datetime
) -> None:
    someone = await operator(world, language)
    shown = await check(someone, effective_date=typed[0], effective_time=typed[1])
    assert f"{at:%H:%M} UTC" in shown.text
    someone.client.headers["accept-language"] = "en" if language == "fr" else "fr"
    await publish(someone, shown)
    [[micros]] = world.rows("select effective_at from text_version")
    assert datetime.fromtimestamp(micros / 1e6, AUGUST.tzinfo).replace(tzinfo=None) == at


HOSTILE = b"# Text\n\n<script>alert(1)</script>\n\n[a](javascript:alert(1)) <img src=x onerror=alert(1)>\n"


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_scripts_in_a_text_are_the_letters_that_they_are(world: World, language: str) -> None:
    someone = await operator(world, language)
    shown = await check(someone, {"file-0": ("hostile.md", HOSTILE)}, **{"language-1": ""})
    [link] = [link for link in shown.page.links if link.startswith(f"{PATH}/text?")]
    before = await someone.client.get(link, follow_redirects=True)
    there = await publish(someone, shown)
    after = await someone.client.get(link_to(there.page, r"/text\?"), follow_redirects=True)
    for read in (before, after):
        assert read.status_code == 200
        assert "<script" not in read.text.casefold()
        assert "<img" not in read.text.casefold()
        assert 'href="javascript' not in read.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in read.text
        assert "sandbox" in read.headers["content-security-policy"]


NAMES = ["<script>alert(1)</script>.md", '"><img src=x onerror=alert(1)>.md', "../../etc/passwd.md", "C:\\texts\\english.md",
         "\u202egnp.md", "a\r\nb.md", "x" * 300 + ".md", "💥" * 90 + ".md", "%s{0}.md", " .md"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_names_of_files_are_only_shown(world: World, name: str) -> None:
    someone = await operator(world)
    before = {entry for entry in world.path.parent.parent.rglob("*") if entry.is_file()}
    shown = await check(someone, {"file-0": (name, ENGLISH)}, **{"language-1": ""})
    if name == " .md":
        assert "is not a PDF, Word or Markdown file" in shown.text
        return
    assert shown.status == 200, shown.text
    assert "<script>alert" not in shown.page.html
    assert "<img" not in shown.page.html
    [link] = [link for link in shown.page.links if link.startswith(f"{PATH}/text?")]
    assert "Sample agreement" in (await someone.get(link)).text
    again = await check(someone, {"file-0": (name.replace(".md", ".pdf"), ENGLISH)}, **{"language-1": ""})
    assert "is not a whole PDF" in again.text
    assert "\u202e" not in again.page.html
    after = {entry for entry in world.path.parent.parent.rglob("*") if entry.is_file()} - before
    assert {entry.name for entry in after if "agreegate.db" not in entry.name} == {sha256(ENGLISH).hexdigest()}


async def test_what_is_not_published_can_be_read_by_the_operator_alone(world: World) -> None:
    someone = await operator(world)
    shown = await check(someone)
    links = [link for link in shown.page.links if link.startswith(f"{PATH}/text?")]
    for user, status in (
        (cast.ALDER_ADMIN, 403),
        (cast.BIRCH_SALES, 403),
        (cast.HAZEL_ADMIN, 403),
        (cast.FIR_ADMIN, 403),
    ):
        guest = await visitor(world, user)
        for path in (PATH, *links):
            assert (await guest.client.get(path)).status_code == status, (user, path)
        assert "/agreements/publish" not in (await guest.get("/agreements")).page.links
        await guest.close()
    nobody = await visitor(world, None)
    assert (await nobody.client.get(links[0])).headers["location"].startswith("/sign-in")
    assert not [link for link in shown.page.links if "english" in link], "a file's name is in no address"
    direct = (await someone.client.get(links[0])).headers["location"]
    assert "<title>Microsoft Cloud Agreement · 2018-09</title>" in (await someone.client.get(direct)).text, (
        "as customers will"
    )
    assert (await nobody.client.get(direct)).status_code == 200, "the link is the right to the file"
    world.seconds_later = 301
    assert (await nobody.client.get(direct)).status_code == 404
    query = links[0].partition(f"{PATH}/text")[2]
    digest = sha256(ENGLISH).hexdigest()
    for good, odd in (
        (query, ""), (digest, "../../agreegate.db"), (digest, "0" * 64), (digest, ""), ("kind=md", "kind=pdf"), ("kind=md", "kind="),
        ("kind=md", "kind=exe"), ("en-US", "xx"), (cast.CLOUD_AGREEMENT, cast.NOBODY),
    ):  # fmt: skip
        odd = query.replace(good, odd)
        assert (await someone.client.get(f"{PATH}/text{odd}")).status_code == 404, odd


@pytest.mark.parametrize(
    ("files", "countries"),
    [
        ([AMERICA, FRANCE], "FR%2CUS"),
        ([Locale(country.code, "en-US") for country in countries()], "all"),
    ],
)
def test_what_it_would_do_is_asked_of_the_simulation_with_what_is_drafted(files: list[Locale], countries: str) -> None:
    asked = simulated(draft(files=dict.fromkeys(files, file())))
    assert asked == (
        f"/agreements/simulation?template={cast.CLOUD_AGREEMENT}&countries={countries}"
        "&effective_from=2018-01-01T00%3A00%3A00Z"
    )


@pytest.mark.rule("R33")
@pytest.mark.parametrize(("kind", "asked"), [("major", True), ("minor", False)])
async def test_from_what_was_checked_a_link_leads_to_what_it_would_do(world: World, kind: str, asked: bool) -> None:
    await world.confirm(cast.ALDER_SALES, cast.CEDAR)
    someone = await operator(world)
    checked = await check(someone, kind=kind)
    links = [link for link in checked.page.links if link.startswith("/agreements/simulation?")]
    assert bool(links) is asked
    for link in links:
        shown = await someone.get(link)
        assert (shown.status, "Alder Distribution" in shown.text, "Cedar Bakery" in shown.text) == (200, True, False)
    assert world.rows("select count(*) from text_version") == [(0,)]


async def test_the_pages_are_sound_and_work_without_scripts(world: World) -> None:
    someone = await operator(world)
    refused = await check(someone, {"file-0": FILES["file-0"]}, effective_date="2018-08-01", label="")
    for shown in (await someone.get(f"{PATH}?texts=40"), refused, await check(someone)):
        assert_sound(shown.page)
        first = next(name for name in shown.page.form().fields)
        assert first == "_csrf_token", "what makes it ours comes before anything that is large"


@pytest.mark.parametrize(("language", "expected"), [("en", "Shown as PDF"), ("fr", "Affiché en PDF")])
async def test_a_word_document_is_published_with_the_pdf_to_show(world: World, language: str, expected: str) -> None:
    someone = await operator(world, language)
    sent = {"file-0": ("english.docx", docx()), "pdf-0": ("english.pdf", pdf())}
    shown = await check(someone, sent, **{"language-1": ""})
    for fact in (sha256(docx()).hexdigest(), sha256(pdf()).hexdigest(), expected):
        assert fact in shown.text, fact
    assert (await someone.get(link_to(shown.page, f"^{PATH}/text"))).text.startswith("%PDF")
    back = await someone.send(PATH, shown.page.form(), step="back")
    assert "english.pdf" in back.text, "it need not be chosen again"
    there = await publish(someone, await someone.send(PATH, back.page.form()))
    assert sha256(pdf()).hexdigest() in there.text
    assert published(world) == ["2018-09"]
    assert world.rows("select distinct digest, shown_digest, shown_size from text_file") == [
        (sha256(docx()).hexdigest(), sha256(pdf()).hexdigest(), len(pdf()))
    ]


@pytest.mark.parametrize(
    ("sent", "where", "expected"),
    [
        ({"file-0": ("a.md", ENGLISH), "pdf-0": ("a.pdf", pdf())}, "pdf-0", "the text itself a Word document"),
        ({"file-0": ("a.docx", docx()), "pdf-0": ("b.docx", docx())}, "pdf-0", "It must be a PDF"),
        ({"file-0": ("a.docx", docx()), "pdf-0": ("a.pdf", docx())}, "pdf-0", "is not a whole PDF"),
        ({"pdf-0": ("a.pdf", pdf())}, "file-0", "Choose the Word document of this text as well"),
    ],
)
async def test_a_pdf_that_cannot_be_shown_is_reported_at_its_field(
    world: World, sent: dict[str, tuple[str, bytes]], where: str, expected: str
) -> None:
    someone = await operator(world)
    shown = await check(someone, sent, **{"language-1": ""})
    assert (shown.status, expected in shown.text, f'href="#{where}"' in shown.page.html) == (422, True, True)
    assert published(world) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"file-digest-0": "../../agreegate.db"}, "Choose this file again"),
        ({"file-digest-0": "/etc/passwd"}, "Choose this file again"),
        ({"file-digest-0": "0" * 64}, "Choose this file again"),
        ({"file-digest-0": "A" * 64}, "Choose this file again"),
        ({"file-digest-0": "é"}, "Choose this file again"),
        ({"file-name-0": "english.pdf"}, "is not a whole PDF"),
        ({"file-name-0": "english.docx"}, "is not a whole Word document"),
        ({"file-name-0": "english"}, "is not a PDF, Word or Markdown file"),
        ({"file-name-0": None}, "is not a PDF, Word or Markdown file"),
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
    world: World, changes: dict[str, str | None], expected: str
) -> None:
    someone = await operator(world)
    shown = await check(someone)
    reply = await someone.send(PATH, shown.page.form(), step="publish", **changes)
    assert (reply.status, expected in reply.text) == (422, True), reply.text
    assert published(world) == []


@pytest.mark.parametrize("step", ["", "PUBLISH", "publish publish", "check", "back", "\0"])
async def test_only_the_button_that_publishes_publishes(world: World, step: str) -> None:
    someone = await operator(world)
    shown = await check(someone)
    reply = await someone.send(PATH, shown.page.form(), step=step)
    assert (reply.status, published(world)) == (200, [])


async def test_files_are_never_published_by_the_press_that_sends_them(world: World) -> None:
    someone = await operator(world)
    shown = await check(someone, step="publish")
    assert (shown.status, published(world)) == (200, [])


async def test_a_size_that_a_form_states_is_nobodys_word(world: World) -> None:
    someone = await operator(world)
    shown = await check(someone, {"file-0": FILES["file-0"]}, **{"language-1": ""})
    reply = await someone.send(PATH, shown.page.form(), step="publish", **{"size-0": "1", "media-0": "application/pdf"})
    assert "is published" in reply.text
    assert set(world.rows("select media_type, size from text_file")) == {("text/markdown", len(ENGLISH))}
