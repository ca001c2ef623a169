"""Agreegate behind PgBouncer, which gives each transaction any of a few connections of its own."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest

from tests import personas as cast
from tests.postgresql import drop_databases, new_database, server
from tests.served import DIRECTORY, Issuer, Starter, agreegate

MISSING = "PgBouncer is missing: install the package pgbouncer, or have it on the PATH"
CONNECTIONS = 2
"""Connections of the pooler for each database: fewer than clients."""
PORT = 6432
"""Of a socket in a folder of its own."""


@pytest.fixture(scope="module")
def pooler() -> Iterator[Path]:
    """The folder with the socket of a pooler of transactions before the tests' server."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, MISSING
    folder = Path(tempfile.mkdtemp(prefix="agreegate-pgbouncer-"))
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={server().folder} user=postgres\n[pgbouncer]\npool_mode = transaction\nlisten_addr =\n"
        f"listen_port = {PORT}\nunix_socket_dir = {folder}\nauth_type = any\ndefault_pool_size = {CONNECTIONS}\n"
        f"logfile = {folder}/log\npidfile = {folder}/pid\n"
    )
    as_user: list[str] = []
    if os.getuid() == 0:  # it refuses to run as root
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
        settings.chmod(0o644)
    process = subprocess.Popen([*as_user, program, "-q", settings], stderr=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while not (folder / f".s.PGSQL.{PORT}").exists():
        assert process.poll() is None, (folder / "log").read_text()
        assert time.monotonic() < end, "the pooler did not start in time"
        time.sleep(0.02)
    yield folder
    process.terminate()
    process.wait(timeout=30)
    shutil.rmtree(folder)


@pytest.fixture
def database(pooler: Path) -> Iterator[str]:
    """The URL, through the pooler, of a database with the cast: the commands make it through the pooler, too."""
    direct = new_database()
    url = direct.replace(f"host={server().folder}", f"host={pooler}&port={PORT}")
    for command in (["db", "upgrade"], ["directory", "apply", str(DIRECTORY)]):
        done = agreegate(*command, "--database", url)
        assert done.returncode == 0, done.stderr
    yield url
    drop_databases([direct])


def test_many_clients_share_the_poolers_connections(
    tmp_path: Path, database: str, started: Starter, issuer: Issuer
) -> None:
    key = tmp_path / "form-key"
    key.write_text("a secret of the tests")
    client = started(
        "--database", database, "--form-key-file", str(key), "--workers", "2", "--pooler", "--allow-unsafe-database"
    )
    headers = {"Authorization": f"Bearer {issuer.token()}"}
    asked = {"customerId": cast.DOGWOOD, "action": "new_purchase", "channel": "api"}

    def confirm(number: int) -> int:
        confirmation = {
            "primaryContact": {"firstName": "Samuel", "lastName": "Okoro", "email": f"samuel{number}@dogwood.example"},
            "templateId": cast.CLOUD_AGREEMENT,
            "dateAgreed": "2018-11-01T00:00:00Z",
            "type": "MicrosoftCloudAgreement",
            "userId": cast.ALDER_SALES,
        }
        return client.post(f"/v1/customers/{cast.DOGWOOD}/agreements", json=confirmation, headers=headers).status_code

    def ask(_: int) -> str:
        answer: httpx2.Response = client.post("/api/gate/decisions", json=asked, headers=headers)
        return str(answer.json()["verdict"])

    assert ask(0) == "deny"
    with ThreadPoolExecutor(8) as clients:
        recorded = list(clients.map(confirm, range(24)))
        verdicts = set(clients.map(ask, range(40)))
        lists = {
            page.status_code for page in clients.map(lambda _: client.get("/v1/customers", headers=headers), range(8))
        }
    assert recorded == [201] * 24
    assert verdicts == {"allow"}
    assert lists == {200}
    kept = client.get(f"/v1/customers/{cast.DOGWOOD}/agreements", headers=headers).json()
    assert kept["totalCount"] == 24
    checked = agreegate("db", "check", "--database", database)
    assert checked.returncode == 0, checked.stdout
