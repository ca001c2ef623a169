"""The one form with files: nothing of it is kept for a user who may not send it, and nothing of it sits in memory."""

import asyncio
import os
import re
import signal
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agreegate.dashboard.dashboard import PAGES
from agreegate.dashboard.frame.form import LARGEST_FORM
from agreegate.dashboard.frame.upload import LONGEST_NAME, shown_name
from agreegate.domain.agreements.text import LARGEST
from agreegate.text_inspection import LARGEST_MEMORY, LONGEST_INSPECTION
from tests import personas as cast
from tests.asgi import Answer, call
from tests.dashboard.publishing import (
    BOUNDARY,
    ENGLISH,
    FILES,
    MULTIPART,
    PATH,
    TYPED,
    check,
    in_parts,
    operator,
    publish,
    published,
    send_parts,
)
from tests.dashboard.reading import Page
from tests.dashboard.visitor import Visitor, visitor
from tests.texts import docx, pdf
from tests.world import World

PIECE = 64 * 1024
PARTNERS = (cast.ALDER_ADMIN, cast.ALDER_HELPDESK, cast.BIRCH_SALES, cast.HAZEL_ADMIN, cast.FIR_ADMIN)


class Body:
    """What is sent piece by piece, and how much of it was taken."""

    def __init__(self, *pieces: bytes | int) -> None:
        self._pieces = pieces
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            if isinstance(piece, bytes):
                self.taken += len(piece)
                yield piece
                continue
            for _ in range(0, piece, PIECE):
                self.taken += PIECE
                yield b"x" * PIECE


