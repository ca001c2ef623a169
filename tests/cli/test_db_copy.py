"""`agreegate db copy`: a record moves between engines whole, goes on after a kill, and is not served before it is whole."""

import asyncio
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from agreegate.demo.clock import DemoClock
from agreegate.demo.demo import open_demo
from agreegate.domain.actor import Actor, Role, UserId
from agreegate.domain.error import Rejected
from agreegate.programme import load
from agreegate.services.confirmation import confirm
from agreegate.storage.agreements.text import published_digests
from agreegate.storage.engine.commit_count import CommitFile, count_of
from agreegate.storage.engine.copy import PORTION, copying, tables
from agreegate.storage.engine.folder import DATABASE, FORM_KEY, SIGNING_KEY, DataFolder
from agreegate.storage.engine.location import Location, location_of
from agreegate.storage.engine.postgresql import APPLICATION
from agreegate.storage.engine.sqlite import connect
from agreegate.storage.invariant import damaged_texts
from agreegate.storage.partner import partner_of
from tests import personas as cast
from tests.cli.conftest import Agreegate
from tests.memory import DRAFT_CONFIRMATION, call
from tests.postgresql import Connection, drop_databases, new_database

PAGE = Path("docs/operations.md")
HISTORY = {"confirmation", "current_confirmation", "decision", "ending", "order_line", "subscription", "text_file"}
QUESTIONS = [(cast.ALDER, cast.CEDAR), (cast.ALDER, cast.DOGWOOD), (cast.HAZEL, cast.CEDAR)]
URL = "http://127.0.0.1:8400"
MANY = 2 * PORTION + 10
"""Rows of a table that takes three portions."""
KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from agreegate.storage.engine.copy import copying
from agreegate.storage.engine.location import location_of

source, target, left = *sys.argv[1:3], int(sys.argv[3])

def advance(rows):
    global left
    left -= rows
    if left <= 0:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    places = (location_of(Path(name), name if "://" in name else None) for name in (source, target))
    async with copying(*places) as copy:
        await copy.run(advance)
        await copy.finish(advance)

asyncio.run(main())
"""
"""Copies, and kills itself once a number of rows is copied or compared."""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a demo with its past, and with one table of several portions."""
    folder = tmp_path_factory.mktemp("copy") / "demo"
    at = datetime(2020, 3, 1, tzinfo=UTC)
    opening = open_demo(DataFolder(folder), load("microsoft-cloud-agreement"), URL, at, programme_named=True)
    asyncio.run(opening).close()
    with closing(connect(folder / DATABASE)) as connection:
        filled = {table.name for table in tables() if connection.execute(f"select count(*) from {table.name}").get}
        assert filled >= HISTORY
        rows = ((f"d{number}.example", cast.CEDAR) for number in range(MANY))
        connection.executemany("insert into tenant_domain (domain, customer_id) values (?, ?)", rows)
    return folder


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of an empty database."""
    url = new_database()
    yield url
    drop_databases([url])


@pytest.fixture(scope="module")
def filled(demo: Path) -> Iterator[str]:
    """The URL of a database with the demo's record."""
    url = new_database()
    asyncio.run(copied(place(demo), place(url)))
    yield url
    drop_databases([url])


def place(name: object) -> Location:
    return location_of(Path(str(name)), str(name) if "://" in str(name) else None)


async def copied(source: Location, target: Location) -> str:
    async with copying(source, target) as copy:
        await copy.run(lambda _: None)
        return await copy.finish(lambda _: None)


def option(name: object) -> tuple[str, object]:
    return ("--database" if "://" in str(name) else "--data"), name


def answers(agreegate: Agreegate, name: object) -> list[str]:
    """What commands answer about a record."""
    found = [agreegate("directory", "show", *option(name)).out.partition("\n")[2]]
    for partner, customer in QUESTIONS:
        for action in ("new_purchase", "seat_change"):
            asked = ["--partner", partner, "--customer", customer, "--action", action, "--channel", "api"]
            found.append(agreegate("gate", "check", *asked, "--at", "2020-03-01", *option(name)).out)
        asked = ["--partner", partner, "--customer", customer, "--on", "2019-09-15", "--known-at", "2020-02-28"]
        found.append(agreegate("standing", *asked, *option(name)).out)
    found.append(agreegate("agreements", "list", *option(name)).out)
    assert all(found)
    return found


async def damaged(target: Location) -> list[str]:
    """The texts of a record that are missing or have other bytes."""
    store = target.open()
    try:
        digests = await store.read(published_digests)
        assert digests
        return await damaged_texts(target.texts(store), digests)
    finally:
        await store.finish()


