"""A text's page is laid out once for each file, in a process of its own, and within limits (A7)."""

import asyncio
import io
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from agreegate.api.agreements import text_page
from agreegate.api.agreements.text_page import LaidOutTexts, pieces_of
from agreegate.domain.agreements.text import Digest
from agreegate.storage.agreements.text_file import TextFiles, measured
from agreegate.storage.agreements.text_store import FolderTextStore
from agreegate.text_preview import LARGEST_RENDERED, laid_out
from tests import personas as cast
from tests.texts import AMERICA, FRANCE_ENGLISH, publish
from tests.world import World

pytestmark = pytest.mark.fault("A7")
WORDS = b"\xef\xbb\xbf# Made up\n\nThe customer **pays**.\n"
LAID_OUT = "<h1>Made up</h1>\n<p>The customer <strong>pays</strong>.</p>\n"


async def preview(world: World, country: str = "US") -> httpx2.Response:
    path = f"/api/agreements/{cast.CLOUD_AGREEMENT}/text?country={country}&language=en-US"
    found = (await world.send(cast.ALDER_SALES, "GET", path)).json()
    return await world.send(None, "GET", urlsplit(found["displayUri"]).path)


def layouts() -> int:
    """How many processes of this one lay a text out now."""
    children = [pid for listed in Path("/proc/self/task").glob("*/children") for pid in listed.read_text().split()]
    count = 0
    for pid in children:
        with suppress(OSError):  # it has ended meanwhile
            count += b"agreegate.text_preview" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return count


def keep(texts: TextFiles, content: bytes) -> Digest:
    file = measured(io.BytesIO(content), "text.md")
    texts.keep(io.BytesIO(content), file.digest)
    return file.digest


def html(page: bytes) -> str:
    return b"".join(pieces_of(page)).decode()


async def test_a_text_is_shown_with_its_words_in_each_of_its_languages(world: World) -> None:
    await publish(world, {AMERICA: ("en.md", WORDS), FRANCE_ENGLISH: ("en.md", WORDS)})
    for country in ("US", "FR", "US"):
        assert LAID_OUT in (await preview(world, country)).text


async def test_a_text_is_laid_out_once_however_often_it_is_shown(tmp_path: Path) -> None:
    texts = TextFiles(tmp_path)
    digest, pages = keep(texts, WORDS), LaidOutTexts(FolderTextStore(texts))
    first = await pages.page_of(digest)
    assert html(first) == LAID_OUT
    for _ in range(3):
        assert await pages.page_of(digest) is first, "the page that was made before"


async def test_the_page_of_a_damaged_text_is_not_shown(world: World) -> None:
    await publish(world, {AMERICA: ("en.md", WORDS)})
    assert LAID_OUT in (await preview(world)).text
    [text] = [path for path in (world.path.parent / "texts").glob("*/*") if path.is_file()]
    text.write_bytes(WORDS.replace(b"pays", b"owes"))
    assert (await preview(world)).status_code == 503


async def test_pages_stay_in_memory_up_to_a_bound_those_shown_last(tmp_path: Path) -> None:
    texts = TextFiles(tmp_path)
    first, second, third, long = (
        keep(texts, content)
        for content in (b"# First\n", b"# Second\n", b"# Third\n", os.urandom(2_000).hex().encode())
    )
    pages = LaidOutTexts(FolderTextStore(texts), kept_bytes=60)  # two of the short ones
    made = [await pages.page_of(digest) for digest in (first, second)]
    assert await pages.page_of(first) is made[0]
    assert "Third" in html(await pages.page_of(third)), "in the place of the second"
    assert await pages.page_of(first) is made[0]
    again = await pages.page_of(second)
    assert again is not made[1]
    assert again == made[1]
    assert await pages.page_of(long) is not await pages.page_of(long), "longer than the bound: never kept"


