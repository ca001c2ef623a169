"""Everything that a process says of itself, and what may never stand in it."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.world import World

MARK = "zqxmark"

PHONE = "5559876543"


class Diagnostics:
    """Everything that the process says of itself while it works."""

    def __init__(self, world: World, capture: pytest.CaptureFixture[str], log: pytest.LogCaptureFixture) -> None:
        self._world = world
        self._capture = capture
        self._log = log
        log.set_level(logging.DEBUG)

    async def check(self) -> None:
        """Nothing marked was written to the log (with its tracebacks), the streams, the figures or the health pages."""
        ours = [record for record in self._log.records if not record.name.startswith("httpx2")]  # the test's own client
        said = [logging.Formatter().format(record) for record in ours]
        said += [json.dumps(record.__dict__, default=repr) for record in ours]
        said += self._capture.readouterr()
        said += [(await self._world.send(None, "GET", path)).text for path in ("/metrics", "/healthz", "/readyz")]
        for text in said:
            assert MARK not in text
            assert PHONE not in text


@pytest.fixture
def diagnostics(world: World, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Diagnostics:
    return Diagnostics(world, capsys, caplog)


@contextmanager
def read_only(world: World) -> Iterator[None]:
    """The writer can write no more, as on a file system that was remounted."""
    world.store._writer.pragma("query_only", True)
    yield
    world.store._writer.pragma("query_only", False)


@contextmanager
def without_contacts(world: World) -> Iterator[None]:
    """A table is gone: what comes of it is a defect, whose traceback goes to the log."""
    world.change("alter table confirmation_contact rename to elsewhere")
    world.change("alter table customer_contact rename to there")
    yield
    world.change("alter table elsewhere rename to confirmation_contact")
    world.change("alter table there rename to customer_contact")