def check_copy(agreegate: Agreegate, source: object, target: object) -> None:
    """The copy is whole: its invariants hold, it answers like the source, and has its texts."""
    checked = agreegate("db", "check", *option(target))
    assert checked.status == 0, checked.out
    assert answers(agreegate, target) == answers(agreegate, source)
    assert asyncio.run(damaged(place(target))) == []


def test_a_record_moves_to_postgresql_and_back(agreegate: Agreegate, demo: Path, database: str, tmp_path: Path) -> None:
    there = agreegate("db", "copy", demo, database)
    assert (there.status, "Copying" in there.err, "Comparing" in there.err) == (0, True, True)
    done, key = there.out.splitlines()
    assert re.search(rf"and compared: 4\d{{3}} rows of {len(tables())} tables, \d files of texts\.", done)
    assert key.startswith(f"Start the servers with --form-key-file {demo / FORM_KEY},")
    assert (demo / FORM_KEY).read_text() not in there.out
    check_copy(agreegate, demo, database)

    back = agreegate("db", "copy", database, tmp_path / "back", language="fr")
    assert back.status == 0
    done_again, key = back.out.splitlines()
    assert done_again.rpartition(" ")[2] == done.rpartition(" ")[2], "the digest is the same on both engines"
    assert str(tmp_path / "back" / FORM_KEY) in key
    check_copy(agreegate, demo, tmp_path / "back")


