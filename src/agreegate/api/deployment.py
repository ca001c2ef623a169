"""What this running server consists of, as every edge needs it."""

from dataclasses import dataclass, field

from agreegate.api.caller import Callers
from agreegate.api.cursor import Cursors
from agreegate.api.figures import Figures
from agreegate.domain.programme import Programme
from agreegate.domain.subscription import MOST_SUBSCRIPTIONS
from agreegate.storage.text_file import TextFiles
from agreegate.storage.unit_of_work import Store
from agreegate.text_link import TextLinks
from agreegate.throttle import Throttle, Turns


@dataclass(frozen=True, slots=True)
class Deployment:
    """Handed to every handler; nothing in it is global."""

    store: Store
    programme: Programme
    callers: Callers
    public_url: str
    """Absolute links start with it; without a trailing slash."""
    texts: TextFiles
    links: TextLinks
    cursors: Cursors
    emit_bom: bool = False
    """Put a byte order mark ahead of successful bodies, as the original does (contract 3.5)."""
    most_subscriptions: int = MOST_SUBSCRIPTIONS
    """Subscriptions that a customer can have with one partner."""
    throttle: Throttle | None = None
    """The contract's rate limit, per partner tenant; None: there is no limit."""
    turns: Turns = field(default_factory=Turns)
    """Whole lists of one partner are read one after the other."""
    caller_throttle: Throttle | None = None
    """The rate limit of costly requests, per user or application; None: there is no limit."""
    figures: Figures = field(default_factory=Figures)
