"""Work beside requests: renewals, the search by person, and the deletion of what has expired.

Kept answers, carts and sessions expire; publications that were killed or abandoned leave files of texts. Each kind of work
runs in portions until none is left. A portion is one unit of work, so other writers wait for one portion at most.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from agreegate.deployment.watched_store import WatchedStore
from agreegate.domain.error import StoreUnavailable
from agreegate.services.orders.renewal import run_renewals
from agreegate.storage.agreements.text import published_digests
from agreegate.storage.agreements.text_store import TextStore
from agreegate.storage.customers.person import last_taken_over, newest_waiting, take_over_persons
from agreegate.storage.decision import forget_repeats
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork
from agreegate.storage.idempotency import forget_answers
from agreegate.storage.kept_unit import forget_units
from agreegate.storage.orders.cart import forget_carts
from agreegate.storage.orders.renewal import next_due
from agreegate.storage.session import forget_sessions

logger = logging.getLogger("agreegate.upkeep")

RENEW_SECONDS = 1.0
"""How late a renewal may be noticed."""
PERSON_SECONDS = 1.0
"""Pause between two rounds that make the persons of new confirmations searchable."""
OFFSET_SECONDS = 60.0
"""Pause between two measurements of the clock's offset to the database's."""
FORGET_SECONDS = 60.0
"""Pause between two rounds of deletion."""
PUBLISH_SECONDS = 1.0
"""Pause between two rounds that let the other processes of a server know the metrics of this one."""
PORTION_SECONDS = 0.01
"""A portion begins no further step after this time, so that it holds other writers for less than 50 ms."""
PAUSE_SECONDS = 0.02
"""Pause between two portions, in which other writers have the record to themselves."""
STEP = 5
"""Rows that one step of a portion deletes or takes over. A row may hold an answer of several hundred kilobytes."""

ABANDONED_SECONDS = 24 * 60 * 60
"""A file that was sent and not published is deleted after this time."""

Step = Callable[[UnitOfWork, int], Awaitable[int]]
"""Deletes or takes over at most that many rows; returns how many."""
EXPIRING: tuple[Step, ...] = (forget_answers, forget_repeats, forget_carts, forget_sessions, forget_units)


class PersonIndex:
    """Makes the persons of confirmations searchable, in the order of recording."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._complete_at = clock()

    async def catch_up(self) -> None:
        """Make all waiting persons searchable, portion by portion. After a restart it continues where it stopped.

        Raises:
            StoreUnavailable: the record cannot be read or written now. Portions committed before stay.
        """
        began = self._clock()
        if newest := await self._store.read(newest_waiting):
            portion = partial(_portion, step=take_over_persons, clock=self._clock)
            while await self._store.write(portion):  # noqa: ASYNC110 - the pause is for other writers
                await asyncio.sleep(PAUSE_SECONDS)
            if await self._store.read(last_taken_over) < newest:
                return  # on PostgreSQL a transaction under way may still commit a confirmation with a lower number
        self._complete_at = began

    def lag(self) -> float:
        """Return the seconds since no person waited: search knows every person recorded before."""
        return self._clock() - self._complete_at


def upkeep(
    store: WatchedStore,
    texts: TextStore,
    persons: PersonIndex,
    publish: Callable[[], None] = lambda: None,
    measure_clock: Callable[[], Awaitable[None]] | None = None,
) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """Return the lifespan of a server's upkeep. Renewals that fell due while no server ran happen beside the first requests.

    At its end the store is finished.

    Args:
        publish: called once a second, and at the end.
        measure_clock: awaited once a minute; None: the clock is not measured.
    """

    async def published() -> None:
        publish()

    @asynccontextmanager
    async def lifespan(_: object) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(_repeat(lambda: _renew(store), RENEW_SECONDS, store.report)),
            asyncio.create_task(_repeat(persons.catch_up, PERSON_SECONDS, store.report)),
            asyncio.create_task(_repeat(lambda: forget_expired(store), FORGET_SECONDS, store.report)),
            asyncio.create_task(_repeat(lambda: forget_leftovers(store, texts), FORGET_SECONDS, store.report)),
            asyncio.create_task(_repeat(published, PUBLISH_SECONDS, store.report)),
        ]
        if measure_clock is not None:
            tasks.append(asyncio.create_task(_repeat(measure_clock, OFFSET_SECONDS, store.report)))
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await _attempt(published, store.report)
        await store.finish()

    return lifespan


async def forget_expired(store: Store, clock: Callable[[], float] = time.monotonic) -> None:
    """Delete everything that has expired, portion by portion.

    Args:
        clock: counts seconds; read on the writer's thread to end a portion in time.

    Raises:
        StoreUnavailable: the record cannot be written now. Portions committed before stay deleted.
    """
    for forget in EXPIRING:
        portion = partial(_portion, step=forget, clock=clock)
        while await store.write(portion):  # noqa: ASYNC110 - the pause is for other writers, and nothing is waited for
            await asyncio.sleep(PAUSE_SECONDS)


async def forget_leftovers(store: Store, texts: TextStore) -> None:
    """Delete the files of texts that killed publications left, and those that were not published within a day.

    Raises:
        StoreUnavailable: the record or the folder cannot be read now.
    """
    published = await store.read_slow(published_digests)
    try:
        await texts.remove_leftovers(published, time.time() - ABANDONED_SECONDS)
    except OSError as error:
        raise StoreUnavailable(type(error).__name__) from error


async def _portion(uow: UnitOfWork, step: Step, clock: Callable[[], float]) -> bool:
    """Work for as long as a portion may take; return whether rows may be left."""
    end = clock() + PORTION_SECONDS
    while await step(uow, STEP) == STEP:
        if clock() >= end:
            return True
    return False


async def _renew(store: Store) -> None:
    due, now = await store.read(next_due), store.clock()
    if due is not None and due <= now:
        await run_renewals(store, now)


async def _repeat(
    work: Callable[[], Awaitable[None]], pause: float, report: Callable[[StoreUnavailable], None]
) -> None:
    while True:
        await _attempt(work, report)
        await asyncio.sleep(pause)


async def _attempt(work: Callable[[], Awaitable[None]], report: Callable[[StoreUnavailable], None]) -> None:
    """Do the work. An error is reported, and the next round tries again."""
    try:
        await work()
    except StoreUnavailable as error:
        report(error)
    except Exception:
        logger.exception("upkeep stopped at a defect")
