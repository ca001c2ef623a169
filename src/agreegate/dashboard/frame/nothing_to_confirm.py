"""Pages about confirmations: where a user has nothing to confirm, they say why (R1, R31).

A route names the heading of that page by its catalogue key, as `opt={"absent": …}`. With `opt={"shown_to": …}`, users
who have that `Access` get the route's own page all the same.
"""

from datetime import datetime

from litestar import Response

from agreegate.dashboard.frame.page import DashboardRequest, actor_of, page
from agreegate.deployment.deployment import deployment_of
from agreegate.domain.actor import Actor, may
from agreegate.domain.programme import Programme


def why_nothing_to_confirm(actor: Actor, programme: Programme, now: datetime) -> str | None:
    """Return why a user has nothing to confirm: `cloud`, or `not-yet` before the programme; None where there is."""
    if actor.partner.cloud in programme.unsupported_clouds:
        return "cloud"
    return None if programme.exists(now) else "not-yet"


async def answer_nothing_to_confirm(request: DashboardRequest) -> Response[str] | None:
    """Return the page that says why there is nothing to confirm; None: the route's handler answers."""
    opt = request.route_handler.opt
    if "absent" not in opt or ("shown_to" in opt and may(actor_of(request), opt["shown_to"])):
        return None
    deployment = deployment_of(request)
    why = why_nothing_to_confirm(actor_of(request), deployment.programme, deployment.store.clock())
    return None if why is None else page(request, "nothing_to_confirm.html", title=opt["absent"], why=why)
