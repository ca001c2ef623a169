"""`agreegate db`: what the operator sees."""

from contextlib import closing
from pathlib import Path

import apsw
import pytest

from agreegate.storage.folder import DataFolder
from agreegate.storage.schema import latest
from tests.cli.conftest import Agreegate

EXAMPLE = Path(__file__).parents[2] / "docs" / "directory.example.toml"


def test_upgrade_makes_a_database_then_has_nothing_to_do(agreegate: Agreegate, tmp_path: Path) -> None:
    data = tmp_path / "new"
    made = agreegate("db", "upgrade", "--data", data)
    assert (made.status, made.err) == (0, "")
    assert made.out == f"The database in {data} is now at schema {latest()} ({latest()} step(s)).\n"
    assert agreegate("db", "upgrade", "--data", data).out.endswith("Nothing to do.\n")
    assert agreegate("directory", "apply", EXAMPLE, "--data", data).status == 0


def test_out_and_back(agreegate: Agreegate, tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy.db"
    agreegate("directory", "apply", EXAMPLE, "--data", data)
    before = agreegate("directory", "show", "--data", data).out

    made = agreegate("db", "backup", copy, "--data", data, language="fr")
    assert made.status == 0
    assert made.out.startswith(f"Sauvegardé et vérifié : {copy}")

    back = agreegate("db", "restore", copy, "--data", data, "--force")
    assert back.status == 0
    assert agreegate("directory", "show", "--data", data).out == before


def test_what_cannot_be_done_is_told_in_one_line(agreegate: Agreegate, tmp_path: Path) -> None:
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
    for typed, status, told in table:
        said = agreegate("db", *typed)
        assert (said.status, said.out, said.err.count("\n")) == (status, "", 1), typed
        assert told in said.err
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

    said = agreegate("db", *arguments, "--data", data)

    serving.release()
    assert said.status == 1
    assert "Stop it first" in said.err


def test_an_older_database_is_told_which_command_helps(agreegate: Agreegate, tmp_path: Path) -> None:
    agreegate("db", "upgrade", "--data", tmp_path)
    with closing(apsw.Connection(str(tmp_path / "agreegate.db"))) as connection:
        connection.pragma("user_version", 0)
    said = agreegate("directory", "show", "--data", tmp_path)
    assert said.status == 1
    assert "agreegate db upgrade" in said.err
