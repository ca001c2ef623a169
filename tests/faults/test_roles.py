"""With `--roles-from-token`, a role taken away at the provider ends on the pages of a real server within a minute."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import uvicorn

from tests import personas as cast
from tests.dashboard.provider import CLIENT, Provider
from tests.served import Issuer, Starter, fill, free_port

pytestmark = [pytest.mark.faults, pytest.mark.fault("B7")]


@pytest.fixture
def provider() -> Iterator[Provider]:
    """The tests' provider on a port of its own."""
    port = free_port()
    made = Provider(url=f"http://127.0.0.1:{port}")
    server = uvicorn.Server(uvicorn.Config(made, port=port, lifespan="off", log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield made
    server.should_exit = True
    thread.join()


def test_a_role_taken_away_ends_within_a_minute(
    tmp_path: Path, started: Starter, issuer: Issuer, provider: Provider
) -> None:
    fill(tmp_path)
    client = started("--token-issuer", provider.url, "--token-keys", f"{provider.url}/.well-known/openid-configuration",
                     "--client-id", CLIENT, "--roles-from-token")  # fmt: skip
    client.headers["accept"] = "text/html"
    signed_in = client.get("/sign-in", params={"next": "/customers/new"}, follow_redirects=True)
    assert (signed_in.status_code, signed_in.url.path) == (200, "/customers/new")
    provider.roles[cast.ALDER_SALES] = ("helpdesk_agent",)
    taken_away = time.monotonic()
    page: httpx2.Response = signed_in
    while page.status_code == 200 and time.monotonic() - taken_away < 62:
        page = client.get("/customers/new")
    assert page.status_code == 403
    assert time.monotonic() - taken_away < 61
    assert client.get("/customers").status_code == 200
    assert provider.asked.count("refresh_token") == 1
