"""`agreegate db`: what the operator sees."""

import os
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from agreegate.i18n import text
from agreegate.storage.engine.backup import back_up
from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.schema import latest
from agreegate.storage.engine.sqlite import connect
from agreegate.storage.invariant import INVARIANTS
from tests.cli.conftest import Agreegate
from tests.garbage.doors import check_said

EXAMPLE = Path(__file__).parents[2] / "docs" / "directory.example.toml"


def test_upgrade_makes_a_database_then_has_nothing_to_do(agreegate: Agreegate, tmp_path: Path) -> None:
    data = tmp_path / "new"
    made = agreegate("db", "upgrade", "--data", data)
    assert (made.status, made.err) == (0, "")
    assert made.out == f"The database in {data} is now at schema {latest()} ({latest()} steps).\n"
    assert agreegate("db", "upgrade", "--data", data).out.endswith("Nothing to do.\n")
    assert agreegate("directory", "apply", EXAMPLE, "--data", data).status == 0


def test_out_and_back(agreegate: Agreegate, tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    agreegate("directory", "apply", EXAMPLE, "--data", data)
    before = agreegate("directory", "show", "--data", data).out

    made = agreegate("db", "backup", copy, "--data", data, language="fr")
    assert made.status == 0
    assert made.out.startswith(f"Sauvegardé et vérifié\u00a0: {copy}")

    back = agreegate("db", "restore", copy, "--data", data, "--force")
    assert back.status == 0
    assert agreegate("directory", "show", "--data", data).out == before


def test_what_cannot_be_done_is_reported_in_one_line(agreegate: Agreegate, tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    agreegate("directory", "apply", EXAMPLE, "--data", data)
    agreegate("db", "backup", copy, "--data", data)
    foreign = tmp_path / "foreign"
    foreign.write_text("something else\n" * 1000)
    newer = tmp_path / "newer"
    agreegate("db", "upgrade", "--data", newer)
    with closing(apsw.Connection(str(newer / "agreegate.db"))) as connection:
        connection.pragma("user_version", latest() + 1)

    table: list[tuple[list[object], int, str]] = [
        (["backup", copy, "--data", data], 2, "--force"),
        (["backup", tmp_path, "--data", data], 1, "it is a folder"),
        (["backup", tmp_path / "no" / "copy", "--data", data], 1, "it does not exist"),
        (["backup", data / "agreegate.db", "--data", data, "--force"], 2, "the database itself"),
        (["backup", tmp_path / "x", "--data", tmp_path / "none"], 1, "agreegate db upgrade"),
        (["restore", copy, "--data", data], 2, "--force"),
        (["restore", foreign, "--data", tmp_path / "none"], 2, "not a backup"),
        (["restore", tmp_path / "nix", "--data", tmp_path / "none"], 1, "it does not exist"),
        (["restore", tmp_path, "--data", tmp_path / "none"], 1, "it is a folder"),
        (["restore", newer / "agreegate.db", "--data", tmp_path / "none"], 2, "Install the version"),
        (["upgrade", "--data", foreign], 1, "it is not a folder"),
        (["upgrade", "--data", newer], 1, "Install the version"),
        (["upgrade", "--database", "postgresql://x"], 2, "--data"),
    ]
    for typed, status, words in table:
        result = agreegate("db", *typed)
        assert (result.status, result.out, result.err.count("\n")) == (status, "", 1), typed
        assert words in result.err
    assert not (tmp_path / "none").exists()
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("typed", [["upgrade"], ["restore", "copy.db", "--force"]])
def test_a_folder_in_use_is_left_alone(agreegate: Agreegate, tmp_path: Path, typed: list[str]) -> None:
    data = tmp_path / "data"
    agreegate("directory", "apply", EXAMPLE, "--data", data)
    agreegate("db", "backup", tmp_path / "copy.db", "--data", data)
    serving = DataFolder(data)
    serving.claim()
    arguments = [tmp_path / word if word.endswith(".db") else word for word in typed]

    result = agreegate("db", *arguments, "--data", data)

    serving.release()
    assert result.status == 1
    assert "Stop it first" in result.err


def test_the_report_of_an_older_database_names_the_command_that_helps(agreegate: Agreegate, tmp_path: Path) -> None:
    agreegate("db", "upgrade", "--data", tmp_path)
    with closing(apsw.Connection(str(tmp_path / "agreegate.db"))) as connection:
        connection.pragma("user_version", 0)
    result = agreegate("directory", "show", "--data", tmp_path)
    assert result.status == 1
    assert "agreegate db upgrade" in result.err


@pytest.fixture
def data(agreegate: Agreegate, tmp_path: Path) -> Path:
    """A data folder with the directory of the example."""
    assert agreegate("directory", "apply", EXAMPLE, "--data", tmp_path / "data").status == 0
    return tmp_path / "data"


@pytest.mark.fault("C6")
@pytest.mark.parametrize("file", ["/dev/null", "PIPE"])
def test_a_device_is_no_place_for_a_file(agreegate: Agreegate, data: Path, tmp_path: Path, file: str) -> None:
    target = tmp_path / "pipe" if file == "PIPE" else Path(file)
    if file == "PIPE":
        os.mkfifo(target)
    for typed in (
        ["db", "backup", target, "--force"],
        ["agreements", "simulate", tmp_path, "--csv", target, "--force"],
        ["agreements", "simulate", tmp_path, "--rows", target, "--force"],
    ):
        check_said(agreegate(*typed, "--data", data), file, (2,))
    assert not target.is_file()


@pytest.mark.fault("C6")
def test_a_pipe_of_the_shell_is_read(agreegate: Agreegate, data: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, EXAMPLE.read_bytes())
    os.close(writing)
    result = agreegate("directory", "apply", f"/dev/fd/{reading}", "--dry-run", "--data", data)
    os.close(reading)
    assert (result.status, result.err) == (0, "")


HOSTILE = {
    "a table with a quote": 'create table "a""b" (x)',
    "a view for a table": "alter table text_file rename to elsewhere; create view text_file as select 1 as digest, 'x' as size",
    "no such column": "alter table text_file rename column digest to other",
    "a digest that leads out": "insert into text_version values (1, 't', 'v', 'l', 0, '', 0, 0, 'u', 1);"
    " insert into text_file values (1, 'US', 'en', '../../../' || printf('%055d', 0), 'm', 5, null, null)",
    "a size that is none": "insert into text_version values (1, 't', 'v', 'l', 0, '', 0, 0, 'u', 1);"
    f" insert into text_file values (1, 'US', 'en', '{'a' * 64}', 'm', 'many', null, null)",
    "a table that has its name": "create table backup_text (id text)",
    "a key that leads nowhere": "pragma foreign_keys = off; insert into customer_reseller values ('a', 'b', 'c', 0)",
}


@pytest.mark.fault("C6")
@pytest.mark.parametrize("what", HOSTILE)
def test_a_backup_made_to_harm(agreegate: Agreegate, data: Path, tmp_path: Path, what: str) -> None:
    file = tmp_path / "x.db"
    back_up(data / "agreegate.db", file)
    with closing(apsw.Connection(str(file))) as connection:
        connection.execute(HOSTILE[what])
    result = agreegate("db", "restore", file, "--data", tmp_path / "deep" / "other")
    check_said(result, what, (0, 1, 2))
    assert "disk space" not in result.err, (what, result.err)
    if not what.startswith("a table"):
        assert result.status == 2
        assert not (tmp_path / "deep" / "other" / "agreegate.db").exists()
    assert not (tmp_path / "deep" / "texts").exists()


def test_check_finds_nothing_in_a_whole_record_and_names_what_is_broken(agreegate: Agreegate, tmp_path: Path) -> None:
    data = tmp_path / "data"
    agreegate("directory", "apply", EXAMPLE, "--data", data)
    whole = agreegate("db", "check", "--data", data)
    assert (whole.status, whole.out) == (
        0,
        f"Nothing is wrong with the record in {data} ({len(INVARIANTS) + 2} checks).\n",
    )
    with closing(connect(data / "agreegate.db")) as connection:
        connection.execute("delete from tenant_domain")
    for language in ("en", "fr"):
        broken = agreegate("db", "check", "--data", data, language=language)
        [line] = broken.out.splitlines()
        beginning = text("invariant.domain-not-taken", language, places="")
        assert (broken.status, line.startswith(beginning)) == (3, True)
