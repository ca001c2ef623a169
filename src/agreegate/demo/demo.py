"""The demo: a whole deployment, with a cast, a clock that can be set, and a sign-in of its own.

Never imported by the production server.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import httpx2
from joserfc.jwk import KeySet

from agreegate import directory
from agreegate.app import application, framework
from agreegate.dashboard.frame.signin import CALLBACK
from agreegate.demo.clock import DemoClock, DemoSandbox, clock_routes, keep_offset, kept_offset
from agreegate.demo.keys import load_or_create
from agreegate.demo.oauth import DIRECTORY_GRAPH, PARTNER_CENTER
from agreegate.demo.seed import Past, seed
from agreegate.demo.signin import signin_routes
from agreegate.demo.tokens import issuers
from agreegate.deployment.caller import Callers
from agreegate.deployment.cursor import Cursors
from agreegate.deployment.demo_start import DemoCustomer, DemoStart, DemoUser
from agreegate.deployment.deployment import Deployment
from agreegate.deployment.watched_store import WatchedStore
from agreegate.domain.actor import Role
from agreegate.domain.directory import ListedPartner, ListedUser
from agreegate.domain.error import Rejected
from agreegate.domain.partner import Account, Cloud, PartnerKind
from agreegate.domain.programme import Programme
from agreegate.hotpath import App
from agreegate.identity.auth import TokenVerifier
from agreegate.identity.issuer import fixed_keys
from agreegate.identity.openid import OpenIdClient, OpenIdProvider
from agreegate.programme import load
from agreegate.storage.deployment import made_for, make_for
from agreegate.storage.engine.folder import SIGNING_KEY, DataFolder
from agreegate.storage.engine.location import Location, location_of
from agreegate.text_link import TextLinks
from agreegate.toml_input import TomlFile
from agreegate.upkeep import PersonIndex, upkeep

EXAMPLE_USER = "sales@alder.example"


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo, ready to be served."""

    app: App
    deployment: Deployment
    clock: DemoClock
    location: Location

    def close(self) -> None:
        """Close the record and let another server have it."""
        self.deployment.store.close()
        self.location.release()


def cast() -> tuple[ListedPartner, ...]:
    """Return the made-up partners, users and customers."""
    text = (files("agreegate.demo") / "cast.toml").read_text(encoding="utf-8")
    return directory.read(TomlFile(text, "cast.toml"))


async def open_demo(
    folder: DataFolder,
    programme: Programme,
    base_url: str,
    at: datetime | None,
    *,
    programme_named: bool,
    database: str | None = None,
) -> Demo:
    """Open a demo: seeded where there is no record, else as it was left.

    Args:
        folder: for its keys, and its record where no database is named.
        base_url: its public address, without a trailing slash.
        at: the instant that its clock starts at; None: now, or the clock of an earlier run.
        programme_named: whether the caller named the programme.
        database: the URL of a PostgreSQL database for the record.

    Raises:
        Rejected: the record is another programme's, no demo's, or in use.
        `key-file.unusable`: a key file in the folder is empty, damaged or not ours.
    """
    location = location_of(folder.path, database)
    location.claim()
    try:
        clock = DemoClock()
        kept = await _prepare(location, clock, programme, at, named=programme_named)
        key = load_or_create(folder.path / SIGNING_KEY)
        secrets = (folder.secret(),)
        store = WatchedStore(location.open(clock))
    except BaseException:
        location.release()
        raise
    people = cast()
    keys = fixed_keys(KeySet([key]))
    verifier = TokenVerifier(
        issuers=issuers(base_url),
        audiences=[PARTNER_CENTER],
        application_audiences=[DIRECTORY_GRAPH],
        keys=keys,
        clock=time.time,
    )
    sandbox = DemoSandbox(clock, store)
    itself = OpenIdClient(
        discovery_url=f"{base_url}/organizations/v2.0/.well-known/openid-configuration",
        issuers=issuers(base_url),
        client_id="agreegate-dashboard",
        secret=None,
        redirect_uri=base_url + CALLBACK,
        transport=lambda: httpx2.ASGITransport(app=app),  # no way round by the network: it may be behind another name
    )
    deployment = Deployment(
        store=store,
        programme=kept,
        callers=Callers(store, verifier, time.time),
        public_url=base_url,
        texts=location.texts(store),
        links=TextLinks(secrets, base_url, time.time),
        cursors=Cursors(secrets),
        form_keys=secrets,
        provider=OpenIdProvider(itself, keys, time.time),
        demo_start=_demo_start(people),
        sandbox=sandbox,
    )
    persons = PersonIndex(store)
    deployment.metrics.person_lag = persons.lag
    inner = framework(
        deployment,
        more=signin_routes(demo_users(people), key, base_url, time.time),
        rest=clock_routes(clock, sandbox),
        lifespan=[upkeep(store, deployment.texts, persons)],
    )
    app = application(deployment, inner)
    return Demo(app, deployment, clock, location)


async def _prepare(
    location: Location, clock: DemoClock, programme: Programme, at: datetime | None, *, named: bool
) -> Programme:
    """Seed the record or take it over; return its programme."""
    if not await location.exists():
        clock.set(at or clock())
        past = Past()
        async with location.new_record(past) as store:
            await seed(store, past, programme, cast(), location.texts(store), clock())
            await store.write(lambda uow: make_for(uow, programme.name, demo=True))
            await store.write(lambda uow: keep_offset(uow, clock.offset))
        return programme
    store = location.open()
    try:
        found = await store.read(made_for)
        if found is None or not found.demo:
            raise Rejected("demo.not-a-demo")
        if named and found.programme != programme.name:
            raise Rejected("demo.other-programme", found=found.programme)
        if found.programme != programme.name:
            programme = load(found.programme)
        if at is not None:
            clock.set(at)
        else:
            kept = await store.read(kept_offset)
            clock.offset = clock.offset if kept is None else kept
        await store.write(lambda uow: keep_offset(uow, clock.offset))
    finally:
        await store.finish()
    return programme


def demo_users(people: Sequence[ListedPartner]) -> list[DemoUser]:
    """Return the cast's users as the sign-in page offers them."""
    return [
        DemoUser(
            name=user.name,
            tenant_id=listed.partner.id,
            tenant_domain=listed.partner.domain,
            tenant_name=listed.partner.name,
            user_id=user.id,
            may=f"signin.may.{_may(listed, user)}",
        )
        for listed in people
        for user in listed.users
    ]


def _demo_start(people: Sequence[ListedPartner]) -> DemoStart:
    """Return what the start page shows of the cast."""
    return DemoStart(
        users=demo_users(people),
        customers=[
            DemoCustomer(customer.id, customer.draft.company_name, listed.partner)
            for listed in people
            for customer in listed.customers
        ],
        example_user=EXAMPLE_USER,
    )


def _may(listed: ListedPartner, user: ListedUser) -> str:
    partner = listed.partner
    if partner.kind is PartnerKind.OPERATOR:
        return "operator"
    if partner.kind is PartnerKind.INDIRECT_RESELLER:
        return "reseller"
    if user.designated:
        return "designated"
    if partner.cloud is not Cloud.PUBLIC:
        return "government"
    if partner.account is Account.SANDBOX:
        return "sandbox"
    if Role.HELPDESK_AGENT in user.roles:
        return "helpdesk"
    return "admin" if Role.ADMIN_AGENT in user.roles else "sales"
