"""What units of work of both engines share: one clock reading, and locks in one order."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from agreegate.storage.engine.trusted import TrustedInstants
from agreegate.storage.engine.unit_of_work import Lock, Value


class OrderedUnit:
    """A unit of work that refuses a lock out of order, and the lock of a customer after the clock was read.

    SQLite needs no locks. It refuses the same, so that every test of a service holds the order.
    """

    __slots__ = ("_held", "_last_lock", "_new_id", "_now", "_was_read", "machine_now", "trusted")

    def __init__(
        self, now: datetime, machine_now: datetime, ids: Callable[[], str], trusted: TrustedInstants | None = None
    ) -> None:
        self._now = now
        self._was_read = False
        self.machine_now = machine_now
        self._new_id = ids
        self.trusted = trusted or TrustedInstants()
        self._held: set[tuple[Any, ...]] = set()
        self._last_lock: tuple[Any, ...] | None = None

    @property
    def now(self) -> datetime:
        """The product's clock, read once."""
        self._was_read = True
        return self._now

    def new_id(self) -> str:
        """Return a fresh GUID."""
        return self._new_id()

    def note_lock(self, lock: Lock, *key: Value) -> bool:
        """Note a lock that this unit takes; return False if the unit has it.

        Raises:
            RuntimeError: the lock comes before another one that the unit has; or the lock is a customer's, and the unit has
                read the clock.
        """
        taken = lock, *key
        if taken in self._held:
            return False
        if self._last_lock is not None and taken < self._last_lock:
            raise RuntimeError(f"a unit of work took the lock {lock.name} out of order")
        if lock is Lock.CUSTOMER and self._was_read:
            raise RuntimeError("a unit of work read the clock before it locked a customer")
        self._held.add(taken)
        self._last_lock = taken
        return True
