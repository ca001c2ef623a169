"""A test runs every block of commands and requests that a page shows, or a list here says why no test does.

Commands and requests that a sentence names exist: program, options, route.
"""

import hashlib
import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import click
import httpx2
import pytest

from agreegate.cli import Agreegate
from agreegate.cli.words import Words
from tests import personas as cast
from tests.cli.conftest import Agreegate as Typed
from tests.texts import AMERICA, docx, pdf, publish
from tests.world import API_ENFORCED, World

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    "README.md",
    "README.fr.md",
    "CONTRIBUTING.md",
    "ARCHITECTURE.md",
    "bench/README.md",
    *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
    *sorted(f"docs/operations/{path.name}" for path in (ROOT / "docs" / "operations").glob("*.md")),
)

WHOLE_PAGES = {
    "docs/tour.md": "tests/test_readme_tour.py::test_the_tour_shows_what_comes",
    "docs/tour.fr.md": "tests/test_readme_tour.py::test_the_tour_shows_what_comes",
    "docs/wire.md": "tests/test_docs_wire.py::test_every_block_is_an_example_that_is_sent",
}
"""The test that runs each block of a page, and fails when it does not know one."""
OTHER_TESTS = {
    ("docs/agreements.md", 'template = "MicrosoftCloudAgreement"'): "test_the_commands_of_a_page_succeed_in_order",
    ("docs/agreements.md", "curl -X POST "): "test_the_confirmation_of_the_page_is_recorded",
    ("docs/agreements.md", 'curl -s "$downloadUri"'): "test_the_digest_of_a_download_is_the_one_shown",
    ("docs/gate.md", "curl -X POST "): "test_the_batch_of_the_page_is_answered",
    ("docs/operations.md", "AGREEGATE_DATA="): (
        "tests/test_docs_operations.py::test_the_example_of_an_environment_lets_people_sign_in_to_pages"
    ),
    ("docs/operations.md", "agreegate db copy"): (
        "tests/cli/test_db_copy.py::test_the_commands_of_the_page_move_a_record"
    ),
    ("docs/operations.md", "agreegate db upgrade --database"): (
        "tests/storage/test_postgresql_dump.py::test_the_commands_of_the_page_make_and_copy_a_record"
    ),
    ("docs/operations.md", "pg_dump "): (
        "tests/storage/test_postgresql_dump.py::test_the_commands_of_the_page_make_and_copy_a_record"
    ),
    ("docs/operations/failover.md", "scope: agreegate"): (
        "tests/test_docs_failover.py::test_the_page_shows_the_files_that_the_program_runs"
    ),
    ("docs/operations/failover.md", "global"): (
        "tests/test_docs_failover.py::test_the_page_shows_the_files_that_the_program_runs"
    ),
    ("docs/programmes.md", 'name = "larkspur"'): (
        "tests/test_docs_programmes.py::test_the_gate_opens_and_closes_on_the_days_the_page_names"
    ),
    ("docs/programmes.md", "larkspur.toml, line 16"): (
        "tests/test_docs_programmes.py::test_a_mistake_is_answered_with_the_sentence_on_the_page"
    ),
}
"""By page and beginning, the test that runs a block which is not a series of `agreegate` commands."""
NOT_RUN = {
    ("docs/operations.md", "git clone "): "installs from the reader's own source address and from the network",
    ("docs/operations.md", "useradd "): "makes a user of the machine, as root",
    ("docs/operations.md", "[Unit]"): "a file for systemd; the server that it starts is started by `test_serve.py`",
}
"""By page and beginning, why no test runs a block."""
NOT_TYPED = {
    "systemctl": "works on the services of the machine, as root",
    "journalctl": "reads the journal of the machine",
    "sudo": "needs root",
    "patronictl": "works on a cluster of databases; `make failover` asks the same of Patroni's REST API",
    ".venv/bin/python": "needs a cluster of databases: `make failover`",
    "openssl": "makes a random text; any other will do",
    "git": "fetches from the reader's own source address",
    ".venv/bin/uv": "writes the locked packages, for an installation from the network",
    "/opt/agreegate/bin/pip": "installs packages from the network",
}
"""By program, why no test runs what a sentence shows of it."""

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    text: str

    @property
    def commands(self) -> list[list[str]]:
        """Its lines as words, where each is a command of ours; else nothing."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [shlex.split(line) for line in lines] if all(line.startswith("agreegate ") for line in lines) else []


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> list[Block]:
    return [
        Block(page, re.sub(rf"^{indent}", "", text, flags=re.MULTILINE))
        for indent, _, text in _FENCE.findall(read(page))
    ]


BLOCKS = [block for page in PAGES if page not in WHOLE_PAGES for block in blocks(page)]
SPANS = sorted({span for page in PAGES for span in _SPAN.findall(_FENCE.sub("", read(page)))})
DEMO_REQUESTS = {
    "POST /generatetoken": "tests/demo/test_generatetoken.py::test_a_users_token_becomes_one_that_every_call_takes",
    "PUT /api/sandbox/clock": "tests/demo/test_demo.py::test_auto_renewal_runs_without_a_confirmation",
}
"""Requests that only a demo answers, and the test that sends each."""
COMMAND_PAGES = sorted({block.page for block in BLOCKS if block.commands})
SERVED = sorted({shlex.join(line) for block in BLOCKS for line in block.commands if line[1] == "serve"})


def named(pattern: str) -> list[str]:
    """The spans of the sentences that begin like this."""
    return [span for span in SPANS if re.match(pattern, span)]


@pytest.mark.parametrize("page", PAGES)
def test_every_fence_is_found(page: str) -> None:
    assert read(page).count("```") == 2 * len(blocks(page))


def test_every_block_is_run_or_listed_with_its_reason() -> None:
    listed = OTHER_TESTS | NOT_RUN
    met = {key for block in BLOCKS for key in listed if block.page == key[0] and block.text.startswith(key[1])}
    assert met == listed.keys(), "listed, and on no page"
    unknown = [
        block
        for block in BLOCKS
        if not block.commands and not any(block.page == page and block.text.startswith(first) for page, first in met)
    ]
    assert not unknown, "run it by a test that OTHER_TESTS names, or say in NOT_RUN why not"


@pytest.mark.parametrize("named", sorted({*WHOLE_PAGES.values(), *OTHER_TESTS.values(), *DEMO_REQUESTS.values()}))
def test_each_named_test_is_there(named: str) -> None:
    module, _, function = named.rpartition("::")
    text = (ROOT / module if module else Path(__file__)).read_text(encoding="utf-8")
    assert re.search(rf"^(?:async )?def {function}\(", text, re.MULTILINE)


def a_year_far_ahead(text: str) -> str:
    """The version of the page, so that it has yet to take effect whenever the test runs."""
    return text.replace("2027-", "2997-")


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that the pages tell their reader to write."""
    directory = read("docs/directory.example.toml")
    for name in ("partners.toml", "partenaires.toml"):
        (tmp_path / name).write_text(directory, encoding="utf-8")
    [manifest] = [block.text for block in BLOCKS if block.text.startswith("template = ")]
    [programme] = [block.text for block in BLOCKS if block.text.startswith("name = ")]
    version, next_version = tmp_path / "2997-01", tmp_path / "2997-02"
    for folder in (version, next_version):
        folder.mkdir()
        text = a_year_far_ahead(manifest).replace('label = "2997-01"', f'label = "{folder.name}"')
        (folder / "manifest.toml").write_text(text, encoding="utf-8")
    (version / "english.docx").write_bytes(docx())
    (version / "english.pdf").write_bytes(pdf())
    (version / "french.docx").write_bytes(docx(more={"word/fr": b"fr"}))
    (tmp_path / "larkspur.toml").write_text(programme, encoding="utf-8")
    (tmp_path / "backup").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def here(line: list[str], folder: Path) -> list[str]:
    """The words of a command, with the reader's folders in place of those of a server."""
    return [a_year_far_ahead(re.sub(r"^(?=/srv/|/backup/)", str(folder), word)) for word in line[1:]]


