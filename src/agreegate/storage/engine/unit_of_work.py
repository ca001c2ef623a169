"""The small interface behind which the engines stand: units of work and the store that runs them (decisions 0004 and 0005).

A service is an `async def` that receives a unit of work and awaits nothing else. SQLite drives it to its end on the
writer's thread without an event loop; an engine that talks over a network awaits its answers. The service is the same.
"""

import os
import time
import uuid
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import partial
from typing import Any, Protocol, TypeVar

from agreegate.storage.engine.trusted import TrustedInstants

T = TypeVar("T")
Value = str | int | float | bytes | None
Row = tuple[Any, ...]
Clock = Callable[[], datetime]

machine_clock: Clock = partial(datetime.now, UTC)
"""The machine's time, in UTC."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Lock(IntEnum):
    """The kinds of locks. Every unit of work takes its locks in this order, so that no two units wait for each other."""

    IDEMPOTENCY_KEY = 1
    SANDBOX = 2
    """The lock of a sandbox account whose customers are counted."""
    CUSTOMER = 3
    """Also the lock of the customer's confirmations, orders, carts, subscriptions and reseller requests."""
    TEXTS = 4
    """Confirming shares the lock of a template; publishing takes it alone."""
    PERSONS = 5
    """Renaming a customer shares the lock of the search by person; making persons searchable takes it alone."""


class UnitOfWork(Protocol):
    """One actor's work: one clock reading, one commit. Either all of it is kept or none."""

    machine_now: datetime
    """The machine's clock, for what must not follow the demo's: kept answers, leases, sessions."""
    trusted: TrustedInstants
    """The store's."""
    single_writer: bool
    """Whether no other unit of work writes at the same time."""

    @property
    def now(self) -> datetime:
        """The product's clock, read once (decision 0014). Only the demo can move it.

        PostgreSQL's clock, read with the lock of a customer, where the unit locks one; so the unit locks before it reads this.
        """

    def new_id(self) -> str:
        """A fresh random GUID in lower case."""

    async def fetch_one(self, sql: str, *parameters: Value) -> Row | None:
        """The first row, or None. Parameters are `$1`, `$2` and so on."""

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        """Every row."""

    async def execute(self, sql: str, *parameters: Value) -> int:
        """Change rows; how many were."""

    async def lock(self, lock: Lock, sql: str, *parameters: Value) -> None:
        """Let units of work that take the same lock wait until this unit ends. A lock that the unit has is not taken again.

        Args:
            lock: the kind; the parameters are the key.
            sql: selects the rows to lock, or calls a function that locks. SQLite has one writer and does not run it.

        Raises:
            RuntimeError: see `note_lock`.
        """

    def note_lock(self, lock: Lock, *key: Value) -> bool:
        """Note a lock that this unit takes; return False if the unit has it.

        Raises:
            RuntimeError: the lock comes before another one that the unit has; or the lock is a customer's, and the unit has
                read the clock.
        """


Work = Callable[[UnitOfWork], Awaitable[T]]


class Reads(Protocol):
    """Runs units of work that change nothing."""

    async def read(self, work: Work[T]) -> T:
        """Run work that changes nothing, on one consistent state that includes every acknowledged write.

        Raises:
            StoreUnavailable: the record cannot be read now.
        """

    async def read_slow(self, work: Work[T]) -> T:
        """Like `read`, for lists and counts that may take long: nothing else waits for them.

        Raises:
            StoreUnavailable: the record cannot be read now.
        """


class Store(Reads, Protocol):
    """Runs units of work."""

    clock: Clock
    """The product's clock (decision 0014)."""
    trusted: TrustedInstants
    """From when on that clock is trusted, partner by partner."""
    waits: bool
    """Whether reads wait for another process, so that `fetch_all` cannot be driven to its end here and now."""

    def confined(self, partner: str) -> Reads:
        """Return reads to which PostgreSQL shows no rows of other partners. SQLite shows what a statement selects.

        Args:
            partner: the partner's id; empty: no partner's rows are shown.
        """

    async def fetch_all(self, sql: str, *parameters: Value) -> list[Row]:
        """The rows of one statement that changes nothing: the shortest way to an answer, for the gate.

        Raises:
            StoreUnavailable: the record cannot be read now.
        """

    async def write(self, work: Work[T], turn: Hashable = None) -> T:
        """Run work and answer once it is durable. A raised error undoes the work, and only this work.

        Args:
            turn: units of work with an equal value run one after another in this process, because they would wait for each
                other's locks, each on a connection that others need.

        Raises:
            StoreUnavailable: nothing of it was kept.
        """

    async def finish(self) -> None:
        """Finish the work that was handed in, then let go of connections and files."""

    def close(self) -> None:
        """Let go of connections and files, where no event loop runs any more. Does nothing after `finish`."""


def new_id() -> str:
    """A GUID of version 7 in lower case: ids made later are greater, so that an index of them grows at its end."""
    made = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10))
    return str(uuid.UUID(int=made & ~(0xF000 << 64) & ~(3 << 62) | 0x7000 << 64 | 2 << 62))


def first_id(at: datetime) -> str:
    """Return the beginning of the ids that `new_id` makes in this millisecond: ids made before are less."""
    made = f"{(at - EPOCH) // timedelta(milliseconds=1):012x}"
    return f"{made[:8]}-{made[8:]}"


def to_micros(instant: datetime) -> int:
    """An instant as it is stored: microseconds since 1970, UTC."""
    return (instant - EPOCH) // MICROSECOND


def maybe_micros(instant: datetime | None) -> int | None:
    """Return an instant as it is stored; None for None."""
    return None if instant is None else to_micros(instant)


def from_micros(micros: int) -> datetime:
    """A stored instant, aware and in UTC."""
    return EPOCH + micros * MICROSECOND


def maybe_instant(micros: int | None) -> datetime | None:
    """Return a stored instant, aware and in UTC; None for None."""
    return None if micros is None else from_micros(micros)
