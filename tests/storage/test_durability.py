"""Acknowledged means durable: before each answer, what was written to the journal has been synced (invariant 1)."""

import asyncio
from contextlib import closing
from pathlib import Path

import pytest

from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.new_record import new_record
from agreegate.storage.engine.sqlite import InlineStore, SqliteStore, connect
from agreegate.storage.engine.unit_of_work import UnitOfWork
from tests import personas as cast
from tests.syncs import SAFE, noted_syncs
from tests.vfs import watched
from tests.world import API_ENFORCED, World

pytestmark = pytest.mark.fault("F6")


class Journal:
    """What happens to a journal between two answers."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def watch(self, step: str, file: str) -> bool:
        """What SQLite does."""
        if file.endswith("-wal") and step in ("write", "synced"):
            self.steps.append(step)
        return False

    def at_answer(self) -> None:
        """There was a write, and nothing was written after the last sync."""
        assert "write" in self.steps
        assert self.steps[-1] == "synced"
        self.steps.clear()


async def put(uow: UnitOfWork) -> None:
    await uow.execute("insert into demo_clock values (1, 0) on conflict do update set offset_us = offset_us + 1")


def test_a_new_database_is_on_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = DataFolder(tmp_path)
    synced = noted_syncs(monkeypatch, folder.database)
    with new_record(folder):
        assert not synced
    assert synced == SAFE


def test_a_servers_store_syncs_before_each_answer(tmp_path: Path) -> None:
    folder, journal = DataFolder(tmp_path), Journal()
    with new_record(folder):
        pass

    async def one_by_one(store: SqliteStore) -> None:
        for _ in range(5):
            await store.write(put)
            journal.at_answer()
        for _ in range(3):
            await asyncio.gather(*(store.write(put) for _ in range(8)))
            journal.at_answer()

    with watched(journal.watch), closing(SqliteStore(folder.database)) as store:
        journal.steps.clear()
        asyncio.run(one_by_one(store))


def test_a_commands_store_syncs_before_it_goes_on(tmp_path: Path) -> None:
    folder, journal = DataFolder(tmp_path), Journal()
    with new_record(folder):
        pass
    with watched(journal.watch), closing(InlineStore(connect(folder.database))) as store:
        for _ in range(3):
            journal.steps.clear()
            asyncio.run(store.write(put))
            journal.at_answer()


async def test_a_201_is_sent_after_a_sync(tmp_path: Path) -> None:
    journal = Journal()
    with watched(journal.watch):
        world = World(tmp_path, API_ENFORCED)
        for _ in range(3):
            journal.steps.clear()
            assert (await world.confirm(cast.ALDER_SALES, cast.CEDAR)).status_code == 201
            journal.at_answer()
        await world.close()
