"""A whole server in one process: a real database, real tokens, the demo's cast, and a clock that tests move."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
from joserfc.jwk import KeySet, RSAKey
from litestar import Litestar

from agreegate import programme
from agreegate.app import application, framework
from agreegate.dashboard.frame.signin import CALLBACK
from agreegate.demo.oauth import PARTNER_CENTER
from agreegate.demo.signin import signin_routes
from agreegate.demo.tokens import Granted, Mint, Version, issuers
from agreegate.deployment.caller import Callers
from agreegate.deployment.cursor import Cursors
from agreegate.deployment.demo_start import DemoUser
from agreegate.deployment.deployment import Deployment
from agreegate.deployment.watched_store import WatchedStore
from agreegate.identity.auth import TokenVerifier
from agreegate.identity.issuer import fixed_keys
from agreegate.identity.openid import OpenIdClient, OpenIdProvider
from agreegate.storage.agreements.text_file import TextFiles
from agreegate.storage.agreements.text_store import FolderTextStore
from agreegate.storage.engine.unit_of_work import Store
from agreegate.text_link import TextLinks
from tests import personas as cast
from tests.asgi import Transport
from tests.cast_rows import tables_of
from tests.engines import Record, close_connections

BASE_URL = "http://127.0.0.1:8400"

AUGUST = datetime(2018, 8, 15, tzinfo=UTC)
EVE_OF_DASHBOARD = datetime(2018, 11, 6, 23, 59, 59, tzinfo=UTC)
DASHBOARD_ENFORCED = datetime(2018, 11, 7, tzinfo=UTC)
EVE_OF_API = datetime(2019, 3, 21, 23, 59, 59, tzinfo=UTC)
API_ENFORCED = datetime(2019, 3, 22, tzinfo=UTC)
REPEATS_REFUSED = datetime(2021, 1, 14, tzinfo=UTC)


class Clock:
    """The product's clock, as tests set it."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@cache
def signing_key() -> RSAKey:
    key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"})
    key.ensure_kid()
    return key


def everybody() -> list[DemoUser]:
    return [
        DemoUser(name, tenant, "x.example", "X", user, "signin.may.sales")
        for user, (tenant, name) in cast.USERS.items()
    ]


@cache
def mint() -> Mint:
    return Mint(BASE_URL, signing_key(), time.time, everybody())


@cache
def token(user: str) -> str:
    """A bearer token of a user (by id)."""
    tenant, name = cast.USERS[user]
    who = DemoUser(name, tenant, "x.example", "X", user, "")
    granted = Granted("tests", tenant, PARTNER_CENTER, who, "user_impersonation")
    return str(mint().answer(granted, Version.V2)["access_token"])


@cache
def application_token(tenant: str) -> str:
    """An App-only token of a tenant."""
    return str(mint().answer(Granted("tests-app", tenant, PARTNER_CENTER), Version.V2)["access_token"])