def open_files() -> int:
    """How many files of ours are open that have no name any more."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found += "/texts/" in str(entry.readlink())
        except OSError:
            continue
    return found


async def send(who: Visitor, body: Any, *more: tuple[bytes, bytes], path: str = PATH) -> Answer:
    """Send a form in parts as it is; the client goes on sending until it is answered."""
    cookies = "; ".join(f"{name}={value}" for name, value in who.client.cookies.items())
    headers = [(b"host", b"127.0.0.1:8400"), (b"content-type", MULTIPART.encode()), (b"cookie", cookies.encode()),
               (b"accept-language", b"en"), *more]  # fmt: skip
    return await call(who.world.app, "POST", path.encode(), headers, body)


def token_of(who: Visitor) -> bytes:
    return in_parts({"_csrf_token": who.client.cookies["agreegate-form"]}, {}, []).removesuffix(
        f"--{BOUNDARY}--\r\n".encode()
    )


def head(name: str = "file-0", called: str = "a.pdf") -> bytes:
    return f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{called}"\r\n\r\n'.encode()


END = f"\r\n--{BOUNDARY}--\r\n".encode()


async def test_a_file_of_25_mb_is_never_in_memory_as_a_whole(world: World) -> None:
    someone = await operator(world)
    await someone.get(PATH)
    own = {"_csrf_token": someone.client.cookies["agreegate-form"], "template": cast.CLOUD_AGREEMENT}
    fields = in_parts(own | TYPED | {"language-1": ""}, {}, [])
    filling = (LARGEST - 200 * 1024) // PIECE * PIECE
    beginning, _, end = pdf("x" * filling).partition(b"x" * filling)
    body = Body(fields.removesuffix(f"--{BOUNDARY}--\r\n".encode()), head(), beginning, filling, end, END)
    tracemalloc.start()
    try:
        answer = await send(someone, body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status == 200, Page(answer.body.decode()).text
    shown = Page(answer.body.decode())
    assert f"{len(beginning) + filling + len(end):,} bytes" in shown.text
    assert peak < 8 * 1024 * 1024, f"{peak:,} bytes"
    assert open_files() == 0


async def test_who_may_not_publish_is_refused_before_anything_is_read(world: World) -> None:
    for user in (*PARTNERS, None):
        guest = await visitor(world, user)
        await guest.get("/how-to-confirm")
        body = Body(token_of(guest), head(), LARGEST, END)
        answer = await send(guest, body)
        assert answer.status == (303 if user is None else 403), user
        assert body.taken <= 2 * PIECE, "what the server had been sent already"
        assert not (world.path.parent / "texts").exists()
        await guest.close()


async def test_a_form_of_another_site_has_none_of_its_files_kept(world: World) -> None:
    someone = await operator(world)
    await someone.get(PATH)
    own = someone.client.cookies["agreegate-form"]
    made_up = ("", "made-up", "0" * 128, own[:-1] + ("0" if own[-1] != "0" else "1"), "é" * 64, own + own)
    for token in made_up:
        start = in_parts({"_csrf_token": token}, {}, []).removesuffix(f"--{BOUNDARY}--\r\n".encode())
        body = Body(start, head(), LARGEST, END)
        answer = await send(someone, body)
        assert (answer.status, "could not be trusted" in answer.body.decode()) == (403, True)
        assert body.taken <= len(start) + 2 * PIECE
    for odd in (
        in_parts({"label": "x", "_csrf_token": own}, FILES, []),  # the token is not the first
        in_parts({"label": "x"}, FILES, []),
        in_parts({}, {"_csrf_token": ("a.md", own.encode())}, []),
    ):
        assert (await send(someone, odd)).status == 403
    header = (b"x-csrftoken", own.encode())
    assert (await send(someone, in_parts({"label": "x"}, FILES, []), header)).status == 403, "in the form, nowhere else"
    someone.client.cookies.delete("agreegate-form")
    assert (await send(someone, in_parts({"_csrf_token": own}, FILES, []))).status == 403
    assert not (world.path.parent / "texts").exists()
    assert open_files() == 0


async def test_more_than_the_form_can_have_is_read_no_further(world: World) -> None:
    someone = await operator(world)
    await someone.get(PATH)
    for path, texts in ((PATH, 4), (f"{PATH}?texts=1", 1)):
        most = 2 * texts * LARGEST + LARGEST_FORM  # each with a PDF to show
        body = Body(token_of(someone), head(), most + 5 * LARGEST)
        answer = await send(someone, body, path=path)
        assert answer.status == 413
        assert f"The files are larger than {most // 1024 // 1024} MB together." in Page(answer.body.decode()).text
        assert most < body.taken <= most + 3 * PIECE
        announced = Body(token_of(someone), head(), most)
        answer = await send(someone, announced, (b"content-length", str(most + 1).encode()), path=path)
        assert (answer.status, announced.taken <= 2 * PIECE) == (413, True)
    words = Body(token_of(someone), head("label").replace(b'; filename="a.pdf"', b""), 20 * LARGEST_FORM, END)
    assert (await send(someone, words)).status == 413
    assert words.taken <= LARGEST_FORM + 4 * PIECE, "words are kept in memory, so there are never many"
    assert open_files() == 0


async def test_one_file_that_is_too_large_is_reported_beside_its_field_and_takes_no_more_room(world: World) -> None:
    someone = await operator(world)
    await someone.get(PATH)
    body = Body(token_of(someone), head("file-2", "large.pdf"), 3 * LARGEST, END)
    answer = await send(someone, body)
    shown = Page(answer.body.decode())
    assert (answer.status, "is larger than 25 MB. Make it smaller." in shown.text) == (422, True)
    assert 'href="#file-2"' in shown.html


BROKEN = {
    "no boundary": (b"x", "multipart/form-data"),
    "an empty boundary": (b"x", "multipart/form-data; boundary="),
    "a long boundary": (b"x", f"multipart/form-data; boundary={'b' * 3_000}"),
    "another boundary": (in_parts({"a": "b"}, {}, []), "multipart/form-data; boundary=other"),
    "nothing": (b"", MULTIPART),
    "garbage": (b"\0\xff" * 5_000, MULTIPART),
    "an endless header": (f"--{BOUNDARY}\r\n".encode() + b"x" * 100_000, MULTIPART),
}


@pytest.mark.parametrize(("body", "content_type"), BROKEN.values(), ids=BROKEN)
async def test_what_is_no_form_is_refused_in_words(world: World, body: bytes, content_type: str) -> None:
    someone = await operator(world)
    await someone.get(PATH)
    answer = await someone.client.post(PATH, content=body, headers={"content-type": content_type})
    assert answer.status_code == 403
    assert "h1" in Page(answer.text).tags


async def test_what_is_broken_off_or_makes_no_sense_leaves_nothing_behind(world: World) -> None:
    someone = await operator(world)
    await someone.get(PATH)
    own = someone.client.cookies["agreegate-form"]
    whole = in_parts({"_csrf_token": own, **TYPED}, FILES, [])
    for cut in (len(whole) - 3, len(whole) - 5, len(whole) // 2, whole.index(ENGLISH) + 3, 100):
        assert (await send(someone, whole[:cut])).status == 403, cut
    token = token_of(someone)
    for odd in (
        token + head("label") + b"x" + END,  # a file where words belong
        token + head("file-4") + b"x" + END,  # a field that the page does not have
        token + head() + b"x\r\n" + head() + b"y" + END,  # two files in one field
        token + f'--{BOUNDARY}\r\nContent-Disposition: attachment; name="a"\r\n\r\nx'.encode() + END,
        token + f"--{BOUNDARY}\r\n\r\nx".encode() + END,
        token + f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\nContent-Length: 9\r\n\r\nx".encode() + END,
        token + b"".join(in_parts({f"x{n}": ""}, {}, []).removesuffix(END[2:]) for n in range(600)) + END[2:],
    ):
        assert (await send(someone, odd)).status == 403, odd[-200:]
    for strange in (
        token + f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="label"\r\nContent-Type: text/plain; charset=no\r\n\r\n\xff'.encode("latin-1") + END,
        token + f'--{BOUNDARY}\r\nContent-Disposition: form-data; name=""\r\n\r\n\0'.encode() + END,
        token + f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file-0"\r\n\r\nwords'.encode() + END,
        token + head(called="%22%0D%0A\\\\.md") + b"# x" + END,
    ):  # fmt: skip
        assert (await send(someone, strange)).status == 422, strange[-200:]
    assert published(world) == []
    assert open_files() == 0


async def test_files_are_let_go_whatever_becomes_of_the_form(world: World) -> None:
    someone = await operator(world)
    with world.deployment.texts.incoming():
        assert open_files() == 1, "so it would be seen"
    assert (await check(someone, {"file-0": ("a.pdf", b"x" * 3_000_000)})).status == 422
    assert open_files() == 0
    shown = await check(someone, {"file-0": ("a.pdf", pdf("x" * 3_000_000))}, **{"language-1": ""})
    assert (shown.status, open_files()) == (200, 0)
    kept = [entry for entry in (world.path.parent / "texts").rglob("*") if entry.is_file()]
    assert len(kept) == 1, "under its digest, and no other"
    assert "is published" in (await publish(someone, shown)).text


async def test_no_other_page_takes_a_form_in_parts(world: World) -> None:
    someone = await operator(world)
    await someone.get(PATH)
    own = someone.client.cookies["agreegate-form"]
    takes = {path for page in PAGES for path in page.paths if "files" in page.opt}
    assert takes == {PATH}
    for path in (
        "/sign-out",
        "/customers/new",
        f"/customers/{cast.CEDAR}/confirmation",
        "/questions/P1/show",
        "/clock",
    ):
        body = Body(token_of(someone), head(), LARGEST, END)
        assert (await send(someone, body, path=path)).status in (403, 404), path
        assert body.taken <= 2 * PIECE
    answer = await someone.client.get(PATH, headers={"content-type": MULTIPART})
    assert answer.status_code == 403
    large = await someone.client.post(PATH, data={"_csrf_token": own, "note": "x" * LARGEST_FORM})
    assert large.status_code == 413, "words alone are taken as anywhere"


def inspections() -> dict[int, str]:
    """The limits of the processes of this one that inspect a document now."""
    children = [pid for listed in Path("/proc/self/task").glob("*/children") for pid in listed.read_text().split()]
    found = {}
    for pid in children:
        with suppress(OSError):  # it has ended meanwhile
            if b"agreegate.text_inspection" in Path(f"/proc/{pid}/cmdline").read_bytes():
                found[int(pid)] = Path(f"/proc/{pid}/limits").read_text()
    return found


async def test_the_gate_answers_during_an_inspection_and_one_beyond_its_time_is_refused(world: World) -> None:
    someone = await operator(world)
    space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    part = f'<x xmlns="{space}">{"<t/>" * 8_000_000}</x>'.encode()
    long = docx(more={"word/more.xml": part, "word/picture.png": os.urandom(400_000)})
    sent = asyncio.create_task(check(someone, {"file-0": ("long.docx", long)}, **{"language-1": ""}))
    processes: dict[int, str] = {}
    while not re.search(rf"Max cpu time +{LONGEST_INSPECTION} .*Max address space +{LARGEST_MEMORY} ", str(processes)):
        await asyncio.wait([sent], timeout=0.001)
        assert not sent.done()
        processes = inspections()
    assert (await world.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"
    assert not sent.done(), "the question was answered in between"
    [process] = processes
    os.kill(process, signal.SIGXCPU)  # as the system does once the limit is reached
    shown = await sent
    assert (shown.status, "is too complex to be checked" in shown.text) == (422, True)
    assert published(world) == []


LONG_AGO = "update session set seen_at = seen_at - 7200000000"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["Your session had ended.", "Choose this file again: it was not kept."]),
        ("fr", ["Votre session avait expiré.", "Choisissez à nouveau ce fichier"]),
    ],
)
async def test_after_a_session_that_ended_the_words_are_kept_and_the_files_are_asked_for_again(
    world: World, language: str, expected: list[str]
) -> None:
    someone = await operator(world, language)
    form = (await someone.get(f"{PATH}?texts=12")).page.form()
    fields = {**form.fields, **TYPED, "language-2": "de-DE"}
    world.change(LONG_AGO)
    words = {name: value for name, value in fields.items() if not name.startswith(("file-", "pdf-"))}
    body = in_parts(words, {**FILES, "pdf-1": ("français.pdf", pdf())}, ["file-2", "pdf-0", "pdf-2"])
    ended = await someone.client.post(f"{PATH}?texts=12", content=body, headers={"content-type": MULTIPART})
    assert ended.headers["location"] == "/sign-in?next=%2Fagreements%2Fpublish%3Ftexts%3D12"
    assert not (world.path.parent / "texts").exists(), "no file is kept for whom nobody knows"
    shown = await someone.sign_in(cast.OPERATOR_USER, f"{PATH}?texts=12")
    assert [sentence for sentence in expected if sentence not in shown.text] == []
    again = shown.page.form()
    assert {name: again.fields[name] for name in TYPED} == {name: [value] for name, value in TYPED.items()}
    assert [name for name in shown.page.ids if name.endswith("-mistake")] == [
        "file-0-mistake",
        "file-1-mistake",
        "pdf-1-mistake",
    ], "each that was chosen, and no other"
    checked = await send_parts(someone, again, FILES, f"{PATH}?texts=12", **{"language-2": ""})
    assert (checked.status, checked.page.form().fields["label"]) == (200, ["2018-09"])


async def test_a_session_that_ends_before_the_second_press_loses_nothing(world: World) -> None:
    someone = await operator(world)
    shown = await check(someone)
    world.change(LONG_AGO)
    ended = await someone.client.post(PATH, data={**shown.page.form().fields, "step": "publish"})
    assert ended.status_code == 303
    back = await someone.sign_in(cast.OPERATOR_USER, PATH)
    assert ("Sent already, and kept: english.md" in back.text, "Choose this file again" in back.text) == (True, False)
    assert published(world) == []
    again = await send_parts(someone, back.page.form(), {})
    assert "is published" in (await publish(someone, again)).text


async def test_nothing_is_read_for_somebody_who_never_signed_in_or_sends_anothers_token(world: World) -> None:
    someone = await operator(world)
    await someone.get(PATH)
    start = token_of(someone)
    world.change(LONG_AGO)
    body = Body(in_parts({"_csrf_token": "0" * 128}, {}, []).removesuffix(END[2:]), head(), LARGEST, END)
    assert (await send(someone, body)).status == 403
    assert body.taken <= 3 * PIECE
    too_much = Body(start, head(), 10 * LARGEST, END)
    assert (await send(someone, too_much)).status == 413
    someone.client.cookies.delete("agreegate")
    stranger = Body(start, head(), LARGEST, END)
    assert (await send(someone, stranger)).status == 303
    assert stranger.taken <= 2 * PIECE
    assert not (world.path.parent / "texts").exists()


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("english.md", "english.md"),
        ("C:\\texts\\english.md", "english.md"),
        ("../../etc/passwd.md", "passwd.md"),
        ("\u202egnp\u202c.md", "gnp.md"),
        ("a\0b\x1b[31m.md", "ab[31m.md"),
        (" .md ", ".md"),
        ("..", ".."),
        ("", ""),
        ("é" * 200 + ".docx", ("é" * 200 + ".docx")[-LONGEST_NAME:]),
    ],
)
def test_a_name_is_what_a_line_can_show(given: str, shown: str) -> None:
    assert shown_name(given) == shown
