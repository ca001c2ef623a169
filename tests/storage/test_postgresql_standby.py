"""A standby answers with what was recorded a while ago, so the product does not read it: the gate and pages ask a primary."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agreegate.domain.error import StoreUnavailable
from agreegate.storage.engine.connections import STANDBY
from agreegate.storage.engine.postgresql import PostgresStore
from agreegate.storage.engine.postgresql_location import PostgresqlLocation
from tests.postgresql import Connection, programs

ASK = "select count(*) from partner"


class Standby:
    """A server with the schema that starts as a standby, and can be promoted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"postgresql://postgres@/postgres?host={folder}"
        self.as_user: list[str] = []
        if os.getuid() == 0:  # the server refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(folder, user.pw_uid, user.pw_gid)
            self.as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--"]
        self.run("initdb", "--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--pgdata")
        self.start()
        connection = Connection(self.url)
        connection.upgrade()
        connection.close()
        self.stop()
        (folder / "data" / "standby.signal").touch()
        self.start()

    def run(self, program: str, *arguments: str) -> None:
        data = self.folder / "data"
        subprocess.run(
            [*self.as_user, programs() / program, *arguments, data],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/",
        )  # fmt: skip

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        self.run("pg_ctl", "start", "-w", "-o", options, "-D")

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "-m", "fast", "-w", "-D")

    def promote(self) -> None:
        self.run("pg_ctl", "promote", "-w", "-D")


@pytest.fixture
def standby() -> Iterator[Standby]:
    folder = Path(tempfile.mkdtemp(prefix="agreegate-standby-"))
    made = Standby(folder)
    yield made
    made.stop()
    shutil.rmtree(folder)


async def test_a_standby_is_not_read_until_it_is_the_primary(standby: Standby) -> None:
    stores = [PostgresStore(standby.url), PostgresStore(standby.url, pooler=True)]
    for store in stores:
        for ask in (store.read, store.read_slow, store.write):
            with pytest.raises(StoreUnavailable, match=STANDBY):
                await ask(lambda uow: uow.fetch_one(ASK))
        with pytest.raises(StoreUnavailable, match=STANDBY):
            await store.fetch_all(ASK)
    with pytest.raises(StoreUnavailable, match=STANDBY):
        await PostgresqlLocation(standby.url).upgrade()
    standby.promote()
    for store in stores:
        assert await store.fetch_all(ASK) == [(0,)]
        await store.finish()
