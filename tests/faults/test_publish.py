"""kill -9 while a text is published: all of the version is there, or nothing; and publishing again makes it whole."""

import asyncio
import os
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from agreegate.demo.demo import cast as people
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.agreements.text import Digest, TextVersion
from agreegate.services.directory import apply_directory
from agreegate.storage.agreements.text import text_versions
from agreegate.storage.agreements.text_file import TextFiles
from agreegate.storage.engine.backup import back_up
from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.schema import upgrade
from agreegate.storage.engine.sqlite import InlineStore, SqliteStore, connect
from tests import personas as cast

MANIFEST = """template = "MicrosoftCloudAgreement"
label = "{label}"
major = false
effective_from = 2018-08-07
[[text]]
file = "en.md"
language = "en-US"
countries = "all"
[[text]]
file = "fr.md"
language = "fr-FR"
countries = "all"
"""
PUBLISH = "import sys; from agreegate.cli import main; sys.argv[0] = 'agreegate'; main()"


def command(folder: Path, data: DataFolder) -> list[str]:
    return [sys.executable, "-c", PUBLISH, "agreements", "publish", str(folder), "--data", str(data.path)]


def published(data: DataFolder) -> list[TextVersion]:
    """What is published, after every file of it was read and compared."""
    with closing(SqliteStore(data.database)) as store:
        versions = asyncio.run(store.read(lambda uow: text_versions(uow, TemplateId(cast.CLOUD_AGREEMENT))))
    for version in versions:
        assert len(version.files) == 246 + 14
        for digest in digests([version]):
            TextFiles(data.texts).opened(digest).close()
    return versions


def digests(versions: list[TextVersion]) -> set[Digest]:
    return {file.digest for version in versions for file in version.files.values()}


@pytest.mark.fault("C5")
@pytest.mark.parametrize("rounds", [4, pytest.param(40, marks=pytest.mark.faults)])
def test_a_publication_is_all_or_nothing_whenever_it_is_killed(tmp_path: Path, rounds: int) -> None:
    data = DataFolder(tmp_path / "data")
    connection = connect(data.database)
    upgrade(connection)
    store = InlineStore(connection)
    asyncio.run(store.write(lambda uow: apply_directory(uow, people())))
    store.close()
    begun = time.monotonic()
    subprocess.run(
        [*command(tmp_path, data)], check=False, capture_output=True
    )  # how long it takes to find no manifest
    shortest = time.monotonic() - begun
    for number in range(rounds):
        folder = tmp_path / f"version-{number}"
        folder.mkdir()
        (folder / "manifest.toml").write_text(MANIFEST.format(label=number))
        for name in ("en.md", "fr.md"):
            (folder / name).write_bytes(b"# Made up " + os.urandom(500_000).hex().encode())
        killed = subprocess.Popen(command(folder, data), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            killed.wait(shortest * (0.6 + number / rounds))
        except subprocess.TimeoutExpired:
            killed.kill()
            killed.wait()
        found = published(data)
        assert len(found) in (number, number + 1)
        TextFiles(data.texts).remove_leftovers(digests(found), time.time() + 1)  # as upkeep does, a day later
        assert {entry.name for entry in data.texts.rglob("*") if entry.is_file()} == digests(found)
        subprocess.run(command(folder, data), check=True, capture_output=True)
        assert [version.label for version in published(data)] == [str(one) for one in range(number + 1)]
    back_up(data.database, tmp_path / "backup.db")
