"""The production server: settings → record, verifier, application. The demo has its own (`demo/demo.py`)."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from litestar import Litestar

from agreegate.api.host import KnownHosts, hosts_of
from agreegate.app import application, framework
from agreegate.dashboard.frame.signin import CALLBACK
from agreegate.deployment.caller import Callers
from agreegate.deployment.clock_offset import ClockOffset
from agreegate.deployment.cursor import Cursors
from agreegate.deployment.deployment import Deployment
from agreegate.deployment.metrics import Metrics
from agreegate.deployment.watched_store import WatchedStore
from agreegate.domain.error import Rejected
from agreegate.domain.programme import Programme
from agreegate.hotpath import App
from agreegate.identity.auth import TokenVerifier
from agreegate.identity.issuer import KeySource, PublishedKeys
from agreegate.identity.openid import OpenIdClient, OpenIdProvider, tls
from agreegate.programme import load
from agreegate.settings import ServerSettings, refused
from agreegate.storage.deployment import made_for, make_for
from agreegate.storage.engine.folder import DataFolder
from agreegate.storage.engine.location import Location, Serving, location_of
from agreegate.text_link import TextLinks
from agreegate.throttle import Throttle
from agreegate.upkeep import PersonIndex, upkeep


@dataclass(frozen=True, slots=True)
class Production:
    """A server, ready to be run."""

    app: App
    deployment: Deployment
    location: Location
    fresh: bool
    """Whether there was no record before, so that its directory is empty."""

    def close(self) -> None:
        """Close the record and let another server have it."""
        self.deployment.store.close()
        self.location.release()


async def prepare(settings: ServerSettings) -> tuple[Rejected, ...]:
    """Refuse a database that cannot be served well, before a server is opened; return what is unsafe and allowed.

    Raises:
        Rejected, StoreUnavailable: see `Location.require_servable`.
    """
    location = location_of(settings.data, settings.database)
    return await location.require_servable(
        Serving(settings.workers, settings.pooler, settings.allow_unsafe_database, settings.require_synchronous)
    )


async def open_server(settings: ServerSettings, shared: Path | None = None) -> Production:
    """Return a server, ready to run. Where there is no record, an empty one is made; an old one must have this schema.

    Args:
        shared: see `Metrics`.

    Raises:
        Rejected: the programme cannot be used; the record is in use, a demo's, another programme's, or at another schema; or
            the issuer's address is neither https nor this machine's own.
        StoreUnavailable: the database does not answer.
    """
    programme = load(settings.programme)
    client = httpx2.AsyncClient(verify=tls())
    try:
        keys = PublishedKeys(settings.token_keys, client, clock=time.monotonic)
    except ValueError:
        raise refused("setting.not-a-url", "token-keys", settings.token_keys) from None
    location = location_of(settings.data, settings.database, pooler=settings.pooler)
    location.claim()
    try:
        fresh = await _prepare(location, programme, settings.programme)
        store = WatchedStore(location.open())
        secrets = settings.form_keys or (DataFolder(settings.data).secret(),)
    except BaseException:
        location.release()
        raise
    verifier = TokenVerifier(
        issuers=settings.token_issuers,
        audiences=settings.token_audiences,
        application_audiences=settings.token_application_audiences,
        keys=keys,
        clock=time.time,
    )
    clock_offset = ClockOffset(store)
    deployment = Deployment(
        store=store,
        programme=programme,
        callers=Callers(store, verifier, time.time, roles_from_token=settings.roles_from_token),
        public_url=settings.public_url,
        texts=location.texts(store),
        links=TextLinks(secrets, settings.public_url, time.time),
        cursors=Cursors(secrets),
        emit_bom=settings.emit_bom,
        most_subscriptions=settings.most_subscriptions,
        throttle=_throttle(settings.requests_per_minute),
        caller_throttle=_throttle(settings.costly_requests_per_minute),
        metrics=Metrics(shared),
        clock_offset=clock_offset,
        metrics_elsewhere=settings.metrics_address is not None,
        form_keys=secrets,
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
    deployment.metrics.clock_offset = lambda: clock_offset.seconds
    kept_up = upkeep(store, deployment.texts, persons, deployment.metrics.publish, clock_offset.measure)
    inner = framework(deployment, lifespan=[kept_up, issuer])
    app = KnownHosts(application(deployment, inner), hosts_of(settings.public_url), settings.trusted_proxies)
    return Production(app, deployment, location, fresh)


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


async def _prepare(location: Location, programme: Programme, named: str) -> bool:
    """Make an empty record where there is none; refuse a demo's, another programme's or another schema's.

    Args:
        named: the programme as the operator wrote it, which commands take too.

    Returns:
        Whether the record was made now.
    """
    if not await location.exists():
        async with location.new_record() as store:
            await store.write(lambda uow: make_for(uow, programme.name, demo=False))
        return True
    store = location.open()
    try:
        found = await store.read(made_for)
        if found is not None and found.demo:
            raise Rejected("data.demo", folder=str(location))
        if found is None:
            await store.write(lambda uow: make_for(uow, programme.name, demo=False))
        elif found.programme != programme.name:
            raise Rejected(
                "data.other-programme",
                folder=str(location),
                found=found.programme,
                programme=named,
                option=location.option,
            )
    finally:
        await store.finish()
    return False
