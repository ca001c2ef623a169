"""A relay in front of the tests' PostgreSQL server that cuts a connection at the commit of a unit of work."""

import asyncio
from contextlib import suppress
from enum import Enum

from tests.postgresql import database_name, server


class Cut(Enum):
    """When a relay cuts the connection."""

    BEFORE = "the server does not get the commit"
    AFTER = "the client does not get the answer"
    MEANWHILE = "the server got the commit and has not answered"


class Relay:
    """Passes bytes on. Once `cut` is set, it cuts the next connection that commits, and passes on again."""

    def __init__(self, url: str) -> None:
        self._database = database_name(url)
        self.cut: Cut | None = None
        self.refusing = False
        """Whether no connection is possible after the cut."""
        self.is_cut = asyncio.Event()
        self._both: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._both:
            task.cancel()

    @property
    def url(self) -> str:
        port = self._server.sockets[0].getsockname()[1]
        return f"postgresql://postgres@127.0.0.1:{port}/{self._database}?sslmode=disable"

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._both.add(task)
        answers, to_server = await asyncio.open_unix_connection(f"{server().folder}/.s.PGSQL.5432")
        held = asyncio.Event()

        async def forward() -> None:
            while sent := await client.read(65536):
                if self.cut is not None and b"; commit" in sent:
                    if self.cut is Cut.BEFORE:
                        return
                    held.set()
                    to_server.write(sent)
                    if self.cut is Cut.MEANWHILE:
                        return
                else:
                    to_server.write(sent)

        async def back() -> None:
            while answer := await answers.read(65536):
                if not held.is_set():
                    to_client.write(answer)
                elif b"COMMIT\0" in answer:
                    return

        directions = [asyncio.ensure_future(forward()), asyncio.ensure_future(back())]
        await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        if self.cut is not None and (held.is_set() or self.cut is Cut.BEFORE):
            self.cut = None
            if self.refusing:
                self._server.close()
            self.is_cut.set()
        for direction in directions:
            direction.cancel()
        for writer in (to_client, to_server):
            with suppress(OSError):
                writer.close()
        self._both.discard(task)
