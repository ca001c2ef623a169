"""A real Chromium, and the demo in a process of its own for each test."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.faults.server import Server

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""No sandbox, because tests may run as root; no word to anybody but the demo."""


def chromium() -> str:
    """Where the browser is."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing. Install it (Debian: apt-get install chromium), or name it: CHROMIUM=/path/to/it."
    return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, or the one that CHROMIUM names, started once."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts the demo at an instant."""
    started: list[Server] = []

    def start(at: str, *arguments: str) -> Server:
        server = Server(tmp_path / f"demo-{len(started)}", *arguments, at=at)
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()
