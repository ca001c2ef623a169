"""P5: confirmations over HTTP, each durable when it is answered, beside a bare loop that writes the same rows."""

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import apsw

from agreegate.storage.engine.folder import DATABASE
from bench.bare import Confirmation, Loop, Speed, copy_of, kinds, written
from bench.figure import Figure, unlimited
from bench.load import Aims, aims_of_one, rate
from bench.machine import CannotMeasure, Server

CLIENTS = 32
LIMIT = 0.6
TOGETHER, ALONE = 2048, 512
"""Confirmations that the loop writes in one round, in commits of `CLIENTS` and of one."""
WARM = 256
"""Confirmations that the loop writes before it is measured."""
QUIET_SECONDS = 3.0
"""Seconds without a write after which the work that follows from confirmations is done."""


@dataclass(slots=True)
class Side:
    """Confirmations of one partner, or of many."""

    partners: str
    aims: Aims
    sent: int = 0

    def confirm(self, server: Server, clients: int, seconds: float) -> Speed:
        """Confirm for some seconds; each customer once before the first customer again."""
        used = server.cpu()
        reached = rate(server.url, seconds, clients, "confirm.lua", (self.aims.customers, self.aims.tokens, self.sent))
        count = reached * seconds
        self.sent += round(count) + clients
        return Speed(reached, (server.cpu() - used) / count * 1e6)


def syncs(folder: Path, seconds: float = 2.0) -> float:
    """Return how many writes of 4 KiB the disk makes durable in a second."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        block, count, began = os.urandom(4096), 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            os.write(file.fileno(), block)
            os.fdatasync(file.fileno())
            count += 1
        return count / (time.perf_counter() - began)


def beside_bare_loop(server: Server, folder: Path, aims: Aims, rounds: int, seconds: float) -> Iterator[Figure]:
    """Measure confirmations of one partner and of many, by many clients and by one, beside the bare loop."""
    sides = [Side("1 partner", aims_of_one(folder, aims)), Side("32 partners", aims)]
    copy = folder.with_name(f"{folder.name}.before") / DATABASE
    copy.parent.mkdir(exist_ok=True)
    disk = []
    with ExitStack() as stack:
        stack.callback(_remove, copy)
        for side in sides:
            recorded = _record(server, folder, copy, side, rounds)
            print(f"rows of a confirmation, {side.partners}: {kinds(recorded)}", flush=True)
            with closing(Loop(copy, recorded)) as loop:
                loop.write(WARM, CLIENTS)
                for clients, confirmations in ((CLIENTS, TOGETHER), (1, ALONE)):
                    found: tuple[list[Speed], list[Speed]] = ([], [])
                    for _ in range(rounds):
                        found[0].append(side.confirm(server, clients, seconds))
                        found[1].append(loop.write(confirmations, clients))
                        disk.append(syncs(folder, 0.5))
                    yield from _measurements(side.partners, clients, *found, statistics.median(disk))


def _record(server: Server, folder: Path, copy: Path, side: Side, rounds: int) -> list[Confirmation]:
    """Confirm until the loop has enough rows; return these rows. `copy` becomes the record before them."""
    needed = WARM + rounds * (TOGETHER + ALONE)
    database = folder / DATABASE
    _wait_until_quiet(database)
    copy_of(database, copy)
    while side.sent < needed * 1.1:
        side.confirm(server, CLIENTS, 2)
    _wait_until_quiet(database)
    return written(copy, database, side.aims.ids())


def _measurements(
    partners: str, clients: int, product: list[Speed], bare: list[Speed], disk: float
) -> Iterator[Figure]:
    ratio = statistics.median(one.per_second / other.per_second for one, other in zip(product, bare, strict=True))
    ours, loops = (statistics.median(one.per_second for one in speeds) for speeds in (product, bare))
    what = f"{partners}, {clients} client{'s' if clients > 1 else ''}"
    yield Figure("P5", f"durable confirmations ÷ bare loop, commits of {clients}; {what}", ratio, LIMIT,
                 at_least=True, sides=f"{ours:,.0f} ÷ {loops:,.0f}")  # fmt: skip
    yield unlimited("", f"  ÷ fdatasync; {what}", ours / disk, f"{ours:,.0f} ÷ {disk:,.0f}; bare {loops / disk:.2f}")
    ours, loops = (statistics.median(one.processor for one in speeds) for speeds in (product, bare))
    yield unlimited("", f"  processor time ÷ bare loop; {what}", ours / loops, f"{ours:,.0f} µs ÷ {loops:,.0f} µs")


def _wait_until_quiet(database: Path) -> None:
    """Wait until `QUIET_SECONDS` have passed without a write.

    Raises:
        CannotMeasure: writes go on.
    """
    with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        version, since = connection.pragma("data_version"), time.monotonic()
        began = since
        while time.monotonic() - since < QUIET_SECONDS:
            time.sleep(0.2)
            if (now := connection.pragma("data_version")) != version:
                version, since = now, time.monotonic()
            if time.monotonic() - began > 120:
                raise CannotMeasure("the record does not come to rest")


def _remove(copy: Path) -> None:
    for file in copy.parent.iterdir():
        file.unlink()
    copy.parent.rmdir()
