"""How many connections a server keeps and for how long, so that strangers cannot take the place of clients.

At a bound, the server closes a connection for the newest one: the connection that has waited longest for a request's head,
else the connection that is idle longest, else the connection that has waited longest for its client. A connection whose
request the server works on stays.
"""

import asyncio
import logging
import resource
import sys
import time
from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv6Address, ip_address
from typing import Protocol

from agreegate.diagnostics import Causes

logger = logging.getLogger("agreegate.connections")

KEPT_FILES = 64
"""Open files that are kept for the record, the issuer and everything else that is not a client's connection."""
LINGER_SECONDS = 2.0
"""How long a refused client may still send: a connection closed on unread bytes takes its answer with it."""
_LONGEST_ROUND = 1.0
"""Maximum seconds between two checks of every connection."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of a server's connections."""

    head_seconds: float = 10
    """From the connection, or from the first byte on a kept one, to the end of a request's head."""
    body_seconds: float = 30
    """From the end of the head to the end of the body; one second more for every `body_rate` bytes that came."""
    body_rate: int = 1024
    """Bytes a second."""
    answer_seconds: float = 30
    """For a client to take some of an answer that does not fit into the buffers."""
    idle_seconds: float = 75
    """From an answer to the next request."""
    connections: int = 1_000
    """In total; fewer when the limit on open files allows fewer."""
    connections_per_address: int = 100
    proxies: frozenset[str] = frozenset()
    """Addresses of trusted proxies. They have no bound of their own: they bring many clients."""


class Stage(IntEnum):
    """What a connection is doing. The lower one is closed first to make room."""

    REFUSED = 0
    HEAD = 1
    IDLE = 2
    AWAITED = 3
    """A request waits for its client to send the body, or to take the answer."""
    BUSY = 4
    """The server works on a request."""


class Connection(Protocol):
    """A connection as the bounds see it."""

    def stage(self) -> tuple[Stage, float]:
        """Return what the connection is doing, and since when by the event loop's clock."""

    def check(self, now: float) -> None:
        """Close the connection when a time limit has passed."""

    def abort(self) -> None:
        """Close the connection at once."""


class Connections:
    """The connections of all listeners of one server."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._most = max(1, min(limits.connections, _open_files() - KEPT_FILES))
        self._addresses: dict[Connection, str | None] = {}
        """Each connection with the address that it counts for, if it counts for one."""
        self._of_address: dict[str, set[Connection]] = {}
        """The connections of each address."""
        self._heads: dict[Connection, None] = {}
        """The connections that wait for a head, the longest first: a flood must not cost a check of each connection."""
        self._causes = Causes(logger, "%s", time.monotonic)
        times = limits.head_seconds, limits.body_seconds, limits.answer_seconds, limits.idle_seconds
        self._round = min(_LONGEST_ROUND, min(times) / 4)
        self._next_round: asyncio.TimerHandle | None = None

    def admit(self, connection: Connection, client: str | None) -> bool:
        """Count a new connection, and close another one when the new one is one too many.

        Args:
            client: the address of the other end; None for a socket without one.

        Returns:
            False when the new one has to be refused: the server works on a request of every other one.
        """
        address, most = self._counted(client), self.limits.connections_per_address
        if address is not None:
            open_ones = self._of_address.get(address, ())
            if len(open_ones) >= most and not self._make_room(open_ones, f"{most} connections of one address are open"):
                return False
        if len(self._addresses) >= self._most and not self._make_room(
            self._addresses, f"{self._most} connections are open"
        ):
            return False
        self._addresses[connection] = address
        self._heads[connection] = None
        if address is not None:
            self._of_address.setdefault(address, set()).add(connection)
        if self._next_round is None:
            self._begin_round()
        return True

    def await_head(self, connection: Connection) -> None:
        """Note that an idle connection now waits for the rest of a head."""
        self._heads[connection] = None

    def take_head(self, connection: Connection) -> None:
        """Note that the head of a connection is complete."""
        self._heads.pop(connection, None)

    def leave(self, connection: Connection) -> None:
        """Stop counting a connection."""
        self._heads.pop(connection, None)
        address = self._addresses.pop(connection, None)
        if address is not None:
            self._of_address[address].discard(connection)
            if not self._of_address[address]:
                del self._of_address[address]

    def warn(self, cause: str) -> None:
        """Warn the operator that a limit was reached, of each cause once a minute."""
        self._causes.warn(cause)

    def _counted(self, client: str | None) -> str | None:
        if client is None:
            return None
        address = ip_address(client.partition("%")[0])
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        written = str(address)
        return None if written in self.limits.proxies else written

    def _make_room(self, among: Collection[Connection], reached: str) -> bool:
        """Close the connection of the lowest stage; False when the server works on a request of every one."""
        waiting = (one for one in self._heads if one in among and one.stage()[0] < Stage.AWAITED)
        least = next(waiting, None) or min(among, key=lambda one: one.stage())
        if least.stage()[0] is Stage.BUSY:
            self.warn(f"{reached}, each with a request under way: a new one was refused")
            return False
        self.warn(f"{reached}: the one that waited longest was closed for a new one")
        self.leave(least)
        least.abort()
        return True

    def _begin_round(self) -> None:
        self._next_round = asyncio.get_running_loop().call_later(self._round, self._check_all)

    def _check_all(self) -> None:
        now = asyncio.get_running_loop().time()
        for connection in list(self._addresses):
            connection.check(now)
        self._next_round = None
        if self._addresses:
            self._begin_round()


def _open_files() -> int:
    """Return how many files the process may have open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