async def test_the_gate_answers_while_a_text_is_laid_out(world: World) -> None:
    await publish(world, {AMERICA: ("en.md", b"Made *up*. [A](https://a.example)\n\n" * 4_000)})
    shown = asyncio.create_task(preview(world))
    while not layouts():
        await asyncio.wait([shown], timeout=0.001)
        assert not shown.done()
    assert (await world.ask(cast.ALDER_SALES, cast.CEDAR))["verdict"] == "allow"
    assert not shown.done(), "the question was answered in between"
    assert (await shown).status_code == 200


async def test_readers_at_the_same_time_wait_for_one_layout(tmp_path: Path) -> None:
    texts = TextFiles(tmp_path)
    digests = [keep(texts, f"# Text {number}\n\nMade up.\n".encode()) for number in range(2)]
    pages = LaidOutTexts(FolderTextStore(texts))
    readers = [asyncio.create_task(pages.page_of(digest)) for digest in digests for _ in range(4)]
    most = 0
    while not all(reader.done() for reader in readers):
        await asyncio.wait(readers, timeout=0.001, return_when=asyncio.FIRST_COMPLETED)
        most = max(most, layouts())
    assert most == 1, "one text at a time"
    for number, digest in enumerate(digests):
        shown = [reader.result() for reader in readers[4 * number : 4 * number + 4]]
        assert f"<h1>Text {number}</h1>" in html(await pages.page_of(digest))
        assert all(page is shown[0] for page in shown), "laid out once for all of them"


async def test_a_layout_that_is_given_up_is_not_begun_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = TextFiles(tmp_path)
    digest, pages = keep(texts, WORDS), LaidOutTexts(FolderTextStore(texts))
    monkeypatch.setattr(text_page, "LONGEST_WAIT", 0)
    shown = await pages.page_of(digest)
    assert html(shown) == f"<pre>{WORDS.decode('utf-8-sig')}</pre>"
    assert await pages.page_of(digest) is shown
    assert layouts() == 0


@pytest.mark.parametrize(
    "source",
    [
        "# A\n" + "x" * LARGEST_RENDERED,
        "[a]: https://a.example/" + "b" * 20_000 + "\n\n" + "[a] " * 1_000,
        "[a]: https://a.example\n" * 3,
    ],
    ids=["longer than is laid out", "would become a page of 20 MB", "nothing would be left"],
)
def test_what_is_over_the_limits_is_shown_as_it_is_written(source: str) -> None:
    assert laid_out(source) == f"<pre>{source}</pre>"


async def test_a_very_long_text_is_shown_whole(world: World) -> None:
    source = b"Made up & long.\n" * 80_000
    await publish(world, {AMERICA: ("en.md", source)})
    shown = await preview(world)
    assert shown.text.count("Made up &amp; long.") == 80_000


@pytest.mark.faults
def test_a_text_that_would_fill_the_memory_is_shown_as_it_is_written() -> None:
    source = "[a]: https://a.example/" + "b" * 20_000 + "\n\n" + "[a] " * 200_000
    command = [sys.executable, "-m", "agreegate.text_preview"]
    done = subprocess.run(command, input=source.encode(), capture_output=True, check=True)
    assert html(done.stdout) == f"<pre>{source}</pre>"


@pytest.mark.faults
def test_a_layout_that_takes_too_long_ends_as_it_is_written(tmp_path: Path) -> None:
    source, text = "[a][b" * 160_000, tmp_path / "text.md"
    text.write_text(source)
    command = [sys.executable, "-m", "agreegate.text_preview"]
    with text.open("rb") as content, subprocess.Popen(command, stdin=content, stdout=subprocess.PIPE) as process:
        spent, second = Path(f"/proc/{process.pid}/stat"), os.sysconf("SC_CLK_TCK")
        while int(spent.read_text().rpartition(")")[2].split()[11]) < second:
            assert process.poll() is None
        process.send_signal(signal.SIGXCPU)  # as the system does once the limit is reached
        shown, _ = process.communicate()
    assert (process.returncode, html(shown)) == (0, f"<pre>{source}</pre>")
