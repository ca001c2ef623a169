"""The newest instant that a partner recorded, and the clocks that an operator accepted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from agreegate.domain.clock import trusted_from
from agreegate.domain.partner import PartnerId
from agreegate.storage.engine.unit_of_work import Clock, Row, Store, UnitOfWork, from_micros, to_micros

_NEWEST_OF = """
    select (select {at} from {table} where partner_id = $1 and {at} > coalesce((select ahead_until from a), -1)
        order by {at} desc limit 1) as at
    union all
    select (select {at} from {table} where partner_id = $1 and {at} <= (select accepted_at from a)
        order by {at} desc limit 1)"""
_TABLES = (("confirmation", "recorded_at"), ("ending", "recorded_at"), ("decision", "decided_at"))
NEWEST = f"""
    with a as (
      select accepted_at, ahead_until from clock_acceptance where partner_id = $1 order by number desc limit 1)
    select max(at) from ({" union all ".join(_NEWEST_OF.format(table=table, at=at) for table, at in _TABLES)}) newest
    where not exists (select 1 from deployment where demo = 1)"""
"""SQL: the newest instant of the partner's confirmations, endings and decisions, or null. The clock is compared with it.

Instants ahead of an accepted clock are left out. A demo's record has no such instant: its clock may be moved.
"""
_DATABASE_CLOCK = "select cast(floor(extract(epoch from clock_timestamp()) * 1000000) as bigint)"
"""SQL, of PostgreSQL alone: the database's clock in microseconds."""
_ALWAYS = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class MeasuredOffset:
    """How far a clock is from the database's."""

    seconds: float
    """Seconds that the clock is ahead; negative: behind. The database read its clock halfway through the round trip."""
    error: float
    """Half the round trip, in seconds: the true offset is at most this far from `seconds`."""

    @property
    def certain(self) -> float:
        """The seconds that the clocks differ by at least, however the round trip was divided."""
        return max(0.0, abs(self.seconds) - self.error)


async def measure_offset(store: Store, clock: Clock, monotonic: Callable[[], float]) -> MeasuredOffset | None:
    """Measure how far a clock of this machine is from the database's; None: the database has no other clock.

    Args:
        monotonic: counts the seconds of the round trip.

    Raises:
        StoreUnavailable: the record cannot be read now.
    """
    if not store.waits:
        return None

    async def measured(uow: UnitOfWork) -> MeasuredOffset:
        read, began = clock(), monotonic()
        [(database,)] = await uow.fetch_all(_DATABASE_CLOCK)
        error = (monotonic() - began) / 2
        return MeasuredOffset((read - from_micros(database)).total_seconds() + error, error)

    return await store.read(measured)


def trusted_of(rows: Sequence[Row]) -> datetime:
    """Return the instant from which the clock is trusted, from the row of `NEWEST`."""
    [(newest,)] = rows
    return _ALWAYS if newest is None else trusted_from(from_micros(newest))


async def trusted_in_record(uow: UnitOfWork, partner: PartnerId) -> datetime:
    """Return the instant from which the clock is trusted, from the record, and store it in memory."""
    known = uow.trusted.of(partner)
    trusted = trusted_of(await uow.fetch_all(NEWEST, partner))
    uow.trusted.learn(partner, trusted, known)
    return trusted


async def meet(uow: UnitOfWork, partner: PartnerId) -> None:
    """Store in memory the instant from which the clock is trusted, unless memory has one for this partner."""
    if uow.trusted.of(partner) is None:
        await trusted_in_record(uow, partner)


async def note_recorded(uow: UnitOfWork, partner: PartnerId) -> None:
    """Store in memory that a confirmation, an ending or a decision is recorded now.

    Memory changes before the record can be read, so it is never behind the record. When the unit of work is undone, memory
    is ahead, and the next question reads the record.
    """
    await meet(uow, partner)
    uow.trusted.advance(partner, trusted_from(uow.now))


async def add_acceptance(uow: UnitOfWork, partner: PartnerId, reason: str, by: str) -> datetime | None:
    """Record that the clock is right now for this partner.

    Return the newest instant ahead of the clock, which is no longer compared; None: there is none.

    Args:
        by: the command that accepts the clock.
    """
    now = to_micros(uow.now)
    [(newest,)] = await uow.fetch_all(NEWEST, partner)
    ahead = now if newest is None else max(now, newest)
    await uow.execute(
        "insert into clock_acceptance (partner_id, accepted_at, ahead_until, reason, accepted_by) select $1, $2,"
        " case when max(ahead_until) > $3 then max(ahead_until) else $3 end, $4, $5"
        " from clock_acceptance where partner_id = $1",
        partner,
        now,
        ahead,
        reason,
        by,
    )
    return from_micros(ahead) if ahead > now else None
