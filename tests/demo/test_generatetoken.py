"""`POST /generatetoken`: the second step of signing in to Partner Center until January 2019 (contract 7.1). Demo only."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from agreegate.demo.demo import open_demo
from agreegate.demo.oauth import DIRECTORY_GRAPH, PARTNER_CENTER
from agreegate.programme import load
from agreegate.storage.engine.folder import DataFolder
from tests import personas as cast
from tests.world import API_ENFORCED, BASE_URL

pytestmark = pytest.mark.fault("D9")

SALES = {"grant_type": "password", "client_id": "script", "username": "sales@alder.example", "password": "demo"}
ALONE = {
    "grant_type": "client_credentials",
    "client_id": "script",
    "client_secret": "demo",
    "resource": DIRECTORY_GRAPH,
}
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx2.AsyncClient]:
    demo = await open_demo(DataFolder(tmp_path), load(), BASE_URL, API_ENFORCED, programme_named=False)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=demo.app), base_url=BASE_URL) as made:
        yield made
    demo.close()


async def identity(client: httpx2.AsyncClient, form: dict[str, str], tenant: str = "alder.example") -> dict[str, Any]:
    """What the identity platform answers."""
    answer = await client.post(f"/{tenant}/oauth2/token", data=form)
    assert answer.status_code == 200, answer.text
    read: dict[str, Any] = answer.json()
    return read


async def exchange(client: httpx2.AsyncClient, token: str, body: str = "grant_type=jwt_token", **headers: str) -> Any:
    sent = {"Authorization": f"Bearer {token}", "Content-Type": FORM} | headers
    return await client.post("/generatetoken", content=body, headers=sent)


@pytest.mark.parametrize("more", [{}, {"scope": "openid"}])
@pytest.mark.parametrize("body", ["grant_type=jwt_token", "grant_type=jwt_token&client_id=script"])
async def test_a_users_token_becomes_one_that_every_call_takes(
    client: httpx2.AsyncClient, more: dict[str, str], body: str
) -> None:
    given = await identity(client, SALES | more | {"resource": PARTNER_CENTER})
    answer = await exchange(client, given["access_token"], body, **{"Content-Type": f"{FORM}; charset=utf-8"})
    assert (answer.status_code, list(answer.json())) == (200, ["access_token", "token_type", "expires_in"])
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)
    assert answer.headers["cache-control"] == "no-store"
    headers = {"Authorization": f"Bearer  {answer.json()['access_token']}"}  # the scripts of the time wrote two blanks
    assert (await client.get("/v1/agreements", headers=headers)).status_code == 200


async def test_the_token_of_signing_in_does_too(client: httpx2.AsyncClient) -> None:
    given = await identity(client, SALES | {"resource": PARTNER_CENTER, "scope": "openid"})
    answer = await exchange(client, given["id_token"])
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await client.get(f"/v1/customers/{cast.CEDAR}/agreements", headers=headers)).json()["totalCount"] > 0


async def test_an_applications_token_stays_an_applications(client: httpx2.AsyncClient) -> None:
    given = await identity(client, ALONE)
    answer = await exchange(client, given["access_token"], Authorization=f"Bearer   {given['access_token']}")
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await client.get("/v1/customers", headers=headers)).status_code == 200
    refused = await client.get("/v1/agreements", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, 2032)


@pytest.mark.parametrize("wrong", ["", "Bearer", "Bearer a.b.c", "Basic c2NyaXB0OmRlbW8="])
async def test_without_a_token_of_ours_there_is_none(client: httpx2.AsyncClient, wrong: str) -> None:
    answer = await exchange(client, "", Authorization=wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, 400)


async def test_neither_an_altered_nor_a_refresh_token_is_taken(client: httpx2.AsyncClient) -> None:
    given = await identity(client, SALES | {"resource": PARTNER_CENTER})
    for token in (given["refresh_token"], given["access_token"][:-6] + "AAAAAA"):
        assert (await exchange(client, token)).status_code == 401


@pytest.mark.parametrize("body", ["", "grant_type=password", "grant_type=jwt_token&grant_type=jwt_token", "%ff", "{}"])
async def test_anything_but_its_one_grant_is_refused(client: httpx2.AsyncClient, body: str) -> None:
    given = await identity(client, SALES | {"resource": PARTNER_CENTER})
    answer = await exchange(client, given["access_token"], body)
    assert (answer.status_code, answer.json()["code"]) == (400, 3000)
    other = await exchange(client, given["access_token"], **{"Content-Type": "text/plain"})
    assert (other.status_code, other.json()["code"]) == (400, 3000)
