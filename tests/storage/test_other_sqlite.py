"""The record is an ordinary SQLite file: the interpreter's own module and Debian's command open and read it."""

import shutil
import sqlite3
import subprocess
from pathlib import Path

import pytest

from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import connect


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "agreegate.db"
    connection = connect(path)
    upgrade(connection)
    connection.execute(
        "insert into partner (partner_id, name, kind, cloud, account, domain, country, culture, profile_etag, created_at)"
        " values ('a', 'Éclair', 'direct_bill', 'public', 'production', 'a.example', 'FR', 'fr-FR', '1', 0)"
    )
    connection.close()
    return path


def test_the_interpreters_own_module_reads_every_table_and_may_write(record: Path) -> None:
    connection = sqlite3.connect(record)
    tables = connection.execute("select name, type from sqlite_master where type in ('table', 'view')").fetchall()
    assert len(tables) > 30
    for name, _ in tables:
        connection.execute(f'select * from "{name}"').fetchall()
    assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    assert connection.execute("pragma foreign_key_check").fetchall() == []
    connection.execute("update partner set name = 'Eclair' where partner_id = 'a'")
    connection.close()


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="sqlite3 is not installed")
def test_the_command_of_the_system_reads_it(record: Path) -> None:
    asked = "select name from partner; pragma integrity_check;"
    done = subprocess.run(["sqlite3", str(record), asked], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Éclair", "ok"]
