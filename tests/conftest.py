"""Fixtures that every test can ask for."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from pytest_socket import socket_allow_hosts

from tests import engines
from tests.diagnostics import diagnostics
from tests.served import issuer, started
from tests.shared_sql import watch_statements
from tests.world import AUGUST, World

__all__ = ["diagnostics", "issuer", "started"]
"""Fixtures that stand with what they are made of."""

watch_statements()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--engine", choices=["sqlite", "postgresql"], default="sqlite", help="the engine of the records")


def pytest_configure(config: pytest.Config) -> None:
    engines.chosen = config.getoption("--engine")
    if engines.chosen == "postgresql":
        config.pluginmanager.register(engines.OnPostgresql())


# The same made-up examples in every run, however slow the machine; `HYPOTHESIS_PROFILE=deep` looks for new ones.
settings.register_profile(
    "steady", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("deep", max_examples=2_000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(autouse=True)
def loopback_only() -> None:
    """No test talks to another machine."""
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A server on 2018-08-15: confirmation is possible, and optional."""
    made = World(tmp_path, AUGUST)
    yield made
    await made.close()


@pytest.fixture
async def make_world(tmp_path: Path) -> AsyncIterator[Callable[..., World]]:
    """Makes servers with settings of their own, as `Deployment` takes them, on 2018-08-15."""
    made: list[World] = []

    def make(**options: Any) -> World:
        folder = tmp_path / f"world-{len(made)}"
        folder.mkdir()
        made.append(World(folder, AUGUST, **options))
        return made[-1]

    yield make
    for world in made:
        await world.close()
