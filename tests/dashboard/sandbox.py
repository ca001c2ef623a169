"""A server whose clock its users may set, as a demo's is."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from agreegate import programme
from agreegate.app import application, framework
from agreegate.demo.clock import EARLIEST, LATEST
from agreegate.demo.demo import Demo, open_demo
from agreegate.domain.error import Rejected
from agreegate.services.orders.renewal import run_renewals
from agreegate.storage.engine.folder import DataFolder
from tests.dashboard.visitor import Visitor
from tests.world import BASE_URL, World


class Sandbox:
    """The world's clock, set as the demo sets its own."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def set(self, instant: datetime) -> None:
        """Let it be this instant."""
        if not EARLIEST <= instant <= LATEST:
            raise Rejected("request.invalid-instant", name="now")
        self.world.clock.now = instant
        await run_renewals(self.world.store, instant)


async def sandbox_visitor(world: World, user: str | None, language: str = "en") -> Visitor:
    """A visitor of the world as a demo; signed in unless `user` is None."""
    deployment = replace(world.deployment, sandbox=Sandbox(world))
    found = Visitor(world, language, application(deployment, framework(deployment)))
    if user is not None:
        await found.sign_in(user)
    return found


async def seeded_demo(folder: Path, at: datetime, programme_name: str = programme.DEFAULT) -> Demo:
    """The demo itself, with its past."""
    return await open_demo(DataFolder(folder), programme.load(programme_name), BASE_URL, at, programme_named=True)


async def demo_visitor(demo: Demo, user: str | None, language: str = "en") -> Visitor:
    """A visitor of the demo; signed in, at its own sign-in page, unless `user` is None."""
    itself: Any = SimpleNamespace(app=demo.app, issuer=demo.app)
    found = Visitor(cast(World, itself), language)
    if user is not None:
        await found.sign_in(user)
    return found
