"""Where the files of agreement texts are kept: a data folder, or the database of an installation with many workers."""

import asyncio
import hashlib
from collections.abc import Collection
from tempfile import TemporaryFile
from typing import BinaryIO, Protocol, cast

from agreegate.domain.agreements.text import Digest
from agreegate.storage.agreements.text_file import PIECE, TextDamaged, TextFiles
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork, to_micros


class TextStore(Protocol):
    """Keeps files under their digests. A file never changes."""

    async def keep(self, source: BinaryIO, digest: Digest) -> None:
        """Copy a file, and return once it is durable. A file that is there already and whole stays.

        Raises:
            TextDamaged: the bytes do not have this digest.
            OSError, StoreUnavailable: the file cannot be written.
        """

    async def opened(self, digest: Digest) -> BinaryIO:
        """Return an open file at its beginning, after a check of its digest.

        Raises:
            TextDamaged: the file is missing, or its bytes have changed.
            StoreUnavailable: it cannot be read now.
        """

    async def retained(self, digest: Digest) -> BinaryIO:
        """Like `opened`, for a file that is not published yet; `remove_leftovers` spares it for another day."""

    async def remove_leftovers(self, published: Collection[Digest], before: float) -> int:
        """Remove what killed processes left half done, and files not published that were kept before an instant.

        Args:
            published: the digests of all published files.
            before: seconds since 1970.

        Returns:
            The number of removed files.

        Raises:
            OSError, StoreUnavailable: the files cannot be read or removed.
        """

    def incoming(self) -> BinaryIO:
        """Make a file without a name, for a file that is still to be checked. Closing it deletes it.

        Raises:
            OSError: the file cannot be made.
        """


class FolderTextStore:
    """Files in a folder, read and written on other threads."""

    def __init__(self, files: TextFiles) -> None:
        self._files = files

    async def keep(self, source: BinaryIO, digest: Digest) -> None:
        """Copy a file into the folder."""
        await asyncio.to_thread(self._files.keep, source, digest)

    async def opened(self, digest: Digest) -> BinaryIO:
        """Open a file of the folder."""
        return await asyncio.to_thread(self._files.opened, digest)

    async def retained(self, digest: Digest) -> BinaryIO:
        """Open a file of the folder, and spare it."""
        return await asyncio.to_thread(self._files.retained, digest)

    async def remove_leftovers(self, published: Collection[Digest], before: float) -> int:
        """Remove files of the folder."""
        return await asyncio.to_thread(self._files.remove_leftovers, published, before)

    def incoming(self) -> BinaryIO:
        """Make a file on the same disk."""
        return self._files.incoming()


class DatabaseTextStore:
    """Files in pieces in the database, so that every worker on every machine has them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def keep(self, source: BinaryIO, digest: Digest) -> None:
        """Copy a file into the database in one unit of work."""
        try:
            (await self.retained(digest)).close()
        except TextDamaged:
            await self._store.write(lambda uow: _put(uow, source, digest))

    async def opened(self, digest: Digest) -> BinaryIO:
        """Copy a file out of the database into one without a name."""
        file = cast("BinaryIO", TemporaryFile())  # noqa: SIM115 - the caller closes it
        try:
            await self._store.read(lambda uow: _get(uow, digest, file))
        except BaseException:
            file.close()
            raise
        return file

    async def retained(self, digest: Digest) -> BinaryIO:
        """Copy a file out of the database, and spare it."""
        await self._store.write(lambda uow: _spare(uow, digest))
        return await self.opened(digest)

    async def remove_leftovers(self, published: Collection[Digest], before: float) -> int:
        """Remove files from the database."""

        async def work(uow: UnitOfWork) -> int:
            rows = await uow.fetch_all("select digest from text_content where kept_at < $1", int(before * 1_000_000))
            leftovers = [digest for (digest,) in rows if digest not in published]
            for digest in leftovers:
                await uow.execute("delete from text_content where digest = $1", digest)
            return len(leftovers)

        return await self._store.write(work)

    def incoming(self) -> BinaryIO:
        """Make a file in the folder of temporary files."""
        return cast("BinaryIO", TemporaryFile())


async def _put(uow: UnitOfWork, source: BinaryIO, digest: Digest) -> None:
    await uow.execute("delete from text_content where digest = $1", digest)  # damaged: its pieces go with it
    await uow.execute("insert into text_content (digest, kept_at) values ($1, $2)", digest, to_micros(uow.machine_now))
    hashed, number = hashlib.sha256(), 0
    source.seek(0)
    while piece := source.read(PIECE):
        hashed.update(piece)
        await uow.execute("insert into text_piece (digest, number, content) values ($1, $2, $3)", digest, number, piece)
        number += 1
    if hashed.hexdigest() != digest:  # the file has changed since it was measured
        raise TextDamaged(digest)


async def _get(uow: UnitOfWork, digest: Digest, file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()
    hashed, number = hashlib.sha256(), 0
    piece = "select content from text_piece where digest = $1 and number = $2"
    while (row := await uow.fetch_one(piece, digest, number)) is not None:
        (content,) = row
        hashed.update(content)
        file.write(content)
        number += 1
    if hashed.hexdigest() != digest:
        raise TextDamaged(digest)
    file.seek(0)


async def _spare(uow: UnitOfWork, digest: Digest) -> None:
    await uow.execute("update text_content set kept_at = $2 where digest = $1", digest, to_micros(uow.machine_now))