@pytest.mark.parametrize("page", COMMAND_PAGES)
def test_the_commands_of_a_page_succeed_in_order(agreegate: Typed, reader: Path, page: str) -> None:
    (reader / "srv").mkdir()
    assert agreegate("directory", "apply", "partners.toml", "--data", reader / "srv" / "agreegate").status == 0
    for block in blocks(page):
        for line in block.commands:
            if line[1] != "serve" and not any(word.startswith("postgresql://") for word in line):
                said = agreegate(*here(line, reader))
                assert said.status == 0, (line, said.err)


@pytest.mark.parametrize("command", SERVED)
def test_a_server_starts_as_shown(command: str, reader: Path) -> None:
    (reader / "srv").mkdir()
    typed = [sys.executable, "-c", "from agreegate.cli import main; main()", *here(shlex.split(command), reader)]
    with subprocess.Popen([*typed, "--port", "0"], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline().startswith("ready http://127.0.0.1:")
        finally:
            server.terminate()
    assert server.returncode == 0


async def sent_as_shown(world: World, page: str) -> httpx2.Response:
    """The answer to the page's one `curl -X POST`, sent by a seller."""
    [shown] = [block.text for block in BLOCKS if block.page == page and block.text.startswith("curl -X POST ")]
    _, _, method, url, *options = shlex.split(shown.replace("\\\n", " "))
    given = dict(zip(options[::2], options[1::2], strict=True))
    return await world.send(cast.ALDER_SALES, method, urlsplit(url).path, json.loads(given["-d"]))


async def test_the_batch_of_the_page_is_answered(world: World) -> None:
    world.clock.now = API_ENFORCED
    answer = await sent_as_shown(world, "docs/gate.md")
    assert [one["verdict"] for one in answer.json()["decisions"]] == ["deny", "deny"]


async def test_the_confirmation_of_the_page_is_recorded(world: World) -> None:
    world.clock.now = API_ENFORCED
    await publish(world, {AMERICA: ("en.docx", docx())}, label="2017-08-01")
    answer = await sent_as_shown(world, "docs/agreements.md")
    assert answer.status_code == 201, answer.text
    assert answer.json()["text"]["basis"] == "stated"


async def test_the_digest_of_a_download_is_the_one_shown(world: World) -> None:
    await publish(world, {AMERICA: ("en.docx", docx())})
    path = f"/api/agreements/{cast.CLOUD_AGREEMENT}/text?country=US&language=en-US"
    metadata = (await world.send(cast.ALDER_SALES, "GET", path)).json()
    came = await world.send(None, "GET", urlsplit(metadata["downloadUri"]).path)
    assert hashlib.sha256(came.content).hexdigest() == metadata["digest"]


@pytest.mark.parametrize("typed", named(r"(?:\.venv/bin/)?agreegate [a-z]"))
def test_a_command_in_a_sentence_is_one_with_these_options(typed: str) -> None:
    first, *words = shlex.split(typed)[1:]
    group = Agreegate(Words("en"))
    command = group.get_command(click.Context(group), first)
    assert command is not None
    if isinstance(command, click.Group) and words:
        command = command.commands[words[0]]
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("typed", named("make "))
def test_a_target_in_a_sentence_is_one(typed: str) -> None:
    assert re.search(rf"^{shlex.split(typed)[1]}:", read("Makefile"), re.MULTILINE)


@pytest.mark.parametrize("typed", named(r"(?:\.venv/bin/)?(?:python3?|pytest) "))
def test_a_python_program_in_a_sentence_is_there(typed: str) -> None:
    program, *words = shlex.split(typed)
    if words[0] == "-m":
        assert find_spec(words[1])
    elif words[0] == "-c":
        assert subprocess.run([sys.executable, *words], capture_output=True, check=True).stdout
    else:
        assert (ROOT / words[0]).exists(), program


def test_what_else_a_sentence_names_is_listed_with_its_reason() -> None:
    """A span is a command when it has words, and begins with the name of a program or a path to one."""
    foreign = {
        span.split()[0]
        for span in named(
            r"(?:systemctl|journalctl|sudo|openssl|patronictl|git|curl|pip|\.venv/bin/(?:uv|python)|/opt/\S+/bin/\S+) "
        )
    }
    assert foreign == NOT_TYPED.keys()


async def test_a_request_in_a_sentence_has_a_route(world: World) -> None:
    """Without a token: the answer is 401 where there is a route, and 404 where there is none."""
    for typed in named(r"(?:GET|POST|PUT|PATCH|DELETE|HEAD) /"):
        method, path = typed.split(" ", 1)
        if typed not in DEMO_REQUESTS:
            answer = await world.send(None, method, re.sub(r"\{[^}]*\}|…", cast.CEDAR, path))
            assert answer.status_code not in {404, 405}, typed
