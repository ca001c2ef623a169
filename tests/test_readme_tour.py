"""The tours of the READMEs, run word for word against a demo: what they show is what comes."""

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
TOURS = {"README.md": "## A tour of five minutes", "README.fr.md": "## Une visite de cinq minutes"}
WRITTEN_URL = "URL=http://127.0.0.1:8400\n"
MARK = "--- next block ---"


@dataclass(frozen=True)
class Block:
    """Lines to type, and lines that the README shows of what comes; it may leave out others in between."""

    typed: str
    shown: list[str]


def tour(readme: str) -> list[Block]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    section = text.partition(TOURS[readme])[2].partition("\n## ")[0]
    found = re.findall(r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?", section, re.MULTILINE | re.DOTALL)
    assert section.count("```") == 2 * sum(1 + bool(shown) for _, shown in found), "a block that is not run"
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
@pytest.mark.parametrize(("readme", "own_curl"), [("README.md", False), ("README.fr.md", False), ("README.md", True)])
def test_the_tour_shows_what_comes(readme: str, own_curl: bool, tmp_path: Path) -> None:
    first, *blocks = tour(readme)
    path = stand_in(tmp_path / "bin") if own_curl or shutil.which("curl") is None else os.environ["PATH"]
    with demo(first.typed, tmp_path / "demo") as url:
        answers = typed(blocks, url, path)
    assert len(answers) == len(blocks)
    for block, came in zip(blocks, answers, strict=True):
        rest = iter(came)
        for line in block.shown:
            assert line in rest, f"{readme} shows {line!r}; to {block.typed!r} came:\n" + "\n".join(came)


@pytest.mark.rule("R50")
@pytest.mark.parametrize("readme", list(TOURS))
def test_the_tour_is_the_published_flow(readme: str) -> None:
    steps = tour(readme)
    shown = [block.shown[0] for block in steps if block.shown]
    assert shown == ["HTTP 200", "HTTP 403", "HTTP 200", "HTTP 201", "HTTP 200", "HTTP 201"]
    order = [line for block in steps for line in block.typed.splitlines() if line.endswith('/orders -d "$ORDER"')]
    assert len(order) == 2, "refused, then passed"
    assert len(set(order)) == 1, "the same order"
    confirmed = next(block.typed for block in steps if "primaryContact" in block.typed)
    assert all(member in confirmed for member in ("firstName", "lastName", "email", "dateAgreed"))


def test_both_readmes_have_the_same_commands() -> None:
    english, french = (
        re.findall(
            r"`((?:GET|POST|PUT|PATCH|make|agreegate) [^`]*|…/[^`]*)`", (ROOT / name).read_text(encoding="utf-8")
        )
        for name in TOURS
    )
    assert english == french


@pytest.mark.parametrize("readme", list(TOURS))
def test_the_first_line_says_what_this_is_in_the_fields_words(readme: str) -> None:
    first = (ROOT / readme).read_text(encoding="utf-8").splitlines()[0]
    for word in ("API", "Microsoft", "Cloud") + (
        ("confirming customer acceptance", "dashboard", "automatic check", "self-hosted", "not affiliated")
        if readme == "README.md"
        else ("confirmer l’acceptation", "tableau de bord", "contrôle automatique", "auto-hébergé", "sans lien")
    ):
        assert word in first
