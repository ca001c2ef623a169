"""The links between nodes: relays on loopback that pass bytes on, or hold them back as a broken network does."""

import asyncio
from contextlib import suppress

PIECE = 65536


class Link:
    """A port in front of another one. While it is cut no byte passes and no connection ends, so that both sides wait."""

    def __init__(self, target: int) -> None:
        """Listen to nothing yet.

        Args:
            target: a port on loopback.
        """
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._connections: set[asyncio.Task[None]] = set()

    async def listen(self) -> str:
        """Start to pass bytes on; return the address to connect to."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Hold back every byte from now on."""
        self._open.clear()

    def heal(self) -> None:
        """End the connections that were held, and pass on the bytes of new ones."""
        if not self._open.is_set():
            self._end_connections()
            self._open.set()

    def close(self) -> None:
        """Stop listening."""
        self._server.close()
        self._end_connections()

    def _end_connections(self) -> None:
        for connection in self._connections:
            connection.cancel()

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        writers = [to_client]
        try:
            await self._open.wait()
            server, to_server = await asyncio.open_connection("127.0.0.1", self._target)
            writers.append(to_server)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(client, to_server))
                both.create_task(self._pass_on(server, to_client))
        except* (OSError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            for writer in writers:
                writer.close()

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        while data := await source.read(PIECE):
            await self._open.wait()
            target.write(data)
            await target.drain()
        with suppress(OSError):
            target.write_eof()