def test_a_folder_moves_to_a_folder_with_its_keys(agreegate: Agreegate, demo: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    assert agreegate("db", "copy", demo, target).status == 0
    check_copy(agreegate, demo, target)
    for name in (FORM_KEY, SIGNING_KEY):
        assert (target / name).read_bytes() == (demo / name).read_bytes()
        assert (target / name).stat().st_mode & 0o777 == 0o600


def test_a_database_moves_to_a_database(agreegate: Agreegate, filled: str, database: str) -> None:
    assert agreegate("db", "copy", filled, database).status == 0
    check_copy(agreegate, filled, database)


async def record(target: Location) -> None:
    """Record a confirmation as a server does."""
    store = target.open(DemoClock())
    try:
        partner = await store.read(lambda uow: partner_of(uow, cast.ALDER))
        assert partner is not None
        actor = Actor(partner, frozenset({Role.SALES_AGENT}), UserId(cast.ALDER_SALES))
        await store.write(lambda uow: confirm(uow, call(actor), load(), cast.CEDAR, DRAFT_CONFIRMATION))
    finally:
        await store.finish()


def test_what_is_recorded_after_the_copy_gets_numbers_behind_it(
    agreegate: Agreegate, demo: Path, database: str, tmp_path: Path
) -> None:
    assert agreegate("db", "copy", demo, database).status == 0
    with closing(Connection(database)) as connection:
        numbers = "select max(number), count(*) from confirmation"
        [(last, count)] = connection.execute(numbers)
        asyncio.run(record(place(database)))
        assert connection.execute(numbers) == [(last + 1, count + 1)]
    assert agreegate("db", "copy", database, tmp_path / "back").status == 0
    asyncio.run(record(place(tmp_path / "back")))
    assert agreegate("db", "check", "--data", tmp_path / "back").status == 0


def test_a_copied_folder_counts_its_commits(agreegate: Agreegate, filled: str, tmp_path: Path) -> None:
    assert agreegate("db", "copy", filled, tmp_path / "data").status == 0
    file = tmp_path / "data" / DATABASE
    with closing(connect(file)) as connection:
        commits = count_of(connection)
    assert commits == CommitFile(file).read() > 0
    file.unlink()
    assert f"It had {commits} commits." in agreegate("db", "check", "--data", tmp_path / "data").err


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_killed_copy_is_not_served_and_goes_on(
    agreegate: Agreegate, demo: Path, filled: str, database: str, tmp_path: Path, engine: str
) -> None:
    source, target = (demo, database) if engine == "postgresql" else (filled, tmp_path / "data")
    rows = "select count(*) from tenant_domain"
    serve = ["serve", "--port", "0", "--public-url", URL, "--token-issuer", "https://login.example"]
    if engine == "postgresql":
        serve += ["--form-key-file", demo / FORM_KEY, "--allow-unsafe-database"]
    found = []
    with closing(connect(demo / DATABASE, read_only=True)) as connection:
        every = sum(connection.execute(f"select count(*) from {table.name}").get for table in tables())
    for done in (1, PORTION - 500, 2 * PORTION - 500, every, every + 2 * MANY, 3 * every):
        killed = subprocess.run([sys.executable, "-c", KILLED, str(source), str(target), str(done)], check=False)
        assert killed.returncode == -signal.SIGKILL
        for command in (["directory", "show"], ["db", "check"], ["db", "upgrade"], serve):
            refused = agreegate(*command, *option(target))
            assert (refused.status, "a copy that is not finished" in refused.err) == (1, True)
        with closing(Connection(database) if engine == "postgresql" else connect(tmp_path / "data" / DATABASE)) as now:
            found.append(now.execute(rows).get)
    assert "La base de données est une copie inachevée." in agreegate("db", "check", *option(target), language="fr").err
    assert found[1:3] == [PORTION, 2 * PORTION]
    assert agreegate("db", "copy", source, target).status == 0
    check_copy(agreegate, source, target)
    again = agreegate("db", "copy", source, target)
    assert (again.status, "There is data in" in again.err) == (2, True)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_place_that_is_not_empty_is_refused(
    agreegate: Agreegate, demo: Path, filled: str, tmp_path: Path, language: str
) -> None:
    before = answers(agreegate, filled)
    refused = agreegate("db", "copy", demo, filled, language=language)
    assert refused.status == 2
    assert {"en": "There is data in", "fr": "Il y a des données dans"}[language] in refused.err
    assert answers(agreegate, filled) == before
    agreegate("directory", "apply", "docs/directory.example.toml", "--data", tmp_path / "data")
    assert agreegate("db", "copy", filled, tmp_path / "data", language=language).status == 2


def test_a_folder_with_another_key_is_not_empty(agreegate: Agreegate, demo: Path, tmp_path: Path) -> None:
    DataFolder(tmp_path / "data").secret()
    refused = agreegate("db", "copy", demo, tmp_path / "data")
    assert (refused.status, "There is data in" in refused.err) == (2, True)
    assert not (tmp_path / "data" / DATABASE).exists()


def test_an_empty_record_can_be_filled(agreegate: Agreegate, filled: str, tmp_path: Path) -> None:
    assert agreegate("db", "upgrade", "--data", tmp_path / "data").status == 0
    assert agreegate("db", "copy", filled, tmp_path / "data").status == 0
    check_copy(agreegate, filled, tmp_path / "data")


def tables_of(url: str) -> int:
    with closing(Connection(url)) as connection:
        return int(connection.execute("select count(*) from pg_tables where schemaname = 'public'").get)


def test_somebody_elses_database_is_refused(agreegate: Agreegate, demo: Path, database: str) -> None:
    with closing(Connection(database)) as connection:
        connection.execute("create table theirs (id bigint)")
    for command in (["db", "copy", demo, database], ["db", "copy", database, demo.parent / "never-made"]):
        refused = agreegate(*command)
        assert (refused.status, "is not Agreegate's" in refused.err) == (1, True)
    assert tables_of(database) == 1
    assert not (demo.parent / "never-made").exists()


def test_a_place_without_a_record_and_no_place_are_refused(agreegate: Agreegate, database: str, tmp_path: Path) -> None:
    for source in (tmp_path / "none", database):
        refused = agreegate("db", "copy", source, tmp_path / "target")
        assert (refused.status, "There is no record in" in refused.err) == (2, True)
    for wrong in ("postgresql://user:secret@host", "mysql://user:secret@host/x"):
        for language, words in (("en", "Name a data folder, or a URL"), ("fr", "Indiquez un dossier de données")):
            refused = agreegate("db", "copy", wrong, tmp_path / "target", language=language)
            assert (refused.status, words in refused.err, "secret" in refused.err) == (2, True, False)
    assert not list(tmp_path.iterdir())


def test_a_folder_is_not_copied_onto_itself(agreegate: Agreegate, demo: Path) -> None:
    refused = agreegate("db", "copy", demo, demo.parent / "." / "x" / ".." / demo.name)
    assert (refused.status, "Both names lead to" in refused.err) == (2, True)


def test_a_running_server_is_refused_in_both_places(
    agreegate: Agreegate, demo: Path, filled: str, database: str, tmp_path: Path
) -> None:
    folder = DataFolder(demo)
    folder.claim()
    try:
        assert "Another server uses" in agreegate("db", "copy", demo, database).err
    finally:
        folder.release()
    assert tables_of(database) == 0

    async def connected(url: str, source: object, target: object) -> str:
        connection = await asyncpg.connect(url, server_settings={"application_name": APPLICATION})
        try:
            return await asyncio.to_thread(lambda: agreegate("db", "copy", source, target).err)
        finally:
            await connection.close()

    assert "Another server uses" in asyncio.run(connected(filled, filled, tmp_path / "data"))
    assert not (tmp_path / "data").exists()
    assert "Another server uses" in asyncio.run(connected(database, demo, database))


async def stopped(source: Location, target: Location, steps: int) -> None:
    """Copy, and stop after some steps."""

    class StoppedError(Exception):
        pass

    left = iter(range(steps))

    def advance(_: int) -> None:
        if next(left, None) is None:
            raise StoppedError

    with pytest.raises(StoppedError):
        async with copying(source, target) as copy:
            await copy.run(advance)


def test_an_unfinished_copy_takes_no_other_record(
    agreegate: Agreegate, filled: str, tmp_path: Path, database: str
) -> None:
    other, source = tmp_path / "other", tmp_path / "source"
    agreegate("directory", "apply", "docs/directory.example.toml", "--data", other)
    assert agreegate("db", "copy", filled, source).status == 0
    asyncio.run(stopped(place(source), place(database), 10))
    for language, words in (("en", "an unfinished copy of another record"), ("fr", "la copie inachevée d’un autre")):
        refused = agreegate("db", "copy", other, database, language=language)
        assert (refused.status, words in refused.err) == (2, True)
    asyncio.run(record(place(source)))  # served in between
    assert agreegate("db", "copy", source, database).status == 2


def test_a_change_during_the_copy_is_found_by_comparing(agreegate: Agreegate, demo: Path, database: str) -> None:
    async def changed() -> None:
        async with copying(place(demo), place(database)) as copy:
            await copy.run(lambda _: None)
            with closing(Connection(database)) as connection:
                connection.execute("update customer set company_name = 'Another' where customer_id = ?", (cast.CEDAR,))
            await copy.finish(lambda _: None)

    with pytest.raises(Rejected, match=re.escape("data.copy-differs")) as refused:
        asyncio.run(changed())
    assert refused.value.parameters["table"] == "customer"
    for language, words in (
        ("en", "is not the same in both places"),
        ("fr", "n’est pas la même aux deux emplacements"),
    ):
        again = agreegate("db", "copy", demo, database, language=language)
        assert (again.status, words in again.err, "customer" in again.err) == (1, True, True)
    assert agreegate("db", "check", "--database", database).status == 1


def test_a_damaged_text_is_named_before_anything_is_changed(
    agreegate: Agreegate, filled: str, tmp_path: Path, database: str
) -> None:
    source = tmp_path / "source"
    assert agreegate("db", "copy", filled, source).status == 0
    path = next(path for path in (source / "texts").glob("*/*") if path.is_file())
    path.unlink()
    for language, words in (("en", "is missing or damaged"), ("fr", "manque ou est endommagé")):
        refused = agreegate("db", "copy", source, database, language=language)
        assert (refused.status, words in refused.err, path.name in refused.err) == (1, True, True)
    assert tables_of(database) == 0


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("update customer set company_name = company_name || char(0)", "customer"),
        (
            "drop trigger confirmation_unchanged; pragma foreign_keys = off; update confirmation set period = 9",
            "current_confirmation",
        ),
    ],
)
def test_a_row_that_the_target_refuses_is_named_by_its_table(
    agreegate: Agreegate, filled: str, tmp_path: Path, database: str, change: str, table: str
) -> None:
    source = tmp_path / "source"
    assert agreegate("db", "copy", filled, source).status == 0
    with closing(connect(source / DATABASE)) as connection:
        connection.execute(change)
    for language, words in (("en", "refuses rows of the table"), ("fr", "refuse des lignes de la table")):
        refused = agreegate("db", "copy", source, database, language=language)
        assert (refused.status, f"{words} {table} (" in refused.err) == (1, True), refused.err


def test_the_commands_of_the_page_move_a_record(
    agreegate: Agreegate, demo: Path, database: str, tmp_path: Path
) -> None:
    section = PAGE.read_text(encoding="utf-8").partition("\n## Move to another place\n")[2].partition("\n## ")[0]
    [block] = re.findall(r"^```\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    for line in block.splitlines():
        typed = line.replace("/srv/agreegate", str(demo)).replace("postgresql:///agreegate", database)
        typed = typed.replace("/srv/another", str(tmp_path / "another"))
        assert agreegate(*shlex.split(typed)[1:]).status == 0
    check_copy(agreegate, demo, database)
    check_copy(agreegate, demo, tmp_path / "another")
