"""Texts that were published before a Word document could have a PDF to show: an upgrade and a restore leave them as they are."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agreegate.domain.agreements.text import Digest, MediaType
from agreegate.storage.agreements.text_file import TextFiles
from agreegate.storage.engine.backup import back_up, restore
from tests import personas as cast
from tests.storage.records import old_record
from tests.world import AUGUST, World

BEFORE = 15
"""The last schema without a PDF to show."""
CASES = Path(__file__).parents[1] / "cases"
TEXTS = {
    "US": (MediaType.DOCX, (CASES / "12-remote-template.docx").read_bytes()),
    "NA": (MediaType.PDF, (CASES / "14-password.pdf").read_bytes()),
}
"""By country: files that are refused today."""


def folder_of_before(folder: Path) -> Path:
    """A data folder as the version before wrote it, with one published version; its database."""
    folder.mkdir()
    with closing(old_record(BEFORE, folder / "agreegate.db")) as connection, connection:
        connection.execute(
            "insert into text_version (template_id, version_id, label, major, note, effective_at, published_at, published_by,"
            " files) values (?, '00000000-0000-4000-8000-000000000001', 'before', 1, '', 0, 0, 'tests', ?)",
            (cast.CLOUD_AGREEMENT, len(TEXTS)),
        )
        for country, (kind, content) in TEXTS.items():
            digest = hashlib.sha256(content).hexdigest()
            TextFiles(folder / "texts").keep(BytesIO(content), Digest(digest))
            connection.execute(
                "insert into text_file (number, country, language, digest, media_type, size) values (1, ?, 'en-US', ?, ?, ?)",
                (country, digest, kind, len(content)),
            )
    return folder / "agreegate.db"


def upgraded(database: Path, _: Path) -> Path:
    """The folder itself, which a server upgrades."""
    return database.parent


def restored(database: Path, beside: Path) -> Path:
    """Another folder, from a backup that the version before made."""
    back_up(database, beside / "copy.db")
    restore(beside / "copy.db", beside / "restored")
    return beside / "restored"


@pytest.mark.parametrize("way", [upgraded, restored])
async def test_what_was_published_before_is_shown_and_given_as_it_was(
    tmp_path: Path, way: Callable[[Path, Path], Path]
) -> None:
    world = World(way(folder_of_before(tmp_path / "before"), tmp_path), AUGUST)
    for country, (kind, content) in TEXTS.items():
        path = f"/api/agreements/{cast.CLOUD_AGREEMENT}/text?country={country}"
        found = (await world.send(cast.ALDER_SALES, "GET", path)).json()
        digest = hashlib.sha256(content).hexdigest()
        assert (found["digest"], found["size"], found["shownAs"]) == (digest, len(content), None)
        given = await world.send(None, "GET", urlsplit(found["downloadUri"]).path)
        assert (given.content, given.headers["content-type"]) == (content, kind)
        shown = await world.send(None, "GET", urlsplit(found["displayUri"]).path)
        if kind is MediaType.PDF:
            assert shown.content == content
        else:
            assert digest in shown.text, "the page that offers the file"
    assert world.rows("select count(*) from text_file where shown_digest is not null or shown_size is not null") == [
        (0,)
    ]
    await world.close()
