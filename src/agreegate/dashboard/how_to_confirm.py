"""How to confirm: the page that every denial links to. Anybody may read it."""

from litestar import Response, get

from agreegate.dashboard.frame.clock import meanings
from agreegate.dashboard.frame.page import DashboardRequest, page, reader_language, reader_of
from agreegate.dashboard.resellers.reseller_request import DATA
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import CONFIRM, READ_NEEDED_DATA, may
from agreegate.domain.reason import Code
from agreegate.i18n import text

DENIALS = (
    (Code.CONFIRMATION_MISSING, "how.refused.missing"),
    (Code.CONFIRMATION_ENDED, "how.refused.ended"),
    (Code.RELATIONSHIP_MISSING, "gate.relationship.missing.text"),
    (Code.STANDING_UNKNOWN, "gate.standing.unknown.text"),
    (Code.CLOCK_BEHIND, "gate.clock.behind.text"),
)
"""The codes of the gate's denials, each with the key of its sentence, which names no customer."""


@get("/how-to-confirm", opt={"public": True})
async def show_help(request: DashboardRequest) -> Response[str]:
    """Show what is needed, who may confirm, the steps on both channels, the dates, and what to do when refused."""
    deployment, reader, language = deployment_of(request), reader_of(request), reader_language(request)
    programme, now = deployment.programme, deployment.store.clock()
    agreement = programme.asks_for(now)
    asked = next((one for one in programme.templates if one.title == agreement), programme.templates[0])
    return page(
        request,
        "how_to_confirm.html",
        agreement=agreement,
        asked=asked,
        data=DATA,
        dates=list(meanings(programme, now, language)),
        denials=[
            (text(key, language), text(f"gate.{code}.next", language, agreement=agreement)) for code, key in DENIALS
        ],
        may_confirm=reader is not None and may(reader, CONFIRM),
        hands_over=reader is not None and may(reader, READ_NEEDED_DATA),
    )  # fmt: skip


ROUTES = (show_help,)
