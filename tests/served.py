"""Servers that tests start as operators do, each a process of its own, and what they need: an issuer, a filled folder."""

import asyncio
import json
import os
import selectors
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from agreegate.domain.actor import Actor, Role, UserId
from agreegate.programme import load
from agreegate.services.confirmation import confirm
from agreegate.storage.engine.folder import DATABASE
from agreegate.storage.engine.sqlite import SqliteStore
from agreegate.storage.partner import partner_of
from tests import personas as cast
from tests.memory import DRAFT_CONFIRMATION, call

DIRECTORY = Path(__file__).parent.parent / "src" / "agreegate" / "demo" / "cast.toml"

AUDIENCE = "https://api.partnercenter.microsoft.com"


def new_key() -> RSAKey:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"})
    key.ensure_kid()
    return key


class Issuer:
    """An identity provider on loopback, whose keys can change."""

    def __init__(self) -> None:
        self.key = new_key()
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys = {"keys": [issuer.key.as_dict(private=False)]}
                described = {"jwks_uri": f"{issuer.url}/keys", "authorization_endpoint": f"{issuer.url}/authorize"}
                found = {"/keys": keys, "/.well-known/openid-configuration": described}
                body = json.dumps(found[self.path]).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, **changes: Any) -> str:
        claims = {
            "aud": AUDIENCE,
            "iss": self.url,
            "tid": cast.ALDER,
            "oid": cast.ALDER_SALES,
            "upn": "sales@alder.example",
            "scp": "user_impersonation",
            "appid": "tests",
            "nbf": int(time.time()) - 10,
            "exp": int(time.time()) + 600,
        }
        return jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims | changes, self.key)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.server.shutdown()
    made.server.server_close()


def agreegate(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from agreegate.cli import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"LANG": "C.UTF-8"} | variables,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def children(pid: int) -> set[int]:
    return {int(child) for file in Path(f"/proc/{pid}/task").glob("*/children") for child in file.read_text().split()}


def servers() -> set[int]:
    """The servers that this test started."""
    return {pid for pid in children(os.getpid()) if b"\0serve\0" in Path(f"/proc/{pid}/cmdline").read_bytes()}


Starter = Callable[..., httpx2.Client]


@pytest.fixture
def started(tmp_path: Path, issuer: Issuer) -> Iterator[Starter]:
    """Starts `agreegate serve` on a folder filled with the cast; gives a client of it."""
    running: list[subprocess.Popen[str]] = []
    clients: list[httpx2.Client] = []

    def start(*arguments: str, **variables: str) -> httpx2.Client:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-c", "from agreegate.cli import main; main()", "serve", "--port", str(port), "--data",
             str(tmp_path / "data"), "--public-url", f"http://127.0.0.1:{port}", "--token-issuer", issuer.url, *arguments],
            stdout=subprocess.PIPE, text=True, env=os.environ | variables,
        )  # fmt: skip
        running.append(process)
        assert process.stdout is not None
        with selectors.DefaultSelector() as waiting:
            waiting.register(process.stdout, selectors.EVENT_READ)
            assert waiting.select(timeout=60), "the server did not start in time"
        assert process.stdout.readline() == f"ready http://127.0.0.1:{port}\n"
        clients.append(httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30))
        return clients[-1]

    yield start
    for client in clients:
        client.close()
    for process in running:
        process.terminate()
        assert process.wait(timeout=30) is not None
        assert process.stdout is not None
        process.stdout.close()


def fill(tmp_path: Path) -> None:
    """The cast, as an operator would fill the directory."""
    upgraded = agreegate("db", "upgrade", "--data", str(tmp_path / "data"))
    assert upgraded.returncode == 0, upgraded.stderr
    filled = agreegate("directory", "apply", str(DIRECTORY), "--data", str(tmp_path / "data"))
    assert filled.returncode == 0, filled.stderr


YEAR = timedelta(days=365)


def confirmed_ahead(data: Path) -> None:
    """A confirmation of Cedar, recorded while the machine's clock was a year ahead."""
    store = SqliteStore(data / DATABASE, lambda: datetime.now(UTC) + YEAR)

    async def record() -> None:
        partner = await store.read(lambda uow: partner_of(uow, cast.ALDER))
        assert partner is not None
        actor = Actor(partner, frozenset({Role.SALES_AGENT}), UserId(cast.ALDER_SALES))
        await store.write(lambda uow: confirm(uow, call(actor), load(), cast.CEDAR, DRAFT_CONFIRMATION))

    asyncio.run(record())
    store.close()
