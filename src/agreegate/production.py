"""The production server: settings → record, verifier, application. The demo has its own (`demo/demo.py`)."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from litestar import Litestar

from agreegate.api.host import KnownHosts, hosts_of
from agreegate.app import application, framework
from agreegate.dashboard.frame.signin import CALLBACK
from agreegate.deployment.caller import Callers
from agreegate.deployment.cursor import Cursors
from agreegate.deployment.deployment import Deployment
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.hotpath import App
from agreegate.identity.auth import TokenVerifier
from agreegate.identity.issuer import KeySource, PublishedKeys
from agreegate.identity.openid import OpenIdClient, OpenIdProvider, tls
from agreegate.programme import load
from agreegate.settings import ServerSettings, refused
from agreegate.storage.agreements.text_file import TextFiles
from agreegate.storage.deployment import made_for, make_for
from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.new_record import new_record
from agreegate.storage.engine.sqlite import InlineStore, SqliteStore, check_file, connect
from agreegate.storage.engine.sqlite_unit import drive
from agreegate.text_link import TextLinks
from agreegate.throttle import Throttle
from agreegate.upkeep import PersonIndex, upkeep


@dataclass(frozen=True, slots=True)
class Production:
    """A server, ready to be run."""

    app: App
    deployment: Deployment
    folder: DataFolder
    fresh: bool
    """Whether the folder had no record before, so that its directory is empty."""

    def close(self) -> None:
        """Close the record and release the folder."""
        self.deployment.store.close()
        self.folder.release()


def open_server(settings: ServerSettings) -> Production:
    """Return a server, ready to run. A new data folder gets an empty record; an old one must have this schema.

    Raises:
        Rejected: the programme cannot be used; the folder is in use, a demo's, another programme's, or at another schema; or
            the issuer's address is neither https nor this machine's own.
    """
    programme = load(settings.programme)
    client = httpx2.AsyncClient(verify=tls())
    try:
        keys = PublishedKeys(settings.token_keys, client, clock=time.monotonic)
    except ValueError:
        raise refused("setting.not-a-url", "token-keys", settings.token_keys) from None
    folder = DataFolder(settings.data)
    folder.claim()
    try:
        fresh = drive(_prepare(folder, programme, settings.programme))
        store = SqliteStore(folder.database)
    except BaseException:
        folder.release()
        raise
    verifier = TokenVerifier(
        issuers=settings.token_issuers,
        audiences=settings.token_audiences,
        application_audiences=settings.token_application_audiences,
        keys=keys,
        clock=time.time,
    )
    deployment = Deployment(
        store=store,
        programme=programme,
        callers=Callers(store, verifier, time.time, roles_from_token=settings.roles_from_token),
        public_url=settings.public_url,
        texts=TextFiles(folder.texts),
        links=TextLinks(folder.secret(), settings.public_url, time.time),
        cursors=Cursors(folder.secret()),
        emit_bom=settings.emit_bom,
        most_subscriptions=settings.most_subscriptions,
        throttle=_throttle(settings.requests_per_minute),
        caller_throttle=_throttle(settings.costly_requests_per_minute),
        metrics_elsewhere=settings.metrics_address is not None,
        form_key=folder.secret(),
        provider=None if settings.client_id is None else _provider(settings, settings.client_id, keys),
        roles_from_token=settings.roles_from_token,
    )

    @asynccontextmanager
    async def issuer(_: Litestar) -> AsyncIterator[None]:
        yield
        await keys.close()
        await client.aclose()

    persons = PersonIndex(store)
    deployment.metrics.person_lag = persons.lag
    inner = framework(deployment, lifespan=[upkeep(store, deployment.texts, persons), issuer])
    app = KnownHosts(application(deployment, inner), hosts_of(settings.public_url), settings.trusted_proxies)
    return Production(app, deployment, folder, fresh)


def _throttle(limit: int) -> Throttle | None:
    return Throttle(limit, time.time) if limit else None


def _provider(settings: ServerSettings, client_id: str, keys: KeySource) -> OpenIdProvider:
    """Return the provider that signs the dashboard's users in: the issuer of the tokens."""
    client = OpenIdClient(
        discovery_url=settings.token_keys,
        issuers=settings.token_issuers,
        client_id=client_id,
        secret=settings.client_secret,
        redirect_uri=settings.public_url + CALLBACK,
    )
    return OpenIdProvider(client, keys, time.time)


async def _prepare(folder: DataFolder, programme: Programme, named: str) -> bool:
    """Give a new folder an empty record; refuse a demo's, another programme's or another schema's. Return whether it was new.

    Args:
        named: the programme as the operator wrote it, which commands take too.
    """
    if not folder.database.exists():
        with new_record(folder) as connection:
            await InlineStore(connection).write(lambda uow: make_for(uow, programme.name, demo=False))
        return True
    check_file(folder.database)
    store = InlineStore(connect(folder.database))
    try:
        found = await store.read(made_for)
        if found is not None and found.demo:
            raise Rejected("data.demo", folder=str(folder.path))
        if found is None:
            await store.write(lambda uow: make_for(uow, programme.name, demo=False))
        elif found.programme != programme.name:
            raise Rejected("data.other-programme", folder=str(folder.path), found=found.programme, programme=named)
    finally:
        store.close()
    return False
