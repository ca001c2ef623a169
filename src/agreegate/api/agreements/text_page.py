"""The page of a text in Markdown: laid out once, and kept in memory (A7).

A process of its own lays out one text at a time, so that readers cannot slow the gate. The pages shown last stay in memory,
compressed; any other page is laid out again.
"""

import asyncio
import os
import sys
import zlib
from collections.abc import Iterator

from agreegate.domain.agreements.text import Digest
from agreegate.domain.error import StoreUnavailable
from agreegate.storage.agreements.text_store import TextStore
from agreegate.text_preview import as_written, packed

KEPT_BYTES = 32 * 1024 * 1024
"""Bytes of compressed pages that stay in memory: some hundred texts of 1 MiB."""
LONGEST_WAIT = 120
"""Seconds that a layout may take on a busy machine. A text that takes longer is shown as it is written."""
PIECE = 64 * 1024


class LaidOutTexts:
    """Keeps the pages of texts, and lays out those that it does not have."""

    def __init__(self, texts: TextStore, kept_bytes: int = KEPT_BYTES) -> None:
        self._texts = texts
        self._kept_bytes = kept_bytes
        self._kept: dict[Digest, bytes] = {}
        """Compressed HTML by the text's digest; the page shown last is at the end."""
        self._one_at_a_time = asyncio.Lock()

    async def page_of(self, digest: Digest) -> bytes:
        """Return the HTML of a text, compressed (`pieces_of`), after comparing the text with its digest.

        Raises:
            TextDamaged: the text is missing, or not the published one.
            StoreUnavailable: the page cannot be made now.
        """
        (await self._texts.opened(digest)).close()
        if digest not in self._kept:
            async with self._one_at_a_time:
                if digest not in self._kept:
                    return self._keep(digest, await self._laid_out(digest))
        return self._keep(digest, self._kept.pop(digest))

    def _keep(self, digest: Digest, page: bytes) -> bytes:
        room = self._kept_bytes - len(page)
        while self._kept and sum(map(len, self._kept.values())) > room:
            del self._kept[next(iter(self._kept))]
        if room >= 0:
            self._kept[digest] = page
        return page

    async def _as_written(self, digest: Digest) -> bytes:
        with await self._texts.opened(digest) as source:
            return await asyncio.to_thread(lambda: packed(as_written(source.read().decode("utf-8-sig"))))

    async def _laid_out(self, digest: Digest) -> bytes:
        """Lay a text out in a process of its own.

        Raises:
            TextDamaged.
            StoreUnavailable: the process cannot be started, or ended without a page.
        """
        with await self._texts.opened(digest) as source:
            os.lseek(source.fileno(), 0, os.SEEK_SET)  # the process reads from where the file itself stands
            try:
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-P", "-m", "agreegate.text_preview", stdin=source,
                    stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise StoreUnavailable(type(error).__name__) from error
        try:
            async with asyncio.timeout(LONGEST_WAIT):
                page, _ = await process.communicate()
        except TimeoutError:  # kept too: it would take as long for the next reader, and hold up every other text
            return await self._as_written(digest)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            raise StoreUnavailable("layout")
        return page


def pieces_of(page: bytes) -> Iterator[bytes]:
    """Yield the HTML of a compressed page in pieces."""
    unpacking = zlib.decompressobj()
    while page:
        yield unpacking.decompress(page, PIECE)
        page = unpacking.unconsumed_tail
    yield unpacking.flush()
