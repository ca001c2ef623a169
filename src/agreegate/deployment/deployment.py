"""The parts of a running server: one value that the API, the pages and the hot path share."""

from dataclasses import dataclass, field
from datetime import datetime
from secrets import token_hex
from typing import Any, Protocol

from litestar.connection import ASGIConnection

from agreegate.deployment.caller import Callers
from agreegate.deployment.clock_offset import ClockOffset
from agreegate.deployment.cursor import Cursors
from agreegate.deployment.demo_start import DemoStart
from agreegate.deployment.metrics import Metrics
from agreegate.deployment.roles import HeldRoles
from agreegate.deployment.watched_store import WatchedStore
from agreegate.domain.orders.subscription import MOST_SUBSCRIPTIONS
from agreegate.domain.programme import Programme
from agreegate.identity.openid import OpenIdProvider
from agreegate.services.totals import KeptTotals
from agreegate.storage.agreements.text_store import TextStore
from agreegate.text_link import TextLinks
from agreegate.throttle import PartnerLocks, Throttle


class Sandbox(Protocol):
    """What only a demo has: a clock that can be set."""

    async def set(self, instant: datetime) -> None:
        """Set the clock to this instant, and run the renewals due in between.

        Raises:
            `request.invalid-instant`: it lies beyond what a clock can show.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The parts of a running server, given to every handler."""

    store: WatchedStore
    programme: Programme
    callers: Callers
    public_url: str
    """Absolute links start with it; without a trailing slash."""
    texts: TextStore
    links: TextLinks
    cursors: Cursors
    emit_bom: bool = False
    """Put a byte order mark ahead of successful bodies, as the original does (contract 3.5)."""
    most_subscriptions: int = MOST_SUBSCRIPTIONS
    """Subscriptions that a customer can have with one partner."""
    throttle: Throttle | None = None
    """The contract's rate limit, per partner tenant; None: there is no limit."""
    list_locks: PartnerLocks = field(default_factory=PartnerLocks)
    """Whole lists of one partner are read one after the other."""
    caller_throttle: Throttle | None = None
    """The rate limit of costly requests, per user or application; None: there is no limit."""
    metrics: Metrics = field(default_factory=Metrics)
    clock_offset: ClockOffset | None = None
    """The offset of this process's clock to the database's; None: it is not measured."""
    metrics_elsewhere: bool = False
    """`/metrics` is served on an address of its own."""
    form_keys: tuple[str, ...] = field(default_factory=lambda: (token_hex(),), repr=False)
    """The first signs the forms of the pages, and all are accepted, so that no other server's form is taken."""
    provider: OpenIdProvider | None = None
    """Signs users in; None: the dashboard has no users."""
    roles_from_token: bool = False
    held: HeldRoles = field(default_factory=HeldRoles, repr=False)
    """The roles of each session, where the provider's roles count."""
    demo_start: DemoStart | None = None
    sandbox: Sandbox | None = None
    totals: KeptTotals = field(default_factory=KeptTotals, repr=False)
    """The totals of partners with many customers."""

    @property
    def secure(self) -> bool:
        """Whether the server is reached over TLS, so that no cookie travels without."""
        return self.public_url.startswith("https:")

    @property
    def cookie_prefix(self) -> str:
        """The prefix of cookie names. Under TLS no other host can set a cookie of such a name."""
        return "__Host-" if self.secure else ""


def deployment_of(connection: ASGIConnection[Any, Any, Any, Any]) -> Deployment:
    """Return the deployment that a request was sent to."""
    deployment: Deployment = connection.app.state.deployment
    return deployment
