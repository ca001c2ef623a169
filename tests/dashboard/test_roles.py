"""With `--roles-from-token` the provider's word on a user's roles is never more than a minute old (B7)."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from joserfc.jwk import KeySet

from agreegate.app import application, framework
from agreegate.dashboard.frame.signin import CALLBACK
from agreegate.demo.tokens import issuers
from agreegate.deployment.roles import KEPT_SECONDS, HeldRoles
from agreegate.identity.issuer import fixed_keys
from agreegate.identity.openid import OpenIdClient, OpenIdProvider
from tests import personas as cast
from tests.dashboard.provider import Provider
from tests.dashboard.visitor import Visitor
from tests.world import BASE_URL, World, signing_key

pytestmark = pytest.mark.fault("B7")
WRITE = "/customers/new"
"""A page of an admin agent and a sales agent alone."""
SALES = ("sales_agent",)
HELPDESK = ("helpdesk_agent",)


async def user_of(world: World, provider: Provider, after: str = "/", **options: Any) -> Visitor:
    """Somebody who has signed in to a server that takes roles from the provider."""
    someone = provider.visitor(world, provider.deployment(world, roles_from_token=True, held=HeldRoles(), **options))
    assert (await provider.sign_in(someone, after)).status_code == 303
    provider.asked.clear()
    return someone


async def status(someone: Visitor, path: str = WRITE) -> int:
    return (await someone.client.get(path)).status_code


async def test_a_role_taken_away_ends_within_a_minute(world: World) -> None:
    provider = Provider()
    someone = await user_of(world, provider)
    provider.roles[cast.ALDER_SALES] = HELPDESK
    provider.later = KEPT_SECONDS - 5
    assert await status(someone) == 200
    provider.later = KEPT_SECONDS + 1
    assert await status(someone) == 403
    assert await status(someone, "/customers") == 200, "still signed in, with the role that is left"
    sent = await someone.client.post(WRITE, data={"_csrf_token": someone.client.cookies["agreegate-form"]})
    assert sent.status_code == 403
    provider.roles[cast.ALDER_SALES] = SALES
    provider.later = 2 * KEPT_SECONDS + 2
    assert await status(someone) == 200, "a role given counts as soon"


async def test_a_form_sent_after_the_role_was_taken_away_does_nothing(world: World) -> None:
    provider = Provider()
    someone = await user_of(world, provider)
    form = (await someone.get(WRITE)).page.form()
    provider.roles[cast.ALDER_SALES] = HELPDESK
    provider.later = KEPT_SECONDS + 1
    before = world.rows("select count(*) from customer")
    assert (await someone.client.post(WRITE, data=form.fields | {"company": "Made up"})).status_code == 403
    assert world.rows("select count(*) from customer") == before


async def test_forms_that_take_long_to_fill_are_saved_without_another_sign_in(world: World) -> None:
    provider = Provider()
    someone = await user_of(world, provider)
    form = (await someone.get(f"/customers/{cast.CEDAR}/no-longer-agrees")).page.form()
    for minutes in range(1, 60, 10):
        provider.later = 60.0 * minutes
        assert await status(someone) == 200
    assert form.fields


async def test_the_provider_is_asked_once_a_minute_however_many_pages_are_read(world: World) -> None:
    provider = Provider()
    someone = await user_of(world, provider)
    for minute in range(3):
        provider.later = minute * (KEPT_SECONDS + 1)
        assert await asyncio.gather(*(status(someone, path) for path in ("/", "/customers", WRITE) * 4)) == [200] * 12
    assert provider.asked == ["refresh_token"] * 2


@pytest.mark.parametrize("why", ["closed there", "no ID token", "restart", "no refresh token"])
async def test_who_must_sign_in_again_keeps_what_was_typed(
    world: World, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider = Provider(refreshes=why != "no refresh token")
    someone = await user_of(world, provider)
    form = (await someone.get(WRITE)).page.form()
    provider.later = KEPT_SECONDS + 1
    if why == "closed there":
        del provider.roles[cast.ALDER_SALES]
    elif why == "no ID token":
        provider.names_user_again = False
    elif why == "restart":
        deployment = provider.deployment(world, roles_from_token=True, held=HeldRoles())
        again = provider.visitor(world, deployment)
        again.client.cookies = someone.client.cookies
        again.client.cookies.delete("agreegate-form")
        someone = again
        form = type(form)(form.action, form.method, form.fields)
        await someone.get("/")
        form.fields["_csrf_token"] = [someone.client.cookies["agreegate-form"]]
    sent = await someone.client.post(WRITE, data=form.fields | {"company": "Typed before"})
    assert (sent.status_code, sent.headers["location"]) == (303, "/sign-in?next=%2Fcustomers%2Fnew")
    assert await status(someone) == 303, "and nothing more is shown"
    provider.roles[cast.ALDER_SALES] = SALES
    assert (await provider.sign_in(someone, WRITE)).headers["location"] == WRITE
    shown = await someone.get(WRITE)
    assert shown.page.form().fields["company"] == ["Typed before"]
    assert ("roles from the sign-in service" in caplog.text) is (why != "restart")
    assert "alder" not in "".join(record.getMessage() for record in caplog.records if "agreegate" in record.name)


async def test_while_the_provider_is_silent_nothing_is_decided_and_nothing_is_lost(world: World) -> None:
    provider = Provider()
    someone = await user_of(world, provider)
    form = (await someone.get(WRITE)).page.form()
    provider.later, provider.silent = KEPT_SECONDS + 1, True
    shown = await someone.client.get(WRITE)
    assert (shown.status_code, shown.headers["retry-after"]) == (503, "60")
    assert "The sign-in service does not answer. Try again in a minute." in shown.text
    sent = await someone.client.post(WRITE, data=form.fields | {"company": "Typed before"})
    assert sent.status_code == 503
    assert "What you typed is kept" in sent.text
    provider.silent = False
    back = await someone.get(WRITE)
    assert back.status == 200, "the session has gone on"
    assert back.page.form().fields["company"] == ["Typed before"]


async def test_while_the_provider_is_silent_a_user_can_sign_out(world: World) -> None:
    provider = Provider()
    someone = await user_of(world, provider)
    form = (await someone.get("/")).page.form("/sign-out")
    provider.later, provider.silent = KEPT_SECONDS + 1, True
    assert (await someone.client.post("/sign-out", data=form.fields)).status_code == 303
    provider.silent = False
    assert await status(someone) == 303
    assert world.rows("select count(*) from session") == [(0,)]


async def test_a_provider_that_gives_refresh_tokens_unasked_is_not_asked_for_a_scope_it_does_not_know(
    world: World,
) -> None:
    provider = Provider(scopes=("openid", "profile"))
    someone = provider.visitor(world, provider.deployment(world, roles_from_token=True, held=HeldRoles()))
    begun = await someone.client.get("/sign-in")
    assert "offline_access" not in begun.headers["location"]
    await provider.come_back(someone, begun.headers["location"])
    provider.later = KEPT_SECONDS + 1
    assert await status(someone) == 200


async def test_another_user_in_the_providers_answer_is_not_believed(world: World) -> None:
    provider = Provider(rotates=False)
    provider.roles[cast.ALDER_ADMIN] = ("admin_agent",)
    someone = await user_of(world, provider)
    for given in provider._refresh.values():
        given["user"] = cast.ALDER_ADMIN
    provider.later = KEPT_SECONDS + 1
    assert await status(someone) == 303


async def test_the_record_holds_nothing_that_asks_the_provider(world: World) -> None:
    provider = Provider()
    await user_of(world, provider)
    [token] = provider._refresh
    assert not any(token in repr(world.rows(f"select * from {table}")) for table in world.tables())


async def test_roles_of_the_directory_ask_the_provider_nothing(world: World) -> None:
    provider = Provider()
    someone = provider.visitor(world, provider.deployment(world))
    begun = await someone.client.get("/sign-in")
    assert "offline_access" not in begun.headers["location"]
    await provider.come_back(someone, begun.headers["location"])
    provider.asked.clear()
    provider.later = 30 * KEPT_SECONDS
    assert await status(someone) == 200
    assert provider.asked == []


async def test_the_demos_own_provider_is_asked_again_too(world: World) -> None:
    later = 0.0
    asked: list[str] = []

    async def counted(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"].rpartition("/")[2])
        await world.issuer(scope, receive, send)

    client = OpenIdClient(
        discovery_url=f"{BASE_URL}/organizations/v2.0/.well-known/openid-configuration",
        issuers=issuers(BASE_URL),
        client_id="tests",
        secret=None,
        redirect_uri=BASE_URL + CALLBACK,
        transport=lambda: httpx2.ASGITransport(app=counted),
    )
    keys = fixed_keys(KeySet([signing_key()]))
    provider = Provider()
    deployment = provider.deployment(world, roles_from_token=True, held=HeldRoles())
    deployment = replace(deployment, provider=OpenIdProvider(client, keys, lambda: time.time() + later))
    someone = Visitor(world, app=application(deployment, framework(deployment)))
    await someone.sign_in(cast.ALDER_SALES)
    asked.clear()
    later = KEPT_SECONDS + 1
    assert "sales@alder.example" in (await someone.get("/")).text, "signed in, without any role"
    assert await status(someone) == 403
    assert asked == ["token"]
