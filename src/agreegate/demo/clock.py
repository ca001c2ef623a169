"""The demo's clock: it ticks at the machine's speed, and can be set to any instant, through restarts (decision 0014)."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec
from litestar import get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody
from msgspec import Meta

from agreegate.api.instant import read_date, stated_instant, written_z
from agreegate.api.problem_details import problems
from agreegate.domain.actor import ANYONE_SIGNED_IN
from agreegate.domain.error import Rejected
from agreegate.services.orders.renewal import run_renewals
from agreegate.storage.engine.unit_of_work import Store, UnitOfWork

EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
LATEST = datetime(8900, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class DemoClock:
    """The machine's clock and an offset."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset

    def __call__(self) -> datetime:
        """Return the demo's now."""
        return datetime.now(UTC) + self.offset

    def set(self, instant: datetime) -> None:
        """Set the clock to `instant`."""
        self.offset = offset_to(instant)


def offset_to(instant: datetime) -> timedelta:
    """Return how far an instant is ahead of the machine's clock."""
    return instant - datetime.now(UTC)


class DemoSandbox:
    """Sets the demo's clock for the API and the pages."""

    def __init__(self, clock: DemoClock, store: Store) -> None:
        self._clock = clock
        self._store = store

    async def set(self, instant: datetime) -> None:
        """Jump to an instant, forwards or back, and run the renewals due in between.

        Raises:
            `request.invalid-instant`: the clock cannot show the instant.
        """
        if not EARLIEST <= instant <= LATEST:
            raise Rejected("request.invalid-instant", name="now")
        offset = offset_to(instant)
        await self._store.write(lambda uow: keep_offset(uow, offset))
        self._clock.offset = offset  # only now: a jump that was not kept would be undone by the next start
        await run_renewals(self._store, self._clock())


class ClockBody(msgspec.Struct, forbid_unknown_fields=True):
    """The demo's instant, in UTC."""

    now: Annotated[str, Meta(description="An instant, in UTC.", examples=["2019-03-22T00:00:00Z"])]


async def kept_offset(uow: UnitOfWork) -> timedelta | None:
    """Return the offset that an earlier run of the demo left, or None."""
    row = await uow.fetch_one("select offset_us from demo_clock where id = 1")
    if row is None:
        return None
    (micros,) = row
    return int(micros) * _MICROSECOND


async def keep_offset(uow: UnitOfWork, offset: timedelta) -> None:
    """Keep the offset for the next run."""
    await uow.execute(
        "insert into demo_clock (id, offset_us) values (1, $1)"
        " on conflict (id) do update set offset_us = excluded.offset_us",
        offset // _MICROSECOND,
    )


def clock_routes(clock: DemoClock, sandbox: DemoSandbox) -> list[HTTPRouteHandler]:
    """`GET` and `PUT /api/sandbox/clock`, for any signed-in user of the demo."""

    @get(
        "/sandbox/clock",
        opt={"access": ANYONE_SIGNED_IN},
        tags=["sandbox"],
        summary="Read the demo's clock",
        response_description="The demo's instant.",
        responses=problems(403),
    )
    async def read_clock() -> ClockBody:
        """What instant the demo has."""
        return ClockBody(written_z(clock()))

    @put(
        "/sandbox/clock",
        opt={"access": ANYONE_SIGNED_IN},
        tags=["sandbox"],
        summary="Set the demo's clock",
        response_description="The demo's instant now.",
        responses=problems(400, 403, 413),
    )
    async def set_clock(data: JSONBody[ClockBody]) -> ClockBody:
        """Jump to an instant, forwards or back. Renewals due in between have happened when this returns."""
        instant = read_date(stated_instant, data.now, "now").instant
        await sandbox.set(instant)
        return ClockBody(written_z(instant))

    return [read_clock, set_clock]
