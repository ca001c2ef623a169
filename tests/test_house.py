"""The house keeps its shape: arrows between parts, module length, pure rules, and every sentence in both languages."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tools import architecture, private_names

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


PROTOCOL = "from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as Base\n"
PRIVATE = {
    "a private module": "from litestar._parsers import parse_query_string",
    "a private module as a whole": "import litestar._parsers",
    "a private name": "from litestar.handlers import _x",
    "an attribute": "import uvicorn\nuvicorn.config._x",
    "an attribute of what is returned": "import uvicorn\nuvicorn.Config('x')._x()",
    "reflection": "import uvicorn\ngetattr(uvicorn, '_x')",
    "reflection that changes": "import uvicorn\nsetattr(uvicorn, '_x', 1)",
    "a replaced method": f"{PROTOCOL}class Ours(Base):\n    def _start_asgi_task(self, *given): ...",
    "a replaced attribute": "from litestar.middleware.session.server_side import ServerSideSessionConfig\n"
    "class Ours(ServerSideSessionConfig):\n    _backend_class = None",
    "a called method": f"{PROTOCOL}class Ours(Base):\n    def ours(self): self._unset_keepalive_if_required()",
    "a method of super": f"{PROTOCOL}class Ours(Base):\n    def ours(self): super()._get_upgrade()",
    "an attribute that the base sets": "from litestar import Request\n"
    "class Ours(Request[int, int, int]):\n    def ours(self): return self._connection_state",
    "a base of a base": f"{PROTOCOL}class Ours(Base): ...\nclass Lower(Ours):\n    def _get_upgrade(self): ...",
    "a class in a function": f"{PROTOCOL}def f():\n    class Ours(Base):\n        def _get_upgrade(self): ...",
}


def found_in(folder: Path, text: str) -> list[str]:
    package = folder / "agreegate"
    package.mkdir()
    (package / "module.py").write_text(text)
    return list(private_names.breaches([package]))


@pytest.mark.parametrize("name", PRIVATE)
def test_private_names_of_other_packages_are_found(name: str, tmp_path: Path) -> None:
    assert len(found_in(tmp_path, PRIVATE[name])) == 1


@pytest.mark.parametrize(
    "text",
    [
        "from __future__ import annotations\nimport sys\nsys.modules[__name__].__doc__",
        "class Ours:\n    def __init__(self): self._x = 1\n    def ours(self): return self._x",
        f"{PROTOCOL}class Ours(Base):\n    def _ours(self): return super().on_body(self._x)",
        "from agreegate.api.gate import _x",
    ],
)
def test_names_that_are_public_or_ours_pass(text: str, tmp_path: Path) -> None:
    assert found_in(tmp_path, text) == []


def test_no_private_name_of_another_package_is_used() -> None:
    assert list(private_names.breaches(architecture.PACKAGES)) == []


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


def test_folders_stay_narrow(tmp_path: Path) -> None:
    assert list(architecture.wide_folders()) == []
    for number in range(architecture.WIDEST + 1):
        (tmp_path / f"m{number}.py").write_text("", encoding="utf-8")
    assert [breach.partition(":")[0] for breach in architecture.wide_folders(tmp_path)] == [tmp_path.name]


def test_test_modules_do_not_import_each_other() -> None:
    assert list(architecture.imports_of_tests()) == []


@pytest.mark.parametrize(
    "text",
    [
        "from tests.wire.test_orders import LINES",
        "from tests.wire import test_orders",
        "import tests.wire.test_orders as orders",
        "from .test_orders import LINES",
        "def late():\n    from tests.test_serve import fill",
    ],
)
def test_an_import_from_a_test_module_is_found(text: str, tmp_path: Path) -> None:
    (tmp_path / "tests" / "wire").mkdir(parents=True)
    (tmp_path / "tests" / "wire" / "test_carts.py").write_text(f"from tests.wire.requests import LINES\n{text}")
    assert len(list(architecture.imports_of_tests(tmp_path / "tests"))) == 1


@pytest.mark.fault("F11")
@pytest.mark.parametrize("status", [0, 1])
def test_make_test_prints_its_time_at_its_end_and_keeps_its_status(tmp_path: Path, status: int) -> None:
    (tmp_path / "pytest").write_text(f"#!/bin/sh\nexit {status}\n", encoding="utf-8")
    (tmp_path / "pytest").chmod(0o755)
    done = subprocess.run(
        ["make", "test", f"BIN={tmp_path}", "READY=", "CHROMIUM=none"],
        cwd=ROOT,
        # As in a shell: a make that is run by a make also says which folder it leaves.
        env={name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}}
        | {"CHROMIUM": "none"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is (status == 0)
    assert re.search(r"^make test took \d+ min \d+ s$", done.stdout.strip().splitlines()[-1])
