"""What killed or abandoned publications leave is removed, and never a file that is published or about to be."""

import io
import os
import time
from pathlib import Path

import pytest

from agreegate.domain.agreements.text import Digest
from agreegate.storage.agreements.text_file import TextFiles, measured
from agreegate.upkeep import ABANDONED_SECONDS

pytestmark = pytest.mark.fault("C5")

PART = ".0f6b2c1e-7a57-4d7e-9d9c-0f5f3f0a2b41"


@pytest.fixture
def texts(tmp_path: Path) -> TextFiles:
    return TextFiles(tmp_path / "texts")


def keep(texts: TextFiles, content: bytes, *, age: float = 0) -> Digest:
    """A whole file in the folder, some seconds old."""
    digest = measured(io.BytesIO(content), "a.md").digest
    texts.keep(io.BytesIO(content), digest)
    then = time.time() - age
    os.utime(texts.path_of(digest), (then, then))
    return digest


def clean(texts: TextFiles, *published: Digest) -> int:
    return texts.remove_leftovers(published, time.time() - ABANDONED_SECONDS)


def files(texts: TextFiles) -> set[str]:
    return {entry.name for entry in texts.folder.rglob("*") if entry.is_file()}


def test_unfinished_and_abandoned_files_go_and_all_others_stay(texts: TextFiles) -> None:
    published = keep(texts, b"published", age=3 * ABANDONED_SECONDS)
    sent = keep(texts, b"sent an hour ago", age=3600)
    abandoned = keep(texts, b"sent long ago", age=ABANDONED_SECONDS + 60)
    texts.path_of(published).with_name(PART).write_bytes(b"half of it")
    (texts.folder / "README").write_text("of whoever runs this")
    (texts.folder / "ab").mkdir(exist_ok=True)
    (texts.folder / "ab" / "notes.txt").write_text("likewise")
    assert clean(texts, published) == 2
    assert files(texts) == {published, sent, "README", "notes.txt"}
    assert abandoned not in files(texts)
    assert clean(texts, published) == 0


def test_without_a_folder_there_is_nothing_to_do(texts: TextFiles) -> None:
    assert clean(texts) == 0
    assert not texts.folder.exists()


def test_a_file_that_is_sent_again_is_kept_for_another_day(texts: TextFiles) -> None:
    digest = keep(texts, b"sent long ago", age=2 * ABANDONED_SECONDS)
    texts.keep(io.BytesIO(b"sent long ago"), digest)
    assert clean(texts) == 0


def test_a_file_whose_publication_goes_on_is_kept_for_another_day(texts: TextFiles) -> None:
    digest = keep(texts, b"sent long ago", age=2 * ABANDONED_SECONDS)
    with texts.retained(digest) as file:
        assert file.read() == b"sent long ago"
    assert clean(texts) == 0


def test_nothing_is_removed_while_a_file_is_written(texts: TextFiles) -> None:
    abandoned = keep(texts, b"sent long ago", age=2 * ABANDONED_SECONDS)
    during: list[tuple[int, set[str]]] = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            during.append((clean(texts), files(texts)))
            return super().read(size)

    digest = measured(io.BytesIO(b"# Made up"), "a.md").digest
    texts.keep(Watched(b"# Made up"), digest)
    for removed, there in during:
        assert (removed, abandoned in there, digest in there) == (0, True, False), "nobody finds it yet"
    assert during
    assert clean(texts) == 1
    assert files(texts) == {digest}
