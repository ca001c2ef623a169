"""A page that carries a transaction out: one unit of work, in which the gate decides once."""

import sys
from collections.abc import Hashable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FunctionType
from typing import Any, TypeVar

import pytest

from agreegate.app import application, framework
from agreegate.dashboard.frame import guard, session
from agreegate.domain.gate import decide
from agreegate.storage.engine.unit_of_work import Reads, Store, UnitOfWork, Work
from tests import personas as cast
from tests.dashboard.acceptor import ACCEPTOR, confirmed, decided, subscribed
from tests.dashboard.past import ORDER, eight, strict_world
from tests.dashboard.typed import LINE, SMALL_COMPANY
from tests.dashboard.visitor import Visitor
from tests.world import DASHBOARD_ENFORCED, World

T = TypeVar("T")
READ, WRITE = ("browse", 1), ("write", 1)
"""A unit of work in which the gate decides once."""


class CountingStore:
    """The real store, which notes each unit of work of a page, with the decisions taken in it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.units: list[tuple[str, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def confined(self, _: str) -> Reads:
        return self

    async def read(self, work: Work[T]) -> T:
        return await self._store.read(self._counted("read", work))

    async def read_slow(self, work: Work[T]) -> T:
        return await self._store.read_slow(self._counted("browse", work))

    async def write(self, work: Work[T], turn: Hashable = None) -> T:
        return await self._store.write(self._counted("write", work), turn)

    def _counted(self, kind: str, work: Work[T]) -> Work[T]:
        if isinstance(work, FunctionType) and work.__module__ in (guard.__name__, session.__name__):
            return work  # who reads the page, and the session: every page has these

        async def counted(uow: UnitOfWork) -> T:
            decisions = 0

            def count(frame: Any, event: str, _: Any) -> None:
                nonlocal decisions
                decisions += event == "call" and frame.f_code is decide.__code__

            sys.setprofile(count)
            try:
                return await work(uow)
            finally:
                sys.setprofile(None)
                self.units.append((kind, decisions))

        return counted

    def taken(self) -> list[tuple[str, int]]:
        """The units since this was asked last."""
        units, self.units = self.units, []
        return units


async def signed_in(world: World, user: str = cast.ALDER_SALES) -> tuple[Visitor, CountingStore]:
    """Somebody signed in to pages whose units of work are counted."""
    store = CountingStore(world.store)
    counted = replace(world.deployment, store=store)
    app = application(counted, framework(counted))
    someone = Visitor(world, app=app)
    await someone.sign_in(user)
    store.taken()
    return someone, store


async def test_an_order_is_shown_by_one_read(world: World) -> None:
    someone, store = await signed_in(world)
    await someone.client.get(ORDER)
    assert store.taken() == [READ]


async def test_a_held_order_is_one_write_and_so_is_each_way_on(world: World) -> None:
    someone, store = await signed_in(world)
    opened = await someone.get(ORDER)
    store.taken()
    asked = await someone.send(ORDER, opened.page.form(), **LINE)
    assert "Has the customer accepted?" in asked.text
    assert (store.taken(), decided(world)) == ([WRITE], [])
    wrong = await someone.send(ORDER, asked.page.form(), step="confirm", **ACCEPTOR | {"acceptor_email": "nobody"})
    assert (wrong.status, store.taken(), decided(world)) == (422, [WRITE], [])
    await post(someone, wrong.page.form(), step="skip")
    assert (store.taken(), decided(world)) == ([WRITE], [("new_purchase", "dashboard", "allow")])
    assert len(subscribed(world)) == 1


async def test_a_refused_order_is_one_write_and_so_is_the_confirmation_with_the_order(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, store = await signed_in(world)
    opened = await someone.get(ORDER)
    store.taken()
    held = await someone.send(ORDER, opened.page.form(), **LINE)
    assert "This cannot be completed yet" in held.text
    assert (store.taken(), decided(world)) == ([WRITE], [("new_purchase", "dashboard", "deny")])
    await post(someone, held.page.form(), step="confirm", **ACCEPTOR)
    assert store.taken() == [WRITE]
    assert decided(world)[0] == ("new_purchase", "dashboard", "allow")
    assert (len(subscribed(world)), len(confirmed(world))) == (1, 1)


@pytest.mark.rule("R7")
async def test_a_denial_is_recorded_although_the_form_names_an_agreement_that_is_none(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, store = await signed_in(world)
    opened = await someone.get(ORDER)
    store.taken()
    held = await someone.send(ORDER, opened.page.form(), **LINE, template=cast.NOBODY)
    assert "This cannot be completed yet" in held.text
    assert (store.taken(), decided(world)) == ([WRITE], [("new_purchase", "dashboard", "deny")])
    assert held.page.form().fields["template"] == [cast.CLOUD_AGREEMENT]


async def test_the_recorded_decision_is_the_one_that_was_acted_on(world: World) -> None:
    world.clock.now = DASHBOARD_ENFORCED
    someone, _ = await signed_in(world)
    held = await someone.fill(ORDER, **LINE)
    await post(someone, held.page.form(), step="confirm", **ACCEPTOR)
    known = "select verdict, json_array_length(standing, '$.standing.current') from decision order by verdict"
    assert world.rows(known) == [("allow", 1), ("deny", 0)]


async def test_a_confirmation_that_does_not_open_the_gate_is_kept_by_the_write_that_decides_on_it(
    tmp_path: Path,
) -> None:
    world = await strict_world(tmp_path)
    world.clock.now = datetime(2019, 6, 1, tzinfo=UTC)
    someone, store = await signed_in(world)
    held = await someone.fill(ORDER, **LINE)
    store.taken()
    reply = await someone.send(ORDER, held.page.form(), step="confirm", **ACCEPTOR)
    assert "Your confirmation is recorded, but this is refused all the same" in reply.text
    assert (store.taken(), subscribed(world)) == ([WRITE], [])
    assert [acceptor for _, acceptor, _ in confirmed(world)] == ["Berg", "Berg"]
    known = "select verdict, json_extract(standing, '$.standing.current[0].sequence') from decision order by decided_at, decision_id"
    assert world.rows(known) == [("deny", 1), ("deny", 2)], "on the confirmation that was recorded before it"
    await world.close()


async def test_what_a_rule_refuses_is_undone_and_shown_by_one_read(world: World) -> None:
    someone, store = await signed_in(world, cast.MAPLE_ADMIN)
    order = f"{(await someone.fill('/customers/new', **SMALL_COMPANY)).path}/order"
    for _ in range(5):
        asked = await someone.fill(order, **LINE)
        await someone.send(order, asked.page.form(), step="skip")
    asked = await someone.fill(order, **LINE)
    store.taken()
    refused = await someone.send(order, asked.page.form(), step="confirm", **ACCEPTOR)
    assert "The sandbox limit has been met." in refused.text
    assert store.taken() == [WRITE, READ]
    assert confirmed(world) == []


async def test_an_order_that_cannot_be_read_is_shown_by_one_read(world: World) -> None:
    someone, store = await signed_in(world)
    opened = await someone.get(ORDER)
    store.taken()
    wrong = await someone.send(ORDER, opened.page.form(), **LINE | {"quantity-0": "some"})
    assert (wrong.status, store.taken()) == (422, [READ])
    more = await someone.send(ORDER, opened.page.form(), **LINE, step="add")
    assert (more.status, store.taken()) == (200, [READ])


async def test_seats_are_shown_by_one_read_and_changed_by_one_write(world: World) -> None:
    seats = await eight(world)
    someone, store = await signed_in(world)
    opened = await someone.get(seats)
    assert store.taken() == [READ]
    asked = await someone.send(seats, opened.page.form(), quantity="12")
    assert "Has the customer accepted?" in asked.text
    assert store.taken() == [WRITE]
    world.clock.now = DASHBOARD_ENFORCED
    held = await someone.send(seats, asked.page.form(), step="skip")
    assert "This cannot be completed yet" in held.text
    assert store.taken() == [WRITE]
    await post(someone, held.page.form(), seats, step="confirm", **ACCEPTOR)
    assert (store.taken(), subscribed(world)[0][2]) == ([WRITE], 12)
    assert decided(world)[-1] == ("seat_change", "dashboard", "deny")


async def post(someone: Visitor, form: Any, path: str = ORDER, **fields: str) -> None:
    """Press a button, without going on to the page that the browser is sent to."""
    data = form.fields | {name: [value] for name, value in fields.items()}
    assert (await someone.client.post(path, data=data)).status_code == 303
