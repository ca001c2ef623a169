"""A record with the demo's cast, for tests of services: in memory on SQLite; no server, no thread, a clock that tests move."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TypeVar

from agreegate import programme
from agreegate.domain.actor import Actor, Role, UserId
from agreegate.domain.agreements.agreement import TemplateId
from agreegate.domain.confirmation import Draft, PrimaryContact
from agreegate.services.idempotency import IdempotentCall
from agreegate.storage.engine.unit_of_work import Row, UnitOfWork
from agreegate.storage.partner import partner_of
from tests import personas as cast
from tests.engines import Record
from tests.world import AUGUST, Clock

T = TypeVar("T")

PROGRAMME = programme.load(programme.DEFAULT)
DRAFT_CONFIRMATION = Draft(
    PrimaryContact("Noa", "Berg", "noa@contoso.example", "5550100"), TemplateId(cast.CLOUD_AGREEMENT), AUGUST
)


class Memory:
    """A store, its clock, and shorthands."""

    def __init__(self, now: datetime = AUGUST, *, demo: bool = True) -> None:
        self.clock = Clock(now)
        self._record = Record(self.clock, cast=True)
        self.connection, self.store = self._record.connection, self._record.store
        # As in `World`: tests move the clock back.
        self.connection.execute("insert into deployment values (1, ?, ?)", (PROGRAMME.name, int(demo)))

    def restart(self) -> None:
        """Go on as another process on the same record."""
        self.store = self._record.opened()

    async def do(self, work: Callable[..., Awaitable[T]], *arguments: object, **named: object) -> T:
        """One unit of work, kept unless it raises."""
        return await self.store.write(lambda uow: work(uow, *arguments, **named))

    async def actor(self, partner: str, user: str | None = None) -> Actor:
        """A user of a partner; an application alone when none is named."""
        found = await self.do(partner_of, partner)
        assert found is not None
        if user is None:
            return Actor(found, application_id="tests")
        return Actor(found, frozenset({Role.ADMIN_AGENT}), UserId(user), "x@y.example")

    async def rows(self, sql: str) -> list[Row]:
        """What is kept."""

        async def read(uow: UnitOfWork) -> list[Row]:
            return await uow.fetch_all(sql)

        return await self.store.read(read)


def call(actor: Actor, number: int = 1) -> IdempotentCall:
    """A request of its own."""
    return IdempotentCall(
        actor, "POST", "/", f"00000000-0000-4000-8000-{number:012}", "00000000-0000-4000-8000-000000000c0c", "f"
    )
