"""A relay in front of the tests' PostgreSQL server that cuts a connection at a commit, goes away, or holds up what is sent."""

import asyncio
import socket
import struct
from contextlib import suppress
from enum import Enum

from tests.postgresql import database_name, server

RESET = struct.pack("ii", 1, 0)
"""Lets a socket that is closed reset its connection."""


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
        self.flowing = asyncio.Event()
        """Cleared, it holds up what is sent in both directions."""
        self.flowing.set()
        self._both: set[asyncio.Task[None]] = set()
        self._away = asyncio.Event()
        self._port = 0

    async def __aenter__(self) -> "Relay":
        await self.come_back()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._both:
            task.cancel()

    async def go_away(self) -> None:
        """Reset every connection, and refuse new ones."""
        self._server.close()
        self._away.set()
        if self._both:
            await asyncio.wait(self._both)

    async def come_back(self) -> None:
        """Let connections be made, at the same address as before."""
        self._away.clear()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    @property
    def url(self) -> str:
        return f"postgresql://postgres@127.0.0.1:{self._port}/{self._database}?sslmode=disable"

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._both.add(task)
        answers, to_server = await asyncio.open_unix_connection(f"{server().folder}/.s.PGSQL.5432")
        held = asyncio.Event()

        async def forward() -> None:
            while sent := await client.read(65536):
                await self.flowing.wait()
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
                await self.flowing.wait()
                if not held.is_set():
                    to_client.write(answer)
                elif b"COMMIT\0" in answer:
                    return

        ends = [asyncio.ensure_future(end) for end in (forward(), back(), self._away.wait())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if self._away.is_set():
            for writer in (to_client, to_server):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        if self.cut is not None and (held.is_set() or self.cut is Cut.BEFORE):
            self.cut = None
            if self.refusing:
                self._server.close()
            self.is_cut.set()
        for end in ends:
            end.cancel()
        for writer in (to_client, to_server):
            with suppress(OSError):
                writer.close()
        self._both.discard(task)
