"""The house keeps its shape: arrows between parts, module length, pure rules, and every sentence in both languages."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tools import architecture, translations

ROOT = Path(__file__).resolve().parent.parent


def test_imports_point_one_way_and_modules_stay_short() -> None:
    assert list(architecture.breaches()) == []


@pytest.mark.fault("F5")
@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("domain", "import uuid\nnew = uuid.uuid4()"),
        ("services", "import uuid as ids\nnew = ids.uuid1()"),
        ("services", "from uuid import uuid4"),
        ("domain", "import datetime as d\nnow = d.datetime.now(d.UTC)"),
        ("domain", "from datetime import datetime as Instant\nnow = Instant.utcnow()"),
        ("services", "from datetime import date\nread = date.today"),
        ("domain", "text = open('x').read()"),
        ("services", "import tempfile"),
        ("domain", "from tempfile import mkdtemp"),
        ("domain", "import os.path"),
        ("domain", "def late():\n    import time"),
        ("domain", "from ..storage import sqlite"),
        ("domain", "from .. import api"),
        ("domain", "from ..services.gate import ask"),
        ("storage", "from ..services import gate"),
        ("domain", "import msgspec"),
        ("services", "import uuid\nnew = uuid.uuid7()"),
        ("services", "from uuid import *"),
        ("domain", "import builtins\nbuiltins.open('x')"),
        ("domain", "import datetime as d\nInstant = d.datetime\nnow = Instant.now()"),
        ("services", "read = open\nread('x')"),
        ("services", "__import__('time').time()"),
        ("services", "import importlib"),
        ("domain", "import urllib.request"),
    ],
)
def test_what_a_part_may_not_use_is_found(part: str, text: str) -> None:
    assert list(architecture.breaches_in(text, part, ("agreegate", part)))


@pytest.mark.fault("F5")
@pytest.mark.parametrize(
    ("part", "text"),
    [
        ("domain", "import uuid\nread = uuid.UUID('x')"),
        ("domain", "from datetime import datetime\nread = datetime.fromisoformat('2018-08-07')"),
        ("domain", "from .errors import NotFound"),
        ("domain", "from . import errors"),
        ("services", "from ..domain import gate"),
        ("api", "from ..services import gate"),
        ("storage", "import os, time, tempfile\nopen('x')"),
        ("domain", "def opened(door): return door.open()"),
    ],
)
def test_what_a_part_may_use_passes(part: str, text: str) -> None:
    assert list(architecture.breaches_in(text, part, ("agreegate", part))) == []


@pytest.mark.fault("F5")
def test_a_long_migration_is_found_unless_it_is_released(tmp_path: Path) -> None:
    for name in ("0001_initial.sql", "0002_new.sql"):
        (tmp_path / name).write_text("--\n" * 401, encoding="utf-8")
    found = [breach.partition(":")[0] for breach in architecture.breaches(tmp_path)]
    assert found == [f"{tmp_path.name}/0002_new.sql"]


def test_every_sentence_is_there_in_english_and_french_and_used() -> None:
    assert list(translations.faults()) == []


@pytest.mark.fault("F11")
@pytest.mark.parametrize("status", [0, 1])
def test_make_test_prints_its_time_at_its_end_and_keeps_its_status(tmp_path: Path, status: int) -> None:
    (tmp_path / "pytest").write_text(f"#!/bin/sh\nexit {status}\n", encoding="utf-8")
    (tmp_path / "pytest").chmod(0o755)
    done = subprocess.run(
        ["make", "test", f"BIN={tmp_path}", "READY=", "CHROMIUM=none"],
        cwd=ROOT,
        env=os.environ | {"CHROMIUM": "none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is (status == 0)
    assert re.search(r"^make test took \d+ min \d+ s$", done.stdout.strip().splitlines()[-1])