class World:
    """A server and its clients."""

    def __init__(
        self,
        folder: Path,
        now: datetime,
        programme_name: str = programme.DEFAULT,
        *,
        demo: bool = True,
        watched: Callable[[Store], Any] = lambda store: store,
        **options: Any,
    ) -> None:
        """Start nothing: requests are handed to the application.

        Args:
            watched: what to put around the store.
        """
        self.clock = Clock(now)
        self.seconds_later = 0.0
        """By how much the machine's clock is ahead, for links and for readiness."""
        self.path = folder / "agreegate.db"
        """SQLite's file."""
        self._record = Record(self.clock, cast=True, path=self.path)
        # Tests move the clock back as a demo may; what a clock behind means is asked of a record that is no demo's.
        self.change("insert into deployment values (1, ?, ?)", programme_name, int(demo))
        self.store = watched(self._record.store)
        self.verifier = TokenVerifier(
            issuers=issuers(BASE_URL),
            audiences=[PARTNER_CENTER],
            keys=fixed_keys(KeySet([signing_key()])),
            clock=time.time,
        )
        self.issuer = Litestar(signin_routes(everybody(), signing_key(), BASE_URL, time.time), openapi_config=None)
        provider = OpenIdClient(
            discovery_url=f"{BASE_URL}/organizations/v2.0/.well-known/openid-configuration",
            issuers=issuers(BASE_URL),
            client_id="tests",
            secret=None,
            redirect_uri=BASE_URL + CALLBACK,
            transport=lambda: httpx2.ASGITransport(app=self.issuer),
        )
        self.deployment = Deployment(
            store=WatchedStore(self.store, lambda: time.monotonic() + self.seconds_later),
            programme=programme.load(programme_name),
            callers=Callers(self.store, self.verifier, time.time),
            public_url=BASE_URL,
            texts=FolderTextStore(TextFiles(folder / "texts")),
            links=TextLinks(["a secret of the tests"], BASE_URL, lambda: time.time() + self.seconds_later),
            cursors=Cursors(["a secret of the tests"]),
            provider=OpenIdProvider(provider, fixed_keys(KeySet([signing_key()])), time.time),
            **options,
        )
        self.framework = framework(self.deployment)
        self.app = application(self.deployment, self.framework)
        self.client = httpx2.AsyncClient(transport=Transport(self.app), base_url=BASE_URL)

    async def send(
        self, who: str | None, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        """One request. `who` is a user's or a tenant's id (App-only), None for nobody; bytes are sent as they are."""
        sent = dict(headers or {})
        if who is not None:
            sent["Authorization"] = f"Bearer {token(who) if who in cast.USERS else application_token(who)}"
        if isinstance(body, bytes):
            return await self.client.request(method, path, content=body, headers=sent)
        return await self.client.request(method, path, json=body, headers=sent)

    async def confirm(self, who: str, customer: str, **changes: Any) -> httpx2.Response:
        """Confirm a customer's acceptance with made-up data."""
        return await self.send(who, "POST", f"/v1/customers/{customer}/agreements", agreement(**changes))

    async def ask(self, who: str, customer: str, **changes: Any) -> dict[str, Any]:
        """Ask the gate."""
        question = {"customerId": customer, "action": "new_purchase", "channel": "api"} | changes
        answer = await self.send(who, "POST", "/api/gate/decisions", question)
        assert answer.status_code == 200, answer.text
        decision: dict[str, Any] = answer.json()
        return decision

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What is on disk."""
        with self._record.connected(read_only=True) as connection:
            rows: list[tuple[Any, ...]] = connection.execute(sql, parameters).fetchall()
        return rows

    def tables(self) -> list[str]:
        """The tables on disk."""
        with self._record.connected(read_only=True) as connection:
            return tables_of(connection)

    def connection(self) -> Any:
        """A connection to what is on disk, for a test to close."""
        return self._record.another_connection()

    def connected(self) -> AbstractContextManager[Any]:
        """A connection to what is on disk, for many rows."""
        return self._record.connected()

    def change(self, sql: str, *parameters: Any) -> None:
        """Change what is on disk behind the server's back, for what no page or call can do."""
        with self._record.connected() as connection:
            connection.execute(sql, parameters)

    async def close(self) -> None:
        await self.client.aclose()
        await close_connections()
        self.store.close()


def changed(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The body with other members; `primaryContact__email=…` changes a member inside."""
    for path, value in changes.items():
        *outer, last = path.split("__")
        inside = body
        for name in outer:
            inside = inside[name]
        inside[last] = value
    return body


def agreement(**changes: Any) -> dict[str, Any]:
    """A confirmation as a client posts it, `changed`."""
    body = {
        "primaryContact": {
            "firstName": "Noa",
            "lastName": "Berg",
            "email": "noa@contoso.example",
            "phoneNumber": "5550100",
        },
        "templateId": cast.CLOUD_AGREEMENT,
        "dateAgreed": "2018-08-10T00:00:00.000Z",
        "type": "MicrosoftCloudAgreement",
    }
    return changed(body, **changes)
