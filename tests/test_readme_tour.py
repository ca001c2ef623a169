"""The tours that the READMEs lead to run word for word against a demo and show its answers. The READMEs agree."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
AGREEGATE = Path(sys.executable).parent / "agreegate"
TOURS = ("docs/tour.md", "docs/tour.fr.md")
PAIRS = (("README.md", "README.fr.md"), ("docs/process.md", "docs/process.fr.md"), TOURS)
"""Pages in English, with their French."""
WRITTEN_URL = "URL=http://127.0.0.1:8400\n"
MARK = "--- next block ---"


@dataclass(frozen=True)
class Block:
    """Lines to type, and lines that the README shows of what comes; it may leave out others in between."""

    typed: str
    shown: list[str]


def tour(page: str) -> list[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    found = re.findall(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", text, re.MULTILINE | re.DOTALL)
    assert text.count("```") == 2 * sum(1 + bool(shown) for _, shown in found), "a block that is not run"
    return [Block(typed, shown.splitlines()) for typed, shown in found]


@contextmanager
def demo(start: str, folder: Path) -> Iterator[str]:
    """What `make demo` starts, on a free port; where it answers."""
    line = re.fullmatch(r'make demo DEMO="(.*)"\n', start)
    assert line, start
    assert "agreegate demo $(DEMO)" in (ROOT / "Makefile").read_text(encoding="utf-8")
    command = [AGREEGATE, "demo", *shlex.split(line[1]), "--port", "0", "--data", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            ready = server.stdout.readline()
            assert ready.startswith("ready http://127.0.0.1:"), ready
            yield ready.removeprefix("ready ").strip()
        finally:
            server.terminate()


def typed(blocks: list[Block], url: str, path: str) -> list[list[str]]:
    """What a shell answers to the blocks, typed one after the other."""
    script = f"echo '{MARK}'\n".join(block.typed for block in blocks)
    assert script.count(WRITTEN_URL) == 1
    script = script.replace(WRITTEN_URL, f"URL={url}\n")
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=os.environ | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return [part.strip("\n").splitlines() for part in done.stdout.split(MARK)]


def stand_in(folder: Path) -> str:
    """A search path on which `curl` is the one of the tests."""
    folder.mkdir()
    curl = folder / "curl"
    curl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "tests" / "curl.py"}" "$@"\n', encoding="utf-8")
    curl.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.rule("R50")
@pytest.mark.parametrize(
    ("page", "own_curl"), [("docs/tour.md", False), ("docs/tour.fr.md", False), ("docs/tour.md", True)]
)
def test_the_tour_shows_what_comes(page: str, own_curl: bool, tmp_path: Path) -> None:
    first, *blocks = tour(page)
    path = stand_in(tmp_path / "bin") if own_curl or shutil.which("curl") is None else os.environ["PATH"]
    with demo(first.typed, tmp_path / "demo") as url:
        answers = typed(blocks, url, path)
    assert len(answers) == len(blocks)
    for block, came in zip(blocks, answers, strict=True):
        rest = iter(came)
        for line in block.shown:
            assert line in rest, f"{page} shows {line!r}; to {block.typed!r} came:\n" + "\n".join(came)


@pytest.mark.rule("R50")
@pytest.mark.parametrize("page", TOURS)
def test_the_tour_is_the_published_flow(page: str) -> None:
    steps = tour(page)
    shown = [block.shown[0] for block in steps if block.shown]
    assert shown == ["HTTP 200", "HTTP 403", "HTTP 200", "HTTP 201", "HTTP 200", "HTTP 201"]
    order = [line for block in steps for line in block.typed.splitlines() if line.endswith('/orders -d "$ORDER"')]
    assert len(order) == 2, "refused, then passed"
    assert len(set(order)) == 1, "the same order"
    confirmed = next(block.typed for block in steps if "primaryContact" in block.typed)
    assert all(member in confirmed for member in ("firstName", "lastName", "email", "dateAgreed"))


@pytest.mark.parametrize("pair", PAIRS)
def test_both_languages_have_the_same_commands(pair: tuple[str, str]) -> None:
    english, french = (
        re.findall(
            r"`((?:GET|POST|PUT|PATCH|make|agreegate) [^`]*|…/[^`]*)`", (ROOT / name).read_text(encoding="utf-8")
        )
        for name in pair
    )
    assert english == french


@pytest.mark.parametrize("readme", PAIRS[0])
def test_the_first_line_says_what_this_is_in_the_fields_words(readme: str) -> None:
    first = (ROOT / readme).read_text(encoding="utf-8").splitlines()[0]
    for word in ("API", "Microsoft", "Cloud") + (
        ("confirming customer acceptance", "dashboard", "automatic check", "self-hosted", "not affiliated")
        if readme == "README.md"
        else ("confirmer l’acceptation", "tableau de bord", "contrôle automatique", "auto-hébergé", "sans lien")
    ):
        assert word in first
